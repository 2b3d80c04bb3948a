/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Whether a dump of a set had every element once. The kernel dumps a hash set piece by piece
 * and starts each piece by counting from the front again; while the table behind is still being
 * resized the front moves, and elements come twice or not at all, in equal number, unnoticed.
 *
 * With the number of elements known, "so many, and none twice" proves a dump right. To find
 * one that came twice, 32 bits of a hash of each are kept: six bytes an element in all. Chance
 * agreement of two hashes looks like a repetition and costs another try, with other hashes.
 * Without the number, two dumps whose hashes have the same sum prove each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally {
	uint64_t n, sum;
	bool repeated; /* one came twice; only found when `expected` was given */
	uint64_t seed;
	uint32_t *slots; /* hash parts, 0: free */
	size_t cap;
	uint64_t late
		[16]; /* looked up a little later: meanwhile their memory comes near */
};

/* `expected` elements, 0: not known. `seed`: another one for each try. */
void tally_init(struct tally *t, size_t expected, uint64_t seed);
void tally_fini(struct tally *t);

/* Counts an element by the hash of what makes it unique. */
void tally_add(struct tally *t, uint64_t hash);
/* After the last one: `repeated` is final. */
void tally_finish(struct tally *t);

/* Whether two dumps had the same elements. */
static inline bool tally_equal(const struct tally *a, const struct tally *b)
{
	return a->n == b->n && a->sum == b->sum;
}
