/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lifting: a program back to a rule's syntax tree, as nft lists it. It runs the instructions
 * over registers that hold expressions instead of bytes: a load puts a selector into one, a
 * comparison takes it out. What gate does not know becomes `unknown "NAME"` and the rest goes on.
 */
#pragma once

#include "gate/ruleset/lower.h"
#include "gate/ruleset/sets.h"

/* What lifting must ask. */
struct lift_env {
	void *ctx;
	/* A set's types by name, or NULL. */
	const struct set_info *(*set)(void *ctx, struct str name);
	/* The elements of an anonymous set as EXPR_SET (in `a`), or NULL. */
	struct expr *(*elems)(void *ctx, struct arena *a, const struct set_info *info);
};

/* One 32-bit register word. */
struct reg {
	struct expr *e;         /* starts here; NULL: nothing, or inside a longer one */
	const struct data *imm; /* an immediate's bytes, not typed yet */
	struct value mask;      /* a field inside the loaded bytes: bits 0 when none */
	unsigned shift;
	bool big_endian; /* a host-order value that was turned */
	bool masked;
};

/* A match that a later one may imply. */
struct dep {
	size_t stmt; /* index in the rule */
	bool there;
	bool by_payload; /* `ip protocol`, `ether type`: not a meta key */
	const struct proto *proto;
};

struct lift {
	struct arena *a;
	const struct lift_env *env;
	enum family family;
	struct rule *rule;
	struct reg regs[REG_WORDS];
	const struct proto *ll, *nh, *th;
	unsigned ll_bits;
	int icmp_type;      /* an earlier match asked for it; -1: none did */
	struct dep deps[4]; /* by payload_base: what said which header is there */
	struct dep iiftype, vlan, icmp;
	const struct expr *ranged; /* left side of the `>=` a `<=` may close */
	bool foreign;              /* something was not known */
};

/* Fills *rule (in `a`). True when everything was known. */
bool lift_rule(struct arena *a, const struct lift_env *env, enum family family,
               const struct program *prog, struct rule *rule);

/* ---- shared by the files ---- */
struct stmt *lift_stmt_add(struct lift *L, enum stmt_kind kind);
void lift_stmt_drop(struct lift *L, size_t at);
/* Statements that are one instruction without registers (counter, limit, log …); NULL: none. */
struct stmt *lift_simple(struct arena *a, const struct insn *in);
/* Statements that read registers. False when it is none of them. */
bool lift_stmt(struct lift *L, const struct insn *in);
/* cmp, range, lookup as matches. */
void lift_cmp(struct lift *L, const struct insn *in);
void lift_range(struct lift *L, const struct insn *in);
void lift_lookup(struct lift *L, const struct insn *in);
/* Whether the bytes are of no known field (also inside an operation). */
bool is_raw(const struct expr *e);
/* Numbers become words in hexadecimal: VALUE, RANGE, ELEM and SET, in place. */
void lift_hex(struct arena *a, struct expr *e);
/* The constants of the operations around a selector. */
void lift_hex_masks(struct arena *a, struct expr *e);
void lift_bitwise(struct lift *L, const struct insn *in);
/* The expression in a register as `want`: immediates become values. NULL: nothing there. */
struct expr *lift_reg(struct lift *L, unsigned reg, const struct part *want);
/* A literal's key by its registers: what is kept of its type may lack parts. */
const struct set_info *lift_literal(struct lift *L, unsigned reg,
                                    const struct set_info *info);
/* Selectors of consecutive registers that make a set's key; `use`: what they imply is left out. */
struct expr *lift_key(struct lift *L, unsigned reg, const struct set_info *info,
                      bool use);
struct expr *lift_value(struct lift *L, const uint8_t *p, size_t n,
                        const struct part *part);
/* The field that lies at this place under the headers known now; NULL: none. */
bool lift_field(struct lift *L, struct expr *e, unsigned off, unsigned bits);
void lift_use(struct lift *L, const struct expr *e);
void lift_learn(struct lift *L, const struct expr *left, const struct value *v,
                size_t stmt);
/* What is not known stands in the rule by its name; the statement, for what else is known. */
struct stmt *lift_foreign(struct lift *L, struct str name);

/* How many leading bits two values share when the rest is all zeros in one and all ones in the
 * other; -1 when they make no prefix. */
int lift_prefix_len(const struct value *from, const struct value *to);
/* Elements: key bytes of a set to an expression, `to` NULL for a single value. */
struct expr *lift_elem_key(struct arena *a, const struct parts *parts, bool big_endian,
                           const uint8_t *from, const uint8_t *to);
/* A dumped element to EXPR_ELEM. `to` is the last key of an interval, or NULL. */
struct expr *lift_elem(struct arena *a, const struct set_info *info,
                       const struct prog_elem *e, const uint8_t *to);
/* `eth*`: a name of which the first n bytes count. */
struct expr *lift_wildcard(struct arena *a, const struct part *part, const uint8_t *p,
                           size_t n);
/* A value, prefix (addresses and names) or range. */
struct expr *lift_range_expr(struct arena *a, const struct part *part,
                             const struct value *from, const struct value *to);
struct expr *lift_verdict(struct arena *a, const struct verdict *v);
