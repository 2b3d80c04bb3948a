/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting: two open hashes of numbers beside arrays in the order things came. */
#include "gate/replay/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/oom.h"

enum { SLOTS_FIRST = 256, DOUBTS_MAX = 64 };

/* ---- judges ---- */

static const void *judge_who(const struct record_judge *j)
{
	if (j->fate == FATE_SOMETIMES)
		return j->reason;
	switch (j->by) {
	case BY_RULE:
		return j->rule;
	case BY_POLICY:
	case BY_END:
		return j->chain;
	case BY_STACK:
	case BY_CONNTRACK:
	case BY_NAT:
		return j->reason;
	}
	return NULL;
}

static uint64_t judge_hash(const struct record_judge *j)
{
	uint64_t h = (uint64_t)(uintptr_t)judge_who(j) + (uint64_t)j->by * 8 + j->fates;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static bool judge_eq(const struct record_judge *a, const struct record_judge *b)
{
	return judge_who(a) == judge_who(b) && a->by == b->by && a->fates == b->fates;
}

static void judges_grow(struct record *t)
{
	size_t n = t->judge_slots ? (t->judge_mask + 1) * 2 : SLOTS_FIRST;

	free(t->judge_slots);
	t->judge_slots = base_calloc(n, sizeof(*t->judge_slots));
	t->judge_mask = n - 1;
	for (size_t k = 0; k < t->judges.n; k++) {
		size_t i = judge_hash(&t->judges.p[k]) & t->judge_mask;
		while (t->judge_slots[i])
			i = (i + 1) & t->judge_mask;
		t->judge_slots[i] = (uint32_t)k + 1;
	}
}

const char *record_fate_name(unsigned fate)
{
	return fate == FATE_SOMETIMES ? "sometimes" : fate_name((enum sim_fate)fate);
}

static struct record_judge judge_of(const struct record_fate *f)
{
	const struct sim_result *r = f->result;

	if (f->fates & (f->fates - 1))
		return (struct record_judge){ .fate = FATE_SOMETIMES,
			                      .fates = f->fates,
			                      .by = BY_END,
			                      .reason = f->doubt };
	return (struct record_judge){ .fate = r->fate,
		                      .fates = 1u << r->fate,
		                      .by = r->by,
		                      .rule = r->rule,
		                      .chain = r->chain,
		                      .reason = r->reason };
}

uint32_t record_judge(struct record *t, const struct record_fate *f)
{
	struct record_judge j = judge_of(f);

	if (!t->judge_slots || t->judges.n * 2 > t->judge_mask)
		judges_grow(t);
	size_t i = judge_hash(&j) & t->judge_mask;
	for (; t->judge_slots[i]; i = (i + 1) & t->judge_mask)
		if (judge_eq(&t->judges.p[t->judge_slots[i] - 1], &j))
			return t->judge_slots[i] - 1;
	vec_push(&t->judges, j);
	t->judge_slots[i] = (uint32_t)t->judges.n;
	return (uint32_t)t->judges.n - 1;
}

static void count(struct record_count *c, uint32_t length)
{
	c->packets++;
	c->bytes += length;
}

static void count_doubt(struct record *t, const char *what)
{
	vec_for_each(it, &t->doubts)
		if (it->what == what) {
			it->packets++;
			return;
		}
	if (t->doubts.n < DOUBTS_MAX)
		vec_push(&t->doubts, (struct record_doubt){ what, 1 });
}

uint32_t record_packet(struct record *t, const struct record_fate *f, uint32_t length)
{
	uint32_t judge = record_judge(t, f);

	count(&t->fates[t->judges.p[judge].fate], length);
	count(&t->judges.p[judge].count, length);
	if (f->doubt)
		count_doubt(t, f->doubt);
	return judge;
}

/* ---- flows ---- */

/* Both directions of a flow give the same. */
static struct track_tuple flow_key(const struct track_tuple *t)
{
	struct track_tuple k = *t;
	int c = memcmp(&t->src, &t->dst, sizeof(t->src));

	if (c < 0 || (c == 0 && t->src_port <= t->dst_port))
		return k;
	k.src = t->dst;
	k.dst = t->src;
	k.src_port = t->dst_port;
	k.dst_port = t->src_port;
	return k;
}

/* ICMP's type is no port: it must not tell a question from its answer. */
static struct track_tuple flow_of(const struct track_tuple *t)
{
	struct track_tuple k = *t;

	if (k.proto == 1 || k.proto == 58)
		k.dst_port = k.src_port;
	return flow_key(&k);
}

static void flows_grow(struct record *t)
{
	size_t n = t->flow_slots ? (t->flow_mask + 1) * 2 : SLOTS_FIRST;

	free(t->flow_slots);
	t->flow_slots = base_calloc(n, sizeof(*t->flow_slots));
	t->flow_mask = n - 1;
	for (size_t k = 0; k < t->flows.n; k++) {
		struct track_tuple key = flow_of(&t->flows.p[k].first);
		size_t i = hash_bytes(&key, sizeof(key)) & t->flow_mask;
		while (t->flow_slots[i])
			i = (i + 1) & t->flow_mask;
		t->flow_slots[i] = (uint32_t)k + 1;
	}
}

/* NULL: there is no room for another. */
static struct record_flow *find_flow(struct record *t, const struct track_tuple *tuple)
{
	struct track_tuple key = flow_of(tuple), other;

	if (!t->flow_slots || t->flows.n * 2 > t->flow_mask)
		flows_grow(t);
	size_t i = hash_bytes(&key, sizeof(key)) & t->flow_mask;
	for (; t->flow_slots[i]; i = (i + 1) & t->flow_mask) {
		struct record_flow *f = &t->flows.p[t->flow_slots[i] - 1];
		other = flow_of(&f->first);
		if (memcmp(&other, &key, sizeof(key)) == 0)
			return f;
	}
	if (t->flows.n == RECORD_FLOWS_MAX)
		return NULL;
	struct record_flow *f = vec_add(&t->flows);
	t->flow_slots[i] = (uint32_t)t->flows.n;
	f->first = *tuple;
	return f;
}

void record_flow(struct record *t, const struct track_tuple *tuple,
                 const struct record_seen *s)
{
	struct record_flow *f = find_flow(t, tuple);

	if (!f) {
		t->flows_lost++;
		return;
	}
	if (!f->count.packets) {
		f->judge = s->judge;
		f->old_judge = s->old_judge;
		f->first_ns = s->at_ns;
	}
	f->sometimes += s->sometimes;
	count(&f->count, s->length);
}

void record_fini(struct record *t)
{
	vec_fini(&t->judges);
	vec_fini(&t->flows);
	vec_fini(&t->doubts);
	free(t->judge_slots);
	free(t->flow_slots);
}
