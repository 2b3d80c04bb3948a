/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* How versions of kernels are read; which features each has is tested with `gate check`. */
#include "gate/ruleset/kernels.h"
#include "unit.h"

static void versions_are_read_as_uname_prints_them(void **state)
{
	static const struct {
		const char *text;
		uint32_t version;
	} cases[] = {
		{ "6.1", KERNEL(6, 1) },
		{ "6", KERNEL(6, 0) },
		{ "5.10", KERNEL(5, 10) },
		{ "6.1.0-18-amd64", KERNEL(6, 1) },
		{ "6.18-rc1", KERNEL(6, 18) },
		{ "6.12+deb13", KERNEL(6, 12) },
		{ "", 0 },
		{ ".", 0 },
		{ "6.", 0 },
		{ "6.x", 0 },
		{ "six", 0 },
		{ "v6.1", 0 },
		{ "6-1", 0 },
		{ "6.1x", 0 },
		{ "6.256", 0 },
		{ "6.1000", 0 },
		{ "999999999999.1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(kernel_parse(str_from(cases[i].text)), cases[i].version);
}

static void versions_order_by_their_parts(void **state)
{
	(void)state;
	assert_true(KERNEL(5, 10) > KERNEL(5, 9));
	assert_true(KERNEL(6, 0) > KERNEL(5, 255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_read_as_uname_prints_them),
		cmocka_unit_test(versions_order_by_their_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
