/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Words of a line. */
#include "gate/scenario/words.h"

#include "gate/scenario/packet_line.h"

enum { DEVICE_NAME_MAX = 15 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

void words_init(struct words *w, const struct sources *sources, struct span line,
                struct arena *a, struct diags *diags)
{
	*w = (struct words){ .sources = sources,
		             .line = line,
		             .a = a,
		             .diags = diags,
		             .text = sources_text(sources, line) };
}

static size_t skip_blanks(const struct words *w, size_t at)
{
	while (at < w->text.n && (is_blank(w->text.p[at]) ||
	                          (w->text.p[at] == '\\' && at + 1 < w->text.n &&
	                           w->text.p[at + 1] == '\n') ||
	                          w->text.p[at] == '\n'))
		at++;
	if (at < w->text.n && w->text.p[at] == '#')
		at = w->text.n;
	return at;
}

bool words_end(const struct words *w)
{
	return skip_blanks(w, w->at) == w->text.n;
}

/* A comma belongs to the word before only inside: `syn,ack`. */
static size_t word_end(const struct words *w, size_t at)
{
	size_t from = at;

	while (at < w->text.n && !is_blank(w->text.p[at]) && w->text.p[at] != '\n' &&
	       w->text.p[at] != '#')
		at++;
	if (at - from > 1 && w->text.p[at - 1] == ',')
		at--;
	return at;
}

struct str words_next(struct words *w)
{
	auto_buf out = { 0 };

	w->from = w->to = w->at = skip_blanks(w, w->at);
	size_t used = quoted_read(str_sub(w->text, w->at, w->text.n), &out);
	w->quoted = used > 0;
	w->at = w->to = used ? w->at + used : word_end(w, w->at);
	if (used)
		return arena_str(w->a, buf_as_str(&out));
	return str_sub(w->text, w->from, w->to - w->from);
}

struct str words_peek(const struct words *w)
{
	struct words copy = *w;

	return words_next(&copy);
}

bool words_take(struct words *w, const char *word)
{
	struct words copy = *w;
	struct str next = words_next(&copy);

	if (copy.quoted || !str_is(next, word))
		return false;
	*w = copy;
	return true;
}

struct span words_span(const struct words *w)
{
	return (struct span){ w->line.file, w->line.off + (uint32_t)w->from,
		              (uint32_t)(w->to - w->from) };
}

struct span words_rest(const struct words *w)
{
	size_t at = skip_blanks(w, w->at);

	return (struct span){ w->line.file, w->line.off + (uint32_t)at,
		              (uint32_t)(w->text.n - at) };
}

struct diag *words_error(struct words *w, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(w->a, fmt, args);
	va_end(args);
	w->failed = true;
	return diag_error(w->diags, code, words_span(w), STR_FMT, STR_ARG(text));
}

void words_unknown(struct words *w, const char *code, struct str word, const char *what,
                   const struct str *names, size_t n)
{
	struct str near = str_nearest(word, names, n);
	auto_buf list = { 0 };
	struct diag *d =
		word.n ? words_error(w, code, "`" STR_FMT "` %s", STR_ARG(word), what)
		       : words_error(w, code, "something is missing here");

	for (size_t i = 0; i < n; i++)
		buf_fmt(&list, "%s" STR_FMT, i ? ", " : "", STR_ARG(names[i]));
	if (near.n)
		diag_help(w->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	else
		diag_help(w->diags, d, "one of " STR_FMT, (int)list.n, list.p);
}

uint64_t words_number(struct words *w, const char *what, uint64_t max)
{
	struct str word = words_next(w);
	uint64_t n;

	if (!w->quoted &&
	    (str_to_u64(word, 10, &n) == 0 ||
	     (str_starts(word, STR("0x")) &&
	      str_to_u64(str_sub(word, 2, word.n), 16, &n) == 0)) &&
	    n <= max)
		return n;
	words_error(w, "E0921", "`%s` wants a number up to %llu", what,
	            (unsigned long long)max);
	return 0;
}

struct diag *words_missing(struct words *w, const char *what, const char *example)
{
	struct diag *d = words_error(w, "E0930", "%s is missing", what);

	diag_help(w->diags, d, "%s", example);
	return d;
}

void words_prefix(struct words *w, uint8_t *family, uint8_t addr[16], uint8_t *prefix)
{
	struct str word = words_next(w);

	if (!prefix_read(word, family, addr, prefix))
		words_error(w, "E0923", "`" STR_FMT "` is no address", STR_ARG(word));
}

struct str words_device(struct words *w, const char *example)
{
	struct str name = words_next(w);

	if (!name.n)
		words_missing(w, "the interface", example);
	else if (name.n > DEVICE_NAME_MAX || str_find(name, '/') < name.n)
		words_error(w, "E0922", "`" STR_FMT "` is no name of an interface",
		            STR_ARG(name));
	return name;
}
