/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Where a thread gets what others have finished for it. An event loop owns one inbox; a worker
 * posts items from any thread, and the loop runs them on its own thread. The inbox knows no
 * event loop: `wake` is called when it stops being empty, from the posting thread, and must
 * make the loop call inbox_run soon (uv_async_send(), a write to an eventfd).
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of what is posted; the poster's until inbox_run calls `fn`, which may free it. */
struct inbox_item {
	struct inbox_item *next;
	void (*fn)(struct inbox_item *item);
};

struct inbox {
	pthread_mutex_t lock;
	pthread_cond_t filled; /* for inbox_wait */
	struct inbox_item *first, **last;
	void (*wake)(void *arg);
	void *arg;
};

/* `wake` may be NULL when the owner uses inbox_wait. It must not post nor run. */
void inbox_init(struct inbox *in, void (*wake)(void *arg), void *arg);

/* Nothing may be posted any more; what was not run is dropped without a call. */
void inbox_fini(struct inbox *in);

/* Any thread. Wakes the owner when the inbox was empty. */
void inbox_post(struct inbox *in, struct inbox_item *item);

/* A chain of items linked by `next`, posted at once with one wake. `last` ends it. */
void inbox_post_chain(struct inbox *in, struct inbox_item *first,
                      struct inbox_item *last);

/* Owner's thread: runs what is there now, in order; what is posted meanwhile waits for the
 * next call (and has woken the owner). Returns how many ran. */
size_t inbox_run(struct inbox *in);

/* Owner's thread: as inbox_run, but waits until something was there or `timeout_ms` passed.
 * For tests and command lines, which have no event loop. */
size_t inbox_wait(struct inbox *in, uint32_t timeout_ms);
