/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/sources.h"

#include "base/map.h"
#include "base/oom.h"

enum { SOURCES_FIRST = 256 };

struct key {
	struct track_addr addr;
	uint16_t port, zone, proto, family;
};

static size_t slot(const struct track *t, const struct track_tuple *source)
{
	struct key key = { source->src, source->src_port, source->zone, source->proto,
		           source->family };

	return hash_bytes(&key, sizeof(key)) & t->source_mask;
}

bool track_source_eq(const struct track_tuple *a, const struct track_tuple *b)
{
	return track_addr_eq(&a->src, &b->src) && a->src_port == b->src_port &&
	       a->zone == b->zone && a->proto == b->proto && a->family == b->family;
}

static void chain(struct track *t, struct track_entry *e)
{
	struct track_entry **at = &t->sources[slot(t, &e->tuple[TRACK_ORIGINAL])];

	e->extra->source_next = *at;
	*at = e;
}

/* Chains that move keep their order: the newest first. */
static void chain_move(struct track *t, struct track_entry *first)
{
	struct track_entry *reversed = NULL, *next;

	for (; first; first = next) {
		next = first->extra->source_next;
		first->extra->source_next = reversed;
		reversed = first;
	}
	for (; reversed; reversed = next) {
		next = reversed->extra->source_next;
		chain(t, reversed);
	}
}

static void grow(struct track *t)
{
	struct track_entry **old = t->sources;
	size_t n = old ? t->source_mask + 1 : 0, bigger = n ? n * 2 : SOURCES_FIRST;

	t->sources = base_calloc(bigger, sizeof(struct track_entry *));
	t->source_mask = bigger - 1;
	for (size_t i = 0; i < n; i++)
		chain_move(t, old[i]);
	free(old);
}

void track_sources_add(struct track *t, struct track_entry *e)
{
	struct track_extra *extra = track_entry_extra(t, e);

	if (extra->in_sources)
		return;
	if (!t->sources || t->source_count > t->source_mask)
		grow(t);
	chain(t, e);
	extra->in_sources = true;
	t->source_count++;
}

void track_sources_del(struct track *t, struct track_entry *e)
{
	struct track_entry **at;

	if (!e->extra || !e->extra->in_sources)
		return;
	at = &t->sources[slot(t, &e->tuple[TRACK_ORIGINAL])];
	while (*at != e)
		at = &(*at)->extra->source_next;
	*at = e->extra->source_next;
	e->extra->in_sources = false;
	t->source_count--;
}

struct track_entry *track_sources_first(const struct track *t,
                                        const struct track_tuple *source)
{
	return t->sources ? t->sources[slot(t, source)] : NULL;
}
