/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lowering: one rule's syntax tree to a program. The files beside this one share the context
 * below: types.c gives expressions their type and resolves words to values, deps.c writes the
 * implied protocol matches, lower_expr.c loads expressions into registers, lower_match.c writes
 * comparisons, lower_stmt.c and lower_nat.c the other statements.
 *
 * Every function returns false after it has put an error into `diags`; the caller gives up on
 * the rule.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "gate/lang/ast.h"
#include "gate/program/program.h"

/* One part of a concatenation, or the whole of a plain key. */
struct part {
	const struct datatype *type;
	uint16_t bits;
	enum byteorder order;
	uint64_t
		max; /* the greatest number that makes sense, where it is less than the bits; or 0 */
};

enum { PARTS_MAX = 16 };

struct parts {
	struct part p[PARTS_MAX];
	uint8_t n;
};

/* Bytes of the key in registers: each part padded to 32 bits when there are several. */
uint32_t parts_bytes(const struct parts *parts);
/* nft's number for the whole: parts' numbers, TYPE_BITS each. */
uint32_t parts_type_id(const struct parts *parts);
/* Whether the parts are of the same types, as nft compares: widths do not count, and a mask
 * without names, which raw bytes of a loaded set are, is a number. */
bool parts_same_types(const struct parts *a, const struct parts *b);
/* `ipv4_addr . inet_service`, in `a`. */
struct str parts_names(struct arena *a, const struct parts *parts);

/* A set as rules and elements need to know it. */
struct set_info {
	struct str name;
	uint32_t id;            /* in this transaction; 0: in the kernel */
	uint32_t flags;         /* NFT_SET_* */
	struct parts key, data; /* data.n 0: no map, or verdicts, or objects */
	bool is_map, data_verdict, data_interval, auto_merge;
	uint32_t obj_type;
	struct span span;                  /* where it was made, or none */
	struct expr *key_expr, *data_expr; /* typeof, typed; NULL: by type name */
	bool anonymous;
	uint32_t key_len; /* bytes, of a set in the kernel; else 0 */
	bool is_broken;   /* made with mistakes, which have been said */
	uint32_t size;    /* as the kernel says; meters list it */
};

/* What lowering needs to know of the world around the rule. */
struct lower_env {
	void *ctx;
	/* The set of that name in the rule's table, or NULL after an error at `span`. */
	const struct set_info *(*find_set)(void *ctx, struct str name, struct span span);
	/* A rule changes the set: made in this run, it becomes dynamic. */
	void (*make_dynamic)(void *ctx, const struct set_info *info);
	/* Makes an anonymous set with these elements (EXPR_SET of EXPR_ELEM, untyped) before the
	 * rule; gives its reference. `info` has all but name and id. */
	bool (*make_set)(void *ctx, struct set_info *info, const struct expr *elems,
	                 struct set_ref *ref);
	/* Whether the table has such a chain (jump); false after an error at `span`. */
	bool (*has_chain)(void *ctx, struct str name, struct span span);
	/* Makes the chain of `jump { … }`; sets v->chain_id. */
	bool (*make_chain)(void *ctx, struct chain_block *block, struct verdict *v);
	/* Where the rule's table was made, for messages; or none. */
	struct span (*table_place)(void *ctx);
	/* Makes the set of an old `meter` statement. */
	bool (*make_meter)(void *ctx, const struct stmt *s, struct set_info *info,
	                   struct set_ref *ref);
};

struct chain_info {
	struct str name;
	bool is_base;
	struct str type;
	int hook;
	struct span span;
};

struct lower {
	struct arena *a;
	struct diags *diags;
	const struct sources *sources; /* the text that spans point into */
	const struct names *names;
	enum family family;
	const struct chain_info *chain; /* NULL: not known */
	const struct lower_env *env;
	struct program *prog;
	unsigned reg;                     /* first free word */
	bool out_of_registers;            /* the statement needs more than there are */
	const struct proto *ll, *nh, *th; /* known by now; NULL: not known */
	unsigned ll_bits;                 /* headers stacked before `ll` (vlan): bits */
	int icmp_type;                    /* the type an earlier match asked for, or -1 */
	const struct expr
		*icmp_types; /* the literal set of types that it asked for, or NULL */
	struct span *places; /* piece of text of insn.place */
	uint16_t n_places, cap_places, place;
	const struct stmt *ended; /* the verdict that ended the rule, or NULL */
	struct part
		*map_data; /* wanted result of an anonymous map (statement's target) */
	bool map_data_interval;
	uint32_t map_obj; /* a literal map's data are names of such objects */
	uint32_t kernel;  /* for which version is checked, 0: any */
	bool sends;       /* an interface that is named now gets packets: `dup`, `fwd` */
	bool th_known;    /* a match with several transport protocols stands before */
};

/* The whole rule. */
bool lower_rule(struct lower *L, const struct rule *rule);

/* ---- types.c ---- */
/* Sets type, bits and order of a selector, operation on one, concatenation or map. */
bool type_expr(struct lower *L, struct expr *e);
/* The parts of a typed expression. */
void expr_parts(const struct expr *e, struct parts *out);
/* A typed copy of `e` for that part: VALUE, PREFIX, RANGE, LIST and SET of these; selectors stay
 * (typed). NULL after an error. */
struct expr *resolve(struct lower *L, const struct expr *e, const struct part *want);
/* The one value of a resolved constant (LIST: or-ed together), NULL after an error. */
const struct value *resolve_value(struct lower *L, const struct expr *e,
                                  const struct part *want);
