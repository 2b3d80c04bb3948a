/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What all backends share: building requests, handing them over, giving them back. */
#include "herald/store/store.h"

#include <assert.h>
#include <errno.h>

#include "base/oom.h"
#include "herald/store/backend.h"

enum { MAX_WAITING = 65536 };

int store_open(const struct store_config *c, struct diags *ds, struct store **out)
{
	if (c->path)
		return sqlite_open(c, ds, out);
	*out = memory_open(c);
	return 0;
}

void store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

void store_init(struct store *s, const struct store_ops *ops,
                const struct store_config *c, uint64_t next_id)
{
	s->ops = ops;
	s->max_waiting = c->max_waiting ? c->max_waiting : MAX_WAITING;
	atomic_store(&s->next_id, next_id);
}

void store_status(struct store *s, struct store_status *out)
{
	*out = (struct store_status){
		.backend = s->ops->name,
		.commits = atomic_load(&s->commits),
		.transactions = atomic_load(&s->transactions),
		.failed = atomic_load(&s->failed),
		.reads = atomic_load(&s->reads),
		.waiting = atomic_load(&s->waiting),
		.trouble = atomic_load(&s->trouble),
	};
}

const char *store_error_text(int result)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
		{ 0, "the database works" },
		{ ENOSPC, "the disk is full" },
		{ EBUSY, "another process holds the database's lock" },
		{ EUCLEAN, "the database is damaged" },
		{ EIO, "reading or writing the database failed (input/output error)" },
		{ EROFS, "the database is read-only" },
		{ EACCES, "the database may not be opened (permissions)" },
		{ ENOBUFS, "too many requests wait for the database" },
		{ ECANCELED, "the database was closed" },
		{ EEXIST, "it is there already" },
		{ ENOENT, "it is not there" },
		{ ESTALE, "it has changed meanwhile" },
		{ ENOTSUP, "this database cannot do that" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].error == -result)
			return rows[i].text;
	return "the database failed";
}

/* ---- requests --------------------------------------------------------------------------- */

static struct store_place copy_place(const struct store_place *at, struct arena *a)
{
	return (struct store_place){ arena_str(a, at->host), arena_str(a, at->user),
		                     arena_str(a, at->name) };
}

static void tx_free(struct store_tx *tx)
{
	arena_fini(&tx->base.arena);
	free(tx);
}

static void read_free(struct store_read *read)
{
	vec_fini(&read->rows);
	arena_fini(&read->base.arena);
	free(read);
}

/* On the thread of the inbox's owner. */
static void on_tx_done(struct inbox_item *item)
{
	struct store_tx *tx = (struct store_tx *)item;

	if (tx->done)
		tx->done(tx->arg, tx->base.result);
	tx_free(tx);
}

static void on_read_done(struct inbox_item *item)
{
	struct store_read *read = (struct store_read *)item;
	struct store_rows rows = { read->rows.p, read->rows.n, read->more, read->count };

	read->fn(read->arg, read->base.result, &rows);
	read_free(read);
}

static bool is_condition(int result)
{
	return result == -EEXIST || result == -ENOENT || result == -ESTALE;
}

void tx_done(struct store_tx *tx, int result)
{
	struct store *s = tx->base.store;

	tx->base.result = result;
	if (result < 0 && !is_condition(result))
		atomic_fetch_add(&s->failed, 1);
	atomic_fetch_sub(&s->waiting, 1);
	if (tx->base.to)
		inbox_post(tx->base.to, &tx->base.item);
	else
		tx_free(tx);
}

void read_done(struct store_read *read, int result)
{
	read->base.result = result;
	if (result < 0) {
		read->rows.n = 0;
		read->more = false;
		read->count = 0;
	}
	atomic_fetch_add(&read->base.store->reads, 1);
	atomic_fetch_sub(&read->base.store->waiting, 1);
	inbox_post(read->base.to, &read->base.item);
}

