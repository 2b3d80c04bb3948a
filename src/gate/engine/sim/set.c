/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Set elements. */
#include "gate/engine/sim/set.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/data.h"
#include "gate/engine/sim/state.h"
#include "gate/program/copy.h"

enum { NS_PER_MS = 1000000, COMPACT_MIN = 256 };

static bool is_interval(const struct sim_set *s)
{
	return (s->set.flags & NFT_SET_INTERVAL) && !(s->set.flags & NFT_SET_CONCAT) &&
	       s->set.n_fields < 2;
}

static bool is_ranges(const struct sim_set *s)
{
	return (s->set.flags & NFT_SET_INTERVAL) && !is_interval(s);
}

bool elem_lives(const struct sim_elem *e, uint64_t now_ns)
{
	return !e->dead && (!e->expires_ns || now_ns < e->expires_ns);
}

static bool is_end(const struct sim_elem *e)
{
	return e->e.flags & NFT_SET_ELEM_INTERVAL_END;
}

static int key_cmp(const struct sim_set *s, const uint8_t *a, const uint8_t *b)
{
	return data_cmp(a, b, s->set.key_len);
}

/* Where one interval ends the next may begin: the end comes first. */
static int elem_cmp(const void *a, const void *b)
{
	const struct sim_elem *x = *(struct sim_elem *const *)a;
	const struct sim_elem *y = *(struct sim_elem *const *)b;
	int c = memcmp(x->e.key.b, y->e.key.b, sizeof(x->e.key.b));

	return c ? c : (int)is_end(y) - (int)is_end(x);
}

static void sort(struct sim_set *s)
{
	if (s->is_sorted)
		return;
	if (s->elems.n)
		qsort(s->elems.p, s->elems.n, sizeof(*s->elems.p), elem_cmp);
	s->is_sorted = true;
}

