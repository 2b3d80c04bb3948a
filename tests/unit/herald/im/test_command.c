/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the rows of commands say. */
#include "unit.h"

#include "herald/im/command.h"

static const struct command table[] = {
	{ "register", "user host password", "", "", NULL },
	{ "restore", "[--dry-run] file", "", "", NULL },
	{ "add", "localuser localhost user host", "", "", NULL },
	{ "status", "", "", "", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static void a_row_says_how_many_arguments_it_takes_and_for_which_host(void **state)
{
	static const struct {
		const char *name;
		size_t least, most;
		int host;
	} rows[] = {
		{ "register", 3, 3, 1 },
		{ "restore", 1, 2, -1 },
		{ "add", 4, 4, 1 },
		{ "status", 0, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct command *c = command_find(table, str_from(rows[i].name));
		assert_non_null(c);
		assert_int_equal(command_least_args(c), rows[i].least);
		assert_int_equal(command_most_args(c), rows[i].most);
		assert_int_equal(command_host_arg(c), rows[i].host);
	}
	assert_null(command_find(table, STR("regist")));
	assert_null(command_find(NULL, STR("register")));
}

static void arguments_are_words_with_marks(void **state)
{
	struct str args = STR("[--dry-run]  file [x]");
	struct command_arg arg;

	(void)state;
	assert_true(command_next_arg(&args, &arg));
	assert_str(arg.name, "--dry-run");
	assert_true(arg.optional && arg.is_flag);
	assert_true(command_next_arg(&args, &arg));
	assert_str(arg.name, "file");
	assert_false(arg.optional || arg.is_flag);
	assert_true(command_next_arg(&args, &arg));
	assert_str(arg.name, "x");
	assert_true(arg.optional && !arg.is_flag);
	assert_false(command_next_arg(&args, &arg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_row_says_how_many_arguments_it_takes_and_for_which_host),
		UNIT(arguments_are_words_with_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
