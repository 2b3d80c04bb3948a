/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The bucket: bursts pass, more waits for its time. */
#include "unit.h"

#include "herald/c2s/shape.h"

static void a_burst_passes_and_more_must_wait(void **state)
{
	struct shape s;

	(void)state;
	shape_init(&s, 1000, 3000, 50);
	shape_take(&s, 3000, 50);
	assert_false(shape_must_wait(&s, 50));
	shape_take(&s, 500, 50);
	assert_true(shape_must_wait(&s, 50));
	assert_true(shape_must_wait(&s, 549));
	assert_false(shape_must_wait(&s, 550));
}

static void rest_fills_the_bucket_and_not_more(void **state)
{
	struct shape s;

	(void)state;
	shape_init(&s, 1000, 2000, 0);
	shape_take(&s, 2000, 1000000);
	assert_false(shape_must_wait(&s, 1000000));
	shape_take(&s, 1, 1000000);
	assert_true(shape_must_wait(&s, 1000000));
}

static void a_burst_is_at_least_a_second(void **state)
{
	struct shape s;

	(void)state;
	shape_init(&s, 1000, 10, 0);
	assert_int_equal(s.left, 1000);
}

static void asking_often_does_not_lose_time(void **state)
{
	struct shape s;

	(void)state;
	shape_init(&s, 100, 100, 0);
	shape_take(&s, 110, 0);
	for (uint64_t ms = 1; ms < 100; ms++)
		assert_true(shape_must_wait(&s, ms));
	assert_false(shape_must_wait(&s, 100));
}

static void without_a_rate_nobody_waits(void **state)
{
	struct shape s = { 0 };

	(void)state;
	shape_take(&s, 1 << 30, 5);
	assert_false(shape_must_wait(&s, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_burst_passes_and_more_must_wait),
		UNIT(rest_fills_the_bucket_and_not_more),
		UNIT(a_burst_is_at_least_a_second),
		UNIT(asking_often_does_not_lose_time),
		UNIT(without_a_rate_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
