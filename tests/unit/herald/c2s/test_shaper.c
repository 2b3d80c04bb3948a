/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/c2s/shaper.h"

#include "unit.h"

static void bytes_come_at_the_rate_behind_the_burst(void **state)
{
	struct shaper s = { 0 };

	(void)state;
	shaper_set(&s, 1000, 5000, 0);
	shaper_took(&s, 5000, 0);
	assert_true(shaper_is_open(&s, 0)); /* just the burst */
	shaper_took(&s, 2000, 0);
	assert_false(shaper_is_open(&s, 1900));
	assert_true(shaper_is_open(&s, 2000));
	/* Small steps of time are not lost. */
	shaper_took(&s, 100, 2000);
	for (uint64_t now = 2000; now < 2100; now++)
		assert_false(shaper_is_open(&s, now));
	assert_true(shaper_is_open(&s, 2100));
	/* An age of rest gives no more than the burst. */
	assert_true(shaper_is_open(&s, 1000000));
	shaper_took(&s, 5001, 1000000);
	assert_false(shaper_is_open(&s, 1000000));
}

static void slow_rates_do_not_starve(void **state)
{
	struct shaper s = { 0 };
	uint64_t now = 0;

	(void)state;
	shaper_set(&s, 3, 1, 0); /* a third of a second a byte */
	shaper_took(&s, 4, 0);
	while (!shaper_is_open(&s, now))
		now++;
	assert_in_range(now, 1000, 1003);
}

static void no_rate_is_no_limit(void **state)
{
	struct shaper s = { 0 };

	(void)state;
	shaper_took(&s, 1 << 30, 0);
	assert_true(shaper_is_open(&s, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(bytes_come_at_the_rate_behind_the_burst),
		UNIT(slow_rates_do_not_starve),
		UNIT(no_rate_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
