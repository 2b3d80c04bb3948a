/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The table: a chained hash over both tuples, and a wheel of seconds for the timers. A timer
 * that is put off stays where it is and moves when its slot comes up, so that a packet of an
 * established connection costs one store.
 */
#include "gate/track/table.h"

#include <errno.h>
#include <netinet/in.h>

#include "base/map.h"
#include "base/oom.h"
#include "gate/track/expectations.h"
#include "gate/track/proto.h"
#include "gate/track/sources.h"

enum { BUCKETS_FIRST = 1024, SLAB_ENTRIES = 64 };

/* ---- links: an entry's address with the direction in its lowest bit ------------------------ */

static struct track_entry *link_entry(uintptr_t link)
{
	return (struct track_entry *)(link & ~(uintptr_t)1);
}

static unsigned link_dir(uintptr_t link)
{
	return link & 1;
}

/* hash_bytes() takes one word after the other; here two are on their way at a time. */
static uint64_t tuple_hash(const struct track_tuple *t)
{
	const uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xd6e8feb86659fd93;
	uint64_t word[5];

	memcpy(word, t, sizeof(word));
	return hash_mix(hash_mix(word[0] ^ k0, word[2] ^ k1) ^ word[4],
	                hash_mix(word[1] ^ k1, word[3] ^ k0));
}

static uintptr_t *bucket(const struct track *t, const struct track_tuple *tuple)
{
	return &t->buckets[tuple_hash(tuple) & t->bucket_mask];
}

static void chain_add(const struct track *t, struct track_entry *e, unsigned dir)
{
	uintptr_t *at = bucket(t, &e->tuple[dir]);

	e->next[dir] = *at;
	*at = (uintptr_t)e | dir;
}

static void chain_del(const struct track *t, struct track_entry *e, unsigned dir)
{
	uintptr_t *at = bucket(t, &e->tuple[dir]);

	while (*at != ((uintptr_t)e | dir))
		at = &link_entry(*at)->next[link_dir(*at)];
	*at = e->next[dir];
}

static void table_grow(struct track *t)
{
	uintptr_t *old = t->buckets;
	size_t n = t->bucket_mask + 1;

	t->buckets = base_calloc(n * 2, sizeof(*t->buckets));
	t->bucket_mask = n * 2 - 1;
	for (size_t i = 0; i < n; i++)
		for (uintptr_t link = old[i], next; link; link = next) {
			next = link_entry(link)->next[link_dir(link)];
			chain_add(t, link_entry(link), link_dir(link));
		}
	free(old);
}

/* ---- timers -------------------------------------------------------------------------------- */

static void timer_stop(struct track_entry *e)
{
	if (!e->timer_at)
		return;
	*e->timer_at = e->timer_next;
	if (e->timer_next)
		e->timer_next->timer_at = e->timer_at;
	e->timer_at = NULL;
}

static void timer_start(struct track *t, struct track_entry *e)
{
	uint64_t second = e->deadline_ns / TRACK_NS_PER_S;
	struct track_entry **slot;

	if (second < t->wheel_s)
		second = t->wheel_s;
	if (second >= t->wheel_s + TRACK_WHEEL)
		second = t->wheel_s + TRACK_WHEEL - 1;
	slot = &t->wheel[second % TRACK_WHEEL];
	e->timer_s = second;
	e->timer_next = *slot;
	e->timer_at = slot;
	if (e->timer_next)
		e->timer_next->timer_at = &e->timer_next;
	*slot = e;
}

/* Ends what is over in a slot; the rest moves to where it belongs now. */
static void slot_sweep(struct track *t, size_t slot)
{
	struct track_entry *e = t->wheel[slot], *next;

	t->wheel[slot] = NULL;
	for (; e; e = next) {
		next = e->timer_next;
		e->timer_at = NULL;
		if (e->deadline_ns <= t->now_ns)
			track_entry_kill(t, e, e->deadline_ns);
		else
			timer_start(t, e);
	}
}

static void wheel_turn(struct track *t)
{
	uint64_t now_s = t->now_ns / TRACK_NS_PER_S, from = t->wheel_s;
	uint64_t slots = now_s - from;

	if (slots > TRACK_WHEEL)
		slots = TRACK_WHEEL;
	t->wheel_s = now_s;
	for (uint64_t i = 0; i < slots; i++)
		slot_sweep(t, (from + i) % TRACK_WHEEL);
}

void track_at(struct track *t, uint64_t now_ns)
{
	if (now_ns <= t->now_ns)
		return;
	t->now_ns = now_ns;
	if (now_ns / TRACK_NS_PER_S != t->wheel_s)
		wheel_turn(t);
	track_expectations_expire(t);
}

void track_entry_deadline(struct track *t, struct track_entry *e, uint64_t deadline_ns)
{
	bool sooner = deadline_ns < e->deadline_ns; /* else its place is early enough */

	e->deadline_ns = deadline_ns;
	if (sooner && e->timer_at && deadline_ns / TRACK_NS_PER_S < e->timer_s) {
		timer_stop(e);
		timer_start(t, e);
	}
}

