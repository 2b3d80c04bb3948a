/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The American flag sort (McIlroy, Bostic, McIlroy: Engineering Radix Sort, 1993): records are
 * swapped into 256 piles by one byte of the key, then each pile by the next byte. Small piles
 * are sorted by insertion, what is equal in the whole key by qsort_r().
 */
#include "base/sort.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 16 };

struct sorting {
	size_t size, key_n;
	int (*tie)(const void *a, const void *b, void *ctx);
	void *ctx;
};

/* Without memcpy's call: records are a few words. */
static inline void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (; n >= 4; n -= 4, a += 4, b += 4) {
		uint32_t x, y;

		memcpy(&x, a, 4);
		memcpy(&y, b, 4);
		memcpy(a, &y, 4);
		memcpy(b, &x, 4);
	}
	for (; n > 0; n--, a++, b++) {
		uint8_t x = *a;

		*a = *b;
		*b = x;
	}
}

static int compare(const struct sorting *s, const void *a, const void *b)
{
	int c = memcmp(a, b, s->key_n);

	return c ? c : s->tie(a, b, s->ctx);
}

static void insertion(const struct sorting *s, uint8_t *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (uint8_t *r = p + i * s->size;
		     r > p && compare(s, r - s->size, r) > 0; r -= s->size)
			swap(r - s->size, r, s->size);
}

/* Into piles by the byte at `at`; ends[b] is where pile b ends. */
static void spread(const struct sorting *s, uint8_t *p, const size_t *count, size_t at,
                   size_t *ends)
{
	size_t next[256], sum = 0;

	for (unsigned b = 0; b < 256; b++) {
		next[b] = sum;
		sum += count[b];
		ends[b] = sum;
	}
	for (unsigned b = 0; b < 256; b++) {
		while (next[b] < ends[b]) {
			uint8_t *r = p + next[b] * s->size;
			unsigned k = r[at];

			if (k != b)
				swap(r, p + next[k] * s->size, s->size);
			next[k]++;
		}
	}
}

static void by_byte(const struct sorting *s, uint8_t *p, size_t n, size_t at)
{
	size_t count[256] = { 0 }, ends[256], from = 0;

	if (n <= SMALL) {
		insertion(s, p, n);
		return;
	}
	if (at == s->key_n) {
		qsort_r(p, n, s->size, s->tie, s->ctx);
		return;
	}
	for (const uint8_t *r = p + at, *end = r + n * s->size; r < end; r += s->size)
		count[*r]++;
	if (count[p[at]] == n) {
		by_byte(s, p, n, at + 1);
		return;
	}
	spread(s, p, count, at, ends);
	for (unsigned b = 0; b < 256; b++) {
		if (ends[b] - from > 1)
			by_byte(s, p + from * s->size, ends[b] - from, at + 1);
		from = ends[b];
	}
}

void sort_records(void *recs, size_t n, size_t size, size_t key_n,
                  int (*tie)(const void *a, const void *b, void *ctx), void *ctx)
{
	struct sorting s = { size, key_n, tie, ctx };

	assert(size <= SORT_RECORD_MAX && key_n <= size);
	if (n > 1)
		by_byte(&s, recs, n, 0);
}
