/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Trees of XML as text. */
#include "herald/xml/xml.h"

/* The reference a byte is written as, or NULL when it stands for itself. */
static const char *reference(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;"; /* so that no text holds `]]>` */
	case '&':
		return "&amp;";
	case '\'':
		return "&apos;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;"; /* a reader makes LF of CR, and blanks of all three in attributes */
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	default:
		return NULL;
	}
}

void xml_escape(struct buf *out, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *ref = reference(s.p[i]);
		if (!ref)
			continue;
		buf_put(out, s.p + from, i - from);
		buf_cstr(out, ref);
		from = i + 1;
	}
	if (s.n > from)
		buf_put(out, s.p + from, s.n - from);
}

static void write_value(struct buf *out, struct str value)
{
	buf_cstr(out, "='");
	xml_escape(out, value);
	buf_char(out, '\'');
}

/* xml: is always bound; any other prefix is declared where it is used. */
static void write_attr(struct buf *out, const struct xml_attr *attr, size_t number)
{
	buf_char(out, ' ');
	if (str_is(attr->ns, XML_NS)) {
		buf_cstr(out, "xml:");
	} else if (attr->ns.n) {
		buf_fmt(out, "xmlns:a%zu", number);
		write_value(out, attr->ns);
		buf_fmt(out, " a%zu:", number);
	}
	buf_str(out, attr->name);
	write_value(out, attr->value);
}

/* No declaration can name the namespace of xml: its prefix is the only way to write it. */
static bool is_xml_ns(const struct xml *x)
{
	return str_is(x->ns, XML_NS);
}

static void write_start(struct buf *out, const struct xml *x, struct str ns)
{
	buf_cstr(out, is_xml_ns(x) ? "<xml:" : "<");
	buf_str(out, x->name);
	if (!str_eq(x->ns, ns) && !is_xml_ns(x)) {
		buf_cstr(out, " xmlns");
		write_value(out, x->ns);
	}
	for (size_t i = 0; i < x->n_attrs; i++)
		write_attr(out, &x->attrs[i], i);
}

static void write_end(struct buf *out, const struct xml *x)
{
	buf_cstr(out, is_xml_ns(x) ? "</xml:" : "</");
	buf_str(out, x->name);
	buf_char(out, '>');
}

void xml_write(struct buf *out, const struct xml *x, struct str ns)
{
	bool as_it_came = x->inner_stands && !x->parent;

	if (xml_is_text(x)) {
		xml_escape(out, x->text);
		return;
	}
	write_start(out, x, ns);
	if (as_it_came ? x->inner.n == 0 : !x->first) {
		buf_cstr(out, "/>");
		return;
	}
	buf_char(out, '>');
	if (as_it_came)
		buf_str(out, x->inner);
	for (const struct xml *c = as_it_came ? NULL : x->first; c; c = c->next)
		xml_write(out, c, is_xml_ns(x) ? ns : x->ns);
	write_end(out, x);
}
