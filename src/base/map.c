/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Open addressing with linear probing, at most three quarters full; deletions leave marks. */
#include "base/map.h"

#include "base/oom.h"

enum { SLOT_FREE = 0, SLOT_DELETED = 1, CAP_MIN = 16 };

/* The seed goes in before the bytes: sums that collide under one do not under another. */
static uint64_t hash_seeded(uint64_t seed, const void *bytes, size_t n)
{
	const uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xd6e8feb86659fd93;
	const unsigned char *p = bytes;
	uint64_t h = hash_mix(k0 ^ seed ^ n, k1 ^ seed), word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		h = hash_mix(h ^ word, k0 ^ seed);
	}
	word = 0;
	if (n)
		memcpy(&word, p, n);
	return hash_mix(h ^ word, k1);
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	return hash_seeded(0, bytes, n);
}

static uint64_t key_hash(const struct map *m, struct str key)
{
	uint64_t h = hash_seeded(m->seed, key.p, key.n);

	return h > SLOT_DELETED ? h : h + 2;
}

static struct map_entry *find(const struct map *m, struct str key, uint64_t hash)
{
	if (!m->cap)
		return NULL;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_entry *e = &m->p[i];
		if (e->hash == SLOT_FREE)
			return NULL;
		if (e->hash == hash && str_eq(e->key, key))
			return e;
	}
}

/* Puts an entry whose key is not there; there is a free slot. */
static void insert(struct map *m, struct map_entry entry)
{
	size_t i = entry.hash & (m->cap - 1);

	while (m->p[i].hash != SLOT_FREE)
		i = (i + 1) & (m->cap - 1);
	m->p[i] = entry;
	m->used++;
	m->n++;
}

/* Doubles, or only drops the marks of deleted entries where those fill it. */
static void rehash(struct map *m)
{
	struct map old = *m;

	m->cap = old.n * 2 >= old.cap ? old.cap * 2 : old.cap;
	if (m->cap < CAP_MIN)
		m->cap = CAP_MIN;
	m->p = base_calloc(m->cap, sizeof(*m->p));
	m->n = m->used = 0;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.p[i].hash > SLOT_DELETED)
			insert(m, old.p[i]);
	}
	free(old.p);
}

void *map_get(const struct map *m, struct str key)
{
	const struct map_entry *e = find(m, key, key_hash(m, key));

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct str key)
{
	return find(m, key, key_hash(m, key));
}

void *map_put(struct map *m, struct str key, void *value)
{
	uint64_t hash = key_hash(m, key);
	struct map_entry *e = find(m, key, hash);

	if (e) {
		void *old = e->value;
		e->value = value;
		return old;
	}
	if ((m->used + 1) * 4 > m->cap * 3)
		rehash(m);
	insert(m, (struct map_entry){ .key = key, .value = value, .hash = hash });
	return NULL;
}

void *map_del(struct map *m, struct str key)
{
	struct map_entry *e = find(m, key, key_hash(m, key));

	if (!e)
		return NULL;
	void *value = e->value;
	*e = (struct map_entry){ .hash = SLOT_DELETED };
	m->n--;
	return value;
}

void map_fini(struct map *m)
{
	free(m->p);
	*m = (struct map){ 0 };
}

struct map_entry *map_next(const struct map *m, const struct map_entry *at)
{
	for (size_t i = at ? (size_t)(at - m->p) + 1 : 0; i < m->cap; i++) {
		if (m->p[i].hash > SLOT_DELETED)
			return &m->p[i];
	}
	return NULL;
}
