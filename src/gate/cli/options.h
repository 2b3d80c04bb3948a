/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The command line: nft's options with nft's meaning and spelling, ours beside them. Options are
 * taken anywhere before the first word with a `{`; a number such as `-300` and a lone `-` are
 * words; `--` ends them. Mistakes are all found in one go and point into the source
 * "command line".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "gate/schema/schema.h"

// clang-format off
/* The order is that of the help text. */
enum option_what {
	OPT_HELP, OPT_VERSION, OPT_VERSION_LONG,
	OPT_FILE, OPT_DEFINE, OPT_INTERACTIVE, OPT_INCLUDE, OPT_CHECK, OPT_OPTIMIZE,
	OPT_HANDLE, OPT_STATELESS, OPT_TERSE, OPT_SERVICE, OPT_DNS, OPT_GUID, OPT_NUMERIC,
	OPT_NUMERIC_PRIORITY, OPT_NUMERIC_PROTOCOL, OPT_NUMERIC_TIME,
	OPT_ECHO, OPT_JSON, OPT_DEBUG,
	OPT_ERRORS, OPT_COLOUR, OPT_NO_COLOUR,
	OPT_KERNEL, OPT_INTERFACES, OPT_STATE, OPT_LIVE, OPT_WHY_NOT, OPT_ADDRESS, OPT_ROUTER,
	OPT_FORMAT, OPT_SEED, OPT_COVERAGE, OPT_COVERAGE_HTML, OPT_ROUTE, OPT_BRIDGE,
	OPT_LOCAL, OPT_IN, OPT_AGAINST, OPT_PASSED, OPT_STOPPED, OPT_CHECKSUMS, OPT_FLOWS,
};
// clang-format on

#define OPT_BIT(what) (UINT64_C(1) << (what))

struct option_row {
	char letter; /* 0: none */
	enum option_what what;
	const char *name;     /* NULL: none; no letter and no name ends the table */
	const char *argument; /* how the help calls it; NULL: takes none */
	const char *help;
};

/* A verb of ours: a first word that is not the language's. */
struct verb;

enum action { ACTION_RUN, ACTION_HELP, ACTION_VERSION, ACTION_VERSION_LONG };
enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct str_list {
	struct str *p;
	size_t n;
};

struct options {
	bool as_nft; /* called through a link named nft */
	enum action action;
	uint64_t seen; /* OPT_BIT of every option given */
	struct str_list files, defines, include_dirs;
	bool interactive, check;
	bool debug_netlink, errors_json;
	enum colour colour;
	struct format format;
	struct str_list words;   /* the command; a verb of ours is the first */
	const struct verb *verb; /* NULL: the words are the language's */
	struct str kernel, interfaces, state, why_not; /* p NULL: not given */
	struct str_list addresses, routes, bridges;
	bool live, json, router, coverage;
	struct str_list locals, ins;
	struct str against, passed, stopped, flows; /* p NULL: not given */
	bool checksums;
	struct str test_format, seed, coverage_html; /* p NULL: not given */
	/* The whole command line as a source, and where words[i] begins in it. */
	uint32_t line_file;
	uint32_t *word_off;
};

extern const struct option_row option_rows[];

/* Reads argv. Everything it keeps is in `a` or argv. -EINVAL when something was wrong: `diags`
 * says what. */
int options_parse(struct options *o, int argc, char **argv, struct arena *a,
                  struct sources *sources, struct diags *diags);

/* The place of words[i] on the command line. */
struct span options_word_span(const struct options *o, size_t i);

/* What --help shows. */
void options_help(const struct options *o, struct buf *out);
