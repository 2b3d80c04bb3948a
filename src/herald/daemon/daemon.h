/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The server put together: configuration, store, accounts, worker, listeners, control socket. */
#pragma once

#include "base/buf.h"
#include "herald/c2s/crowd.h"
#include "herald/daemon/config.h"
#include "herald/daemon/door.h"
#include "herald/daemon/log_sink.h"
#include "herald/route/worker.h"
#include "io/loop.h"

struct control;
struct pool;

struct daemon {
	struct config config;
	struct loop loop;
	struct server server;
	struct worker worker;
	struct crowd crowd;
	struct quota quota; /* of key derivations, by address */
	struct pool *pool;
	VEC(struct door *) doors;
	VEC(struct hall *) retired; /* of former configurations, with their clients */
	struct arena names;         /* of hosts: streams point to them */
	const char *config_path;
	struct log_sink *sink;
	struct control *control;
	uint64_t started_ms; /* of the loop's clock */
	uv_signal_t sigterm, sigint, sighup;
	uv_timer_t deadline; /* of a stop */
	uv_timer_t certs_timer;
	uint64_t certs;      /* how the certificate files were last */
	uv_timer_t watchdog; /* systemd's */
	bool stopping;
};

/* What the command line gave. */
struct daemon_options {
	const char *config_path; /* to be read again at a reload */
	struct log_sink *sink;
};

/* Opens everything. `config` is taken over, the options must stay. `why` gets a sentence on
 * errors. Errors: those of the parts; what was opened is closed again. */
MUST_USE int daemon_start(struct daemon *d, struct config *config,
                          const struct daemon_options *o, struct buf *why);

/* Runs until a signal or the command `stop`, then closes everything: sessions are told, what is
 * stored is synced. */
void daemon_run(struct daemon *d);

/* Begins to stop. */
void daemon_stop(struct daemon *d);

/* The socket file in a run_dir, in `a`. */
struct str daemon_socket(struct str run_dir, struct arena *a);

/* ---- for reload.c ------------------------------------------------------------------------- */

/* Sets what the server takes from d->config. */
void daemon_use_config(struct daemon *d);

/* Gives a configuration without certfiles the self-signed one, which is made when it is not
 * there or names not all of the hosts. */
MUST_USE int daemon_own_certificate(struct daemon *d, struct config *c, struct buf *why);
