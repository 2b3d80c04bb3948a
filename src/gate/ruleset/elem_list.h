/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A set's elements as the kernel dumps them, kept in compact form (keys, and only where there is
 * more, the rest), sorted, and given out one by one with both ends of intervals joined.
 */
#pragma once

#include "gate/engine/engine.h"
#include "gate/ruleset/lift.h"

struct elem_list {
	struct arena *a; /* extras */
	const struct set_info *info;
	size_t data_at, data_n; /* a value in each record; data_n 0: none */
	bool turned;            /* keys in the records are */
	size_t key_n, rec;      /* bytes: of a key, of a record */
	uint8_t *recs;
	size_t n, cap;
	struct prog_elem **extras;
	size_t n_extras, cap_extras;
};
void elem_list_init(struct elem_list *l, struct arena *a, const struct set_info *info);
void elem_list_fini(struct elem_list *l);
/* Reads all elements of `set`. */
int elem_list_read(struct elem_list *l, struct engine *e, const struct prog_set *set,
                   bool reset);
/* For callers with a dump of their own. */
int elem_list_add(void *list, const struct prog_elem *e);
void elem_list_sort(struct elem_list *l);
/* Elements in order, as EXPR_ELEM in `a`; *at starts at 0. NULL at the end. */
struct expr *elem_list_next(const struct elem_list *l, size_t *at, struct arena *a);

/* An element that is a value or a prefix, perhaps with the value of a map, and nothing more: most
 * of all large sets. */
struct bare_elem {
	struct value from, to, data;
	int len; /* the prefix's; all bits: a single value */
};

/* Whether elements of this set can be bare. */
bool elem_list_is_bare(const struct elem_list *l);
/* The element at *at, which then goes on. False: it is not bare, or the last one was before. */
bool elem_list_next_bare(const struct elem_list *l, size_t *at, struct bare_elem *e);
