/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Findings for people. A snippet is one source line behind a gutter with its number, and under
 * it a row of marks: `^` for the place itself, `-` for related places in the same line. Other
 * lines' related places get snippets of their own. Lines wider than WIDTH_MAX columns are
 * shown as a window around the first mark.
 */
#include "base/diag.h"
#include "base/utf8.h"

enum { WIDTH_MAX = 200, WINDOW_BEFORE = 60, WINDOW = 160, TAB = 8 }; /* columns */

enum tint {
	TINT_ERROR,
	TINT_WARNING,
	TINT_NOTE,
	TINT_GUTTER,
	TINT_BOLD,
};

/* Select Graphic Rendition, ECMA-48 section 8.3.117. */
static const char *const tints[] = {
	[TINT_ERROR] = "\033[1;31m", [TINT_WARNING] = "\033[1;33m",
	[TINT_NOTE] = "\033[1;36m",  [TINT_GUTTER] = "\033[34m",
	[TINT_BOLD] = "\033[1m",
};

/* Where and how it is printed. */
struct printer {
	const struct sources *sources;
	struct buf *out;
	bool colour;
	int gutter; /* digits of the largest line number shown */
};

/* One line of a source and what is marked in it: columns from 0. */
struct line {
	struct str text;
	uint32_t number;
	size_t off; /* of the text in the source, bytes */
};

struct mark {
	size_t from, to; /* columns */
	char c;
};

static void tint(const struct printer *p, enum tint t)
{
	if (p->colour)
		buf_cstr(p->out, tints[t]);
}

static void tint_off(const struct printer *p)
{
	if (p->colour)
		buf_cstr(p->out, "\033[0m");
}

/* Whether a terminal would obey it, or it is no character, or it turns the direction of what
 * follows, so that a line reads otherwise than it is (Unicode Standard Annex 9, section 2). */
static bool is_unprintable(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Text that may quote the input; a line break stays one. */
static void put_safe(const struct printer *p, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		int32_t c = utf8_next(s, &i);
		if (is_unprintable(c) && c != '\n')
			buf_char(p->out, '?');
		else
			buf_put(p->out, s.p + from, i - from);
	}
}

static struct line line_at(const struct source *s, uint32_t off)
{
	size_t at = off < s->text.n ? off : s->text.n;
	const char *before = at ? memrchr(s->text.p, '\n', at) : NULL;
	size_t from = before ? (size_t)(before - s->text.p) + 1 : 0;
	struct str text = str_sub(s->text, from, s->text.n);

	text.n = str_find(text, '\n');
	if (text.n && text.p[text.n - 1] == '\r')
		text.n--;
	return (struct line){ text, source_place(s, off).line, from };
}

/* The column after a character that stands at `column`. */
static size_t next_column(size_t column, int32_t c)
{
	return c == '\t' ? (column / TAB + 1) * TAB : column + 1;
}

/* The column of byte `off` of a line; past its end, the column after the last. */
static size_t column_of(struct str line, size_t off)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n && i < off;) {
		int32_t c = utf8_next(line, &i);
		column = next_column(column, c);
	}
	return column;
}

static struct mark mark_of(const struct line *line, struct span span, char c)
{
	size_t off = span.off > line->off ? span.off - line->off : 0;
	size_t from = column_of(line->text, off);
	size_t to = column_of(line->text, off + span.len);

	return (struct mark){ from, to > from ? to : from + 1, c };
}

static void put_gutter(const struct printer *p, uint32_t number)
{
	tint(p, TINT_GUTTER);
	if (number)
		buf_fmt(p->out, "%*u |", p->gutter, number);
	else
		buf_fmt(p->out, "%*s |", p->gutter, "");
	tint_off(p);
}

