/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a run has done so far to sets whose intervals join: the kernel shows none of it before the
 * commit, and the next command of the run must join with it all the same.
 */
#pragma once

#include "gate/ruleset/session.h"

struct held_elems;

/* Of one set. The session's, until its end. */
struct elem_log {
	struct held_elems *held; /* add_elems.c: added, and not sent yet; NULL: none */
	bool emptied;            /* nothing of what the kernel holds counts any more */
	struct buf
		recs; /* first value, last value (network order), 1: added or 0: deleted */
};

/* The set's log, made when there is none. */
struct elem_log *elem_log_of(struct session *s, const struct prog_set *set);
/* Notes the intervals of `b`, which are sorted and joined by now. */
void elem_log_put(struct elem_log *log, const struct elem_builder *b, bool added);
/* The set was flushed or deleted. */
void elem_log_emptied(struct session *s, const struct prog_set *set);
/* All sets of a table were deleted with it, or all of a family (table empty), or, by
 * FAMILY_UNSPEC, all. */
void elem_log_gone(struct session *s, enum family f, struct str table);
void elem_log_fini(struct session *s);
void held_elems_free(struct held_elems *h);
