/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sets: what their block says, what the kernel says, and their elements. */
#pragma once

#include "gate/ruleset/lower.h"

/* Types, flags and the rest of a set's block. False after an error. */
bool set_info_from_block(struct lower *L, const struct set_block *b,
                         struct set_info *info);
/* The same from a set the kernel holds; unknown types give -EOPNOTSUPP. Lives in `a`. */
int set_info_from_kernel(struct arena *a, const struct prog_set *s,
                         struct set_info *info);
/* The program form of a set; `comment` may be empty. Anonymous sets take info->name. */
void set_to_program(struct arena *a, const struct set_info *info, struct str comment,
                    struct prog_set *out);

/* Elements, one at a time. Sets of intervals are collected in compact form, sorted and checked
 * at the end, since the kernel wants both ends of each interval in order; others go straight
 * to `put`, which must not keep the pointer. */
struct elem_builder {
	struct lower *L;
	const struct set_info *info;
	void (*put)(void *ctx, const struct prog_elem *e);
	void *ctx;
	bool keys_only;   /* delete and get: a map's elements need no value */
	bool single_keys; /* get: intervals are asked for by one key, not by both ends */
	bool merge;       /* overlapping and neighbouring intervals become one */
	uint8_t *recs;    /* from, to, struct elem_extra index, place */
	size_t n, cap, rec;
	struct elem_extra **extras;
	size_t n_extras, cap_extras;
	size_t catchall; /* `*` among intervals: its number in extras plus one; 0: none */
	struct elem_file {
		uint32_t base, file;
	} * files; /* places count on through all files */
	size_t n_files, cap_files;
	size_t emitted;
	struct span
		at; /* the key that is being put; len 0: only where it starts is known */
	bool quick; /* keys and values are one part of a fixed width: see add_quick() */
	struct prog_elem plain; /* used again for elements that are only a key */
};
void elem_builder_init(struct elem_builder *b, struct lower *L,
                       const struct set_info *info,
                       void (*put)(void *ctx, const struct prog_elem *e), void *ctx);
/* The whole word, prefix or range that starts at `at`. */
struct span elem_key_span(const struct sources *sources, struct span at);
/* One EXPR_ELEM. False after an error (others may still be added). */
bool elem_builder_add(struct elem_builder *b, const struct expr *elem);
/* Sorts, checks and emits what was collected. */
bool elem_builder_finish(struct elem_builder *b);
void elem_builder_fini(struct elem_builder *b);
/* Both ends of an interval, in network order. */
void elem_builder_add_range(struct elem_builder *b, const uint8_t *from,
                            const uint8_t *to);
/* The value behind or before `key` (n bytes, network order); false when there is none. */
bool key_after(uint8_t *key, size_t n);
bool key_before(uint8_t *key, size_t n);
/* Whether any key of a literal is a range, prefix or wildcard: then the set needs intervals. */
bool elems_have_ranges(struct lower *L, const struct parts *key, const struct expr *set,
                       bool *ranges);
