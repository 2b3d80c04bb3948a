/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "base/oom.h"
#include "herald/store/schema.h"
#include "io/sync.h"

enum { READERS = 2, READERS_MAX = 64, BUSY_MS = 5000 };

/* ---- queues ----------------------------------------------------------------------------- */

void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void queue_put(struct queue *q, struct request *r)
{
	r->next = NULL;
	*q->last = r;
	q->last = &r->next;
}

struct request *queue_take_all(struct queue *q)
{
	struct request *first = q->first;

	queue_init(q);
	return first;
}

struct request *queue_take(struct queue *q)
{
	struct request *first = q->first;

	if (first) {
		q->first = first->next;
		if (!q->first)
			q->last = &q->first;
	}
	return first;
}

/* Puts the request into the queue. False when closing; *wakes says whether its thread is to be
 * woken, which is done without the lock: who wakes would wait for it. */
static bool submit(struct sqlite *s, struct queue *q, struct request *r, bool *wakes)
{
	pthread_mutex_lock(&s->lock);
	bool open = !s->ending;
	if (open)
		queue_put(q, r);
	*wakes = open && (q == &s->txs || s->holds == 0);
	pthread_mutex_unlock(&s->lock);
	return open;
}

static void sqlite_commit(struct store *store, struct store_tx *tx)
{
	struct sqlite *s = (struct sqlite *)store;

	bool wakes;

	if (!submit(s, &s->txs, &tx->base, &wakes))
		tx_done(tx, -ECANCELED);
	if (wakes)
		pthread_cond_signal(&s->tx_there);
}

static void sqlite_read(struct store *store, struct store_read *read)
{
	struct sqlite *s = (struct sqlite *)store;

	bool wakes;

	if (!submit(s, &s->reads, &read->base, &wakes))
		read_done(read, -ECANCELED);
	if (wakes)
		pthread_cond_signal(&s->read_there);
}

/* One reader for what was gathered: mostly it is done with it before another one runs. */
static void sqlite_hold(struct store *store, bool held)
{
	struct sqlite *s = (struct sqlite *)store;

	pthread_mutex_lock(&s->lock);
	s->holds += held ? 1 : (size_t)-1;
	bool wakes = s->holds == 0 && s->reads.first;
	pthread_mutex_unlock(&s->lock);
	if (wakes)
		pthread_cond_signal(&s->read_there);
}

/* ---- closing ---------------------------------------------------------------------------- */

static void end_threads(struct sqlite *s)
{
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->tx_there);
	pthread_cond_broadcast(&s->read_there);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->n_readers; i++)
		if (s->readers[i].has_thread)
			pthread_join(s->readers[i].thread, NULL);
	if (s->has_writer)
		pthread_join(s->writer, NULL);
	if (s->has_backup)
		pthread_join(s->backup, NULL);
	pthread_mutex_lock(&s->lock);
	s->keeper_ends = true;
	pthread_cond_broadcast(&s->log_grown);
	pthread_mutex_unlock(&s->lock);
	if (s->has_keeper)
		pthread_join(s->keeper, NULL);
}

