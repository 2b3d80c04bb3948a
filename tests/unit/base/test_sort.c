/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sorting records in place, beside qsort(3). */
#include "unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

enum { N = 5000, SIZE_MAX_HERE = 40 };

static int by_rest(const void *a, const void *b, void *ctx)
{
	const size_t *sizes = ctx; /* the record's, the key's */

	return memcmp((const char *)a + sizes[1], (const char *)b + sizes[1],
	              sizes[0] - sizes[1]);
}

static int by_all(const void *a, const void *b, void *ctx)
{
	return memcmp(a, b, *(const size_t *)ctx);
}

/* Numbers that are the same on every run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void records_come_in_order(void **state)
{
	/* record, key, values a byte takes, records, the same first bytes of all */
	static const struct {
		size_t size, key_n;
		unsigned values;
		size_t n, same;
	} rows[] = {
		{ 12, 4, 256, N, 0 }, { 12, 4, 2, N, 0 },   { 16, 8, 256, N, 3 },
		{ 10, 2, 256, N, 0 }, { 40, 16, 3, N, 12 }, { 9, 1, 4, N, 0 },
		{ 12, 4, 256, 1, 0 }, { 12, 4, 256, 0, 0 }, { 12, 4, 256, 17, 0 },
		{ 12, 4, 1, 300, 0 }, { 13, 5, 256, 2, 0 },
	};
	static uint8_t recs[N * SIZE_MAX_HERE], want[N * SIZE_MAX_HERE];
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t sizes[2] = { rows[i].size, rows[i].key_n },
		       bytes = rows[i].n * rows[i].size;

		for (size_t k = 0; k < bytes; k++)
			recs[k] =
				k % rows[i].size < rows[i].same
					? 9
					: (uint8_t)(next_number(&seed) % rows[i].values);
		memcpy(want, recs, bytes);
		qsort_r(want, rows[i].n, rows[i].size, by_all, &sizes[0]);
		sort_records(recs, rows[i].n, rows[i].size, rows[i].key_n, by_rest,
		             sizes);
		assert_memory_equal(recs, want, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(records_come_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