struct store_row *read_row(struct store_read *read, const struct store_row *row)
{
	struct arena *a = &read->base.arena;
	struct store_row *mine = vec_add(&read->rows);

	*mine = *row;
	mine->user = arena_str(a, row->user);
	mine->key = arena_str(a, row->key);
	mine->value = arena_str(a, row->value);
	mine->with = arena_str(a, row->with);
	return mine;
}

/* Counts one more request; whether it may wait. */
static bool may_wait(struct store *s)
{
	return atomic_fetch_add(&s->waiting, 1) < s->max_waiting;
}

/* ---- transactions ----------------------------------------------------------------------- */

struct store_tx *tx_begin(struct store *s)
{
	struct store_tx *tx = base_calloc(1, sizeof(*tx));

	tx->base.store = s;
	tx->base.item.fn = on_tx_done;
	tx->expects_end = &tx->expects;
	tx->ops_end = &tx->ops;
	return tx;
}

static struct op *new_op(struct store_tx *tx, enum op_kind kind,
                         const struct store_place *at)
{
	struct op *op = arena_new(&tx->base.arena, struct op);

	op->kind = kind;
	op->at = copy_place(at, &tx->base.arena);
	return op;
}

static struct op *add_op(struct store_tx *tx, enum op_kind kind,
                         const struct store_place *at)
{
	struct op *op = new_op(tx, kind, at);

	*tx->ops_end = op;
	tx->ops_end = &op->next;
	return op;
}

static struct op *add_expect(struct store_tx *tx, enum op_kind kind,
                             const struct store_place *at, struct str key)
{
	struct op *op = new_op(tx, kind, at);

	op->key = arena_str(&tx->base.arena, key);
	*tx->expects_end = op;
	tx->expects_end = &op->next;
	return op;
}

void tx_put(struct store_tx *tx, const struct store_place *at, struct str key,
            struct str value)
{
	assert(value.n <= STORE_VALUE_MAX);
	struct op *op = add_op(tx, OP_PUT, at);

	op->key = arena_str(&tx->base.arena, key);
	op->value = arena_str(&tx->base.arena, value);
}

void tx_del(struct store_tx *tx, const struct store_place *at, struct str key)
{
	struct op *op = add_op(tx, OP_DEL, at);

	op->key = arena_str(&tx->base.arena, key);
}

uint64_t tx_append(struct store_tx *tx, const struct store_place *at, int64_t stamp_us,
                   struct str with, struct str value)
{
	assert(value.n <= STORE_VALUE_MAX);
	struct op *op = add_op(tx, OP_APPEND, at);

	op->id = atomic_fetch_add(&tx->base.store->next_id, 1);
	op->stamp_us = stamp_us;
	op->with = arena_str(&tx->base.arena, with);
	op->value = arena_str(&tx->base.arena, value);
	return op->id;
}

void tx_purge(struct store_tx *tx, const struct store_place *at,
              const struct store_range *range)
{
	struct op *op = add_op(tx, OP_PURGE, at);

	op->range = *range;
	op->range.with = arena_str(&tx->base.arena, range->with);
}

void tx_clear(struct store_tx *tx, const struct store_place *at)
{
	add_op(tx, OP_CLEAR, at);
}

void tx_forget(struct store_tx *tx, struct str host, struct str user)
{
	add_op(tx, OP_FORGET, &(struct store_place){ .host = host, .user = user });
}

void tx_expect_absent(struct store_tx *tx, const struct store_place *at, struct str key)
{
	add_expect(tx, OP_EXPECT_ABSENT, at, key);
}

void tx_expect_present(struct store_tx *tx, const struct store_place *at, struct str key)
{
	add_expect(tx, OP_EXPECT_PRESENT, at, key);
}

void tx_expect_value(struct store_tx *tx, const struct store_place *at, struct str key,
                     struct str value)
{
	struct op *op = add_expect(tx, OP_EXPECT_VALUE, at, key);