void track_entry_refresh(struct track *t, struct track_entry *e, uint32_t seconds)
{
	uint64_t ns = seconds * TRACK_NS_PER_S;

	if (e->status & TRACK_S_FIXED_TIMEOUT)
		return;
	if (track_entry_confirmed(e))
		track_entry_deadline(t, e, t->now_ns + ns);
	else
		e->deadline_ns = ns;
}

uint64_t track_expires_ns(const struct track *t, const struct track_entry *e)
{
	if (!track_entry_confirmed(e))
		return e->deadline_ns;
	return e->deadline_ns > t->now_ns ? e->deadline_ns - t->now_ns : 0;
}

/* ---- entries ------------------------------------------------------------------------------- */

/* Memory for some entries, each at the beginning of a cache line. */
static COLD void slab_add(struct track *t)
{
	const size_t line = TRACK_CACHE_LINE, size = sizeof(struct track_entry);
	uintptr_t at = (uintptr_t)arena_alloc(&t->memory, SLAB_ENTRIES * size + line - 1);
	struct track_entry *entries =
		(struct track_entry *)((at + line - 1) / line * line);

	for (size_t i = SLAB_ENTRIES; i-- > 0;) {
		entries[i].timer_next = t->free;
		t->free = &entries[i];
	}
}

struct track_entry *track_entry_new(struct track *t, const struct track_tuple *original,
                                    const struct track_tuple *reply)
{
	struct track_entry *e;

	if (!t->free)
		slab_add(t);
	e = t->free;
	t->free = e->timer_next;
	*e = (struct track_entry){
		.tuple = { *original, *reply },
		.id = ++t->last_id,
		.created_ns = t->now_ns,
		.accounted = t->sysctl.acct,
		.refs = 1,
	};
	t->alive++;
	return e;
}

void track_entry_hold(struct track_entry *e)
{
	e->refs++;
}

void track_entry_drop(struct track *t, struct track_entry *e)
{
	struct track_entry *master = e->master;

	if (--e->refs)
		return;
	if (e->extra) {
		track_sources_del(t, e);
		e->extra->source_next = (void *)t->free_extra;
		t->free_extra = e->extra;
	}
	t->alive--;
	e->timer_next = t->free;
	t->free = e;
	if (master)
		track_entry_drop(t, master);
}

struct track_extra *track_entry_extra(struct track *t, struct track_entry *e)
{
	if (e->extra)
		return e->extra;
	e->extra = t->free_extra;
	if (e->extra)
		t->free_extra = (void *)e->extra->source_next;
	else
		e->extra = arena_new(&t->memory, struct track_extra);
	*e->extra = (struct track_extra){ 0 };
	return e->extra;
}

void track_entry_insert(struct track *t, struct track_entry *e)
{
	if ((size_t)t->confirmed * 4 >= t->bucket_mask) /* two links each: half full */
		table_grow(t);
	e->status |= TRACK_S_CONFIRMED;
	e->deadline_ns += t->now_ns;
	chain_add(t, e, TRACK_ORIGINAL);
	chain_add(t, e, TRACK_REPLY);
	timer_start(t, e);
	track_entry_hold(e);
	t->confirmed++;
}

bool track_entry_kill(struct track *t, struct track_entry *e, uint64_t at_ns)
{
	if (e->status & TRACK_S_DYING)
		return false;
	e->status |= TRACK_S_DYING;
	track_expectations_forget(t, e);
	if (!track_entry_confirmed(e))
		return true;
	timer_stop(e);
	chain_del(t, e, TRACK_ORIGINAL);
	chain_del(t, e, TRACK_REPLY);
	track_sources_del(t, e);
	t->confirmed--;
	if (t->events_on)
		track_event_at(t, e, TRACK_E_DESTROY, at_ns);
	track_entry_drop(t, e);
	return true;
}

void track_entry_account(struct track_entry *e, enum track_dir dir, uint32_t bytes)
{
	if (!e->accounted)
		return;
	e->packets[dir]++;
	e->bytes[dir] += bytes;
}

/* ---- lookup -------------------------------------------------------------------------------- */

struct track_entry *track_lookup(struct track *t, const struct track_tuple *tuple,
                                 unsigned dirs, enum track_dir *dir)
{
	for (uintptr_t link = *bucket(t, tuple), next; link; link = next) {
		struct track_entry *e = link_entry(link);

		next = e->next[link_dir(link)];
		if (!track_tuple_eq(&e->tuple[link_dir(link)], tuple))
			continue;
		if (e->deadline_ns <= t->now_ns) {
			track_entry_kill(t, e, e->deadline_ns);
			return track_lookup(t, tuple, dirs, dir);
		}
		if (!(dirs & 1u << link_dir(link)))
			continue;
		*dir = link_dir(link);
		return e;
	}
	return NULL;
}

