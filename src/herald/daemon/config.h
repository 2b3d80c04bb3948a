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

struct module;

struct config_listener {
	uint16_t port;
	struct str ip;
	bool tls, starttls, starttls_required;
	uint64_t max_stanza_size;
	uint64_t backlog;
};

/* All of it is in `arena`. */
struct config {
	struct arena arena;
	VEC(struct str) hosts; /* prepared */
	VEC(struct config_listener) listeners;
	VEC(struct str) certfiles;
	VEC(const struct module *) modules; /* ended by NULL */
	struct str spool_dir, run_dir;
	enum log_level loglevel;
	uint64_t negotiation_timeout_ms;
};

/* Reads the text of a source (sources_add). Findings go into `ds`.
 * Errors: -EINVAL there is an error among them; *out is not filled then. */
MUST_USE int config_read(const struct sources *sources, uint32_t file, struct diags *ds,
                         struct config *out);

void config_fini(struct config *c);
