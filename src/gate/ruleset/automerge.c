/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Each new interval is joined with those of the kernel's it overlaps or touches: the one that
 * holds its first value, the one that ends just before it, the one that holds its last value, the
 * one that starts just behind, and those inside.
 *
 * The kernel is asked for single values: it answers with the interval around one. That does for a
 * few short intervals. For a long one, or for many, the set is read once, and the answers come
 * from what was read; so they do when this run has changed the set before, which the kernel does
 * not show yet.
 */
#include "gate/ruleset/automerge.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/sort.h"

enum { ASK_MAX = 64 }; /* so many short intervals are asked for one by one */

/* What the kernel's set holds. */
struct view {
	struct session *s;
	const struct prog_set *set;
	size_t n;  /* bytes of a value */
	bool read; /* `bounds` has the whole set; else the kernel is asked */
	struct buf
		bounds; /* records of n + 1: a value; 0: an interval ended before it, 1: starts */
};

/* An interval: its first and last value. */
struct found {
	uint8_t from[16], to[16];
	bool has_from, has_end;
	size_t n;
};

/* ---- asked one by one ---- */

static int on_elem(void *ctx, const struct prog_elem *e)
{
	struct found *f = ctx;

	if (!e->has_key || e->key.n != f->n)
		return 0;
	if (e->flags & NFT_SET_ELEM_INTERVAL_END) {
		memcpy(f->to, e->key.b, f->n);
		f->has_end = true;
	} else {
		memcpy(f->from, e->key.b, f->n);
		f->has_from = true;
	}
	return 0;
}

/* Where the interval around `key` ends. Asked for the end, Linux before 6.6 answers with the
 * start when that is `key` itself; then the end is looked for one value on, where such an answer
 * is the start of the next interval, and no answer that there is no end. */
static void ask_end(const struct view *v, struct prog_elem *key, struct found *f)
{
	static const struct dump_ops ops = { .elem = on_elem };
	const struct engine_ops *kernel = v->s->engine->ops;
	struct found next;
	size_t bad;

	next = (struct found){ .n = v->n };
	kernel->get_elems(v->s->engine, v->set, key, 1, false, &ops, &next, &bad);
	if (next.has_from && !next.has_end && key_after(key->key.b, v->n)) {
		next = (struct found){ .n = v->n };
		kernel->get_elems(v->s->engine, v->set, key, 1, false, &ops, &next, &bad);
	}
	f->has_end = next.has_end || next.has_from;
	memcpy(f->to, next.has_end ? next.to : next.from, v->n);
}

static bool ask(const struct view *v, const uint8_t *key, struct found *f)
{
	static const struct dump_ops ops = { .elem = on_elem };
	const struct engine_ops *kernel = v->s->engine->ops;
	struct prog_elem keys[2] = { { .has_key = true },
		                     { .has_key = true,
		                       .flags = NFT_SET_ELEM_INTERVAL_END } };
	size_t bad;

	for (unsigned i = 0; i < 2; i++) {
		memcpy(keys[i].key.b, key, v->n);
		keys[i].key.n = (uint8_t)v->n;
	}
	if (kernel->get_elems(v->s->engine, v->set, keys, 1, false, &ops, f, &bad) < 0 ||
	    !f->has_from)
		return false;
	ask_end(v, keys + 1, f);
	return true;
}

/* ---- read once ---- */

static int on_bound(void *ctx, const struct prog_elem *e)
{
	struct view *v = ctx;

	if (e->has_key && e->key.n == v->n) {
		buf_put(&v->bounds, e->key.b, v->n);
		buf_char(&v->bounds, e->flags & NFT_SET_ELEM_INTERVAL_END ? 0 : 1);
	}
	return 0;
}

static void forget_bounds(void *ctx)
{
	struct view *v = ctx;

	buf_reset(&v->bounds);
}

static int compare_bounds(const void *a, const void *b, void *n)
{
	return memcmp(a, b, *(const size_t *)n + 1);
}

