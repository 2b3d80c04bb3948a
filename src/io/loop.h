/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A thread's event loop on libuv, with what its connections share: one buffer to read into, and
 * a list of what wants to be done at the end of the round, so that a peer gets one write a round
 * however many stanzas were for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "io/handshakes.h"
#include "io/inbox.h"

#define LOOP_READ_MAX 65536 /* bytes that one read takes */

/* Something to do at the end of the round; part of its owner. */
struct loop_late {
	struct loop_late *next, **link; /* link is NULL when not in the list */
	void (*fn)(struct loop_late *late);
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake; /* of the inbox */
	uv_check_t check;
	uv_prepare_t prepare;
	struct inbox inbox;
	struct handshakes handshakes;
	struct loop_late *late, *last;
	char *read_buf; /* LOOP_READ_MAX bytes; free again when a callback returns */
};

/* Errors: those of uv_loop_init. */
int loop_init(struct loop *l);

/* Runs until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Closes what the loop itself opened and runs until all handles are closed; whoever has others
 * must have closed them. */
void loop_fini(struct loop *l);

/* Calls late->fn once at the end of this round; again before that changes nothing. */
void loop_later(struct loop *l, struct loop_late *late);

/* As loop_later, but behind all that loop_later has for this round. */
void loop_finally(struct loop *l, struct loop_late *late);

/* Takes it out again; harmless when it is not in. */
void loop_forget(struct loop_late *late);

/* Milliseconds of a clock that only goes forward, taken at the start of the round. */
static inline uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}
