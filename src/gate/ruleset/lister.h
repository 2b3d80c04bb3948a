/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Listing: what one `list` prints, and what it needs while it does. */
#pragma once

#include "gate/lang/print.h"
#include "gate/ruleset/elem_list.h"
#include "gate/ruleset/lift.h"
#include "gate/ruleset/session.h"
#include "gate/ruleset/snapshot.h"

/* What to print. */
struct want {
	uint8_t family; /* 0: all */
	struct str table, name;
	uint32_t obj_type; /* 0: all */
	uint64_t handle;   /* of one rule; 0: all */
	unsigned kinds;    /* SNAP_* */
	bool rules, elems, show_sets, maps, only_sets, meters, only_names, whole_table,
		reset;
	bool found_table, found; /* answers */
};

/* The rules of a chain without a name, lifted before other rules are dumped. */
struct bound_chain {
	uint8_t family;
	struct str table, name;
	struct lister *lister; /* while it is filled */
	VEC(const struct rule *) rules;
};

struct lister {
	VEC(struct bound_chain *) bound;
	struct session *s;
	struct snapshot snap;
	struct arena scratch;
	struct buf out;
	size_t mark;
	struct printer printer;
	struct lift_env env;
	const struct prog_table *table; /* the one being printed */
	const char *delim;
	bool found;
};

bool list_hooks(struct session *s, const struct command *c);
bool list_wanted(struct session *s, const struct command *c, struct want *w);
/* One rule's text to l->out, without handle or newline. */
void lister_rule(struct lister *l, const struct prog_rule *r, struct arena *a);
void lister_env_init(struct lister *l);
/* Reads the elements of the literals in rules: before rules are dumped. */
int lister_prefetch(struct lister *l);
/* The block of the first set, object or flow table of that name; false: none. */
bool lister_block(struct lister *l, enum dump_kind kind, struct str name);
/* One set with just these elements, in its table. */
void lister_elements(struct lister *l, const struct snapshot_set *set,
                     struct elem_list *list);
/* A lister whose snapshot holds the table's sets, for rules outside of a listing. */
int lister_open(struct lister *l, struct session *s, enum family f, struct str table);
void lister_close(struct lister *l);