static size_t n_bounds(const struct view *v)
{
	return v->bounds.n / (v->n + 1);
}

static void sort_bounds(struct view *v)
{
	if (v->bounds.n)
		sort_records((uint8_t *)v->bounds.p, n_bounds(v), v->n + 1, v->n,
		             compare_bounds, &v->n);
}

static int read_set(struct view *v)
{
	static const struct dump_ops ops = { .elem = on_bound };
	const struct dump_filter filter = { .family = v->set->family,
		                            .table = v->set->table,
		                            .name = v->set->name };
	int r = v->s->engine->ops->dump(v->s->engine, DUMP_ELEMS, &filter, &ops,
	                                forget_bounds, v);

	if (r < 0 && r != -ENOENT) /* a set of this run */
		return r;
	sort_bounds(v);
	return 0;
}

static const uint8_t *bound_at(const struct view *v, size_t i)
{
	return (const uint8_t *)v->bounds.p + i * (v->n + 1);
}

/* The first bound above `key`. */
static size_t bound_above(const struct view *v, const uint8_t *key)
{
	size_t low = 0, high = n_bounds(v);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(bound_at(v, middle), key, v->n) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The interval that starts with bound `i`. */
static void interval_at(const struct view *v, size_t i, struct found *f)
{
	memcpy(f->from, bound_at(v, i), v->n);
	f->has_from = true;
	f->has_end = i + 1 < n_bounds(v);
	if (f->has_end)
		memcpy(f->to, bound_at(v, i + 1), v->n);
}

static bool look_up(const struct view *v, const uint8_t *key, struct found *f)
{
	size_t above = bound_above(v, key);

	if (above == 0 || bound_at(v, above - 1)[v->n] == 0)
		return false;
	interval_at(v, above - 1, f);
	return true;
}

/* ---- changed before ---- */

/* Makes `to` the last value, from the first one behind. */
static void close_interval(const struct view *v, struct found *f)
{
	if (f->has_end)
		key_before(f->to, v->n);
	else
		memset(f->to, 0xff, v->n); /* it reaches the highest value */
}

static int compare_ends(const void *a, const void *b, void *n)
{
	return memcmp(a, b, *(const size_t *)n);
}

static void put_bounds(struct view *v, const uint8_t *rec)
{
	uint8_t end[16];

	memcpy(end, rec + v->n, v->n);
	buf_put(&v->bounds, rec, v->n);
	buf_char(&v->bounds, 1);
	if (!key_after(end, v->n))
		return;
	buf_put(&v->bounds, end, v->n);
	buf_char(&v->bounds, 0);
}

/* The bounds as records like the log's. */
static void put_found(const struct view *v, struct buf *recs)
{
	struct found f;

	for (size_t i = 0; i < n_bounds(v); i++) {
		if (bound_at(v, i)[v->n] == 0)
			continue;
		interval_at(v, i, &f);
		close_interval(v, &f);
		buf_put(recs, f.from, v->n);
		buf_put(recs, f.to, v->n);
		buf_char(recs, 1);
	}
}

/* Whole intervals come and go, each but once at a time, so what counts is how often each did. */
static void apply_log(struct view *v, const struct elem_log *log)
{
	size_t ends = 2 * v->n, rec = ends + 1;
	auto_buf recs = { 0 };

	put_found(v, &recs);
	buf_put(&recs, log->recs.p, log->recs.n);
	buf_reset(&v->bounds);
	if (recs.n)
		sort_records((uint8_t *)recs.p, recs.n / rec, rec, v->n, compare_ends,
		             &ends);
	const uint8_t *p = (const uint8_t *)recs.p;

	for (size_t i = 0, next; i < recs.n; i = next) {
		int present = 0;

		for (next = i; next < recs.n && memcmp(p + i, p + next, ends) == 0;
		     next += rec)
			present += p[next + ends] ? 1 : -1;
		if (present > 0)
			put_bounds(v, p + i);
	}
	sort_bounds(v);
}

/* ---- joining ---- */

/* The interval of the set that holds `key`. */
static bool find_interval(const struct view *v, const uint8_t *key, struct found *f)
{
	*f = (struct found){ .n = v->n };
	if (!(v->read ? look_up(v, key, f) : ask(v, key, f)))
		return false;
	close_interval(v, f);
	return true;
}

/* Looks at one value beside or inside the interval; widens it by what is found there. */
static void join(const struct view *v, const uint8_t *key, uint8_t *rec,
                 struct elem_builder *drop)
{
	uint8_t *from = rec, *to = rec + v->n;
	struct found f;

	if (!find_interval(v, key, &f))
		return;
	if (memcmp(f.from, from, v->n) < 0)
		memcpy(from, f.from, v->n);
	if (memcmp(f.to, to, v->n) > 0)
		memcpy(to, f.to, v->n);
	elem_builder_add_range(drop, f.from, f.to);
}

static void drop_read(const struct view *v, const uint8_t *rec, struct elem_builder *drop)
{
	struct found f;

	for (size_t i = bound_above(v, rec); i < n_bounds(v); i++) {
		if (memcmp(bound_at(v, i), rec + v->n, v->n) >= 0)
			return;
		if (bound_at(v, i)[v->n] == 0)
			continue;
		interval_at(v, i, &f);
		close_interval(v, &f);
		elem_builder_add_range(drop, f.from, f.to);
	}
}

static void drop_asked(const struct view *v, const uint8_t *rec,
                       struct elem_builder *drop)
{
	uint8_t key[16];
	struct found f;

	memcpy(key, rec, v->n);
	while (key_after(key, v->n) && memcmp(key, rec + v->n, v->n) < 0) {
		if (!find_interval(v, key, &f))
			continue;
		elem_builder_add_range(drop, f.from, f.to);
		memcpy(key, f.to, v->n);
	}
}

/* True when nothing is left to do: the kernel has just this interval, or a wider one. */
static bool join_all(const struct view *v, uint8_t *rec, struct elem_builder *drop)
{
	uint8_t *from = rec, *to = rec + v->n, key[16];
	struct found f;

	if (find_interval(v, from, &f) && memcmp(f.to, to, v->n) >= 0)
		return true;
	/* before it grows: what it grows by is in the set */
	if (v->read)
		drop_read(v, rec, drop);
	else
		drop_asked(v, rec, drop);
	join(v, from, rec, drop);
	memcpy(key, to, v->n);
	join(v, key, rec, drop);
	memcpy(key, from, v->n);
	if (key_before(key, v->n))
		join(v, key, rec, drop);
	memcpy(key, to, v->n);
	if (key_after(key, v->n))
		join(v, key, rec, drop);
	return false;
}

/* Whether it is cheaper to ask: few intervals, each of up to 256 values of one last byte. */
static bool is_few(const struct elem_builder *b, size_t n)
{
	if (b->n > ASK_MAX)
		return false;
	for (size_t i = 0; i < b->n; i++) {
		const uint8_t *rec = b->recs + i * b->rec;

		if (memcmp(rec, rec + n, n - 1) != 0)
			return false;
	}
	return true;
}

int automerge(struct session *s, struct elem_builder *b, const struct prog_set *set,
              const struct elem_log *log, struct elem_builder *drop)
{
	struct view v = { .s = s, .set = set, .n = set->key_len };
	size_t kept = 0;
	int r = 0;

	if (set->key_len > 16)
		return 0;
	v.read = log->emptied || log->recs.n || !is_few(b, v.n) || set->id;
	if (v.read && !log->emptied)
		r = read_set(&v);
	if (r == 0 && log->recs.n)
		apply_log(&v, log);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		uint8_t *rec = b->recs + i * b->rec;

		if (!join_all(&v, rec, drop))
			memmove(b->recs + kept++ * b->rec, rec, b->rec);
	}
	if (r == 0)
		b->n = kept;
	buf_fini(&v.bounds);
	return r;
}
