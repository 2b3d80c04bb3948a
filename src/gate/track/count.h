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

/* Counts the packet's connection (by its tuple also without entry), once however often it comes,
 * and forgets those that ended. One that is assured is taken to have been counted when it was not
 * (measured on 6.18). Returns how many there are; the statement matches `until N` when this is at
 * most N. */
uint32_t track_counter_add(struct track *t, struct track_counter *c,
                           const struct track_ref *ref, const struct track_packet *p);
