/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An engine that holds a ruleset in memory and judges transactions by the kernel's rules about
 * names, uses, elements and jumps. It filters nothing by itself: `gate check --state` asks it in
 * the kernel's place, so that a change is checked for another machine without any privilege, and
 * the simulator (gate/engine/sim) runs packets through what it holds.
 *
 * memory.c is the face, dump.c gives back and load.c takes over from another engine; apply.c,
 * chains.c, rules.c and elems.c change the state, uses.c finds who needs what and jumps.c where
 * jumps lead.
 *
 * Life: everything is in one arena until the engine is closed. A transaction collects its
 * pieces; commit applies them to a copy of the lists, which takes the state's place when all
 * went well and it is more than a check. So entries are never changed in place, but replaced;
 * only a set that the transaction itself made or replaced (`made_in`) grows where it stands.
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
	/* Sorted by key, but ranges of concatenations: those stay as they came, for of two that
	 * hold a key the first counts. An interval is one element with a key_end here, the first
	 * value behind it. */
	struct prog_elem **elems;
	size_t n, cap;
	uint32_t made_in; /* number of the transaction that may change it in place */
};

struct state {
	VEC(const struct prog_table *) tables;
	VEC(const struct prog_chain *) chains;
	VEC(const struct mem_rule *) rules; /* those of a chain in their order */
	VEC(struct mem_set *) sets;
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
	VEC(struct prog_elem *) elems;
};

struct tx {
	struct memory *m;
	uint32_t number;
	/* It repeats what another engine holds and has judged: handles stay, elements are taken
	 * as they are. */
	bool is_load;
	VEC(struct piece) pieces;
	/* While it is applied: */
	struct state s;
	const struct piece *piece; /* the one at work */
	VEC(struct tx_error) errors;
};

/* memory.c: an empty one inside something bigger, that may put other ops in place of some. */
void memory_init(struct memory *m);
void memory_fini(struct memory *m);
/* Notes an error of the piece at work; returns -err. */
int tx_fail(struct tx *tx, int err, enum tx_part part, uint32_t index);

/* apply.c: apply_* give 0, or a negative errno after tx_fail. */
int tx_apply(struct tx *tx);
bool piece_drops(const struct piece *p);
/* What is not there: an error for delete, none for destroy. */
int piece_missing(struct tx *tx, const struct piece *p, enum tx_part part);
/* The handle a new thing of the table gets: the next, or in a load the `given` one. */
uint64_t handle_for(struct tx *tx, uint8_t family, struct str table, uint64_t given);

/* chains.c, rules.c, elems.c */
int apply_chain(struct tx *tx, const struct piece *p);
int apply_rule(struct tx *tx, const struct piece *p);
int apply_elems(struct tx *tx, const struct piece *p);
/* Takes the rule out, and with it the literals and chains that were made for it: the list may
 * lose more than one. */
void drop_rule(struct tx *tx, size_t i);
bool is_rule_of(const struct prog_rule *r, const struct prog_chain *c);
/* The chain a verdict leads to: its number in this transaction becomes its name. */
int apply_verdict(struct tx *tx, uint8_t family, struct str table, struct verdict *v,
                  enum tx_part part, uint32_t index);

/* elems.c: gives the elements as the wire has them (intervals as two); `key`: only the one that
 * holds it, -ENOENT when there is none. */
int elems_get(const struct mem_set *set, const struct prog_elem *key,
              const struct dump_ops *ops, void *ctx);
/* The set at that index, the transaction's own: it may be changed. */
struct mem_set *set_own(struct tx *tx, size_t i);

/* dump.c */
int memory_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx);
int memory_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void *ctx);
int memory_get_elems(struct engine *e, const struct prog_set *set,
                     const struct prog_elem *keys, size_t n, bool reset,
                     const struct dump_ops *ops, void *ctx, size_t *bad);

/* state.c */
void state_copy(struct state *to, const struct state *from);
void state_fini(struct state *s);
/* Numbers of chains and sets hold within one transaction. */
void state_forget_ids(struct state *s, struct arena *a);
bool is_in(uint8_t family, struct str table, uint8_t of_family, struct str of_table);

/* Indices; the length of the list when there is none. By name, by number in the transaction
 * (chain), else by handle. */
size_t table_index(const struct state *s, uint8_t family, struct str name);
size_t chain_index(const struct state *s, const struct prog_chain *c);
size_t obj_index(const struct state *s, const struct prog_obj *o);
size_t flowtable_index(const struct state *s, const struct prog_flowtable *f);
/* `id` (0: none) is looked for first. */
size_t state_set(const struct state *s, uint8_t family, struct str table, struct str name,
                 uint32_t id);
const struct prog_table *state_table(const struct state *s, uint8_t family,
                                     struct str name);
const struct prog_chain *state_chain(const struct state *s, uint8_t family,
                                     struct str table, struct str name);
const struct prog_obj *state_obj(const struct state *s, uint8_t family, struct str table,
                                 struct str name, uint32_t type);
const struct prog_flowtable *state_flowtable(const struct state *s, uint8_t family,
                                             struct str table, struct str name);

/* Takes one out of a list, and keeps the others' order. */
#define LIST_DROP(list, i)                                  \
	(memmove((list)->p + (i), (list)->p + (i) + 1,      \
	         ((list)->n - (i)-1) * sizeof(*(list)->p)), \
	 (void)(list)->n--)

/* uses.c: whether a rule or an element names the chain, set, object or flow table; the chain's
 * own rules do not count. */
bool chain_is_used(const struct state *s, const struct prog_chain *c);
bool set_is_used(const struct state *s, const struct prog_set *set);
bool obj_is_used(const struct state *s, const struct prog_obj *o);
bool flowtable_is_used(const struct state *s, const struct prog_flowtable *f);
/* The set an instruction looks into, or NULL. */
const struct set_ref *insn_set(const struct insn *in);
/* The chain an instruction leads to, or empty. */
struct str insn_chain(const struct insn *in);

/* jumps.c: jumps that lead back, or deeper than the kernel goes: fails at rules of this
 * transaction. */
int jumps_check(struct tx *tx);
