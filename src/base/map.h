/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A hash map from slices to pointers. Keys are not copied: their bytes must stay as long as
 * the entry does. Iteration is in no order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct map_entry {
	struct str key;
	void *value;
	uint64_t hash; /* 0: never used, 1: deleted */
};

/* All zero is the empty map. */
struct map {
	struct map_entry *p;
	size_t n;         /* entries */
	size_t used, cap; /* slots that are not free any more; slots, a power of two */
	/* Set it to something unpredictable before the first entry where strangers choose the
	 * keys: else they may choose such that collide. */
	uint64_t seed;
};

#define auto_map __attribute__((cleanup(map_fini))) struct map

/* Multiplies to 128 bits and folds: every input bit reaches every output bit. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A 64-bit hash of bytes; not stable over versions, not for secrets. */
uint64_t hash_bytes(const void *bytes, size_t n);

/* The value, or NULL when the key is not there. */
void *map_get(const struct map *m, struct str key);
bool map_has(const struct map *m, struct str key);

/* Sets the key's value and returns the one it had, or NULL. A key that was there stays the
 * slice it was. */
void *map_put(struct map *m, struct str key, void *value);

/* Takes the key out and returns its value, or NULL. */
void *map_del(struct map *m, struct str key);

void map_fini(struct map *m);

/* map_for_each(it, &m) { it->key, it->value }: nothing may be put in meanwhile; the present
 * entry may be deleted. */
#define map_for_each(it, m) \
	for (struct map_entry *it = map_next((m), NULL); it; it = map_next((m), it))

/* The entry after `at`, the first for NULL; NULL at the end. */
struct map_entry *map_next(const struct map *m, const struct map_entry *at);
