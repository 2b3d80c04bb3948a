/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Text to syntax tree: a recursive-descent parser that hands out one command at a time
 * and goes on after an error (at the next newline, `;` or closing brace), so that all
 * mistakes of a file are found in one run. It opens no files: `include` asks struct
 * reader.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "gate/lang/ast.h"

struct parser;

/* Where included files come from. */
struct reader {
	void *ctx;
	/* Expands `pattern` as written in an include (relative, absolute, `./`,
	 * wildcards) against the include path, in C-locale order, without dot files.
	 * Returns 0 and the paths (in `a`), or a negative errno; no match of a pattern
	 * with wildcards is 0 paths. */
	int (*expand)(void *ctx, struct str pattern, struct arena *a, struct str **paths,
	              size_t *n);
	/* Adds the file to `sources` and gives its number. */
	int (*open)(void *ctx, struct str path, struct sources *sources, uint32_t *file);
};

struct parser_options {
	const struct reader *reader; /* NULL: `include` is refused */
	const struct names *names;   /* may be NULL */
	const struct str *defines;   /* -D name=value */
	size_t n_defines;
	/* Hands out what is made with mistakes too (command.is_broken), so that what
	 * stands in it can be checked and what refers to it by name finds it. Nothing may
	 * be applied then. */
	bool keep_broken;
};

/* Everything it builds that outlives a command (scopes, blocks) is in `a`. */
struct parser *parser_new(struct arena *a, struct sources *sources, struct diags *diags,
                          const struct parser_options *options);
/* Queues a source (file or command line) behind those given before; definitions stay
 * known. */
void parser_add_source(struct parser *p, uint32_t file);

/* The next command: 1 with *cmd, 0 at the end. Commands that have errors are left out (the
 * diagnostics say so; rules and elements in them are read for their mistakes). The tree is
 * gone with the next call; blocks of tables and sets, which later commands refer to, and
 * the expression of `describe` stay. */
int parser_next(struct parser *p, struct command **cmd);

/* Reads the text of one rule. 0 or -EINVAL (diagnosed). The tree is in `a`. */
int parse_rule(struct parser *p, const struct rule_text *text, struct arena *a,
               struct rule **rule);

/* Reads elements one at a time: `elems_next` returns 1 with *elem (an EXPR_ELEM in `a`,
 * which the caller may reset between calls), 0 at the end, -EINVAL for a wrong one
 * (diagnosed; call again for the next). */
struct elems_iter {
	struct parser *parser;
	const struct elems_text *text;
	struct elems_state *state;
};
void elems_open(struct elems_iter *it, struct parser *p, const struct elems_text *text);
int elems_next(struct elems_iter *it, struct arena *a, struct expr **elem);

/* The grammar's words that may come next after `text` (for completion in -i): appended to
 * `out`, one per line. */
void parser_complete(struct str text, struct buf *out);
