/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Syntax tree to text, in the layout of nft's listings. What it prints parses to the same tree.
 */
#pragma once

#include "base/buf.h"
#include "gate/lang/ast.h"

struct printer {
	struct buf *out;
	const struct names *names;
	const struct format *fmt;
	/* `jump { … }`: gives the rules of the chain that stands for the braces, named as in the
	 * kernel, and returns true; false or NULL here: the chain's name is printed. */
	bool (*anonymous)(void *ctx, struct str chain, const struct rule *const **rules,
	                  size_t *n);
	void *ctx;
	unsigned depth; /* of such braces: one tab more each */
};

/* One expression / statement / rule (statements with blanks between, then `comment "…"`;
 * no newline, no handle). */
void print_expr(const struct printer *p, const struct expr *e);
void print_stmt(const struct printer *p, const struct stmt *s);
void print_rule(const struct printer *p, const struct rule *r);
/* The lines inside `table … {` … `}`, with nft's indentation: one chain's head (`chain x {`,
 * type line, comment) without its rules; a set's or object's whole block but elements. Handles
 * are printed when they are not 0. */
void print_chain_head(const struct printer *p, const struct chain_block *c,
                      enum family family, int hook, int32_t priority,
                      bool show_policy_accept, uint64_t handle);
void print_set_head(const struct printer *p, const struct set_block *s, uint64_t handle);
void print_obj(const struct printer *p, const struct obj_block *o, uint64_t handle);
void print_flowtable(const struct printer *p, const struct flowtable_block *f,
                     uint64_t handle);

/* `elements = { … }` of a named set, one call for each element, broken into lines as nft does:
 * elems_begin, elems_put …, elems_end. No lines at all when there is no element. `key` is the
 * keys' type, NULL for a concatenation. */
struct elems_printer {
	const struct printer *p;
	size_t n, per_line;
	struct format numeric; /* for prefixes: without names */
};
void elems_begin(struct elems_printer *ep, const struct printer *p,
                 const struct datatype *key);
void elems_put(struct elems_printer *ep, const struct expr *elem);
/* An element without a tree: the value, or the prefix when `len` is below its bits; then the
 * value a map gives for it. Not for strings and flags. */
void elems_put_bare(struct elems_printer *ep, const struct datatype *type,
                    const struct value *v, int len);
void elems_put_data(struct elems_printer *ep, const struct datatype *type,
                    const struct value *v);
void elems_end(struct elems_printer *ep);

/* A name of a table, chain, set …: in quotes when it could not be read back without. */
void print_name(const struct printer *p, struct str name);
void print_time_ms(struct buf *out, uint64_t ms); /* `1d2h3m4s5ms` */
void print_string(struct buf *out, struct str s); /* with quotes */
