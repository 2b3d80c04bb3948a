/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Trees as text: what a reader would change is escaped, and roots go out as they came. */
#include "unit.h"

#include "herald/xml/parse.h"

static void what_a_reader_would_change_is_escaped(void **state)
{
	auto_buf out = { 0 };

	(void)state;
	xml_escape(&out, STR("a<b>&'\"\r\n\t\xc3\xa4"));
	assert_str(buf_as_str(&out), "a&lt;b&gt;&amp;&apos;&quot;&#13;&#10;&#9;\xc3\xa4");
}

static void namespaces_are_declared_where_they_change(void **state)
{
	auto_arena a = { 0 };
	auto_buf out = { 0 };
	struct xml *iq = xml_new(&a, "iq", "jabber:client");
	struct xml *query = xml_add(&a, iq, "query", "jabber:iq:roster");

	(void)state;
	xml_set(&a, iq, "id", STR("a'b"));
	xml_add(&a, query, "item", NULL);
	xml_add_text(&a, query, "group", NULL, STR("<x>"));
	xml_write(&out, iq, STR("jabber:client"));
	assert_str(buf_as_str(&out),
	           "<iq id='a&apos;b'><query xmlns='jabber:iq:roster'><item/>"
	           "<group>&lt;x&gt;</group></query></iq>");
}

static void a_root_goes_out_with_the_bytes_it_had(void **state)
{
	static const struct xml_limits limits = { 1000, 5, 20, 4 };
	auto_arena a = { 0 };
	auto_buf out = { 0 };
	struct xml *x;

	(void)state;
	assert_int_equal(xml_parse(STR("<m xmlns='c' to=\"x\"><b  k=\"v\">&#65;</b></m>"),
	                           NULL, &limits, &a, &x),
	                 XML_OK);
	xml_set(&a, x, "from", STR("y"));
	xml_write(&out, x, STR("c"));
	assert_str(buf_as_str(&out), "<m to='x' from='y'><b  k=\"v\">&#65;</b></m>");
	buf_reset(&out);
	xml_add(&a, x, "z", NULL);
	xml_write(&out, x, STR("c"));
	assert_str(buf_as_str(&out), "<m to='x' from='y'><b k='v'>A</b><z/></m>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_a_reader_would_change_is_escaped),
		UNIT(namespaces_are_declared_where_they_change),
		UNIT(a_root_goes_out_with_the_bytes_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
