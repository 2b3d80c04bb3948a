/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Messages of a host to its people, for those who send them: commands, and mod_announce. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "herald/route/worker.h"
#include "herald/xml/xml.h"

/* A message to those who are connected. */
struct xml *announce_message(struct arena *a, struct str subject, struct str body);

/* Sends a <message/> from the host to every session there; how many those are. `x` gets
 * addresses. */
size_t announce_online(struct worker *w, struct str host, struct xml *x, struct arena *a);

/* `n` accounts were written to; result: 0, or the store's error that ended it early. */
typedef void (*announce_done_fn)(void *arg, int result, size_t n);

/* Sends a <message/> from the host to every account there, also to those that are not
 * connected: for them it waits. Few accounts are in memory at a time. `done` may be NULL. */
void announce_all(struct worker *w, struct str host, const struct xml *x,
                  announce_done_fn done, void *arg);

/* The message of the day: who becomes available and has not seen it gets it; those who are
 * available now do when `tell`. A new one takes the old one's place, x == NULL none. `done`
 * (may be NULL) hears when it is stored. */
void announce_set_motd(struct worker *w, struct str host, const struct xml *x, bool tell,
                       store_done_fn done, void *arg);