/* The columns from `from` up to `to` of a line, tabs as blanks. */
static void put_columns(const struct printer *p, struct str line, size_t from, size_t to)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n && column < to;) {
		size_t start = i;
		int32_t c = utf8_next(line, &i);
		size_t next = next_column(column, c);
		if (c == '\t')
			for (size_t k = column; k < next; k++)
				buf_repeat(p->out, ' ', k >= from && k < to);
		else if (column >= from)
			put_safe(p, is_unprintable(c) ? STR("?")
			                              : str_sub(line, start, i - start));
		column = next;
	}
}

/* The row of marks; the first mark wins where two overlap. */
static void put_marks(const struct printer *p, const struct mark *marks, size_t n,
                      size_t from, size_t to, enum tint t)
{
	size_t last = 0;

	for (size_t i = 0; i < n; i++)
		last = marks[i].to > last ? marks[i].to : last;
	tint(p, t);
	for (size_t column = from; column < last && column < to; column++) {
		char c = ' ';
		for (size_t i = n; i > 0; i--) {
			if (column >= marks[i - 1].from && column < marks[i - 1].to)
				c = marks[i - 1].c;
		}
		buf_char(p->out, c);
	}
	tint_off(p);
	buf_char(p->out, '\n');
}

/* A line and its marks; marks[0] is what a window is laid around. */
static void put_snippet(const struct printer *p, const struct line *line,
                        const struct mark *marks, size_t n, enum tint t)
{
	size_t width = column_of(line->text, line->text.n), from = 0, to = width + 1;
	bool cut = width > WIDTH_MAX;

	if (cut) {
		from = marks[0].from > WINDOW_BEFORE ? marks[0].from - WINDOW_BEFORE : 0;
		to = from + WINDOW;
	}
	put_gutter(p, line->number);
	if (width)
		buf_char(p->out, ' ');
	buf_cstr(p->out, from ? "..." : "");
	put_columns(p, line->text, from, to);
	buf_cstr(p->out, cut && to < width ? "...\n" : "\n");
	put_gutter(p, 0);
	buf_cstr(p->out, from ? "    " : " ");
	put_marks(p, marks, n, from, to, t);
}

/* `name:line:column` */
static void put_place(const struct printer *p, const struct source *s, uint32_t off)
{
	struct place place = source_place(s, off);

	put_safe(p, s->name);
	buf_fmt(p->out, ":%u:%u", place.line, place.column);
}

static bool is_same_line(const struct diag *d, struct span span, const struct line *line)
{
	return span.file == d->span.file && span.off >= line->off &&
	       span.off <= line->off + line->text.n;
}

/* The place itself, with the related places of its line. */
static void put_main(const struct printer *p, const struct diag *d, enum tint t)
{
	const struct source *s = sources_get(p->sources, d->span.file);
	struct mark marks[8];
	size_t n = 0;

	if (!s)
		return;
	tint(p, TINT_GUTTER);
	buf_fmt(p->out, "%*s--> ", p->gutter, "");
	tint_off(p);
	put_place(p, s, d->span.off);
	buf_char(p->out, '\n');
	put_gutter(p, 0);
	buf_char(p->out, '\n');
	struct line line = line_at(s, d->span.off);
	marks[n++] = mark_of(&line, d->span, '^');
	vec_for_each(note, &d->notes) {
		if (note->kind == DIAG_NOTE_RELATED &&
		    is_same_line(d, note->span, &line) && n < ARRAY_LEN(marks))
			marks[n++] = mark_of(&line, note->span, '-');
	}
	put_snippet(p, &line, marks, n, t);
}

/* `   = note: text`; further lines of the text stand under its first. */
static void put_note(const struct printer *p, const char *word, struct str text)
{
	size_t n = str_find(text, '\n');

	tint(p, TINT_GUTTER);
	buf_fmt(p->out, "%*s = ", p->gutter, "");
	tint_off(p);
	tint(p, TINT_BOLD);
	buf_fmt(p->out, "%s: ", word);
	tint_off(p);
	put_safe(p, str_sub(text, 0, n));
	buf_char(p->out, '\n');
	while (n < text.n) {
		text = str_sub(text, n + 1, text.n);
		n = str_find(text, '\n');
		buf_repeat(p->out, ' ',
		           (size_t)p->gutter + strlen(" = : ") + strlen(word));
		put_safe(p, str_sub(text, 0, n));
		buf_char(p->out, '\n');
	}
}

