/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sources, places in them, and the collector of findings. Printing is in diag_print.c. */
#include "base/diag.h"

#include <stdio.h>

#include "base/utf8.h"

const char *diag_level_name(enum diag_level level)
{
	static const char *const names[] = {
		[DIAG_ERROR] = "error", [DIAG_WARNING] = "warning", [DIAG_NOTE] = "note"
	};

	return names[level];
}

uint32_t sources_add(struct sources *s, struct str name, struct str text)
{
	vec_push(&s->list, (struct source){ .name = name, .text = text });
	return (uint32_t)s->list.n;
}

void sources_forget_by(struct sources *s, uint32_t file, void (*forget)(struct str part))
{
	if (file && file <= s->list.n)
		s->list.p[file - 1].forget = forget;
}

void sources_passed(const struct sources *s, struct span part)
{
	const struct source *source = sources_get(s, part.file);

	if (source && source->forget)
		source->forget(sources_text(s, part));
}

const struct source *sources_get(const struct sources *s, uint32_t file)
{
	return file > 0 && file <= s->list.n ? &s->list.p[file - 1] : NULL;
}

struct str sources_text(const struct sources *s, struct span span)
{
	const struct source *source = sources_get(s, span.file);

	return source ? str_sub(source->text, span.off, span.len) : STR("");
}

void sources_fini(struct sources *s)
{
	vec_fini(&s->list);
}

struct place source_place(const struct source *s, uint32_t off)
{
	struct str before = str_sub(s->text, 0, off);
	struct place place = { .line = 1 };

	for (size_t n; (n = str_find(before, '\n')) < before.n; place.line++)
		before = str_sub(before, n + 1, before.n);
	place.column = (uint32_t)utf8_columns(before) + 1;
	return place;
}

static bool is_known(const struct diags *ds, const char *code, struct span span)
{
	for (size_t i = ds->list.n; i > 0; i--) {
		const struct diag *d = ds->list.p[i - 1];
		if (d->span.file == span.file && d->span.off == span.off &&
		    d->span.len == span.len && !span_is_none(span) &&
		    strncmp(d->code, code, sizeof(d->code) - 1) == 0)
			return true;
	}
	return false;
}

static size_t *level_count(struct diags *ds, enum diag_level level)
{
	switch (level) {
	case DIAG_ERROR:
		return &ds->errors;
	case DIAG_WARNING:
		return &ds->warnings;
	case DIAG_NOTE:
		break;
	}
	return &ds->notes;
}

PRINTF(5, 0)
static struct diag *add(struct diags *ds, enum diag_level level, const char *code,
                        struct span span, const char *fmt, va_list args)
{
	size_t *count = level_count(ds, level);

	if (*count >= DIAGS_KEEP) { /* not compared either: counting must stay cheap */
		++*count;
		return &ds->spare;
	}
	if (is_known(ds, code, span))
		return &ds->spare;
	++*count;
	struct diag *d = arena_new(&ds->arena, struct diag);
	snprintf(d->code, sizeof(d->code), "%s", code);
	d->level = level;
	d->span = span;
	d->message = arena_vfmt(&ds->arena, fmt, args);
	d->number = ds->list.n;
	vec_push(&ds->list, d);
	return d;
}

struct diag *diag_add(struct diags *ds, enum diag_level level, const char *code,
                      struct span span, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct diag *d = add(ds, level, code, span, fmt, args);
	va_end(args);
	return d;
}

struct diag *diag_error(struct diags *ds, const char *code, struct span span,
                        const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct diag *d = add(ds, DIAG_ERROR, code, span, fmt, args);
	va_end(args);
	return d;
}

struct diag *diag_warn(struct diags *ds, const char *code, struct span span,
                       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct diag *d = add(ds, DIAG_WARNING, code, span, fmt, args);
	va_end(args);
	return d;
}

PRINTF(5, 0)
static void add_note(struct diags *ds, struct diag *d, enum diag_note_kind kind,
                     struct span span, const char *fmt, va_list args)
{
	if (d == &ds->spare)
		return;
	struct str text = arena_vfmt(&ds->arena, fmt, args);
	vec_push(&d->notes,
	         (struct diag_note){ .kind = kind, .span = span, .text = text });
}

void diag_note(struct diags *ds, struct diag *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(ds, d, DIAG_NOTE_WHY, SPAN_NONE, fmt, args);
	va_end(args);
}

void diag_help(struct diags *ds, struct diag *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(ds, d, DIAG_NOTE_HELP, SPAN_NONE, fmt, args);
	va_end(args);
}

void diag_related(struct diags *ds, struct diag *d, struct span span, const char *fmt,
                  ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(ds, d, DIAG_NOTE_RELATED, span, fmt, args);
	va_end(args);
}

static int by_place(const void *left, const void *right)
{
	const struct diag *a = *(const struct diag *const *)left;
	const struct diag *b = *(const struct diag *const *)right;

	if (a->span.file != b->span.file)
		return a->span.file < b->span.file ? -1 : 1;
	if (a->span.off != b->span.off)
		return a->span.off < b->span.off ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

const struct diag **diags_sorted(const struct diags *ds, struct arena *a)
{
	const struct diag **sorted = arena_array(a, const struct diag *, ds->list.n);

	for (size_t i = 0; i < ds->list.n; i++)
		sorted[i] = ds->list.p[i];
	qsort(sorted, ds->list.n, sizeof(*sorted), by_place);
	return sorted;
}

void diags_fini(struct diags *ds)
{
	vec_for_each(d, &ds->list)
		vec_fini(&(*d)->notes);
	vec_fini(&ds->list);
	arena_fini(&ds->arena);
	*ds = (struct diags){ 0 };
}
