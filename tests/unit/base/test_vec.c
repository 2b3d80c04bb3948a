/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The typed array. */
#include "unit.h"

#include "base/vec.h"

struct pair {
	int a, b;
};

static void pushed_values_stay_in_order(void **state)
{
	VEC(struct pair) v = { 0 };
	int i = 0;

	(void)state;
	for (int k = 0; k < 1000; k++)
		vec_push(&v, (struct pair){ k, -k });
	assert_int_equal(v.n, 1000);
	vec_for_each(it, &v) {
		assert_int_equal(it->a, i);
		assert_int_equal(it->b, -i);
		i++;
	}
	assert_int_equal(i, 1000);
	vec_fini(&v);
	assert_int_equal(v.n, 0);
	vec_for_each(it, &v)
		fail_msg("an empty array has no elements");
}

static void an_added_element_is_zero(void **state)
{
	VEC(struct pair) v = { 0 };

	(void)state;
	for (int k = 0; k < 20; k++) {
		struct pair *p = vec_add(&v);
		assert_int_equal(p->a | p->b, 0);
		*p = (struct pair){ 5, 6 };
	}
	v.n = 0;
	assert_int_equal(vec_add(&v)->b, 0);
	vec_fini(&v);
}

static void an_element_of_the_array_itself_can_be_pushed(void **state)
{
	VEC(int) v = { 0 };

	(void)state;
	vec_push(&v, 42);
	for (int k = 0; k < 100; k++)
		vec_push(&v, v.p[0]);
	assert_int_equal(v.p[100], 42);
	vec_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(pushed_values_stay_in_order),
		UNIT(an_added_element_is_zero),
		UNIT(an_element_of_the_array_itself_can_be_pushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
