/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Tables as iproute2 writes them, and lines that are none. */
#include "io/symtab.h"
#include "unit.h"

#include <errno.h>

static const char text[] = "# comment\n"
			   "\n"
			   "0\tdefault\n"
			   "  0x10 hex # with a comment\n"
			   "200 tail#glued\n"
			   "twelve word\n"
			   "12\n"
			   "13 two words\n"
			   "-1 negative\n"
			   "16 again\n"
			   "4294967295 last";

static void rows_are_found_by_name_and_by_number(void **state)
{
	static const struct symtab_row rows[] = {
		{ 0, "default" },
		{ 16, "hex" },
		{ 200, "tail" },
		{ 4294967295, "last" },
	};
	auto_arena a = { 0 };
	struct symtab t;

	(void)state;
	symtab_parse(&t, &a, str_from(text));
	assert_int_equal(t.n, 5);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value;
		assert_int_equal(symtab_value(&t, rows[i].name, &value), 0);
		assert_int_equal(value, rows[i].value);
		assert_string_equal(symtab_name(&t, rows[i].value), rows[i].name);
	}
}

static void other_lines_are_passed_over(void **state)
{
	static const char *const missing[] = { "word", "two", "negative", "comment", "" };
	auto_arena a = { 0 };
	uint64_t value = 77;
	struct symtab t;

	(void)state;
	symtab_parse(&t, &a, str_from(text));
	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		assert_int_equal(symtab_value(&t, missing[i], &value), -ENOENT);
	assert_int_equal(value, 77);
	assert_null(symtab_name(&t, 12));
}

static void the_first_file_that_exists_counts(void **state)
{
	static const char *const paths[] = { "/nonexistent", "/dev/null", "/etc/services",
		                             NULL };
	static const char *const none[] = { "/nonexistent", NULL };
	auto_arena a = { 0 };
	struct symtab t;

	(void)state;
	symtab_load(&t, &a, paths);
	assert_int_equal(t.n, 0);
	symtab_load(&t, &a, none);
	assert_null(symtab_name(&t, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(rows_are_found_by_name_and_by_number),
		UNIT(other_lines_are_passed_over),
		UNIT(the_first_file_that_exists_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
