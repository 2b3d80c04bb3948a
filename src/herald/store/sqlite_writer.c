/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The writer: takes the transactions that came, runs them in one transaction of SQLite's, and
 * gives them back when that is on the disk. A condition that fails leaves out its own
 * transaction (conditions stand before all changes); an error of the database fails the group.
 */
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/oom.h"
#include "herald/store/sqlite.h"

/* Pages in the log from which on the keeper is called, and from which on the writer helps
 * itself: only between two of its own transactions can the log start over from its front. */
enum { LOG_KEEP = 1000, LOG_HELP = 8000 };

/* ---- one operation ---------------------------------------------------------------------- */

static int add_place(struct db *db, const struct op *op)
{
	sqlite3_stmt *st;
	int r = db_use(db, STMT_PLACE_ADD, &st);

	if (r < 0)
		return r;
	stmt_text(st, 1, op->at.host);
	stmt_text(st, 2, op->at.name);
	stmt_text(st, 3, op->at.user);
	return stmt_run(db, st);
}

static int put(struct db *db, const struct op *op)
{
	sqlite3_stmt *st = NULL;
	int r = add_place(db, op);

	if (r == 0)
		r = db_use_place(db, STMT_ITEM_PUT, &op->at, &st);
	if (r < 0)
		return r;
	stmt_blob(st, 4, op->key);
	stmt_blob(st, 5, op->value);
	return stmt_run(db, st);
}

static int del(struct db *db, const struct op *op)
{
	sqlite3_stmt *st;
	int r = db_use_place(db, STMT_ITEM_DEL, &op->at, &st);

	if (r < 0)
		return r;
	stmt_blob(st, 4, op->key);
	return stmt_run(db, st);
}

static int append(struct db *db, const struct op *op)
{
	sqlite3_stmt *st = NULL;
	int r = add_place(db, op);

	if (r == 0)
		r = db_use_place(db, STMT_ENTRY_ADD, &op->at, &st);
	if (r < 0)
		return r;
	sqlite3_bind_int64(st, 4, (int64_t)op->id);
	sqlite3_bind_int64(st, 5, op->stamp_us);
	stmt_text(st, 6, op->with);
	stmt_blob(st, 7, op->value);
	return stmt_run(db, st);
}

static int purge(struct db *db, const struct op *op)
{
	sqlite3_stmt *st;
	int r = db_use_range(db, STMT_PURGE, &op->at, &op->range, &st);

	return r < 0 ? r : stmt_run(db, st);
}

static int run_on_place(struct db *db, enum stmt which, const struct op *op)
{
	sqlite3_stmt *st;
	int r = db_use_place(db, which, &op->at, &st);

	return r < 0 ? r : stmt_run(db, st);
}

static int clear(struct db *db, const struct op *op)
{
	int r = run_on_place(db, STMT_ITEM_CLEAR, op);

	return r < 0 ? r : run_on_place(db, STMT_ENTRY_CLEAR, op);
}

static int forget(struct db *db, const struct op *op)
{
	static const enum stmt parts[] = { STMT_FORGET_ITEMS, STMT_FORGET_ENTRIES,
		                           STMT_FORGET_PLACES };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++) {
		sqlite3_stmt *st;
		r = db_use(db, parts[i], &st);
		if (r < 0)
			return r;
		stmt_text(st, 1, op->at.host);
		stmt_text(st, 2, op->at.user);
		r = stmt_run(db, st);
	}
	return r;
}

/* What the condition says about the value under its key; `there` false: none. */
static int judge(const struct op *op, bool there, struct str value)
{
	if (op->kind == OP_EXPECT_ABSENT)
		return there ? -EEXIST : 0;
	if (op->kind == OP_EXPECT_PRESENT)
		return there ? 0 : -ENOENT;
	return there && str_eq(value, op->value) ? 0 : -ESTALE;
}

/* 0, one of the conditions' errors in *failed, or the database's error returned. */
static int expect(struct db *db, const struct op *op, int *failed)
{
	sqlite3_stmt *st;
	int r = db_use_place(db, STMT_ITEM_GET, &op->at, &st);

	if (r < 0)
		return r;
	stmt_blob(st, 4, op->key);
	r = stmt_step(db, st);
	if (r >= 0)
		*failed = judge(op, r == 1,
		                r == 1 ? stmt_column(st, 0) : (struct str){ 0 });
	stmt_end(st);
	return r < 0 ? r : 0;
}

static int apply(struct db *db, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		return put(db, op);
	case OP_DEL:
		return del(db, op);
	case OP_APPEND:
		return append(db, op);
	case OP_PURGE:
		return purge(db, op);
	case OP_CLEAR:
		return clear(db, op);
	case OP_FORGET:
		return forget(db, op);
	case OP_EXPECT_ABSENT:
	case OP_EXPECT_PRESENT:
	case OP_EXPECT_VALUE:
		break;
	}
	assert(!"a condition among the operations");
	return -EINVAL;
}

