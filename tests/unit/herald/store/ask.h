/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A store asked by a test that waits for each answer: struct ask has the store, its inbox, and
 * the last answer.
 */
#pragma once

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/vec.h"
#include "herald/store/store.h"
#include "unit.h"

struct ask {
	struct store *store;
	struct inbox inbox;
	struct arena arena; /* what the rows point into */
	size_t answers;     /* completions so far */
	int result;
	struct store_row *rows;
	size_t n;
	bool more;
	uint64_t count;
	char folder[64]; /* of the test; empty for the memory store */
	char path[96];
};

/* For the memory store when `on_disk` is false. */
static inline void ask_init(struct ask *a, bool on_disk)
{
	*a = (struct ask){ 0 };
	inbox_init(&a->inbox, NULL, NULL);
	if (!on_disk)
		return;
	snprintf(a->folder, sizeof(a->folder), "store-test-XXXXXX");
	assert_non_null(mkdtemp(a->folder));
	snprintf(a->path, sizeof(a->path), "%s/herald.db", a->folder);
}

static inline int ask_try_open(struct ask *a, struct diags *ds)
{
	struct store_config c = { .path = a->folder[0] ? a->path : NULL, .busy_ms = 50 };

	return store_open(&c, ds, &a->store);
}

static inline void ask_open(struct ask *a)
{
	auto_diags ds = { 0 };

	if (ask_try_open(a, &ds) < 0)
		fail_msg(STR_FMT, STR_ARG(ds.list.p[0]->message));
}

static inline void ask_close(struct ask *a)
{
	store_close(a->store);
	a->store = NULL;
	inbox_run(&a->inbox);
}

/* Removes what the test's folder holds (it has no folders in it). */
static inline void ask_fini(struct ask *a)
{
	char command[128];

	ask_close(a);
	inbox_fini(&a->inbox);
	arena_fini(&a->arena);
	if (!a->folder[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", a->folder);
	assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
}

static inline void ask_wait(struct ask *a)
{
	size_t before = a->answers;

	while (a->answers == before)
		if (!inbox_wait(&a->inbox, 30000))
			fail_msg("no answer in 30 seconds");
}

static inline void ask_on_done(void *arg, int result)
{
	struct ask *a = arg;

	a->answers++;
	a->result = result;
}

static inline void ask_on_rows(void *arg, int result, const struct store_rows *rows)
{
	struct ask *a = arg;

	arena_fini(&a->arena);
	a->answers++;
	a->result = result;
	a->rows = arena_array(&a->arena, struct store_row, rows->n);
	a->n = rows->n;
	a->more = rows->more;
	a->count = rows->count;
	for (size_t i = 0; i < rows->n; i++) {
		a->rows[i] = rows->p[i];
		a->rows[i].user = arena_str(&a->arena, rows->p[i].user);
		a->rows[i].key = arena_str(&a->arena, rows->p[i].key);
		a->rows[i].value = arena_str(&a->arena, rows->p[i].value);
		a->rows[i].with = arena_str(&a->arena, rows->p[i].with);
	}
}

static inline int ask_commit(struct ask *a, struct store_tx *tx)
{
	tx_commit(tx, &a->inbox, ask_on_done, a);
	ask_wait(a);
	return a->result;
}

static inline int ask_get(struct ask *a, const struct store_place *at, struct str key)
{
	store_get(a->store, at, key, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	return a->result;
}

static inline int ask_list(struct ask *a, const struct store_place *at)
{
	store_list(a->store, at, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	return a->result;
}

static inline int ask_find(struct ask *a, const struct store_place *at,
                           struct store_range range)
{
	store_find(a->store, at, &range, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	return a->result;
}

static inline uint64_t ask_count(struct ask *a, const struct store_place *at,
                                 struct store_range range)
{
	store_count(a->store, at, &range, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	assert_int_equal(a->result, 0);
	return a->count;
}

static inline int ask_users(struct ask *a, const struct store_place *at, struct str key,
                            struct str after, size_t limit)
{
	store_users(a->store, at, key, after, limit, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	return a->result;
}

static inline uint64_t ask_user_count(struct ask *a, const struct store_place *at,
                                      struct str key)
{
	store_user_count(a->store, at, key, &a->inbox, ask_on_rows, a);
	ask_wait(a);
	assert_int_equal(a->result, 0);
	return a->count;
}

/* "key=value key=value …" of the rows; entries as "value". In the arena. */
static inline struct str ask_text(struct ask *a)
{
	struct str out = { "", 0 };

	for (size_t i = 0; i < a->n; i++) {
		const struct store_row *row = &a->rows[i];
		out = arena_fmt(&a->arena, STR_FMT "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT,
		                STR_ARG(out), i ? " " : "", STR_ARG(row->user),
		                row->user.n ? ":" : "", STR_ARG(row->key),
		                row->id ? "" : "=", STR_ARG(row->value));
	}
	return out;
}
