/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The readers: each takes one request at a time and answers it with one statement, which sees
 * one moment of the database. */
#include <errno.h>

#include "herald/store/sqlite.h"

/* How the columns of a statement become a row. */
typedef void (*row_fn)(sqlite3_stmt *st, const struct store_read *read,
                       struct store_row *row);

static void row_of_value(sqlite3_stmt *st, const struct store_read *read,
                         struct store_row *row)
{
	row->key = read->key;
	row->value = stmt_column(st, 0);
}

static void row_of_item(sqlite3_stmt *st, const struct store_read *read,
                        struct store_row *row)
{
	(void)read;
	row->key = stmt_column(st, 0);
	row->value = stmt_column(st, 1);
}

static void row_of_user(sqlite3_stmt *st, const struct store_read *read,
                        struct store_row *row)
{
	row->user = stmt_column(st, 0);
	row->key = read->key;
	row->value = stmt_column(st, 1);
}

static void row_of_entry(sqlite3_stmt *st, const struct store_read *read,
                         struct store_row *row)
{
	(void)read;
	row->id = (uint64_t)sqlite3_column_int64(st, 0);
	row->stamp_us = sqlite3_column_int64(st, 1);
	row->with = stmt_column(st, 2);
	row->value = stmt_column(st, 3);
}

/* All rows, at most `limit`; the statement may give one more, which says that there is more. */
static int collect(struct db *db, sqlite3_stmt *st, struct store_read *read, size_t limit,
                   row_fn make)
{
	int r;

	while ((r = stmt_step(db, st)) > 0) {
		struct store_row row = { 0 };
		if (read->rows.n == limit) {
			read->more = true;
			r = 0;
			break;
		}
		make(st, read, &row);
		read_row(read, &row);
	}
	stmt_end(st);
	return r;
}

static int count(struct db *db, sqlite3_stmt *st, struct store_read *read)
{
	int r = stmt_step(db, st);

	if (r > 0)
		read->count = (uint64_t)sqlite3_column_int64(st, 0);
	stmt_end(st);
	return r < 0 ? r : 0;
}

static void bind_limit(sqlite3_stmt *st, int i, size_t limit)
{
	sqlite3_bind_int64(st, i, limit < INT64_MAX ? (int64_t)limit + 1 : INT64_MAX);
}

static int get(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = db_use_place(db, STMT_ITEM_GET, &read->at, &st);

	if (r < 0)
		return r;
	stmt_blob(st, 4, read->key);
	return collect(db, st, read, 1, row_of_value);
}

static int list(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = db_use_place(db, STMT_ITEM_LIST, &read->at, &st);

	return r < 0 ? r : collect(db, st, read, SIZE_MAX, row_of_item);
}

static int find(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = db_use_range(db, STMT_FIND, &read->at, &read->range, &st);

	if (r < 0)
		return r;
	bind_limit(st, 9, read->range.limit);
	return collect(db, st, read, read->range.limit, row_of_entry);
}

static int count_entries(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = db_use_range(db, STMT_COUNT_ENTRIES, &read->at, &read->range, &st);

	return r < 0 ? r : count(db, st, read);
}

/* ?3 is the last user before: every user is behind the empty name. */
static int use_users(struct db *db, enum stmt which, struct store_read *read,
                     sqlite3_stmt **st)
{
	struct store_place at = read->at;

	at.user = read->after;
	int r = db_use_place(db, which, &at, st);
	if (r == 0)
		stmt_blob(*st, 4, read->key);
	return r;
}

static int users(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = use_users(db, STMT_USERS, read, &st);

	if (r < 0)
		return r;
	bind_limit(st, 5, read->range.limit);
	return collect(db, st, read, read->range.limit, row_of_user);
}

static int user_count(struct db *db, struct store_read *read)
{
	sqlite3_stmt *st;
	int r = use_users(db, STMT_USER_COUNT, read, &st);

	return r < 0 ? r : count(db, st, read);
}

static int run(struct db *db, struct store_read *read)
{
	switch (read->kind) {
	case READ_GET:
		return get(db, read);
	case READ_LIST:
		return list(db, read);
	case READ_FIND:
		return find(db, read);
	case READ_COUNT:
		return count_entries(db, read);
	case READ_USERS:
		return users(db, read);
	case READ_USER_COUNT:
		return user_count(db, read);
	}
	return -EINVAL;
}

static struct store_read *next_read(struct sqlite *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->reads.first && !s->ending)
		pthread_cond_wait(&s->read_there, &s->lock);
	struct request *first = queue_take(&s->reads);
	pthread_mutex_unlock(&s->lock);
	return (struct store_read *)first;
}

void *sqlite_read_some(void *arg)
{
	struct reader *reader = arg;
	struct store_read *read;

	while ((read = next_read(reader->s)))
		read_done(read, run(&reader->db, read));
	return NULL;
}
