/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Each new interval is joined with the one that holds its first value, the one that ends just
 * before it, the one that holds its last value and the one that starts just behind. Intervals
 * that lie wholly inside a new one are not found by asking so; the kernel then refuses the
 * overlap, and says so.
 */
#include "gate/ruleset/automerge.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* The answer to one question. */
struct found {
	uint8_t from[16], to[16];
	bool has_from, has_end;
	size_t n;
};

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

/* Whether an interval of the kernel's holds `key`; its first and last value. */
static bool find_interval(struct session *s, const struct prog_set *set, const uint8_t *key,
                          struct found *f)
{
	static const struct dump_ops ops = { .elem = on_elem };
	struct prog_elem ask[2] = { { .has_key = true }, { .has_key = true,
	                            .flags = NFT_SET_ELEM_INTERVAL_END } };
	size_t bad;

	for (unsigned i = 0; i < 2; i++) {
		memcpy(ask[i].key.b, key, f->n);
		ask[i].key.n = (uint8_t)f->n;
	}
	f->has_from = f->has_end = false;
	if (s->engine->ops->get_elems(s->engine, set, ask, 1, false, &ops, f, &bad) < 0 ||
	    !f->has_from)
		return false;
	s->engine->ops->get_elems(s->engine, set, ask + 1, 1, false, &ops, f, &bad);
	if (f->has_end)
		key_before(f->to, f->n);
	else
		memset(f->to, 0xff, f->n); /* it reaches the highest value */
	return true;
}

/* Looks at one key beside or inside the interval; widens it by what is found there. */
static bool join(struct session *s, const struct prog_set *set, const uint8_t *key, uint8_t *from,
                 uint8_t *to, struct elem_builder *drop)
{
	struct found f = { .n = set->key_len };

	if (!find_interval(s, set, key, &f))
		return false;
	if (memcmp(f.from, from, f.n) < 0)
		memcpy(from, f.from, f.n);
	if (memcmp(f.to, to, f.n) > 0)
		memcpy(to, f.to, f.n);
	elem_builder_add_range(drop, f.from, f.to);
	return true;
}

/* True when nothing is left to do: the kernel has just this interval, or a wider one. */
static bool join_all(struct session *s, const struct prog_set *set, uint8_t *rec,
                     struct elem_builder *drop)
{
	size_t n = set->key_len;
	uint8_t *from = rec, *to = rec + n, key[16];
	struct found f = { .n = n };

	if (find_interval(s, set, from, &f) && memcmp(f.to, to, n) >= 0)
		return true;
	join(s, set, from, from, to, drop);
	memcpy(key, to, n);
	join(s, set, key, from, to, drop);
	memcpy(key, from, n);
	if (key_before(key, n))
		join(s, set, key, from, to, drop);
	memcpy(key, to, n);
	if (key_after(key, n))
		join(s, set, key, from, to, drop);
	return false;
}

bool automerge(struct session *s, struct elem_builder *b, const struct prog_set *set,
               struct elem_builder *drop)
{
	size_t kept = 0;

	if (set->key_len > 16)
		return true;
	for (size_t i = 0; i < b->n; i++) {
		uint8_t *rec = b->recs + i * b->rec;

		if (join_all(s, set, rec, drop))
			continue;
		memmove(b->recs + kept++ * b->rec, rec, b->rec);
	}
	b->n = kept;
	return true;
}