/* The last connection to close moves the log into the database and deletes it. */
static void sqlite_close(struct store *store)
{
	struct sqlite *s = (struct sqlite *)store;

	end_threads(s);
	for (size_t i = 0; i < s->n_readers; i++)
		db_close(&s->readers[i].db);
	db_close(&s->writer_db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_cond_destroy(&s->tx_there);
	pthread_cond_destroy(&s->read_there);
	pthread_cond_destroy(&s->log_grown);
	pthread_mutex_destroy(&s->lock);
	free(s->readers);
	arena_fini(&s->arena);
	free(s);
}

static const struct store_ops sqlite_ops = {
	.name = "sqlite",
	.commit = sqlite_commit,
	.read = sqlite_read,
	.hold = sqlite_hold,
	.backup = sqlite_backup,
	.close = sqlite_close,
};

/* ---- opening ---------------------------------------------------------------------------- */

static void cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

static struct sqlite *sqlite_new(const struct store_config *c)
{
	struct sqlite *s = base_calloc(1, sizeof(*s));

	store_init(&s->base, &sqlite_ops, c, 1);
	s->path = arena_str(&s->arena, str_from(c->path)).p;
	s->lock_fd = -1;
	s->busy_ms = c->busy_ms ? c->busy_ms : BUSY_MS;
	pthread_mutex_init(&s->lock, NULL);
	cond_init(&s->tx_there);
	cond_init(&s->read_there);
	cond_init(&s->log_grown);
	queue_init(&s->txs);
	queue_init(&s->reads);
	s->trouble_inbox = c->inbox;
	s->on_trouble = c->on_trouble;
	s->trouble_arg = c->arg;
	s->n_readers = c->readers ? c->readers : READERS;
	if (s->n_readers > READERS_MAX)
		s->n_readers = READERS_MAX;
	s->readers = base_calloc(s->n_readers, sizeof(s->readers[0]));
	return s;
}

static int say_errno(struct diags *ds, int r, const char *what, const char *path)
{
	diag_error(ds, "H0101", SPAN_NONE, "%s `%s`: %s", what, path, strerror(-r));
	return r;
}

/* SQLite's own locks would let a second herald in. */
static int lock_file(struct sqlite *s, struct diags *ds)
{
	const char *path = arena_fmt(&s->arena, "%s.lock", s->path).p;

	s->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return say_errno(ds, -errno, "cannot open", path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return say_errno(ds, -errno, "cannot lock", path);
	struct diag *d = diag_error(ds, "H0106", SPAN_NONE, "`%s` is in use", s->path);
	diag_note(ds, d, "another herald holds `%s`", path);
	return -EBUSY;
}

/* Made by us so that nobody else may read the keys in it; the log inherits the mode. */
static int make_file(struct sqlite *s, struct diags *ds)
{
	auto_close int fd = open(s->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return say_errno(ds, -errno, "cannot open", s->path);
	int r = sync_folder_of(s->path);
	return r < 0 ? say_errno(ds, r, "cannot sync the folder of", s->path) : 0;
}

static int say_store(struct sqlite *s, struct diags *ds, int r)
{
	diag_error(ds, "H0102", SPAN_NONE, "`%s` cannot be opened: %s", s->path,
	           store_error_text(r));
	return r;
}

static int open_writer(struct sqlite *s, struct diags *ds)
{
	int r = db_open(&s->writer_db, s->path, s->busy_ms);
	int64_t last = 0;

	if (r < 0)
		return say_store(s, ds, r);
	r = schema_check(&s->writer_db, s->path, &schema_current, ds);
	if (r < 0)
		return r;
	r = db_setup(&s->writer_db, true);
	if (r < 0)
		return say_store(s, ds, r);
	r = schema_bring(&s->writer_db, s->path, &schema_current, ds);
	if (r < 0)
		return r;
	r = db_number(&s->writer_db, "SELECT seq FROM sqlite_sequence WHERE name='entry'",
	              &last);
	if (r < 0)
		return say_store(s, ds, r);
	atomic_store(&s->base.next_id, (uint64_t)last + 1);
	return 0;
}

static int open_readers(struct sqlite *s, struct diags *ds)
{
	for (size_t i = 0; i < s->n_readers; i++) {
		struct reader *reader = &s->readers[i];
		reader->s = s;
		int r = db_open(&reader->db, s->path, s->busy_ms);
		if (r == 0)
			r = db_setup(&reader->db, false);
		if (r < 0)
			return say_store(s, ds, r);
	}
	return 0;
}

static int start_threads(struct sqlite *s)
{
	int r = pthread_create(&s->writer, NULL, sqlite_write, s);

	s->has_writer = r == 0;
	if (r == 0)
		r = pthread_create(&s->keeper, NULL, sqlite_keep, s);
	s->has_keeper = s->has_writer && r == 0;
	for (size_t i = 0; r == 0 && i < s->n_readers; i++) {
		r = pthread_create(&s->readers[i].thread, NULL, sqlite_read_some,
		                   &s->readers[i]);
		s->readers[i].has_thread = r == 0;
	}
	return -r;
}

static int open_all(struct sqlite *s, struct diags *ds)
{
	int r = lock_file(s, ds);

	if (r == 0)
		r = make_file(s, ds);
	if (r == 0)
		r = open_writer(s, ds);
	if (r == 0)
		r = open_readers(s, ds);
	if (r < 0)
		return r;
	r = start_threads(s);
	return r < 0 ? say_errno(ds, r, "cannot start threads for", s->path) : 0;
}

/* Without this each connection would begin with twenty pages, used or not: what SQLite keeps of
 * the file is little (db_setup). Fails harmlessly once SQLite is in use. */
static void save_memory(void)
{
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

int sqlite_open(const struct store_config *c, struct diags *ds, struct store **out)
{
	save_memory();
	struct sqlite *s = sqlite_new(c);
	int r = open_all(s, ds);

	if (r < 0)
		sqlite_close(&s->base);
	else
		*out = &s->base;
	return r;
}