	op->value = arena_str(&tx->base.arena, value);
}

void tx_commit(struct store_tx *tx, struct inbox *to, store_done_fn done, void *arg)
{
	struct store *s = tx->base.store;

	assert(to || !done);
	tx->base.to = to;
	tx->done = done;
	tx->arg = arg;
	if (may_wait(s))
		s->ops->commit(s, tx);
	else
		tx_done(tx, -ENOBUFS);
}

void tx_abort(struct store_tx *tx)
{
	tx_free(tx);
}

void store_backup(struct store *s, const char *path, struct inbox *to, store_done_fn done,
                  void *arg)
{
	struct store_tx *tx = tx_begin(s);

	tx->base.to = to;
	tx->done = done;
	tx->arg = arg;
	atomic_fetch_add(&s->waiting, 1);
	s->ops->backup(s, path, tx);
}

/* ---- reading ---------------------------------------------------------------------------- */

static struct store_read *new_read(struct store *s, enum read_kind kind,
                                   const struct store_place *at, struct inbox *to,
                                   store_rows_fn fn, void *arg)
{
	struct store_read *read = base_calloc(1, sizeof(*read));

	read->base.store = s;
	read->base.item.fn = on_read_done;
	read->base.to = to;
	read->kind = kind;
	read->at = copy_place(at, &read->base.arena);
	read->range.limit = STORE_LIMIT;
	read->fn = fn;
	read->arg = arg;
	return read;
}

void store_hold(struct store *s)
{
	if (s->ops->hold)
		s->ops->hold(s, true);
}

void store_let_go(struct store *s)
{
	if (s->ops->hold)
		s->ops->hold(s, false);
}

static void submit(struct store_read *read)
{
	struct store *s = read->base.store;

	if (may_wait(s))
		s->ops->read(s, read);
	else
		read_done(read, -ENOBUFS);
}

void store_get(struct store *s, const struct store_place *at, struct str key,
               struct inbox *to, store_rows_fn fn, void *arg)
{
	struct store_read *read = new_read(s, READ_GET, at, to, fn, arg);

	read->key = arena_str(&read->base.arena, key);
	submit(read);
}

void store_list(struct store *s, const struct store_place *at, struct inbox *to,
                store_rows_fn fn, void *arg)
{
	submit(new_read(s, READ_LIST, at, to, fn, arg));
}

static void read_range(struct store_read *read, const struct store_range *range)
{
	read->range = *range;
	read->range.with = arena_str(&read->base.arena, range->with);
	if (!range->limit)
		read->range.limit = STORE_LIMIT;
	submit(read);
}

void store_find(struct store *s, const struct store_place *at,
                const struct store_range *range, struct inbox *to, store_rows_fn fn,
                void *arg)
{
	read_range(new_read(s, READ_FIND, at, to, fn, arg), range);
}

void store_count(struct store *s, const struct store_place *at,
                 const struct store_range *range, struct inbox *to, store_rows_fn fn,
                 void *arg)
{
	read_range(new_read(s, READ_COUNT, at, to, fn, arg), range);
}

void store_users(struct store *s, const struct store_place *at, struct str key,
                 struct str after, size_t limit, struct inbox *to, store_rows_fn fn,
                 void *arg)
{
	struct store_read *read = new_read(s, READ_USERS, at, to, fn, arg);

	read->key = arena_str(&read->base.arena, key);
	read->after = arena_str(&read->base.arena, after);
	if (limit)
		read->range.limit = limit;
	submit(read);
}

void store_user_count(struct store *s, const struct store_place *at, struct str key,
                      struct inbox *to, store_rows_fn fn, void *arg)
{
	struct store_read *read = new_read(s, READ_USER_COUNT, at, to, fn, arg);

	read->key = arena_str(&read->base.arena, key);
	submit(read);
}
