/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An engine that holds a ruleset in memory and judges transactions by the kernel's rules about
 * names, uses, elements and jumps. It filters nothing. `gate check --state` asks it in the
 * kernel's place, so that a change is checked for another machine without any privilege.
 *
 * memory.c answers dumps, apply.c and elems.c change the state, uses.c finds who needs what,
 * copy.c makes copies that last.
 *
 * Life: everything is in one arena until the engine is closed. A transaction collects its
 * pieces; commit applies them to a copy of the lists (entries are never changed in place, but
 * replaced), which takes the state's place when all went well and it is more than a check.
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "gate/engine/engine.h"

struct mem_rule {
	struct prog_rule rule;
	uint32_t tag;     /* of the transaction that made it */
	uint32_t made_in; /* number of that transaction */
};

struct mem_set {
	struct prog_set set;
	struct prog_elem
		*elems; /* in an array that later versions of the set may share */
	size_t n;
};

struct state {
	VEC(const struct prog_table *) tables;
	VEC(const struct prog_chain *) chains;
	VEC(const struct mem_rule *) rules; /* those of a chain in their order */
	VEC(const struct mem_set *) sets;
	VEC(const struct prog_obj *) objs;
	VEC(const struct prog_flowtable *) flowtables;
};

struct memory {
	struct engine engine; /* first: the public face */
	struct arena a;
	struct state now;
	struct map
		handles; /* "family table" -> uint64_t *: the last one given, as the kernel counts */
	uint64_t next_table;
	uint32_t next_tx;
};

/* One piece of a transaction. */
struct piece {
	enum tx_op op;
	enum dump_kind kind; /* DUMP_RULES: rule, DUMP_ELEMS: set and elems … */
	uint32_t tag;
	union {
		const struct prog_table *table;
		const struct prog_chain *chain;
		const struct prog_rule *rule;
		const struct prog_set *set; /* of elements: whose */
		const struct prog_obj *obj;
		const struct prog_flowtable *flowtable;
	};
	VEC(struct prog_elem) elems;
};

struct tx {
	struct memory *m;
	uint32_t number;
	VEC(struct piece) pieces;
	/* While it is applied: */
	struct state s;
	const struct piece *piece; /* the one at work */
	VEC(struct tx_error) errors;
};

/* Notes an error of the piece at work; returns -err. */
int tx_fail(struct tx *tx, int err, enum tx_part part, uint32_t index);

/* apply.c */
int tx_apply(struct tx *tx);
void state_copy(struct state *to, const struct state *from);
void state_fini(struct state *s);
void state_forget_ids(struct state *s, struct arena *a);

const struct prog_table *state_table(const struct state *s, uint8_t family,
                                     struct str name);
const struct prog_chain *state_chain(const struct state *s, uint8_t family,
                                     struct str table, struct str name);
/* Index of the set, or sets.n. `id` (0: none) is looked for first. */
size_t state_set(const struct state *s, uint8_t family, struct str table, struct str name,
                 uint32_t id);
const struct prog_obj *state_obj(const struct state *s, uint8_t family, struct str table,
                                 struct str name, uint32_t type);
const struct prog_flowtable *state_flowtable(const struct state *s, uint8_t family,
                                             struct str table, struct str name);

/* elems.c: 0, or a negative errno after tx_fail. */
int elems_apply(struct tx *tx, const struct piece *p);
int elems_get(const struct mem_set *set, const struct prog_elem *key,
              const struct dump_ops *ops, void *ctx);

/* uses.c: whether a rule or an element names the chain, set, object or flow table; the chain's
 * own rules do not count. */
bool chain_is_used(const struct state *s, const struct prog_chain *c);
bool set_is_used(const struct state *s, const struct prog_set *set);
bool obj_is_used(const struct state *s, const struct prog_obj *o);
bool flowtable_is_used(const struct state *s, const struct prog_flowtable *f);
/* Jumps that lead back, or deeper than the kernel goes: fails at rules of this transaction. */
int jumps_check(struct tx *tx);

/* copy.c */
const struct prog_table *table_copy(struct arena *a, const struct prog_table *t);
struct prog_chain *chain_copy(struct arena *a, const struct prog_chain *c);
struct prog_rule *rule_copy(struct arena *a, const struct prog_rule *r);
struct prog_set *set_copy(struct arena *a, const struct prog_set *s);
struct prog_elem elem_copy(struct arena *a, const struct prog_elem *e);
struct prog_obj *obj_copy(struct arena *a, const struct prog_obj *o);
struct prog_flowtable *flowtable_copy(struct arena *a, const struct prog_flowtable *f);