/* One key of a set (word, prefix, range, concatenation) into register bytes: `from`, and `to`
 * (inclusive) when it is a range or prefix. */
struct key_range {
	struct data from, to;
	bool is_range;
};
bool resolve_key(struct lower *L, const struct expr *e, const struct parts *parts,
                 bool big_endian, struct key_range *out);
/* First and last value of a resolved VALUE, PREFIX or RANGE. */
void value_bounds(const struct expr *e, struct value *from, struct value *to);
bool is_constant(const struct expr *e);
bool type_is(const struct datatype *t, enum type_id base);
/* A bitmask whose bits have names: `x flag` asks for the bit, where others compare all. */
bool has_flags(const struct datatype *t);
struct expr *expr_make(struct arena *a, enum expr_kind kind, struct span span,
                       const struct part *part);
struct expr *expr_value(struct arena *a, struct span span, const struct part *part,
                        const struct value *v);
struct part expr_part(const struct expr *e);

/* ---- deps.c ---- */
/* Writes the matches `e` implies (`tcp dport` needs `meta l4proto tcp`), or reports a conflict. */
bool deps_write(struct lower *L, const struct expr *e);
/* Moves what was written from `from` on before all other matches, as nft does for extension
 * headers and reject; not across statements, which would then see other packets. */
void deps_to_front(struct lower *L, size_t from);
/* Learns from a match of a selector with a constant. */
void deps_learn(struct lower *L, const struct expr *left, const struct value *v);
/* Likewise from one with a literal set. */
void deps_learn_set(struct lower *L, const struct expr *left, const struct expr *set);
/* Header offset of a field within its base, bits. */
unsigned payload_offset(const struct lower *L, const struct expr *e);

/* ---- lower_expr.c ---- */
/* Registers: words; alloc reserves 4 words (one 16-byte register) or what `bytes` needs. Where
 * there are no more, the statement is refused when it has been lowered. */
unsigned reg_alloc(struct lower *L, uint32_t bytes);
struct insn *emit(struct lower *L, enum insn_kind kind);
/* Loads a typed expression (dependencies must stand already) from register word `reg` on. */
bool load_expr(struct lower *L, const struct expr *e, unsigned reg);
/* Whether conntrack works in tables of this family; reports at `at` that it does not. */
bool family_has_ct(struct lower *L, struct span at);
void load_data(struct lower *L, const uint8_t *p, size_t n, unsigned reg);
/* Type, resolve, dependencies and load: `e` as the argument of a statement that wants `want`. */
/* Turns the register's bytes between host and network order (NFT_BYTEORDER_*). */
void emit_byteorder(struct lower *L, uint32_t op, uint32_t len, unsigned reg);
/* Loads a set's key: as load_expr, in network order where the set holds intervals. */
bool load_key(struct lower *L, const struct expr *e, const struct set_info *info,
              unsigned reg);
bool load_arg(struct lower *L, struct expr *e, const struct part *want, unsigned reg);
/* A value of one type where another is wanted: only plain integers go everywhere. False after a
 * report. */
bool check_type(struct lower *L, const struct expr *e, const struct part *want);
/* Whether a key of these types can be looked for, or put, in the set: nft asks for the very
 * types. False after a report at `at`. */
bool key_fits(struct lower *L, const struct set_info *set, const struct parts *key,
              struct span at);
/* The set `left` is looked up in: a named one, or a literal that is made now. `data`: what a map
 * gives (NULL: no map, or verdicts). */
bool lookup_set(struct lower *L, const struct expr *left, const struct expr *set,
                const struct parts *data, bool verdicts, struct set_ref *ref,
                const struct set_info **info);
/* `left` where nft keeps a typeof for it, else NULL. */
struct expr *typeof_of(struct arena *a, const struct expr *left);
/* Whole-field mask of a payload or exthdr expression that does not end on byte borders; shift is
 * how far the value is moved to the left. False: none needed. */
bool field_mask(const struct lower *L, const struct expr *e, struct value *mask,
                unsigned *shift);

bool lower_match(struct lower *L, const struct stmt *s);
/* The same with what was resolved already; what `left` implies has been written. */
bool match_value(struct lower *L, const struct expr *left, enum relop op,
                 const struct value *v);
bool lower_stmt(struct lower *L, const struct stmt *s);
bool lower_nat(struct lower *L, const struct stmt *s);
bool lower_stateful(struct lower *L, const struct stmt *s, struct insn *in);
bool lower_verdict(struct lower *L, const struct stmt *s);
bool lower_meter(struct lower *L, const struct stmt *s);
bool lower_tproxy(struct lower *L, const struct stmt *s);
bool lower_dup(struct lower *L, const struct stmt *s);
bool lower_fwd(struct lower *L, const struct stmt *s);
bool lower_queue(struct lower *L, const struct stmt *s);
bool resolve_verdict(struct lower *L, const struct expr *e, struct verdict *out);
/* counter, limit … that elements carry. */
bool lower_stateful_list(struct lower *L, const struct stmt_list *stmts,
                         struct program *out);
bool lower_objref(struct lower *L, const struct stmt *s);
bool lower_set_value(struct lower *L, const struct stmt *s);
bool lower_dynset(struct lower *L, const struct stmt *s);
/* merge.c: loads of neighbouring fields become one, as nft writes them. */
void merge_payloads(struct program *prog, size_t from);

COLD bool fail(struct lower *L, const char *code, struct span span, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
COLD struct diag *fail_diag(struct lower *L, const char *code, struct span span,
                            const char *fmt, ...) __attribute__((format(printf, 4, 5)));
