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
	VEC(const struct module *) modules; /* ended by NULL */
	VEC(struct config_shaper) shapers;
	struct access access;
	VEC(struct contact) contacts; /* XEP-0157 */
	struct tuning tuning;
	/* UINT64_MAX: no limit. */
	uint64_t max_connections_per_address, max_connections_per_prefix;
	VEC(struct jid) watchers;                      /* of new accounts */
	uint64_t registration_timeout_ms;              /* 0: none */
	struct str permission_rules[PERMISSION_COUNT]; /* of access_rules */
	struct str offline_rule; /* of shaper_rules: how many messages may wait */
	struct str spool_dir, run_dir;
	struct str log_dir; /* empty: stderr */
	VEC(struct str)
	backup_dirs; /* where commands may read and write besides spool_dir */
	VEC(struct str) included; /* files */
	bool sandbox;
	enum log_level loglevel;
	enum log_format log_format;
	uint64_t negotiation_timeout_ms;
	uint32_t disabled_mechanisms; /* SASL_MASK */
	struct str text;              /* all of it as YAML: includes and macros put in */
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

void config_fini(struct config *c);
