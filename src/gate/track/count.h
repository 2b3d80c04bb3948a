/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `ct count`: how many live connections a rule or a set element has met. */
#pragma once

#include "gate/track/track.h"

struct track_counter;

/* One per `ct count` statement of a rule, or per set element that has one. */
struct track_counter *track_counter_new(void);
void track_counter_free(struct track_counter *c);
DEFINE_AUTO_PTR(track_counter)

/* How many it counts. The two differ where that hangs on whether two packets fell into one of the
 * kernel's ticks, whose length nobody knows. */
struct track_tally {
	uint32_t least, most;
};

/* Counts the packet's connection (by its tuple also without entry) as nf_conncount.c of 6.18 and
 * of 6.1.192 does: those that ended are forgotten at most once a tick, and what has no entry in the
 * table yet is counted again as often as it comes in that tick. Packets of one moment are in one
 * tick, those 10 ms apart are not. The statement matches `until N` when there are at most N. */
struct track_tally track_counter_add(struct track *t, struct track_counter *c,
                                     const struct track_ref *ref,
                                     const struct track_packet *p);
/* Somebody decided which of the tally's two numbers holds. */
void track_counter_settle(struct track_counter *c, bool most);
/* Whether all that it has met ended, so that a set's sweep takes the element away. */
bool track_counter_is_over(struct track *t, const struct track_counter *c);
