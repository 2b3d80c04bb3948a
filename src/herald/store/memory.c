/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The store that forgets: for tests, and the plainest statement of what the interface means.
 * Every request is done at once under one lock, and its completion posted. Shelves are found
 * by place; keys and entries stand in sorted arrays.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/oom.h"
#include "herald/store/backend.h"

struct pair {
	char *key; /* also holds the value, one block */
	size_t key_n, value_n;
};

struct entry {
	uint64_t id;
	int64_t stamp_us;
	char *with; /* also holds the value */
	size_t with_n, value_n;
};

/* What one place holds. */
struct shelf {
	char *text; /* host, user, name: also the key in the map */
	size_t host_n, user_n, name_n;
	VEC(struct pair) pairs;    /* by key */
	VEC(struct entry) entries; /* by id */
};

struct memory {
	struct store base; /* first */
	pthread_mutex_t lock;
	struct map shelves;
};

/* ---- shelves ---------------------------------------------------------------------------- */

static struct str shelf_host(const struct shelf *s)
{
	return (struct str){ s->text, s->host_n };
}

static struct str shelf_user(const struct shelf *s)
{
	return (struct str){ s->text + s->host_n + 1, s->user_n };
}

static struct str shelf_name(const struct shelf *s)
{
	return (struct str){ s->text + s->host_n + s->user_n + 2, s->name_n };
}

/* The place as one key: no part can hold a NUL. */
static void put_place(struct buf *b, const struct store_place *at)
{
	buf_str(b, at->host);
	buf_char(b, '\0');
	buf_str(b, at->user);
	buf_char(b, '\0');
	buf_str(b, at->name);
}

static struct shelf *shelf_find(struct memory *m, const struct store_place *at)
{
	auto_buf key = { 0 };

	put_place(&key, at);
	return map_get(&m->shelves, buf_as_str(&key));
}

static struct shelf *shelf_make(struct memory *m, const struct store_place *at)
{
	struct shelf *s = shelf_find(m, at);
	struct buf key = { 0 };

	if (s)
		return s;
	put_place(&key, at);
	s = base_calloc(1, sizeof(*s));
	s->text = key.p; /* the shelf's from now on */
	s->host_n = at->host.n;
	s->user_n = at->user.n;
	s->name_n = at->name.n;
	map_put(&m->shelves, buf_as_str(&key), s);
	return s;
}

static void shelf_empty(struct shelf *s)
{
	vec_for_each(pair, &s->pairs)
		free(pair->key);
	vec_for_each(entry, &s->entries)
		free(entry->with);
	s->pairs.n = 0;
	s->entries.n = 0;
}

static void shelf_free(struct shelf *s)
{
	shelf_empty(s);
	vec_fini(&s->pairs);
	vec_fini(&s->entries);
	free(s->text);
	free(s);
}

/* ---- keys ------------------------------------------------------------------------------- */

static struct str pair_key(const struct pair *p)
{
	return (struct str){ p->key, p->key_n };
}

static struct str pair_value(const struct pair *p)
{
	return (struct str){ p->key + p->key_n, p->value_n };
}

