/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The ruleset as packets run through it. What is in it, and whether it may be, is the business of
 * the engine in memory (gate/engine/memory); store_link() looks at what that holds, joins its
 * parts (a rule to the chain it jumps to, to the sets it looks into) and adds what only running
 * knows: counters, limits, elements that rules add, how sets are searched.
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "gate/engine/memory/memory.h"

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
	const char *doubt; /* what is not known of it, once somebody asked */
	struct xt *xt;     /* see xt.h; once a packet met it */
};

struct sim_elem {
	struct prog_elem e;
	uint64_t expires_ns; /* 0: never */
	struct sim_chain *chain;
	struct sim_obj *obj;
	struct sim_run *runs; /* of e.exprs */
	struct sim_elem *next_spare;
	bool dead;
	bool is_ghost;    /* dead, but still counted as one of the set */
	uint64_t died_ns; /* when it became one */
	uint64_t
		over_ns; /* since when its `ct count` is known to have no connection; 0: it has */
	uint64_t hits; /* look-ups that found it */
};

/* An element that is gone at that time: deleted by a rule, or run out. */
struct sim_leaving {
	uint64_t gone_ns;
	struct sim_elem *elem;
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
	struct sim_elem *spare; /* dead ones, to be used again */
	size_t compact_at;      /* so many elements are worth to look for dead ones */
	/* Of a set that was full once: all that is gone by `leaves_until_ns` and takes room, the first
	 * to go first; what stands before `leaving_at` is done with. */
	VEC(struct sim_leaving) leaving;
	size_t leaving_at;
	uint64_t leaves_until_ns; /* 0: nobody has looked */
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
	bool is_route;       /* of type route: in output it may change the way */
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
};

struct sim_store {
	union {                       /* first */
		struct engine engine; /* commands and loads go there */
		struct memory held;   /* it is this one, with ops of its own: */
	};
	struct engine_ops ops; /* elements by key are those of `tables` */
	struct arena a;
	VEC(struct sim_table *) tables;
	uint32_t registered;
	struct hook_plan *plan;   /* see plan.h */
	struct xt_list *xt_lists; /* see xt_memory.c */
	uint64_t now_ns;          /* the virtual clock, as set by whoever runs packets */
};

/* An empty ruleset. Free it with store_free, or through the engine's close. */
struct sim_store *store_new(void);
void store_free(struct sim_store *s);
/* Makes `tables` of what the engine holds now. All that packets have left behind is forgotten and
 * the clock stands at 0; what pointed into the store is gone. */
void store_link(struct sim_store *s);

struct sim_table *store_table(const struct sim_store *s, uint8_t family, struct str name);
struct sim_chain *table_chain(const struct sim_table *t, struct str name);
struct sim_set *table_set(const struct sim_table *t, struct str name);
struct sim_obj *table_obj(const struct sim_table *t, uint32_t type, struct str name);

/* Whether any rule of `family` (NFPROTO_IPV4 …; inet and bridge count for both) makes the kernel track
 * connections: ct, nat, masquerade and their like. */
bool store_tracks(const struct sim_store *s, uint8_t family);
/* Whether a rule reads how much went over a connection: the kernel counts that from then on, whatever
 * nf_conntrack_acct was (nft_ct_get_init). */
bool store_counts(const struct sim_store *s);

/* For store_link.c: back to no tables, the engine stays as it is. */
void store_unlink(struct sim_store *s);
