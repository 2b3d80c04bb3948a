/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a worker's stanzas change in the store. All of a round goes into one transaction, so that
 * what belongs together (a message in the receiver's queue, the sender's count of it) is stored
 * together or not at all; while one is on its way to the disk the next gathers. When one fails,
 * so does the next: nothing is stored that builds on what is not.
 *
 * At the end of the round the transaction goes off, behind everything that is written to
 * clients in it.
 */
#pragma once

#include "base/vec.h"
#include "herald/store/store.h"
#include "io/loop.h"

struct worker;

/* Somebody who adds to transactions just before they go off and wants to know how they end; part
 * of its owner. */
struct effect {
	void (*before)(struct effect *e, struct store_tx *tx);
	void (*after)(struct effect *e, int result);
	bool joined, flying; /* in the transaction that gathers, in the one on its way */
};

struct effects_then {
	store_done_fn fn;
	void *arg;
};

struct effects_part {
	struct store_tx *tx; /* NULL: nothing to store */
	VEC(struct effect *) joined;
	VEC(struct effects_then) thens;
};

/* Of a worker; all zero to begin with. */
struct effects {
	struct loop_late late;
	struct effects_part now, flying;
	struct effects_part failing; /* gathered behind what failed, to be told */
};

/* The transaction of this round: put into it what changes. */
struct store_tx *worker_tx(struct worker *w);

/* Calls fn(arg, result) when all that is in the transaction now is stored, or failed. */
void worker_then(struct worker *w, store_done_fn fn, void *arg);

/* Calls fn(arg, 0) when a read sees all that was put before: at once or later. */
void worker_settled(struct worker *w, store_done_fn fn, void *arg);

/* Takes part in this round's transaction; doing so twice is once. */
void worker_join(struct worker *w, struct effect *e);

/* Its owner goes: no call any more. */
void worker_unjoin(struct worker *w, struct effect *e);

/* Whether something is not stored yet. */
bool worker_is_storing(const struct worker *w);

/* Stores what there is and waits for it, running the worker's inbox. */
void worker_finish(struct worker *w);