/* The last boundary at or before the key says whether it is inside. */
static struct sim_elem *find_interval(struct sim_set *s, const uint8_t *key,
                                      uint64_t now_ns)
{
	size_t low = 0, high;

	sort(s);
	high = s->elems.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (key_cmp(s, s->elems.p[middle]->e.key.b, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && s->elems.p[low - 1]->dead)
		low--;
	if (low == 0 || is_end(s->elems.p[low - 1]) ||
	    !elem_lives(s->elems.p[low - 1], now_ns))
		return NULL;
	return s->elems.p[low - 1];
}

static bool in_ranges(const struct sim_set *s, const struct sim_elem *e,
                      const uint8_t *key)
{
	const uint8_t *from = e->e.key.b, *to = e->e.has_key_end ? e->e.key_end.b : from;
	size_t at = 0;

	for (unsigned f = 0; f < s->set.n_fields; f++) {
		size_t n = s->set.field_len[f];
		if (memcmp(key + at, from + at, n) < 0 ||
		    memcmp(key + at, to + at, n) > 0)
			return false;
		at += (n + 3) & ~(size_t)3;
	}
	return true;
}

/* The first inserted of those that match. */
static struct sim_elem *find_ranges(struct sim_set *s, const uint8_t *key,
                                    uint64_t now_ns)
{
	vec_for_each(it, &s->elems)
		if (elem_lives(*it, now_ns) && in_ranges(s, *it, key))
			return *it;
	return NULL;
}

static struct sim_elem *find_hash(struct sim_set *s, const uint8_t *key, uint64_t now_ns)
{
	struct str k = { (const char *)key, s->set.key_len };
	struct sim_elem *e = map_get(&s->index, k);

	return e && elem_lives(e, now_ns) ? e : NULL;
}

struct sim_elem *set_find(struct sim_set *s, const uint8_t *key, uint64_t now_ns)
{
	struct sim_elem *e = is_interval(s) ? find_interval(s, key, now_ns)
	                     : is_ranges(s) ? find_ranges(s, key, now_ns)
	                                    : find_hash(s, key, now_ns);

	if (!e && s->catchall && elem_lives(s->catchall, now_ns))
		e = s->catchall;
	return e;
}

/* The element that is exactly this one. */
static struct sim_elem *find_same(const struct sim_set *s, const struct prog_elem *e)
{
	if (e->flags & NFT_SET_ELEM_CATCHALL)
		return s->catchall && !s->catchall->dead ? s->catchall : NULL;
	if (!(s->set.flags & NFT_SET_INTERVAL))
		return map_get(&s->index,
		               (struct str){ (const char *)e->key.b, s->set.key_len });
	vec_for_each(it, &s->elems) {
		const struct sim_elem *o = *it;
		if (!o->dead && key_cmp(s, o->e.key.b, e->key.b) == 0 &&
		    is_end(o) == !!(e->flags & NFT_SET_ELEM_INTERVAL_END) &&
		    (!e->has_key_end || key_cmp(s, o->e.key_end.b, e->key_end.b) == 0))
			return *it;
	}
	return NULL;
}

static void set_expiry(const struct sim_store *store, const struct sim_set *s,
                       struct sim_elem *e)
{
	uint64_t ms = e->e.expiration_ms ? e->e.expiration_ms
	              : e->e.timeout_ms  ? e->e.timeout_ms
	              : e->e.has_timeout ? 0
	                                 : s->set.timeout_ms;

	if ((s->set.flags & NFT_SET_TIMEOUT) && !is_end(e) && ms)
		e->expires_ns = store->now_ns + ms * NS_PER_MS;
}

/* Statements every element carries: its own, or the set's. */
static void set_exprs(struct sim_store *store, const struct sim_set *s,
                      struct sim_elem *e)
{
	if (!e->e.exprs.n && s->set.exprs.n && !is_end(e))
		copy_program(&store->a, &s->set.exprs, &e->e.exprs);
	e->runs = arena_array(&store->a, struct sim_run, e->e.exprs.n ? e->e.exprs.n : 1);
	for (size_t i = 0; i < e->e.exprs.n; i++)
		state_init(&e->e.exprs.p[i], &e->runs[i].state);
}

/* ---- sweeping ---- */

/*
 * What a rule deleted and what has run out takes room until the kernel sweeps the set. It does so
 * once in a second, or as often as the set says, from a moment that nobody is told; and later
 * when the processor is idle, for then its timer waits: up to 0.9 s were measured.
 */
#define LATE_NS UINT64_C(2000000000)

static uint64_t sweep_interval_ns(const struct sim_set *s)
{
	return (s->set.gc_interval_ms ? s->set.gc_interval_ms : 1000) *
	       (uint64_t)NS_PER_MS;
}

static bool takes_room(const struct sim_elem *e)
{
	return !e->dead || e->is_ghost;
}

/* When it is gone, or was; 0: never. */
static uint64_t gone_ns(const struct sim_elem *e)
{
	return e->is_ghost ? e->died_ns : e->expires_ns;
}

bool set_surely_swept(const struct sim_set *s, uint64_t gone_ns, uint64_t now_ns)
{
	return now_ns >= gone_ns && now_ns - gone_ns >= sweep_interval_ns(s) + LATE_NS;
}

void set_bury(struct sim_set *s, struct sim_elem *e)
{
	struct str key = { (const char *)e->e.key.b, s->set.key_len };

	if (!takes_room(e))
		return;
	if (!e->dead && map_get(&s->index, key) == e)
		map_del(&s->index, key);
	e->dead = true;
	e->is_ghost = false;
	s->live--;
}

static int leaving_cmp(const void *a, const void *b)
{
	const struct sim_leaving *x = a, *y = b;

	return (x->gone_ns > y->gone_ns) - (x->gone_ns < y->gone_ns);
}

/* One look an interval is enough, but for what comes meanwhile and stays shorter. */
static void find_leaving(struct sim_set *s, uint64_t now_ns)
{
	if (s->leaves_until_ns && now_ns <= s->leaves_until_ns)
		return;
	s->leaves_until_ns = now_ns + sweep_interval_ns(s);
	s->leaving.n = s->leaving_at = 0;
	vec_for_each(it, &s->elems) {
		uint64_t gone = gone_ns(*it);
		if (gone && gone <= s->leaves_until_ns && takes_room(*it))
			vec_push(&s->leaving, ((struct sim_leaving){ gone, *it }));
	}
	if (s->leaving.n)
		qsort(s->leaving.p, s->leaving.n, sizeof(*s->leaving.p), leaving_cmp);
}

/* The element leaves at another time than before. */
static void leaves_at(struct sim_set *s, uint64_t gone)
{
	if (gone && gone <= s->leaves_until_ns)
		s->leaves_until_ns = gone - 1;
}

static void leaves_now(struct sim_set *s, struct sim_elem *e, uint64_t gone)
{
	if (gone > s->leaves_until_ns)
		return;
	vec_push(&s->leaving, ((struct sim_leaving){ gone, e }));
	for (size_t i = s->leaving.n - 1; i > s->leaving_at; i--) {
		struct sim_leaving *before = &s->leaving.p[i - 1];
		if (before->gone_ns <= gone)
			break;
		before[1] = before[0];
		*before = (struct sim_leaving){ gone, e };
	}
}

/* The longest gone of those that still take room; those that were surely swept take none any
 * more. NULL: all are there. */
static struct sim_elem *first_gone(struct sim_set *s, uint64_t now_ns)
{
	find_leaving(s, now_ns);
	for (; s->leaving_at < s->leaving.n; s->leaving_at++) {
		struct sim_leaving first = s->leaving.p[s->leaving_at];
		if (!takes_room(first.elem))
			continue;
		if (gone_ns(first.elem) != first.gone_ns) { /* it was refreshed */
			leaves_at(s, gone_ns(first.elem));
			continue;
		}
		if (first.gone_ns > now_ns && !first.elem->is_ghost)
			return NULL;
		if (!set_surely_swept(s, first.gone_ns, now_ns))
			return first.elem;
		set_bury(s, first.elem);
	}
	return NULL;
}

/* 0: there is room; -ENFILE, -EAGAIN: as set_add() has it. */
static int find_room(struct sim_set *s, uint64_t now_ns)
{
	if (!s->set.size || s->live < s->set.size)
		return 0;
	struct sim_elem *gone = first_gone(s, now_ns);
	if (s->live < s->set.size)
		return 0;
	return gone && s->live == s->set.size ? -EAGAIN : -ENFILE;
}

void set_sweep(struct sim_set *s, uint64_t now_ns)
{
	struct sim_elem *gone = first_gone(s, now_ns);

	if (gone)
		set_bury(s, gone);
}

static void sweep_all(struct sim_set *s, uint64_t now_ns)
{
	vec_for_each(it, &s->elems) {
		uint64_t gone = gone_ns(*it);
		if (gone && takes_room(*it) && set_surely_swept(s, gone, now_ns))
			set_bury(s, *it);
	}
}

static void make_ghost(struct sim_set *s, struct sim_elem *e, uint64_t died_ns)
{
	map_del(&s->index, (struct str){ (const char *)e->e.key.b, s->set.key_len });
	e->dead = e->is_ghost = true;
	e->died_ns = died_ns ? died_ns : 1;
	leaves_now(s, e, e->died_ns);
}

int set_kill(struct sim_set *s, const struct prog_elem *e, uint64_t now_ns)
{
	struct sim_elem *have = find_same(s, e);

	if (!have || !elem_lives(have, now_ns))
		return -ENOENT;
	if (have == s->catchall || (s->set.flags & NFT_SET_INTERVAL))
		return set_remove(s, e);
	make_ghost(s, have, now_ns);
	return 0;
}

/* Elements that rules add and that run out come again and again: their memory does, too. What an
 * element owns beside itself (a list of connections) is not worth that. */
static bool is_reusable(const struct sim_elem *e)
{
	for (size_t i = 0; i < e->e.exprs.n; i++)
		if (e->e.exprs.p[i].kind == INSN_CONNLIMIT)
			return false;
	return e->e.userdata.n == 0 && !e->e.obj.n && !e->e.is_verdict;
}

/* Takes the dead out of the list. */
static void compact(struct sim_set *s, uint64_t now_ns)
{
	size_t kept = 0;

	if (s->elems.n < s->compact_at || (s->set.flags & NFT_SET_INTERVAL))
		return;
	sweep_all(s, now_ns);
	for (size_t i = 0; i < s->elems.n; i++) {
		struct sim_elem *e = s->elems.p[i];
		if (!e->dead || e->is_ghost) {
			s->elems.p[kept++] = e;
		} else if (is_reusable(e)) {
			e->next_spare = s->spare;
			s->spare = e;
		}
	}
	s->elems.n = kept;
	s->compact_at = kept * 2 > COMPACT_MIN ? kept * 2 : COMPACT_MIN;
}

static bool is_like(const struct sim_elem *spare, const struct prog_elem *e)
{
	if (spare->e.exprs.n != e->exprs.n || e->userdata.n || e->obj.n)
		return false;
	for (size_t i = 0; i < e->exprs.n; i++)
		if (e->exprs.p[i].kind == INSN_CONNLIMIT)
			return false;
	return true;
}

/* The new element with all it carries. */
static struct sim_elem *set_elem(struct sim_store *store, struct sim_set *s,
                                 const struct prog_elem *e)
{
	struct sim_elem *spare = s->spare;

	if (!e->exprs.n && s->set.exprs.n &&
	    spare) /* it would get the set's statements */
		spare = NULL;
	if (!spare || !is_like(spare, e)) {
		struct sim_elem *new = arena_new(&store->a, struct sim_elem);
		new->e = copy_elem(&store->a, e);
		set_exprs(store, s, new);
		return new;
	}
	struct insn *insns = spare->e.exprs.p;
	struct sim_run *runs = spare->runs;
	s->spare = spare->next_spare;
	*spare = (struct sim_elem){ .e = *e, .runs = runs };
	spare->e.exprs.p = insns;
	for (size_t i = 0; insns && i < e->exprs.n; i++) { /* none of them holds slices */
		insns[i] = e->exprs.p[i];
		state_init(&insns[i], &runs[i].state);
	}
	return spare;
}

static void put_elem(struct sim_store *store, struct sim_set *s, struct sim_elem *new)
{
	struct str key = { (const char *)new->e.key.b, s->set.key_len };

	set_expiry(store, s, new);
	leaves_at(s, new->expires_ns);
	s->live++;
	if (new->e.flags & NFT_SET_ELEM_CATCHALL) {
		s->catchall = new;
		return;
	}
	vec_push(&s->elems, new);
	s->is_sorted = false;
	if (!(s->set.flags & NFT_SET_INTERVAL))
		map_put(&s->index, key, new);
}

void set_take(struct sim_store *store, struct sim_set *s, const struct prog_elem *e)
{
	struct sim_elem *new = arena_new(&store->a, struct sim_elem);

	new->e = *e;
	set_exprs(store, s, new);
	put_elem(store, s, new);
}

int set_add(struct sim_store *store, struct sim_set *s, const struct prog_elem *e,
            bool create, struct sim_elem **out)
{
	struct sim_elem *have = find_same(s, e);

	if (have && elem_lives(have, store->now_ns)) {
		*out = have;
		return create ? -EEXIST : 0;
	}
	if (have && have != s->catchall && (s->set.flags & NFT_SET_EVAL) &&
	    !(s->set.flags & NFT_SET_INTERVAL))
		make_ghost(s, have, have->expires_ns);
	else if (have)
		set_remove(s, e);
	compact(s, store->now_ns);
	int full = find_room(s, store->now_ns);
	if (full < 0)
		return full;
	*out = set_elem(store, s, e);
	put_elem(store, s, *out);
	return 0;
}

int set_remove(struct sim_set *s, const struct prog_elem *e)
{
	struct sim_elem *have = find_same(s, e);

	if (!have)
		return -ENOENT;
	have->dead = true;
	s->live--;
	if (have == s->catchall)
		s->catchall = NULL;
	else if (!(s->set.flags & NFT_SET_INTERVAL))
		map_del(&s->index,
		        (struct str){ (const char *)have->e.key.b, s->set.key_len });
	return 0;
}

void set_fini(struct sim_set *s)
{
	vec_fini(&s->elems);
	vec_fini(&s->leaving);
	map_fini(&s->index);
}
