/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Data forms. */
#include "herald/modules/form.h"

struct xml *form_add(struct arena *a, struct xml *parent, const char *type)
{
	struct xml *form = xml_add(a, parent, "x", NS_DATA);

	xml_set(a, form, "type", str_from(type));
	return form;
}

struct xml *form_add_field(struct arena *a, struct xml *form, const char *type,
                           struct str var)
{
	struct xml *field = xml_add(a, form, "field", NULL);

	if (type)
		xml_set(a, field, "type", str_from(type));
	xml_set(a, field, "var", var);
	return field;
}

void form_add_value(struct arena *a, struct xml *field, struct str value)
{
	xml_add_text(a, field, "value", NULL, value);
}

void form_add_option(struct arena *a, struct xml *field, struct str value)
{
	struct xml *option = xml_add(a, field, "option", NULL);

	xml_set(a, option, "label", value);
	form_add_value(a, option, value);
}

void form_add_type(struct arena *a, struct xml *form, const char *form_type)
{
	form_add_value(a, form_add_field(a, form, "hidden", STR("FORM_TYPE")),
	               str_from(form_type));
}

struct xml *form_find(const struct xml *parent, const char *type)
{
	xml_for_each(x, parent)
	{
		if (xml_is(x, "x", NS_DATA) && str_is(xml_get(x, "type"), type))
			return x;
	}
	return NULL;
}

static const struct xml *find_field(const struct xml *form, struct str var)
{
	xml_for_each(field, form)
	{
		if (xml_is(field, "field", NS_DATA) && str_eq(xml_get(field, "var"), var))
			return field;
	}
	return NULL;
}

struct str form_value(const struct xml *form, struct str var, struct arena *a)
{
	const struct xml *field = find_field(form, var);
	auto_buf text = { 0 };

	if (!field)
		return STR("");
	xml_for_each(value, field)
	{
		if (!xml_is(value, "value", NS_DATA))
			continue;
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, xml_text(value, a));
	}
	return arena_str(a, buf_as_str(&text));
}
