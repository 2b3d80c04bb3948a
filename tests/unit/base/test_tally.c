/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "base/tally.h"

static void what_is_added_is_counted_by_key(void **state)
{
	char key[] = "x1";
	struct tally t = { 0 };

	(void)state;
	tally_take(&t, STR("none"));
	tally_add(&t, STR("none"));
	for (int i = 0; i < 3; i++)
		tally_add(&t, str_from(key));
	key[1] = '2'; /* the bytes were copied */
	assert_int_equal(tally_get(&t, STR("x1")), 3);
	assert_int_equal(tally_get(&t, STR("x2")), 0);
	assert_int_equal(tally_get(&t, STR("none")), 1);
	tally_take(&t, STR("x1"));
	assert_int_equal(tally_get(&t, STR("x1")), 2);
	tally_fini(&t);
}

static void a_count_of_zero_takes_no_memory(void **state)
{
	struct tally t = { 0 };

	(void)state;
	tally_add(&t, STR("a"));
	tally_add(&t, STR("b"));
	tally_take(&t, STR("a"));
	assert_int_equal(t.counts.n, 1);
	tally_take(&t, STR("b"));
	assert_int_equal(t.counts.n, 0);
	tally_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_is_added_is_counted_by_key),
		UNIT(a_count_of_zero_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
