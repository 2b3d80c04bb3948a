/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Characters, names and references. */
#include "unit.h"

#include "herald/xml/chars.h"

static void names_end_where_they_must(void **state)
{
	static const struct {
		const char *in;
		size_t n;
	} rows[] = {
		{ "message", 7 },   { "a:b", 1 },       { "1a", 0 },
		{ "-a", 0 },        { "a-1.b_c d", 7 }, { "\xc3\xa4=", 2 },
		{ "\xc3\x97x", 0 }, { "a\xcc\x80", 3 }, { "\xcc\x80", 0 },
		{ "", 0 },          { "a\xff", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(xml_ncname(str_from(rows[i].in)), rows[i].n);
}

/* Bad, plain, or what it means; inside text and inside an attribute. */
static void runs_are_checked_and_cooked(void **state)
{
	static const struct {
		const char *in, *text, *attr; /* NULL: forbidden */
	} rows[] = {
		{ "plain", "plain", "plain" },
		{ "&lt;&gt;&amp;&apos;&quot;", "<>&'\"", "<>&'\"" },
		{ "&#60;&#x3C;&#x1F4A9;", "<<\xf0\x9f\x92\xa9", "<<\xf0\x9f\x92\xa9" },
		{ "a\r\nb\rc\td\n", "a\nb\nc\td\n", "a b c d " },
		{ "&#13;&#10;&#9;", "\r\n\t", "\r\n\t" },
		{ "&#0;", NULL, NULL },
		{ "&#8;", NULL, NULL },
		{ "&#xD800;", NULL, NULL },
		{ "&#xFFFE;", NULL, NULL },
		{ "&#x110000;", NULL, NULL },
		{ "&#99999999999999999999;", NULL, NULL },
		{ "&#;", NULL, NULL },
		{ "&#x;", NULL, NULL },
		{ "&;", NULL, NULL },
		{ "&nbsp;", NULL, NULL },
		{ "&lt", NULL, NULL },
		{ "&LT;", NULL, NULL },
		{ "a<b", NULL, NULL },
		{ "]]>", NULL, "]]>" },
		{ "]] >", "]] >", "]] >" },
		{ "\x01", NULL, NULL },
		{ "\x7f", "\x7f", "\x7f" },
		{ "\xc0\x80", NULL, NULL },
		{ "\xed\xa0\x80", NULL, NULL },
		{ "\xf4\x90\x80\x80", NULL, NULL },
		{ "\xef\xbf\xbe", NULL, NULL },
		{ "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd" },
		{ "\xe2\x82", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		bool in_attr = i % 2;
		struct str in = str_from(rows[i / 2].in);
		const char *want = in_attr ? rows[i / 2].attr : rows[i / 2].text;
		enum xml_run run = xml_run_check(in, in_attr);
		assert_int_equal(run == XML_RUN_BAD, want == NULL);
		if (run == XML_RUN_PLAIN)
			assert_str(in, want);
		else if (run == XML_RUN_COOK)
			assert_str(xml_run_cook(in, in_attr, &a), want);
	}
}

static void cdata_keeps_all_but_line_ends(void **state)
{
	auto_arena a = { 0 };

	(void)state;
	assert_int_equal(xml_cdata_check(STR("<&]]x\t")), XML_RUN_PLAIN);
	assert_int_equal(xml_cdata_check(STR("a\xff")), XML_RUN_BAD);
	assert_int_equal(xml_cdata_check(STR("&\r\n")), XML_RUN_COOK);
	assert_str(xml_cdata_cook(STR("&\r\n\r"), &a), "&\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(names_end_where_they_must),
		UNIT(runs_are_checked_and_cooked),
		UNIT(cdata_keeps_all_but_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