void track_prefetch_bucket(const struct track *t, const struct track_tuple *tuple)
{
	__builtin_prefetch(bucket(t, tuple));
}

void track_prefetch_entry(const struct track *t, const struct track_tuple *tuple)
{
	const struct track_entry *e = link_entry(*bucket(t, tuple));

	if (!e)
		return;
	__builtin_prefetch(e);
	__builtin_prefetch((const char *)e + TRACK_CACHE_LINE);
	__builtin_prefetch(&e->tcp);
}

struct track_entry *track_find(struct track *t, const struct track_tuple *tuple,
                               enum track_dir *dir)
{
	enum track_dir found;
	struct track_entry *e = track_lookup(t, tuple, 3, &found);

	if (e && dir)
		*dir = found;
	return e;
}

/* ---- the table as a whole ------------------------------------------------------------------ */

struct track *track_new(uint64_t seed)
{
	struct track *t = base_calloc(1, sizeof(*t));

	t->buckets = base_calloc(BUCKETS_FIRST, sizeof(*t->buckets));
	t->bucket_mask = BUCKETS_FIRST - 1;
	t->random = seed;
	track_sysctl_defaults(&t->sysctl);
	return t;
}

void track_free(struct track *t)
{
	if (!t)
		return;
	vec_fini(&t->expected);
	vec_fini(&t->events);
	vec_fini(&t->told);
	arena_fini(&t->memory);
	free(t->sources);
	free(t->buckets);
	free(t);
}

uint64_t track_random(struct track *t)
{
	t->random += 0x9e3779b97f4a7c15;
	return hash_bytes(&t->random, sizeof(t->random));
}

uint32_t track_count(const struct track *t)
{
	uint32_t n = t->confirmed;

	/* Those of the running second that ended since it began. */
	for (const struct track_entry *e = t->wheel[t->wheel_s % TRACK_WHEEL]; e;
	     e = e->timer_next)
		if (e->deadline_ns <= t->now_ns)
			n--;
	return n;
}

static int by_id(const void *a, const void *b)
{
	const struct track_entry *x = *(struct track_entry *const *)a;
	const struct track_entry *y = *(struct track_entry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void track_each(struct track *t, bool (*fn)(struct track_entry *e, void *arg), void *arg)
{
	struct track_entry **all =
		base_calloc(t->confirmed + 1, sizeof(struct track_entry *));
	size_t n = 0, i = 0;

	for (size_t b = 0; b <= t->bucket_mask; b++)
		for (uintptr_t link = t->buckets[b]; link;
		     link = link_entry(link)->next[link_dir(link)])
			if (link_dir(link) == TRACK_ORIGINAL &&
			    link_entry(link)->deadline_ns > t->now_ns)
				all[n++] = link_entry(link);
	qsort(all, n, sizeof(*all), by_id);
	while (i < n && fn(all[i], arg))
		i++;
	free(all);
}

void track_delete(struct track *t, struct track_entry *e)
{
	track_entry_kill(t, e, t->now_ns);
}

int track_import(struct track *t, const struct track_entry *like)
{
	struct track_entry *e;
	enum track_dir dir;

	if (track_lookup(t, &like->tuple[0], 3, &dir) ||
	    track_lookup(t, &like->tuple[1], 3, &dir))
		return -EEXIST;
	e = track_entry_new(t, &like->tuple[0], &like->tuple[1]);
	e->status = like->status & ~(uint32_t)(TRACK_S_CONFIRMED | TRACK_S_DYING);
	e->mark = like->mark;
	e->secmark = like->secmark;
	memcpy(e->labels, like->labels, sizeof(e->labels));
	e->has_labels = like->has_labels;
	e->helper = like->helper;
	e->accounted = like->accounted;
	memcpy(e->packets, like->packets, sizeof(e->packets));
	memcpy(e->bytes, like->bytes, sizeof(e->bytes));
	e->deadline_ns = like->deadline_ns;
	e->tcp = like->tcp;
	if (e->tuple[0].proto == IPPROTO_TCP)
		track_tcp_liberal(e);
	track_entry_insert(t, e);
	track_entry_drop(t, e);
	return 0;
}

/* ---- events -------------------------------------------------------------------------------- */

void track_events_on(struct track *t, bool on)
{
	t->events_on = on;
}

void track_event_at(struct track *t, const struct track_entry *e, uint32_t what,
                    uint64_t at_ns)
{
	/* What happens before confirm is told with NEW. */
	if (!track_entry_confirmed(e))
		return;
	vec_push(&t->events, (struct track_event){ .at_ns = at_ns,
	                                           .id = e->id,
	                                           .what = what,
	                                           .status = e->status,
	                                           .original = e->tuple[0] });
}

const struct track_event *track_events(struct track *t, size_t *n)
{
	__auto_type told = t->told;

	t->told = t->events;
	t->events = told;
	t->events.n = 0;
	*n = t->told.n;
	return t->told.p;
}
