/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a listing has read of the kernel's ruleset: tables, chains, sets, objects and flow
 * tables. Rules and elements are not kept; they are read while they are printed.
 */
#pragma once

#include "base/vec.h"
#include "gate/engine/engine.h"
#include "gate/ruleset/lower.h"

struct snapshot_set {
	struct prog_set set;
	struct set_info info;
	bool known; /* its types are; otherwise it is listed as unknown */
	struct elem_list *
		elems; /* of a literal in a rule, read before the rules are; NULL: not read */
};

struct snapshot {
	struct arena *a;
	VEC(struct prog_table) tables;
	VEC(struct prog_chain) chains;
	VEC(struct snapshot_set *) sets;
	VEC(struct prog_obj) objs;
	VEC(struct prog_flowtable) flowtables;
};

enum { SNAP_CHAINS = 1, SNAP_SETS = 2, SNAP_OBJS = 4, SNAP_FLOWTABLES = 8 };

/* Reads the kinds asked for (tables always) of one family (0: all) and table (empty: all).
 * Strings live in `a`. `reset` (NULL: none) says which objects' counters and quotas are put
 * back: those of its type and name; no other object is read then. */
int snapshot_read(struct snapshot *s, struct arena *a, struct engine *e, uint8_t family,
                  struct str table, unsigned kinds, const struct dump_filter *reset);
void snapshot_fini(struct snapshot *s);
const struct snapshot_set *snapshot_find_set(const struct snapshot *s, uint8_t family,
                                             struct str table, struct str name);
