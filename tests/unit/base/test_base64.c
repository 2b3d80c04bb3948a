/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Base 64 both ways: RFC 4648 section 10's vectors, and what is no base 64. */
#include "unit.h"

#include <errno.h>

#include "base/base64.h"

static void both_ways_agree(void **state)
{
	static const struct {
		struct str bytes;
		const char *text;
	} rows[] = {
		{ STR_INIT(""), "" },
		{ STR_INIT("f"), "Zg==" },
		{ STR_INIT("fo"), "Zm8=" },
		{ STR_INIT("foo"), "Zm9v" },
		{ STR_INIT("foob"), "Zm9vYg==" },
		{ STR_INIT("fooba"), "Zm9vYmE=" },
		{ STR_INIT("foobar"), "Zm9vYmFy" },
		{ STR_INIT("\0\xff\xfe"), "AP/+" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		auto_buf out = { 0 };
		struct str back;
		base64_encode(&out, rows[i].bytes);
		assert_str(buf_as_str(&out), rows[i].text);
		assert_int_equal(base64_decode(str_from(rows[i].text), &a, &back), 0);
		assert_true(str_eq(back, rows[i].bytes));
		assert_non_null(back.p);
	}
}

static void what_is_no_base64_is_refused(void **state)
{
	static const char *const rows[] = { "Zg",   "Zg=",   "Zg==\n",   "Zh==",
		                            "Zm9=", "Z===",  "====",     "=",
		                            "Zm-v", "Zm 9v", "Zg==Zg==", "Zm9v=" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct str back;
		assert_int_equal(base64_decode(str_from(rows[i]), &a, &back), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(both_ways_agree),
		UNIT(what_is_no_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