/* Where the key stands or would stand. */
static size_t pair_place(const struct shelf *s, struct str key, bool *there)
{
	size_t low = 0, high = s->pairs.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (str_cmp(pair_key(&s->pairs.p[mid]), key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*there = low < s->pairs.n && str_eq(pair_key(&s->pairs.p[low]), key);
	return low;
}

static const struct pair *pair_find(struct memory *m, const struct store_place *at,
                                    struct str key)
{
	const struct shelf *s = shelf_find(m, at);
	bool there = false;
	size_t i = s ? pair_place(s, key, &there) : 0;

	return there ? &s->pairs.p[i] : NULL;
}

/* `a` and `b` behind one another in one block. */
static char *both(struct str a, struct str b)
{
	char *p = base_calloc(a.n + b.n + 1, 1);

	if (a.n)
		memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	return p;
}

static void put(struct memory *m, const struct op *op)
{
	struct shelf *s = shelf_make(m, &op->at);
	struct pair fresh = { both(op->key, op->value), op->key.n, op->value.n };
	bool there;
	size_t i = pair_place(s, op->key, &there);

	if (there) {
		free(s->pairs.p[i].key);
	} else {
		vec_add(&s->pairs);
		memmove(&s->pairs.p[i + 1], &s->pairs.p[i],
		        (s->pairs.n - 1 - i) * sizeof(s->pairs.p[0]));
	}
	s->pairs.p[i] = fresh;
}

static void del(struct memory *m, const struct op *op)
{
	struct shelf *s = shelf_find(m, &op->at);
	bool there = false;
	size_t i = s ? pair_place(s, op->key, &there) : 0;

	if (!there)
		return;
	free(s->pairs.p[i].key);
	s->pairs.n--;
	memmove(&s->pairs.p[i], &s->pairs.p[i + 1],
	        (s->pairs.n - i) * sizeof(s->pairs.p[0]));
}

/* ---- entries ---------------------------------------------------------------------------- */

static struct str entry_with(const struct entry *e)
{
	return (struct str){ e->with, e->with_n };
}

static void append(struct memory *m, const struct op *op)
{
	struct shelf *s = shelf_make(m, &op->at);
	struct entry fresh = { op->id, op->stamp_us, both(op->with, op->value),
		               op->with.n, op->value.n };
	size_t i = s->entries.n;

	/* Ids were given out before the commit: another thread's may be the greater one. */
	vec_add(&s->entries);
	for (; i > 0 && s->entries.p[i - 1].id > op->id; i--)
		s->entries.p[i] = s->entries.p[i - 1];
	s->entries.p[i] = fresh;
}

static bool in_range(const struct entry *e, const struct store_range *r)
{
	return e->id > r->after_id && (!r->before_id || e->id < r->before_id) &&
	       (!r->id || e->id == r->id) && (!r->from_us || e->stamp_us >= r->from_us) &&
	       (!r->to_us || e->stamp_us < r->to_us) &&
	       (!r->with.n || str_eq(r->with, entry_with(e)));
}

static void purge(struct memory *m, const struct op *op)
{
	struct shelf *s = shelf_find(m, &op->at);
	size_t kept = 0;

	if (!s)
		return;
	for (size_t i = 0; i < s->entries.n; i++) {
		if (in_range(&s->entries.p[i], &op->range))
			free(s->entries.p[i].with);
		else
			s->entries.p[kept++] = s->entries.p[i];
	}
	s->entries.n = kept;
}

/* ---- transactions ----------------------------------------------------------------------- */

static void clear(struct memory *m, const struct op *op)
{
	struct shelf *s = shelf_find(m, &op->at);

	if (s)
		shelf_empty(s);
}

static void forget(struct memory *m, const struct op *op)
{
	map_for_each(it, &m->shelves) {
		struct shelf *s = it->value;
		if (str_eq(shelf_host(s), op->at.host) &&
		    str_eq(shelf_user(s), op->at.user))
			shelf_empty(s);
	}
}

static void apply(struct memory *m, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		put(m, op);
		return;
	case OP_DEL:
		del(m, op);
		return;
	case OP_APPEND:
		append(m, op);
		return;
	case OP_PURGE:
		purge(m, op);
		return;
	case OP_CLEAR:
		clear(m, op);
		return;
	case OP_FORGET:
		forget(m, op);
		return;
	case OP_EXPECT_ABSENT:
	case OP_EXPECT_PRESENT:
	case OP_EXPECT_VALUE:
		break;
	}
	assert(!"a condition among the operations");
}

static int expect(struct memory *m, const struct op *op)
{
	const struct pair *p = pair_find(m, &op->at, op->key);

	if (op->kind == OP_EXPECT_ABSENT)
		return p ? -EEXIST : 0;
	if (op->kind == OP_EXPECT_PRESENT)
		return p ? 0 : -ENOENT;
	return p && str_eq(pair_value(p), op->value) ? 0 : -ESTALE;
}

static int run_tx(struct memory *m, const struct store_tx *tx)
{
	for (const struct op *op = tx->expects; op; op = op->next) {
		int r = expect(m, op);
		if (r < 0)
			return r;
	}
	for (const struct op *op = tx->ops; op; op = op->next)
		apply(m, op);
	return 0;
}

static void memory_commit(struct store *store, struct store_tx *tx)
{
	struct memory *m = (struct memory *)store;

	pthread_mutex_lock(&m->lock);
	int r = run_tx(m, tx);
	atomic_fetch_add(&store->commits, 1);
	atomic_fetch_add(&store->transactions, 1);
	pthread_mutex_unlock(&m->lock);
	tx_done(tx, r);
}

/* ---- reading ---------------------------------------------------------------------------- */

static void add_pair(struct store_read *read, struct str user, const struct pair *p)
{
	read_row(read, &(struct store_row){ .user = user,
	                                    .key = pair_key(p),
	                                    .value = pair_value(p) });
}

static void list(struct memory *m, struct store_read *read)
{
	const struct shelf *s = shelf_find(m, &read->at);

	for (size_t i = 0; s && i < s->pairs.n; i++)
		add_pair(read, (struct str){ 0 }, &s->pairs.p[i]);
}

static void find(struct memory *m, struct store_read *read)
{
	const struct shelf *s = shelf_find(m, &read->at);
	size_t n = s ? s->entries.n : 0;

	for (size_t i = 0; i < n; i++) {
		const struct entry *e =
			&s->entries.p[read->range.newest_first ? n - 1 - i : i];
		if (!in_range(e, &read->range))
			continue;
		read->more = read->rows.n == read->range.limit;
		if (read->more)
			return;
		read_row(read, &(struct store_row){
				       .id = e->id,
				       .stamp_us = e->stamp_us,
				       .with = entry_with(e),
				       .value = { e->with + e->with_n, e->value_n } });
	}
}

static void count(struct memory *m, struct store_read *read)
{
	const struct shelf *s = shelf_find(m, &read->at);

	for (size_t i = 0; s && i < s->entries.n; i++)
		read->count += in_range(&s->entries.p[i], &read->range);
}

/* The key in the shelf if it is one of the asked host and name and a user's. */
static const struct pair *users_pair(struct memory *m, const struct shelf *s,
                                     const struct store_read *read)
{
	if (!s->user_n || !str_eq(shelf_host(s), read->at.host) ||
	    !str_eq(shelf_name(s), read->at.name))
		return NULL;
	struct store_place at = { shelf_host(s), shelf_user(s), shelf_name(s) };
	return pair_find(m, &at, read->key);
}

static int compare_users(const void *a, const void *b)
{
	const struct store_row *x = a, *y = b;

	return str_cmp(x->user, y->user);
}

static void users(struct memory *m, struct store_read *read)
{
	map_for_each(it, &m->shelves) {
		const struct shelf *s = it->value;
		const struct pair *p = users_pair(m, s, read);
		if (p && str_cmp(shelf_user(s), read->after) > 0)
			add_pair(read, shelf_user(s), p);
	}
	if (read->rows.n)
		qsort(read->rows.p, read->rows.n, sizeof(read->rows.p[0]), compare_users);
	read->more = read->rows.n > read->range.limit;
	if (read->more)
		read->rows.n = read->range.limit;
}

static void user_count(struct memory *m, struct store_read *read)
{
	map_for_each(it, &m->shelves)
		read->count += users_pair(m, it->value, read) != NULL;
}

static void run_read(struct memory *m, struct store_read *read)
{
	const struct pair *p;

	switch (read->kind) {
	case READ_GET:
		p = pair_find(m, &read->at, read->key);
		if (p)
			add_pair(read, (struct str){ 0 }, p);
		return;
	case READ_LIST:
		list(m, read);
		return;
	case READ_FIND:
		find(m, read);
		return;
	case READ_COUNT:
		count(m, read);
		return;
	case READ_USERS:
		users(m, read);
		return;
	case READ_USER_COUNT:
		user_count(m, read);
		return;
	}
}

static void memory_read(struct store *store, struct store_read *read)
{
	struct memory *m = (struct memory *)store;

	pthread_mutex_lock(&m->lock);
	run_read(m, read);
	pthread_mutex_unlock(&m->lock);
	read_done(read, 0);
}

/* ---- life ------------------------------------------------------------------------------- */

static void memory_backup(struct store *store, const char *path, struct store_tx *tx)
{
	(void)store;
	(void)path;
	tx_done(tx, -ENOTSUP);
}

static void memory_close(struct store *store)
{
	struct memory *m = (struct memory *)store;

	map_for_each(it, &m->shelves)
		shelf_free(it->value);
	map_fini(&m->shelves);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct store_ops memory_ops = {
	.name = "memory",
	.commit = memory_commit,
	.read = memory_read,
	.backup = memory_backup,
	.close = memory_close,
};

struct store *memory_open(const struct store_config *c)
{
	struct memory *m = base_calloc(1, sizeof(*m));

	store_init(&m->base, &memory_ops, c, 1);
	pthread_mutex_init(&m->lock, NULL);
	return &m->base;
}
