/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Data forms: what is made, and what is read out of them. */
#include "unit.h"

#include "herald/modules/form.h"
#include "herald/xml/parse.h"

static void a_form_has_fields_with_values(void **state)
{
	auto_arena a = { 0 };
	auto_buf text = { 0 };
	struct xml *query = xml_new(&a, "query", "q"), *form, *field;

	(void)state;
	form = form_add(&a, query, "form");
	form_add_type(&a, form, "t");
	field = form_add_field(&a, form, "list-single", STR("v"));
	form_add_value(&a, field, STR("<1>"));
	form_add_option(&a, field, STR("o"));
	form_add_field(&a, form, NULL, STR("plain"));
	xml_write(&text, form, STR(NS_DATA));
	assert_str(buf_as_str(&text),
	           "<x type='form'><field type='hidden' var='FORM_TYPE'><value>t</value>"
	           "</field><field type='list-single' var='v'><value>&lt;1&gt;</value>"
	           "<option label='o'><value>o</value></option></field>"
	           "<field var='plain'/></x>");
}

static void values_are_read_as_lines(void **state)
{
	static const char in[] =
		"<q><x xmlns='jabber:x:data' type='result'/>"
		"<x xmlns='other' type='submit'/>"
		"<x xmlns='jabber:x:data' type='submit'>"
		"<field var='one'><value>1</value></field>"
		"<field var='two'><value>a</value><value/><value>b</value></field>"
		"<field var='none'/><field var='one'><value>2</value></field></x></q>";
	static const struct xml_limits limits = { 10000, 8, 100, 32 };
	static const struct {
		const char *var, *value;
	} rows[] = { { "one", "1" }, { "two", "a\n\nb" }, { "none", "" }, { "x", "" } };
	auto_arena a = { 0 };
	struct xml *x;

	(void)state;
	assert_int_equal(xml_parse(str_from(in), NULL, &limits, &a, &x), XML_OK);
	assert_null(form_find(x, "form"));
	const struct xml *form = form_find(x, "submit");
	assert_non_null(form);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(form_value(form, str_from(rows[i].var), &a), rows[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_form_has_fields_with_values),
		UNIT(values_are_read_as_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
