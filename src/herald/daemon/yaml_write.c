/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A tree as YAML text. */
#include "herald/daemon/yaml_tree.h"

#include "base/utf8.h"

struct writer {
	struct buf *out;
	bool comment; /* inside an entry that cannot be taken */
};

static void write_value(struct writer *w, const struct yaml *y, size_t depth);

/* What another reader would take for something else than the text itself. */
static bool is_plain(const struct yaml *y)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no",
		                             "on",   "off",  "y",     "n",   "~" };
	bool digits = y->text.n > 0;

	if (y->text.n == 0)
		return false;
	for (size_t i = 0; i < y->text.n; i++) {
		char c = y->text.p[i];
		bool digit = c >= '0' && c <= '9';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		              c == '_' || c == '/';
		if (!letter && !digit && (i == 0 || (c != '-' && c != '.')))
			return false;
		digits = digits && (digit || c == '.');
	}
	for (size_t i = 0; y->quoted && i < ARRAY_LEN(words); i++) {
		if (str_is(y->text, words[i]))
			return false;
	}
	return !(y->quoted && digits);
}

static void write_scalar(struct writer *w, const struct yaml *y)
{
	if (is_plain(y) || (!y->quoted && y->text.n == 0))
		buf_str(w->out, y->text);
	else
		buf_json(w->out, y->text); /* YAML's double quotes take JSON's */
}

/* Begins a line. */
static void indent(struct writer *w, size_t depth)
{
	if (w->comment)
		buf_cstr(w->out, "# ");
	buf_repeat(w->out, ' ', 2 * depth);
}

/* The problem of an entry, and whether its lines become comments by it. */
static bool begin_problem(struct writer *w, const struct yaml *y)
{
	if (w->comment || !y->problem.n)
		return false;
	buf_fmt(w->out, "# herald: " STR_FMT "\n", STR_ARG(y->problem));
	w->comment = true;
	return true;
}

static void write_entry(struct writer *w, const struct yaml *e, size_t depth)
{
	bool began = begin_problem(w, e);

	indent(w, depth);
	if (e->key) {
		write_scalar(w, e->key);
		buf_char(w->out, ':');
	} else {
		buf_char(w->out, '-');
	}
	write_value(w, e, depth + 1);
	if (began)
		w->comment = false;
}

/* Whether anything of it would not be a comment. */
static bool has_entries(const struct yaml *y)
{
	for (const struct yaml *e = y->first; e; e = e->next) {
		if (!e->problem.n)
			return true;
	}
	return false;
}

/* The rest of a line that an entry began, and the lines that belong to it. */
static void write_value(struct writer *w, const struct yaml *y, size_t depth)
{
	if (y->kind == YAML_SCALAR) {
		if (y->text.n || y->quoted)
			buf_char(w->out, ' ');
		write_scalar(w, y);
		buf_char(w->out, '\n');
		return;
	}
	if (!w->comment && !has_entries(y))
		buf_cstr(w->out, y->kind == YAML_MAP ? " {}\n" : " []\n");
	else
		buf_cstr(w->out, y->first              ? "\n"
		                 : y->kind == YAML_MAP ? " {}\n"
		                                       : " []\n");
	for (const struct yaml *e = y->first; e; e = e->next)
		write_entry(w, e, depth);
}

void yaml_write(struct buf *out, const struct yaml *y)
{
	struct writer w = { out, false };

	for (const struct yaml *e = y->first; e; e = e->next)
		write_entry(&w, e, 0);
	if (y->kind == YAML_SCALAR)
		write_scalar(&w, y);
}
