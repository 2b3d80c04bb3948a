/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An open-addressing table of hash parts, never more than two thirds full.
 */
#include "gate/engine/kernel/tally.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/oom.h"

/* splitmix64's finisher */
static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

void tally_init(struct tally *t, size_t expected, uint64_t seed)
{
	*t = (struct tally){ .seed = mix(seed + 1) };
	if (!expected)
		return;
	t->cap = expected + expected / 2 + 64;
	t->slots = base_calloc(t->cap, sizeof(*t->slots));
}

void tally_fini(struct tally *t)
{
	free(t->slots);
	*t = (struct tally){ 0 };
}

static size_t slot_of(const struct tally *t, uint64_t h)
{
	return (size_t)((h >> 32) * t->cap >> 32);
}

static void insert(struct tally *t, uint64_t h)
{
	uint32_t part = (uint32_t)h ? (uint32_t)h : 1;
	size_t i = slot_of(t, h);

	while (t->slots[i]) {
		if (t->slots[i] == part) {
			t->repeated = true;
			return;
		}
		i = i + 1 < t->cap ? i + 1 : 0;
	}
	t->slots[i] = part;
}

void tally_add(struct tally *t, uint64_t hash)
{
	uint64_t h = mix(hash ^ t->seed), *late = &t->late[t->n % ARRAY_LEN(t->late)];

	t->n++;
	t->sum += mix(hash);
	if (!t->slots || t->n > t->cap / 3 * 2 + ARRAY_LEN(t->late))
		return; /* not asked for, or more than there should be: wrong anyway */
	if (t->n > ARRAY_LEN(t->late))
		insert(t, *late);
	__builtin_prefetch(&t->slots[slot_of(t, h)], 1);
	*late = h;
}

void tally_finish(struct tally *t)
{
	size_t held = t->n < ARRAY_LEN(t->late) ? t->n : ARRAY_LEN(t->late);

	for (size_t i = 0; t->slots && i < held; i++)
		insert(t, t->late[i]);
}
