/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The ruleset inside the simulated kernel: an engine in the sense of engine.h whose transactions
 * fill it and whose dumps give it back, and the links between its parts that running needs. It
 * holds what a kernel would hold, run-time state included (set elements, limits, counters).
 *
 * A transaction that fails leaves the ruleset in pieces: throw the store away.
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "gate/engine/engine.h"

struct track_counter;
struct track_timeout_policy;

/* What a stateful instruction remembers. */
union sim_state {
	struct {
		uint64_t packets, bytes;
	} counter;
	struct {
		uint64_t tokens, last_ns;
	} limit; /* nanoseconds of credit */
	struct {
		uint64_t used;
	} quota;
	struct {
		uint64_t last_ns;
		bool set;
	} last;
	struct {
		uint32_t count;
	} numgen;
	struct {
		struct track_counter *list;
	} connlimit;
	struct track_timeout_policy *timeouts; /* of an object */
};

/* What an instruction refers to and remembers. */
struct sim_run {
	struct sim_set *set;
	struct sim_chain *chain;
	struct sim_obj *obj;
	union sim_state state;
};

struct sim_elem {
	struct prog_elem e;
	uint64_t expires_ns; /* 0: never */
	struct sim_chain *chain;
	struct sim_obj *obj;
	struct sim_run *runs; /* of e.exprs */
	bool dead;
	bool is_ghost;    /* dead, but still counted as one of the set */
	uint64_t died_ns; /* when it became one */
	uint64_t hits;    /* look-ups that found it */
};

struct sim_set {
	struct prog_set set;
	struct sim_table *table;
	VEC(struct sim_elem *)
	elems;            /* as they came; dead ones too, until they are swept;
	                                 not the catch-all */
	struct map index; /* hash sets: key bytes to element */
	bool is_sorted;   /* interval sets: elems by key */
	struct sim_elem *catchall;
	size_t live; /* elements that are not dead, ghosts too; ends of intervals count */
};

struct sim_rule {
	struct prog_rule r;
	struct sim_chain *chain;
	struct sim_run *runs; /* one each instruction */
	uint32_t tag;         /* the transaction's caller's */
	uint64_t looked,
		matched; /* packets that came to it; those it matched to the end */
};

struct sim_chain {
	struct prog_chain c;
	struct sim_table *table;
	VEC(struct sim_rule *) rules;
	uint32_t registered; /* counts base chains as they come */
	uint64_t by_policy;  /* packets the policy decided on */
};

struct sim_obj {
	struct prog_obj o;
	struct sim_run run;
};

struct sim_table {
	struct prog_table t;
	VEC(struct sim_chain *) chains;
	VEC(struct sim_set *) sets;
	VEC(struct sim_obj *) objs;
	VEC(struct prog_flowtable *) flowtables;
};

struct sim_store {
	struct engine engine; /* first: the engine is the store */
	struct arena a;
	VEC(struct sim_table *) tables;
	uint32_t generation, registered, next_name;
	uint64_t next_handle;
	uint64_t now_ns; /* the virtual clock, as set by whoever runs packets */
};

/* An empty ruleset. Free it with store_free, or through the engine's close. */
struct sim_store *store_new(void);
void store_free(struct sim_store *s);

struct sim_table *store_table(const struct sim_store *s, uint8_t family, struct str name);
struct sim_chain *table_chain(const struct sim_table *t, struct str name);
struct sim_set *table_set(const struct sim_table *t, struct str name);
struct sim_obj *table_obj(const struct sim_table *t, uint32_t type, struct str name);

/* Whether any rule of `family` (NFPROTO_IPV4 …; inet counts for both) makes the kernel track
 * connections: ct, nat, masquerade and their like. */
bool store_tracks(const struct sim_store *s, uint8_t family);

/* Copies everything `from` has into the empty store. 0 or the engine's negative errno. */
int store_load(struct sim_store *s, struct engine *from);

/* ---- for the files beside this one ---- */
extern const struct engine_ops store_ops;
/* Fills the links of all rules, elements and objects; *missing names what is not there. */
int store_link(struct sim_store *s, struct sim_rule **rule, uint32_t *insn);
void table_free(struct sim_table *t);
int store_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx);
int store_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
              const struct dump_ops *ops, void *ctx);
int store_get_elems(struct engine *e, const struct prog_set *set,
                    const struct prog_elem *keys, size_t n, bool reset,
                    const struct dump_ops *ops, void *ctx, size_t *bad);
int store_tx_begin(struct engine *e, uint32_t gen, struct tx **tx);
void store_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                    uint32_t tag);
void store_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                    uint32_t tag);
void store_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r, uint32_t tag);
void store_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s, uint32_t tag);
void store_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o, uint32_t tag);
void store_tx_flowtable(struct tx *tx, enum tx_op op, const struct prog_flowtable *f,
                        uint32_t tag);
void store_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                          uint32_t tag);
void store_tx_elem(struct tx *tx, const struct prog_elem *e);
void store_tx_elems_end(struct tx *tx);
int store_tx_commit(struct tx *tx, bool check, struct arena *a, struct tx_error **errors,
                    size_t *n_errors, const struct dump_ops *echo, void *ctx);
void store_tx_abort(struct tx *tx);
