/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Lines for a log: levels, and what is in a line. */
#include "unit.h"

#include "base/buf.h"
#include "base/log.h"

static void take_line(void *arg, enum log_level level, struct str line)
{
	(void)level;
	buf_str(arg, line);
	buf_char(arg, '|');
}

static void lines_up_to_the_level_are_written(void **state)
{
	auto_buf out = { 0 };
	struct logger log = { LOG_LEVEL_WARNING, take_line, &out };

	(void)state;
	log_line(&log, LOG_LEVEL_INFO, "a.b", "no");
	log_line(&log, LOG_LEVEL_WARNING, "a.b", "x %d", 1);
	assert_str(buf_as_str(&out), "[warning] a.b: x 1|");
}

static void nothing_in_a_line_is_obeyed(void **state)
{
	auto_buf out = { 0 };
	struct logger log = { LOG_LEVEL_DEBUG, take_line, &out };

	(void)state;
	log_line(&log, LOG_LEVEL_ERROR, "e", "%s",
	         "a\nb\x1b[31m\xff\xc2\x9b\xe2\x80\xa8\xc3\xa4");
	assert_str(buf_as_str(&out), "[error] e: a?b?[31m???\xc3\xa4|");
}

static void levels_have_names_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(log_level_find(STR("info")), LOG_LEVEL_INFO);
	assert_int_equal(log_level_find(STR("4")), LOG_LEVEL_INFO);
	assert_int_equal(log_level_find(STR("5")), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_find(STR("6")), -1);
	assert_int_equal(log_level_find(STR("loud")), -1);
	assert_string_equal(log_level_name(LOG_LEVEL_NOTICE), "notice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(lines_up_to_the_level_are_written),
		UNIT(nothing_in_a_line_is_obeyed),
		UNIT(levels_have_names_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
