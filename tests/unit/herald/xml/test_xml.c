/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Trees: looking into them and changing them. */
#include "unit.h"

#include "herald/xml/parse.h"

static const struct xml_limits limits = { 1000, 5, 20, 4 };

static struct xml *parsed(struct arena *a, const char *text)
{
	struct xml *x;

	assert_int_equal(xml_parse(str_from(text), NULL, &limits, a, &x), XML_OK);
	return x;
}

static void children_are_found_by_name_and_namespace(void **state)
{
	auto_arena a = { 0 };
	struct xml *x = parsed(&a, "<a xmlns='u'>t<b/><c xmlns='v' k='1' xml:lang='de'/>"
	                           "<d>1<![CDATA[2]]>3<e/>4</d></a>");
	size_t n = 0;

	(void)state;
	assert_str(xml_first(x)->name, "b");
	assert_null(xml_child(x, "c", "u"));
	struct xml *c = xml_child(x, "c", NULL);
	assert_ptr_equal(c, xml_child(x, NULL, "v"));
	assert_str(xml_get(c, "k"), "1");
	assert_str(xml_lang(c), "de");
	assert_false(xml_has(c, "lang"));
	assert_null(xml_get(c, "none").p);
	assert_str(xml_text(xml_child(x, "d", "u"), &a), "1234");
	assert_str(xml_text(NULL, &a), "");
	assert_str(xml_text(c, &a), "");
	xml_for_each(child, x) n++;
	assert_int_equal(n, 3);
}

static void nodes_come_and_go(void **state)
{
	auto_arena a = { 0 };
	auto_buf out = { 0 };
	struct xml *x = parsed(&a, "<a xmlns='u' k='1' l='2'><b/><c/><d/></a>");

	(void)state;
	xml_remove(xml_child(x, "d", NULL));
	xml_remove(xml_first(x));
	xml_add(&a, x, "e", NULL);
	xml_set(&a, x, "k", (struct str){ NULL, 0 });
	xml_set(&a, x, "l", STR("3"));
	xml_set(&a, x, "m", STR(""));
	xml_write(&out, x, STR("u"));
	assert_str(buf_as_str(&out), "<a l='3' m=''><c/><e/></a>");
}

static void a_copy_outlives_the_original(void **state)
{
	auto_arena b = { 0 };
	auto_buf out = { 0 };
	struct xml *copy;

	(void)state;
	{
		auto_arena a = { 0 };
		auto_free char *text = strdup("<a xmlns='u' k='1'>t<b>&amp;</b></a>");
		copy = xml_copy(&b, parsed(&a, text));
		memset(text, 'x', strlen(text));
	}
	xml_write(&out, copy, STR("u"));
	assert_str(buf_as_str(&out), "<a k='1'>t<b>&amp;</b></a>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(children_are_found_by_name_and_namespace),
		UNIT(nodes_come_and_go),
		UNIT(a_copy_outlives_the_original),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
