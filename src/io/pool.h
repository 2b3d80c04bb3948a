/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A few threads for work that takes milliseconds of CPU, so that event loops never wait for
 * it. The queue is bounded: when it is full the caller is told at once and can refuse its
 * client, instead of everybody waiting longer and longer.
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "io/inbox.h"

struct pool;

/* One piece of work; the caller's memory, untouched by the caller until `done` runs. */
struct pool_job {
	struct inbox_item item;             /* set by the pool */
	void (*work)(struct pool_job *job); /* on a pool thread */
	void (*done)(
		struct pool_job *job); /* on the inbox owner's thread; may free the job */
	struct inbox *to;
	struct pool_job *next;
};

/* `threads` of 1 to 64; `queue` jobs may wait besides one for each thread.
 * Errors: those of pthread_create. */
MUST_USE int pool_new(size_t threads, size_t queue, struct pool **out);

/* `work`, `done` and `to` are set. Errors: -EBUSY the queue is full; then nothing is called. */
MUST_USE int pool_submit(struct pool *p, struct pool_job *job);

/* Finishes what was submitted (the done calls are posted), then ends the threads. NULL is
 * harmless. */
void pool_free(struct pool *p);

DEFINE_AUTO_PTR(pool)
