/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the files that read expressions and statements share among themselves: parse_expr.c,
 * parse_set.c, parse_selector.c, parse_exthdr.c, parse_stmt.c and parse_stmt_*.c. The rest of
 * the parser sees parse.h only.
 */
#pragma once

#include "gate/lang/parse.h"

enum { PARSE_DEPTH_MAX = 64, WORDS_MAX = 256 };

/* How a word is read where an expression stands. */
enum expr_mode {
	MODE_LEFT,  /* left of a match: it must be a selector */
	MODE_VALUE, /* right of a match: it is a value, whatever it says */
	MODE_ANY,   /* argument of a statement: a selector when it reads like one */
};

/* One level deeper (the caller subtracts it again), or false after E0004. */
bool parse_enter(struct parse *p);

/* From the start of `start` to the end of the token taken last. */
struct span span_to_here(struct parse *p, struct span start);

/* parse_expr.c */
struct expr *parse_left(struct parse *p);
struct expr *parse_concat(struct parse *p, enum expr_mode mode);
/* parse_expr, or a list of such: the value of `ct event set new,destroy`. */
struct expr *parse_expr_list(struct parse *p);
/* A word, number or string as it stands. */
struct expr *parse_literal(struct parse *p);
/* Behind `map` or `vmap`: EXPR_MAP of `left` and the literal, @set or variable. */
struct expr *parse_mapping(struct parse *p, struct expr *left);

/* parse_set.c: `timeout …`, `expires …`, `comment "…"` and stateful statements of an element,
 * in any order, until something else comes. */
bool parse_elem_options(struct parse *p, struct expr *elem);
/* Behind an element comes `,` or the end; a value there misses its comma. */
bool parse_elem_end(struct parse *p, const struct expr *elem);
/* A comment's text behind the word `comment`. */
bool parse_comment(struct parse *p, struct str *comment);

/* parse_selector.c: whether the word that comes begins a selector in that place, reading it:
 * *e is NULL after an error. Nothing is taken when it is false. */
bool take_selector(struct parse *p, enum expr_mode mode, struct expr **e);
/* All words that begin a selector, for "did you mean": appended to `words`. */
size_t selector_words(struct str *words, size_t max);
/* The next word is none of `names` (of NUL-terminated words); `what` was expected, as in "a TCP
 * option". Notes them for completion. Returns NULL. */
COLD void *fail_words(struct parse *p, const char *what, const struct str *names,
                      size_t n);
/* "a field of `tcp`", for such messages. */
COLD const char *fail_what(struct parse *p, const char *what, const char *where);
COLD void *fail_field(struct parse *p, const char *where, const struct field *fields);
COLD void *fail_unsupported(struct parse *p, struct span span, const char *what);

/* A word that begins a selector, and what reads on behind it. */
struct selector_row {
	struct word word;
	struct expr *(*parse)(struct parse *p, const struct selector_row *row,
	                      struct span start);
	int arg; /* enum proto_id */
};

/* parse_key.c */
struct expr *key_new(struct parse *p, enum expr_kind kind, struct span start,
                     const struct key *key);
struct expr *parse_meta(struct parse *p, const struct selector_row *row,
                        struct span start);
struct expr *parse_ct(struct parse *p, const struct selector_row *row, struct span start);
struct expr *parse_rt(struct parse *p, const struct selector_row *row, struct span start);
struct expr *parse_socket(struct parse *p, const struct selector_row *row,
                          struct span start);
struct expr *parse_osf(struct parse *p, const struct selector_row *row,
                       struct span start);
struct expr *parse_ipsec(struct parse *p, const struct selector_row *row,
                         struct span start);
struct expr *parse_fib(struct parse *p, const struct selector_row *row,
                       struct span start);
struct expr *parse_numgen(struct parse *p, const struct selector_row *row,
                          struct span start);
struct expr *parse_jhash(struct parse *p, const struct selector_row *row,
                         struct span start);
struct expr *parse_symhash(struct parse *p, const struct selector_row *row,
                           struct span start);

/* parse_exthdr.c: each starts at the word behind those that are given in `start`. */
struct expr *parse_ipv6_exthdr(struct parse *p, struct span start, struct str name);
struct expr *parse_exthdr_exists(struct parse *p, struct span start);
struct expr *parse_ip_option(struct parse *p, struct span start);
struct expr *parse_tcp_option(struct parse *p, struct span start, bool whole);
struct expr *parse_sctp_chunk(struct parse *p, struct span start);

/* Whether a stateful statement starts here. */
bool at_stateful(struct parse *p);
/* parse_stmt.c: no statement and no selector begins with the word that comes. Returns NULL. */
COLD void *fail_unknown_word(struct parse *p);
/* parse_stmt_*.c: each starts behind its first word, whose place is stmt->span. */
typedef bool (*stmt_fn)(struct parse *p, struct stmt *s);
bool parse_counter(struct parse *p, struct stmt *s);
bool parse_limit(struct parse *p, struct stmt *s);
bool parse_quota(struct parse *p, struct stmt *s);
bool parse_last(struct parse *p, struct stmt *s);
bool parse_ct_count(struct parse *p, struct stmt *s);
bool parse_log(struct parse *p, struct stmt *s);
bool parse_reject(struct parse *p, struct stmt *s);
bool parse_snat(struct parse *p, struct stmt *s);
bool parse_dnat(struct parse *p, struct stmt *s);
bool parse_masquerade(struct parse *p, struct stmt *s);
bool parse_redirect(struct parse *p, struct stmt *s);
bool parse_tproxy(struct parse *p, struct stmt *s);
bool parse_dup(struct parse *p, struct stmt *s);
bool parse_fwd(struct parse *p, struct stmt *s);
bool parse_queue(struct parse *p, struct stmt *s);
bool parse_synproxy(struct parse *p, struct stmt *s);
bool parse_flow(struct parse *p, struct stmt *s);
bool parse_meter(struct parse *p, struct stmt *s);
bool parse_dynset_add(struct parse *p, struct stmt *s);
bool parse_dynset_update(struct parse *p, struct stmt *s);
bool parse_dynset_delete(struct parse *p, struct stmt *s);
bool parse_old_set(struct parse *p, struct stmt *s);
/* `name X` or `name EXPR map …` of a stateful object, behind `name`. */
bool parse_objref(struct parse *p, struct stmt *s, uint32_t obj_type);
