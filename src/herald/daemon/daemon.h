/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The server put together: configuration, store, accounts, worker, listeners, control socket. */
#pragma once

#include "base/buf.h"
#include "herald/daemon/config.h"
#include "herald/route/worker.h"
#include "io/listener.h"
#include "io/loop.h"

struct c2s;
struct control;
struct pool;
struct tls_server;

/* A configured listener at work. */
struct door {
	struct listener *listener;
	struct c2s *c2s;
	struct tls_server *tls;
};

struct daemon {
	struct config config;
	struct loop loop;
	struct server server;
	struct worker worker;
	struct pool *pool;
	VEC(struct door) doors;
	struct control *control;
	uv_signal_t sigterm, sigint;
	uv_timer_t deadline; /* of a stop */
	bool stopping;
};

/* Opens everything. `log` must stay; `config` is taken over. `why` gets a sentence on errors.
 * Errors: those of the parts; what was opened is closed again. */
MUST_USE int daemon_start(struct daemon *d, struct config *config,
                          const struct logger *log, struct buf *why);

/* Runs until a signal or the command `stop`, then closes everything: sessions are told, what is
 * stored is synced. */
void daemon_run(struct daemon *d);

/* Begins to stop. */
void daemon_stop(struct daemon *d);

/* The socket file of the configuration, in `a`. */
struct str daemon_socket(const struct config *c, struct arena *a);
