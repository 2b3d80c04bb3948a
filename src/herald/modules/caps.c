/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The verification string of XEP-0115, section 5.1. */
#include "base/base64.h"
#include "base/vec.h"
#include "herald/auth/digest.h"
#include "herald/modules/disco.h"
#include "herald/modules/form.h"

struct texts {
	VEC(struct str) list;
};

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Sorted by bytes (i;octet), each with `<` behind it. */
static void put_sorted(struct texts *t, struct buf *out)
{
	if (t->list.n)
		qsort(t->list.p, t->list.n, sizeof(*t->list.p), compare);
	vec_for_each(text, &t->list) {
		buf_str(out, *text);
		buf_char(out, '<');
	}
	vec_fini(&t->list);
}

static void put_identities(const struct xml *query, struct arena *a, struct buf *out)
{
	struct texts t = { 0 };

	xml_for_each(x, query)
	{
		if (str_is(x->name, "identity"))
			vec_push(&t.list,
			         arena_fmt(a, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
			                   STR_ARG(xml_get(x, "category")),
			                   STR_ARG(xml_get(x, "type")),
			                   STR_ARG(xml_lang(x)),
			                   STR_ARG(xml_get(x, "name"))));
	}
	put_sorted(&t, out);
}

static void put_features(const struct xml *query, struct buf *out)
{
	struct texts t = { 0 };

	xml_for_each(x, query)
	{
		if (str_is(x->name, "feature"))
			vec_push(&t.list, xml_get(x, "var"));
	}
	put_sorted(&t, out);
}

/* "var<value<value<", the values sorted. */
static struct str field_text(const struct xml *field, struct arena *a)
{
	struct texts t = { 0 };
	auto_buf out = { 0 };

	buf_str(&out, xml_get(field, "var"));
	buf_char(&out, '<');
	xml_for_each(value, field) vec_push(&t.list, xml_text(value, a));
	put_sorted(&t, &out);
	return arena_str(a, str_sub(buf_as_str(&out), 0, out.n - 1));
}

static void put_form(const struct xml *form, struct arena *a, struct buf *out)
{
	struct texts t = { 0 };

	xml_for_each(field, form)
	{
		if (str_is(xml_get(field, "var"), "FORM_TYPE")) {
			buf_str(out, xml_text(xml_child(field, "value", NULL), a));
			buf_char(out, '<');
		} else if (str_is(field->name, "field")) {
			vec_push(&t.list, field_text(field, a));
		}
	}
	put_sorted(&t, out);
}

void disco_caps_text(const struct xml *query, struct arena *a, struct buf *out)
{
	put_identities(query, a, out);
	put_features(query, out);
	xml_for_each(form, query)
	{
		if (xml_is(form, "x", NS_DATA))
			put_form(form, a, out);
	}
}

struct str disco_caps_hash(const struct xml *query, struct arena *a)
{
	uint8_t hash[DIGEST_MAX];
	auto_buf text = { 0 }, out = { 0 };

	disco_caps_text(query, a, &text);
	digest(DIGEST_SHA1, buf_as_str(&text), hash);
	base64_encode(&out, (struct str){ (char *)hash, digest_size(DIGEST_SHA1) });
	return arena_str(a, buf_as_str(&out));
}
