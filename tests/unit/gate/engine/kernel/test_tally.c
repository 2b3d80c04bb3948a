/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Whether a dump had every element once. */
#include "unit.h"

#include "gate/engine/kernel/tally.h"

enum { MANY = 100000 };

/* Counts 1 to n, but `twice` where `hole` belongs (0: none). */
static void count(struct tally *t, size_t expected, uint64_t n, uint64_t hole,
                  uint64_t twice)
{
	tally_init(t, expected, 1);
	for (uint64_t i = 1; i <= n; i++)
		tally_add(t, i == hole ? twice : i);
	tally_finish(t);
}

static void all_different_is_not_repeated(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 15, 16, 17, 32, 1000, MANY };
	struct tally t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		count(&t, sizes[i], sizes[i], 0, 0);
		assert_false(t.repeated);
		assert_int_equal(t.n, sizes[i]);
		tally_fini(&t);
	}
}

static void one_that_comes_twice_is_found(void **state)
{
	static const struct {
		uint64_t n, hole, twice;
	} rows[] = { { 2, 2, 1 },      { 16, 16, 15 },    { 17, 17, 1 },
		     { 40, 20, 19 },   { MANY, MANY, 1 }, { MANY, 77777, 3 },
		     { MANY, 1, MANY } };
	struct tally t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		count(&t, rows[i].n, rows[i].n, rows[i].hole, rows[i].twice);
		assert_true(t.repeated);
		tally_fini(&t);
	}
}

static void more_than_expected_does_no_harm(void **state)
{
	struct tally t;

	(void)state;
	count(&t, 10, MANY, 0, 0);
	assert_int_equal(t.n, MANY);
	tally_fini(&t);
}

static void dumps_are_equal_in_any_order_and_with_any_table(void **state)
{
	struct tally a, b;

	(void)state;
	count(&a, 0, MANY, 0, 0);
	tally_init(&b, MANY, 7);
	for (uint64_t i = MANY; i > 0; i--)
		tally_add(&b, i);
	assert_true(tally_equal(&a, &b));
	tally_fini(&b);
	count(&b, 0, MANY, 5, 6);
	assert_false(tally_equal(&a, &b));
	tally_fini(&b);
	count(&b, 0, MANY - 1, 0, 0);
	assert_false(tally_equal(&a, &b));
	tally_fini(&a);
	tally_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(all_different_is_not_repeated),
		UNIT(one_that_comes_twice_is_found),
		UNIT(more_than_expected_does_no_harm),
		UNIT(dumps_are_equal_in_any_order_and_with_any_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
