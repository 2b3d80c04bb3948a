/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The configuration: YAML with ejabberd's names where the meaning is the same. Everything that
 * is wrong is said at once, each with its place: what nobody knows (with the nearest word), what
 * ejabberd knows and herald has not built, and values that do not fit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "herald/access/access.h"
#include "herald/daemon/config_expand.h"
#include "herald/route/worker.h"

#define CONFIG_RUN_DIR "/run/herald"

struct module;
struct yaml;

struct config_listener {
	uint16_t port;
	struct str ip;
	bool tls, starttls, starttls_required;
	uint64_t max_stanza_size;
	uint64_t backlog;
	bool use_proxy_protocol;
	bool tls_verify;   /* asks clients for certificates, for SASL EXTERNAL */
	struct str shaper; /* a rule of shaper_rules, or a shaper; empty: none */
	struct str access; /* the rule that says who may log in; empty: everybody */
};

/* A host that has something of its own. */
struct config_host {
	struct str name;
	struct host_setup setup;
};

struct config_shaper {
	struct str name;
	uint64_t rate, burst; /* bytes a second, bytes; 0: no limit */
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
};

/* All of it is in `arena`. */
struct config {
	struct arena arena;
	VEC(struct str) hosts; /* prepared */
	VEC(struct config_listener) listeners;
	VEC(struct str) certfiles;
	struct str ca_file; /* who vouches for clients' certificates; empty: nobody */
	struct host_setup general;
	VEC(struct config_host) own;
	VEC(struct config_shaper) shapers;
	struct access access;
	/* UINT64_MAX: no limit. */
	uint64_t max_connections_per_address, max_connections_per_prefix;
	uint64_t registration_timeout_ms; /* 0: none */
	uint64_t max_key_derivations_per_address, max_tls_handshakes;
	struct str spool_dir, run_dir;
	struct str log_dir; /* empty: stderr */
	VEC(struct str)
	backup_dirs; /* where commands may read and write besides spool_dir */
	VEC(struct str) included; /* files */
	bool sandbox;
	enum log_level loglevel;
	enum log_format log_format;
	uint64_t negotiation_timeout_ms;
	struct str text; /* all of it as YAML: includes and macros put in */
};

/* Reads the text of a source (sources_add) and what it includes. Findings go into `ds`.
 * Errors: -EINVAL there is an error among them; *out is not filled then. */
MUST_USE int config_read(struct sources *sources, uint32_t file,
                         const struct config_loader *loader, struct diags *ds,
                         struct config *out);

/* The same of a tree, NULL for an empty one. What cannot be taken gets its problem noted in the
 * tree, whose texts must be in `a`, which is taken over when 0 is returned. */
MUST_USE int config_from_tree(struct yaml *root, struct arena *a, struct diags *ds,
                              struct config *out);

/* Whether a (prepared) name is one of the hosts; what holds for it. */
bool config_has_host(const struct config *c, struct str host);
const struct host_setup *config_setup(const struct config *c, struct str host);

void config_fini(struct config *c);
