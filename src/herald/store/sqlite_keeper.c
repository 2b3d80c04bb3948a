/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What happens beside the requests: moving the log into the database, and backups. */
#include <errno.h>

#include "base/oom.h"
#include "herald/store/sqlite.h"

static bool wait_for_log(struct sqlite *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->log_is_long && !s->keeper_ends)
		pthread_cond_wait(&s->log_grown, &s->lock);
	s->log_is_long = false;
	bool ends = s->keeper_ends;
	pthread_mutex_unlock(&s->lock);
	return !ends;
}

/* A passive checkpoint waits for nobody and nobody for it; what it cannot move yet stays in
 * the log for the next one, so its errors need no telling: the writer will meet them. */
void *sqlite_keep(void *arg)
{
	struct sqlite *s = arg;
	struct db db = { 0 };

	while (wait_for_log(s)) {
		if (!db.h && db_open(&db, s->path, s->busy_ms) < 0) {
			db_close(&db);
			continue;
		}
		sqlite3_wal_checkpoint_v2(db.h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
		                          NULL);
	}
	db_close(&db);
	return NULL;
}

/* ---- backups ---------------------------------------------------------------------------- */

struct backup {
	struct sqlite *s;
	char *to;
	struct store_tx *tx;
};

static int copy_all(struct backup *b)
{
	struct db db;
	int r = db_open(&db, b->s->path, b->s->busy_ms);

	if (r == 0)
		r = db_copy(&db, b->to);
	db_close(&db);
	return r;
}

static void *back_up(void *arg)
{
	struct backup *b = arg;
	int r = copy_all(b);

	pthread_mutex_lock(&b->s->lock);
	b->s->backup_runs = false;
	pthread_mutex_unlock(&b->s->lock);
	tx_done(b->tx, r);
	free(b->to);
	free(b);
	return NULL;
}

/* Starts the thread unless one runs; the lock is held. */
static int start_backup(struct sqlite *s, struct backup *b)
{
	if (s->ending)
		return -ECANCELED;
	if (s->backup_runs)
		return -EBUSY;
	if (s->has_backup)
		pthread_join(s->backup, NULL);
	s->has_backup = false;
	int r = pthread_create(&s->backup, NULL, back_up, b);
	if (r != 0)
		return -r;
	s->has_backup = s->backup_runs = true;
	return 0;
}

void sqlite_backup(struct store *store, const char *path, struct store_tx *tx)
{
	struct sqlite *s = (struct sqlite *)store;
	struct backup *b = base_calloc(1, sizeof(*b));

	*b = (struct backup){ s, strdup(path), tx };
	if (!b->to)
		base_oom();
	pthread_mutex_lock(&s->lock);
	int r = start_backup(s, b);
	pthread_mutex_unlock(&s->lock);
	if (r == 0)
		return;
	tx_done(tx, r);
	free(b->to);
	free(b);
}
