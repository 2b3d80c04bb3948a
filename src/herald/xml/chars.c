/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Characters and references. Most bytes are ASCII and cost one look at a table. */
#include "herald/xml/chars.h"

#include "base/utf8.h"

/* XML 1.0 fifth edition, production NameStartChar above ASCII. */
static const struct {
	int32_t from, to;
} name_starts[] = {
	{ 0xc0, 0xd6 },     { 0xd8, 0xf6 },     { 0xf8, 0x2ff },    { 0x370, 0x37d },
	{ 0x37f, 0x1fff },  { 0x200c, 0x200d }, { 0x2070, 0x218f }, { 0x2c00, 0x2fef },
	{ 0x3001, 0xd7ff }, { 0xf900, 0xfdcf }, { 0xfdf0, 0xfffd }, { 0x10000, 0xeffff },
};

static bool is_name_start(int32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
	for (size_t i = 0; i < ARRAY_LEN(name_starts); i++) {
		if (c >= name_starts[i].from && c <= name_starts[i].to)
			return true;
	}
	return false;
}

/* NameChar without the colon. */
static bool is_name_char(int32_t c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == 0xb7 || (c >= 0x300 && c <= 0x36f) || (c >= 0x203f && c <= 0x2040);
}

size_t xml_ncname(struct str s)
{
	size_t at = 0;

	while (at < s.n) {
		size_t next = at;
		int32_t c = utf8_next(s, &next);
		if (c < 0 || !(at == 0 ? is_name_start(c) : is_name_char(c)))
			break;
		at = next;
	}
	return at;
}

static const struct {
	struct str name;
	char c;
} entities[] = {
	{ STR_INIT("lt"), '<' },    { STR_INIT("gt"), '>' },   { STR_INIT("amp"), '&' },
	{ STR_INIT("apos"), '\'' }, { STR_INIT("quot"), '"' },
};

/* `#60` or `#x3c`: the character, or -1. */
static int32_t numeric(struct str body)
{
	bool hex = body.n > 1 && body.p[1] == 'x';
	uint64_t v;

	if (str_to_u64(str_sub(body, hex ? 2 : 1, body.n), hex ? 16 : 10, &v) < 0 ||
	    v > 0x10ffff)
		return -1;
	return xml_is_char((int32_t)v) ? (int32_t)v : -1;
}

/* The character that the reference at s.p[*at] (an `&`) stands for; *at moves behind its `;`.
 * -1: none that RFC 6120 allows. */
static int32_t reference(struct str s, size_t *at)
{
	struct str rest = str_sub(s, *at + 1, s.n);
	size_t n = str_find(rest, ';');
	struct str body = str_sub(rest, 0, n);

	if (n == rest.n || n == 0)
		return -1;
	*at += n + 2;
	if (body.p[0] == '#')
		return numeric(body);
	for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
		if (str_eq(body, entities[i].name))
			return entities[i].c;
	}
	return -1;
}

/* The bytes that want a look: control characters, quotes' neighbours, all above ASCII. */
static bool is_special(unsigned char c)
{
	return c < 0x20 || c >= 0x80 || c == '&' || c == '<' || c == ']';
}

enum xml_run xml_run_check(struct str s, bool in_attr)
{
	enum xml_run run = XML_RUN_PLAIN;

	for (size_t i = 0; i < s.n;) {
		if (!is_special((unsigned char)s.p[i])) {
			i++;
		} else if (s.p[i] == '&') {
			if (reference(s, &i) < 0)
				return XML_RUN_BAD;
			run = XML_RUN_COOK;
		} else if (s.p[i] == '<' ||
		           (!in_attr && str_starts(str_sub(s, i, 3), STR("]]>")))) {
			return XML_RUN_BAD;
		} else {
			if (s.p[i] == '\r' || (in_attr && xml_is_space(s.p[i])))
				run = XML_RUN_COOK;
			if (!xml_is_char(utf8_next(s, &i)))
				return XML_RUN_BAD;
		}
	}
	return run;
}

enum xml_run xml_cdata_check(struct str s)
{
	enum xml_run run = XML_RUN_PLAIN;

	for (size_t i = 0; i < s.n;) {
		if (s.p[i] == '\r')
			run = XML_RUN_COOK;
		if (!xml_is_char(utf8_next(s, &i)))
			return XML_RUN_BAD;
	}
	return run;
}

static size_t utf8_put(char *p, int32_t c)
{
	static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(leads[n > 1 ? n : 0] | c);
	return n;
}

/* XML 1.0 section 2.11: CR LF and CR alone are LF. */
static char line_end(struct str s, size_t *at)
{
	*at += s.p[*at] == '\r' && *at + 1 < s.n && s.p[*at + 1] == '\n' ? 2 : 1;
	return '\n';
}

struct str xml_run_cook(struct str s, bool in_attr, struct arena *a)
{
	char *p = arena_alloc(
		a, s.n); /* nothing grows: the shortest reference has 4 bytes */
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		if (s.p[i] == '&') {
			n += utf8_put(p + n, reference(s, &i));
		} else if (s.p[i] == '\r' || s.p[i] == '\n') {
			p[n++] = line_end(s, &i);
			if (in_attr)
				p[n - 1] = ' ';
		} else {
			p[n++] = (char)(in_attr && s.p[i] == '\t' ? ' ' : s.p[i]);
			i++;
		}
	}
	return (struct str){ p, n };
}

struct str xml_cdata_cook(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n);
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		if (s.p[i] == '\r') {
			p[n++] = line_end(s, &i);
		} else {
			p[n++] = s.p[i++];
		}
	}
	return (struct str){ p, n };
}
