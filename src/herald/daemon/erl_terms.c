/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A recursive descent over the text. */
#include "herald/daemon/erl_terms.h"

#include <errno.h>

#include "base/buf.h"

struct reader {
	struct str text;
	uint32_t file;
	size_t at;
	struct diags *ds;
	struct arena *a;
	bool failed;
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '@';
}

/* The byte at `at + ahead`, NUL at the end. */
static char peek(const struct reader *r, size_t ahead)
{
	if (r->at + ahead >= r->text.n)
		return '\0';
	return r->text.p[r->at + ahead];
}

static struct term *fail(struct reader *r, size_t from, const char *what)
{
	struct span span = { r->file, (uint32_t)from, from < r->text.n ? 1 : 0 };

	if (!r->failed)
		diag_error(r->ds, "H0010", span, "%s", what);
	r->failed = true;
	return NULL;
}

/* Blanks and comments. */
static void skip(struct reader *r)
{
	for (;;) {
		char c = peek(r, 0);
		if (r->at < r->text.n && (unsigned char)c <= ' ')
			r->at++;
		else if (c == '%')
			r->at += str_find(str_sub(r->text, r->at, r->text.n), '\n');
		else
			return;
	}
}

static struct term *term_new(struct reader *r, enum term_kind kind, size_t from)
{
	struct term *t = arena_new(r->a, struct term);

	t->kind = kind;
	t->span = (struct span){ r->file, (uint32_t)from, (uint32_t)(r->at - from) };
	return t;
}

/* The character behind a backslash. */
static char unescape(char c)
{
	static const char from[] = "nrtbfves0d", to[] = "\n\r\t\b\f\v\033 \0\177";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		c = to[at - from];
	return c;
}

/* What is between two quotes; the text is put into `out`. */
static bool read_quoted(struct reader *r, char quote, struct buf *out)
{
	size_t from = r->at++;

	while (r->at < r->text.n && peek(r, 0) != quote) {
		if (peek(r, 0) == '\\' && r->at + 1 < r->text.n)
			buf_char(out, unescape(r->text.p[++r->at]));
		else
			buf_char(out, peek(r, 0));
		r->at++;
	}
	if (r->at >= r->text.n) {
		fail(r, from, "this quote is never closed");
		return false;
	}
	r->at++;
	return true;
}

/* Strings that follow one another are one. */
static struct term *read_string(struct reader *r, size_t from)
{
	auto_buf text = { 0 };
	size_t end = r->at;

	while (peek(r, 0) == '"') {
		if (!read_quoted(r, '"', &text))
			return NULL;
		end = r->at;
		skip(r);
	}
	r->at = end;
	struct term *t = term_new(r, TERM_STRING, from);
	t->text = arena_str(r->a, buf_as_str(&text));
	return t;
}

static struct term *read_binary(struct reader *r)
{
	size_t from = r->at;

	r->at += 2;
	skip(r);
	if (peek(r, 0) != '"')
		return fail(r, r->at, "only texts are expected in a binary");
	struct term *t = read_string(r, r->at);
	skip(r);
	if (!t || peek(r, 0) != '>' || peek(r, 1) != '>')
		return fail(r, r->at, "`>>` is missing");
	r->at += 2;
	t->span.off = (uint32_t)from;
	t->span.len = (uint32_t)(r->at - from);
	return t;
}

static struct term *read_atom(struct reader *r)
{
	size_t from = r->at;
	auto_buf text = { 0 };

	if (peek(r, 0) == '\'') {
		if (!read_quoted(r, '\'', &text))
			return NULL;
	} else {
		while (is_word(peek(r, 0)))
			buf_char(&text, r->text.p[r->at++]);
	}
	struct term *t = term_new(r, TERM_ATOM, from);
	t->text = arena_str(r->a, buf_as_str(&text));
	return t;
}

static struct term *read_number(struct reader *r)
{
	size_t from = r->at;

	r->at++;
	while (is_digit(peek(r, 0)) || (peek(r, 0) == '.' && is_digit(peek(r, 1))))
		r->at++;
	struct term *t = term_new(r, TERM_NUMBER, from);
	t->text = str_sub(r->text, from, r->at - from);
	return t;
}

static struct term *read_term(struct reader *r, size_t depth);

/* `{a, b}` and `[a, b]`. */
static struct term *read_group(struct reader *r, enum term_kind kind, char close,
                               size_t depth)
{
	struct term *t = term_new(r, kind, r->at), **last = &t->first;
	size_t from = r->at++;

	skip(r);
	while (peek(r, 0) != close) {
		if (t->n && peek(r, 0) != ',')
			return fail(r, r->at < r->text.n ? r->at : from,
			            r->at < r->text.n ? "a comma is missing here"
			                              : "this is never closed");
		r->at += t->n ? 1 : 0;
		*last = read_term(r, depth + 1);
		if (!*last)
			return NULL;
		last = &(*last)->next;
		t->n++;
		skip(r);
	}
	r->at++;
	t->span.len = (uint32_t)(r->at - from);
	return t;
}

static struct term *read_term(struct reader *r, size_t depth)
{
	skip(r);
	char c = peek(r, 0);

	if (depth > TERM_DEPTH)
		return fail(r, r->at, "this is nested too deep");
	if (c == '{')
		return read_group(r, TERM_TUPLE, '}', depth);
	if (c == '[')
		return read_group(r, TERM_LIST, ']', depth);
	if (c == '"')
		return read_string(r, r->at);
	if (c == '<' && peek(r, 1) == '<')
		return read_binary(r);
	if (c == '\'' || is_lower(c))
		return read_atom(r);
	if (is_digit(c) || (c == '-' && is_digit(peek(r, 1))))
		return read_number(r);
	return fail(r, r->at, "this is not an Erlang term");
}

int erl_terms_read(const struct sources *sources, uint32_t file, struct diags *ds,
                   struct arena *a, struct term **out)
{
	struct reader r = {
		.text = sources_get(sources, file)->text, .file = file, .ds = ds, .a = a
	};
	struct term *first = NULL, **last = &first;

	for (skip(&r); r.at < r.text.n; skip(&r)) {
		*last = read_term(&r, 1);
		if (!*last)
			return -EINVAL;
		last = &(*last)->next;
		skip(&r);
		if (peek(&r, 0) != '.') {
			fail(&r, r.at, "a term ends with `.`");
			return -EINVAL;
		}
		r.at++;
	}
	*out = first;
	return 0;
}
