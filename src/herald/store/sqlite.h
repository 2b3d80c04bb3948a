/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The SQLite backend, inside.
 *
 * Threads: one writer, `n_readers` readers, one keeper, and one for a backup while it runs.
 * Each has a connection of its own and shares only the queues, under `lock`.
 *
 *   tx_commit ──▶ txs ──▶ writer: BEGIN, the transactions that came, COMMIT (synced) ──▶ inboxes
 *   store_get ──▶ reads ─▶ readers ──▶ inboxes
 *                          keeper: moves the log into the database when it has grown
 *
 * At close the writer ends last of all but the keeper, when its queue is empty.
 */
#pragma once

#include <pthread.h>

#include "herald/store/backend.h"
#include "herald/store/db.h"

struct queue {
	struct request *first, **last;
};

struct sqlite {
	struct store base; /* first */
	const char *path;  /* in `arena` */
	struct arena arena;
	int lock_fd; /* PATH.lock */
	uint32_t busy_ms;

	pthread_mutex_t lock;
	pthread_cond_t tx_there, read_there, log_grown;
	struct queue txs, reads;
	size_t holds;     /* who still gathers reads: no reader is woken */
	bool ending;      /* no new requests; finish what is there */
	bool keeper_ends; /* the writer has ended */
	bool log_is_long; /* for the keeper */

	pthread_t writer, keeper, backup;
	bool has_writer, has_keeper, has_backup; /* to be joined */
	bool backup_runs;
	struct db writer_db;
	struct reader *readers;
	size_t n_readers;

	struct inbox *trouble_inbox;
	void (*on_trouble)(void *arg, const struct store_trouble *t);
	void *trouble_arg;
};

struct reader {
	struct sqlite *s;
	pthread_t thread;
	bool has_thread;
	struct db db;
};

void queue_init(struct queue *q);
void queue_put(struct queue *q, struct request *r);
/* The whole chain, linked by `next`, or NULL. */
struct request *queue_take_all(struct queue *q);
/* The first, or NULL. */
struct request *queue_take(struct queue *q);

/* Threads' functions; the argument is the struct sqlite (of the reader: its struct reader). */
void *sqlite_write(void *arg);
void *sqlite_read_some(void *arg);
void *sqlite_keep(void *arg);

/* Starts a backup, see store_ops. */
void sqlite_backup(struct store *s, const char *path, struct store_tx *tx);