/* ---- groups ----------------------------------------------------------------------------- */

static int run_tx(struct db *db, struct store_tx *tx)
{
	tx->base.result = 0;
	for (const struct op *op = tx->expects; op; op = op->next) {
		int r = expect(db, op, &tx->base.result);
		if (r < 0 || tx->base.result < 0)
			return r;
	}
	for (const struct op *op = tx->ops; op; op = op->next) {
		int r = apply(db, op);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_stmt(struct db *db, enum stmt which)
{
	sqlite3_stmt *st;
	int r = db_use(db, which, &st);

	return r < 0 ? r : stmt_run(db, st);
}

/* Runs and commits the chain; 0 means that it is on the disk. */
static int run_group(struct db *db, struct request *first)
{
	int r = run_stmt(db, STMT_BEGIN);

	if (r < 0)
		return r;
	for (struct request *q = first; r == 0 && q; q = q->next)
		r = run_tx(db, (struct store_tx *)q);
	if (r == 0)
		r = run_stmt(db, STMT_COMMIT);
	if (r < 0)
		db_rollback(db);
	return r;
}

static void give_back(struct sqlite *s, struct request *first, int r)
{
	atomic_fetch_add(&s->base.commits, 1);
	for (struct request *q = first, *next; q; q = next) {
		next = q->next;
		atomic_fetch_add(&s->base.transactions, 1);
		tx_done((struct store_tx *)q, r < 0 ? r : q->result);
	}
}

/* ---- trouble ---------------------------------------------------------------------------- */

struct trouble_note {
	struct inbox_item item; /* first */
	struct sqlite *s;
	void (*on_trouble)(void *arg, const struct store_trouble *t);
	void *arg;
	int error;
};

static void on_note(struct inbox_item *item)
{
	struct trouble_note *note = (struct trouble_note *)item;

	note->on_trouble(note->arg, &(struct store_trouble){
					    note->error, store_error_text(note->error) });
	free(note);
}

/* Tells of the change, not of every failure. */
static void set_trouble(struct sqlite *s, int error)
{
	if (atomic_exchange(&s->base.trouble, error) == error || !s->on_trouble)
		return;
	struct trouble_note *note = base_calloc(1, sizeof(*note));
	*note = (struct trouble_note){
		{ NULL, on_note }, s, s->on_trouble, s->trouble_arg, error
	};
	inbox_post(s->trouble_inbox, &note->item);
}

/* ---- the thread ------------------------------------------------------------------------- */

static struct timespec later(struct timespec t, long ms)
{
	t.tv_nsec += ms * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* The next group: what is there STORE_GROUP_MS after the last one began, or later the first
 * that comes. NULL when closing and nothing is left. */
static struct request *next_group(struct sqlite *s, struct timespec *begun)
{
	struct timespec earliest = later(*begun, STORE_GROUP_MS);

	pthread_mutex_lock(&s->lock);
	while (!s->txs.first && !s->ending)
		pthread_cond_wait(&s->tx_there, &s->lock);
	while (!s->ending &&
	       pthread_cond_timedwait(&s->tx_there, &s->lock, &earliest) != ETIMEDOUT)
		;
	struct request *first = queue_take_all(&s->txs);
	pthread_mutex_unlock(&s->lock);
	clock_gettime(CLOCK_MONOTONIC, begun);
	return first;
}

static int log_pages(void *arg, sqlite3 *h, const char *name, int pages)
{
	(void)h;
	(void)name;
	*(int *)arg = pages;
	return SQLITE_OK;
}

static void mind_log(struct sqlite *s, int pages)
{
	if (pages >= LOG_HELP)
		sqlite3_wal_checkpoint_v2(s->writer_db.h, NULL, SQLITE_CHECKPOINT_PASSIVE,
		                          NULL, NULL);
	if (pages < LOG_KEEP)
		return;
	pthread_mutex_lock(&s->lock);
	s->log_is_long = true;
	pthread_cond_signal(&s->log_grown);
	pthread_mutex_unlock(&s->lock);
}

void *sqlite_write(void *arg)
{
	struct sqlite *s = arg;
	struct timespec begun = { 0 };
	struct request *first;
	int pages = 0;

	sqlite3_wal_hook(s->writer_db.h, log_pages, &pages);
	while ((first = next_group(s, &begun))) {
		int r = run_group(&s->writer_db, first);
		set_trouble(s, r);
		give_back(s, first, r);
		mind_log(s, pages);
	}
	return NULL;
}