static void put_related(const struct printer *p, const struct diag *d,
                        const struct diag_note *note)
{
	const struct source *s = sources_get(p->sources, note->span.file);
	const struct source *own = sources_get(p->sources, d->span.file);
	struct line line;

	if (own)
		line = line_at(own, d->span.off);
	if (!s || (own && is_same_line(d, note->span, &line))) {
		if (note->text.n)
			put_note(p, "note", note->text);
		return;
	}
	line = line_at(s, note->span.off);
	tint(p, TINT_GUTTER);
	buf_fmt(p->out, "%*s = ", p->gutter, "");
	tint_off(p);
	put_place(p, s, note->span.off);
	buf_cstr(p->out, note->text.n ? ": " : "");
	put_safe(p, note->text);
	buf_char(p->out, '\n');
	struct mark mark = mark_of(&line, note->span, '-');
	put_snippet(p, &line, &mark, 1, TINT_NOTE);
}

static int digits(uint32_t n)
{
	int count = 1;

	for (; n >= 10; n /= 10)
		count++;
	return count;
}

/* Digits of the largest line number that `d` shows. */
static int gutter_width(const struct diag *d, const struct sources *sources)
{
	const struct source *s = sources_get(sources, d->span.file);
	uint32_t most = s ? source_place(s, d->span.off).line : 1;

	vec_for_each(note, &d->notes) {
		s = sources_get(sources, note->span.file);
		uint32_t line = s ? source_place(s, note->span.off).line : 1;
		most = line > most ? line : most;
	}
	return digits(most);
}

void diag_print(const struct diag *d, const struct sources *sources, struct buf *out,
                bool colour)
{
	enum tint t = d->level == DIAG_ERROR     ? TINT_ERROR
	              : d->level == DIAG_WARNING ? TINT_WARNING
	                                         : TINT_NOTE;
	struct printer p = { sources, out, colour, gutter_width(d, sources) };

	tint(&p, t);
	buf_cstr(out, diag_level_name(d->level));
	if (d->code[0])
		buf_fmt(out, "[%s]", d->code);
	tint_off(&p);
	tint(&p, TINT_BOLD);
	buf_cstr(out, ": ");
	put_safe(&p, d->message);
	tint_off(&p);
	buf_char(out, '\n');
	put_main(&p, d, t);
	vec_for_each(note, &d->notes) {
		switch (note->kind) {
		case DIAG_NOTE_WHY:
			put_note(&p, "note", note->text);
			break;
		case DIAG_NOTE_HELP:
			put_note(&p, "help", note->text);
			break;
		case DIAG_NOTE_RELATED:
			put_related(&p, d, note);
			break;
		}
	}
}

static void put_more(struct buf *out, size_t total, const char *word)
{
	if (total > DIAGS_PRINT)
		buf_fmt(out, "and %zu more %s%s\n", total - DIAGS_PRINT, word,
		        total - DIAGS_PRINT == 1 ? "" : "s");
}

void diags_print(const struct diags *ds, const struct sources *sources, struct buf *out,
                 bool colour)
{
	auto_arena a = { 0 };
	const struct diag **sorted = diags_sorted(ds, &a);
	size_t printed[DIAG_NOTE + 1] = { 0 };

	for (size_t i = 0; i < ds->list.n; i++) {
		if (printed[sorted[i]->level]++ < DIAGS_PRINT)
			diag_print(sorted[i], sources, out, colour);
	}
	put_more(out, ds->errors, "error");
	put_more(out, ds->warnings, "warning");
	put_more(out, ds->notes, "note");
}
