/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Growable output. */
#include "unit.h"

#include "base/buf.h"

static void an_empty_buffer_is_the_empty_string(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	assert_str(buf_as_str(&b), "");
	buf_reset(&b);
	buf_put(&b, NULL, 0);
	assert_str(buf_as_str(&b), "");
}

static void pieces_are_put_one_after_the_other(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	buf_str(&b, STR("add "));
	buf_cstr(&b, "rule");
	buf_char(&b, ' ');
	buf_fmt(&b, "%s %u", "handle", 42U);
	buf_repeat(&b, '.', 3);
	assert_str(buf_as_str(&b), "add rule handle 42...");
	assert_int_equal(b.p[b.n], 0);
	buf_reset(&b);
	assert_string_equal(b.p, "");
}

static void growth_keeps_what_is_there(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		buf_fmt(&b, "%05u", i);
	assert_int_equal(b.n, 100000);
	assert_memory_equal(b.p, "0000000001", 10);
	assert_memory_equal(b.p + b.n - 5, "19999", 5);
	buf_fmt(&b, "%70000d", 1); /* longer than all room there is */
	assert_int_equal(b.n, 170000);
	assert_int_equal(b.p[b.n - 1], '1');
}

static void numbers_are_decimal(void **state)
{
	static const struct {
		uint64_t v;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf b = { 0 };
		buf_u64(&b, rows[i].v);
		assert_str(buf_as_str(&b), rows[i].text);
	}
}

static void json_strings_are_escaped(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{ STR_INIT(""), "\"\"" },
		{ STR_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"" },
		{ STR_INIT("\n\t\r\033\0"), "\"\\n\\t\\u000d\\u001b\\u0000\"" },
		{ STR_INIT("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"" },
		{ STR_INIT("\x7f\xc2\x9b\xc2\xa0"), "\"\\u007f\\u009b\xc2\xa0\"" },
		{ STR_INIT("\xff\xc3"), "\"\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf b = { 0 };
		buf_json(&b, rows[i].in);
		assert_str(buf_as_str(&b), rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_empty_buffer_is_the_empty_string),
		UNIT(pieces_are_put_one_after_the_other),
		UNIT(growth_keeps_what_is_there),
		UNIT(numbers_are_decimal),
		UNIT(json_strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
