/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* UTF-8: what RFC 3629 allows and nothing else. */
#include "unit.h"

#include "base/utf8.h"

static const struct {
	struct str text;
	int32_t first; /* code point, -1: malformed */
	bool valid;
	size_t columns;
} rows[] = {
	{ STR_INIT("a"), 'a', true, 1 },
	{ STR_INIT("\0"), 0, true, 1 },
	{ STR_INIT("\xc3\xa9t\xc3\xa9"), 0xe9, true, 3 },
	{ STR_INIT("\xe2\x82\xac"), 0x20ac, true, 1 },
	{ STR_INIT("\xf0\x9f\x94\x92!"), 0x1f512, true, 2 },
	{ STR_INIT("\xf4\x8f\xbf\xbf"), 0x10ffff, true, 1 },
	{ STR_INIT("\xf4\x90\x80\x80"), -1, false, 4 }, /* over the end */
	{ STR_INIT("\xc0\x80"), -1, false, 2 },         /* overlong NUL */
	{ STR_INIT("\xe0\x80\xaf"), -1, false, 3 },     /* overlong slash */
	{ STR_INIT("\xed\xa0\x80"), -1, false, 3 },     /* surrogate */
	{ STR_INIT("\xe2\x82"), -1, false, 2 },         /* cut */
	{ STR_INIT("\xc3("), -1, false, 2 },
	{ STR_INIT("\x80"), -1, false, 1 },
	{ STR_INIT("\xff"), -1, false, 1 },
};

static void each_row_decodes_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t at = 0;
		assert_int_equal(utf8_next(rows[i].text, &at), rows[i].first);
		assert_true(rows[i].first >= 0 || at == 1);
		assert_int_equal(utf8_valid(rows[i].text), rows[i].valid);
		assert_int_equal(utf8_columns(rows[i].text), rows[i].columns);
	}
	assert_true(utf8_valid(STR("")));
}

/* Every code point, encoded by the rule of RFC 3629 section 3, comes back. */
static void every_code_point_comes_back(void **state)
{
	(void)state;
	for (int32_t c = 0; c <= 0x10ffff; c++) {
		char p[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, at = 0;
		static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
		for (size_t i = n - 1; i > 0; i--)
			p[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		p[0] = (char)(lead[n] | c >> 6 * (n - 1));
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		assert_int_equal(utf8_next((struct str){ p, n }, &at),
		                 surrogate ? -1 : c);
		assert_int_equal(at, surrogate ? 1 : n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_row_decodes_as_it_says),
		UNIT(every_code_point_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
