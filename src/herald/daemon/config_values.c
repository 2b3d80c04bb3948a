/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Values of options, and going over maps by rows. */
#include "herald/daemon/config_impl.h"

#include <stdarg.h>

struct diag *complain(struct reading *r, const char *code, struct yaml *entry,
                      struct span span, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	entry->problem = arena_vfmt(&r->c->arena, fmt, args);
	va_end(args);
	return diag_error(r->ds, code, span, STR_FMT, STR_ARG(entry->problem));
}

void wrong(struct reading *r, struct yaml *y, const char *what)
{
	complain(r, "H0004", y, y->span, "this must be %s", what);
}

bool is_scalar(struct reading *r, struct yaml *y, const char *what)
{
	if (y->kind == YAML_SCALAR)
		return true;
	wrong(r, y, what);
	return false;
}

bool is_list(struct reading *r, struct yaml *y)
{
	if (y->kind != YAML_LIST)
		wrong(r, y, "a list: lines that begin with `-`");
	return y->kind == YAML_LIST;
}

bool is_map(struct reading *r, struct yaml *y)
{
	if (y->kind != YAML_MAP)
		wrong(r, y, "a map: lines of `option: value`");
	return y->kind == YAML_MAP;
}

/* ---- kinds of values ---------------------------------------------------------------------- */

bool read_bool(const struct yaml *y, bool *out)
{
	bool yes = str_is(y->text, "true") || str_is(y->text, "on") ||
	           str_is(y->text, "yes");
	bool no = str_is(y->text, "false") || str_is(y->text, "off") ||
	          str_is(y->text, "no");

	if (y->kind != YAML_SCALAR || y->quoted || !(yes || no))
		return false;
	*out = yes;
	return true;
}

void take_bool(struct reading *r, struct yaml *y, void *to)
{
	if (!read_bool(y, to))
		wrong(r, y, "`true` or `false`");
}

bool read_number(struct reading *r, struct yaml *y, uint64_t min, uint64_t max,
                 const char *what, uint64_t *out)
{
	if (y->kind == YAML_SCALAR && !y->quoted && str_to_u64(y->text, 10, out) == 0 &&
	    *out >= min && *out <= max)
		return true;
	wrong(r, y, what);
	return false;
}

void take_port(struct reading *r, struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 1, 65535, "a port: a number from 1 to 65535", &v))
		*(uint16_t *)to = (uint16_t)v;
}

void take_size(struct reading *r, struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 10000, 1 << 28, "bytes: a number from 10000 to 268435456",
	                &v))
		*(uint64_t *)to = v;
}

/* ejabberd's times: a number of seconds, or a number and a unit. */
bool read_time(struct yaml *y, bool endless, uint64_t *ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {
		{ "", 1000 },       { "s", 1000 },       { "sec", 1000 },
		{ "second", 1000 }, { "seconds", 1000 }, { "m", 60000 },
		{ "min", 60000 },   { "minute", 60000 }, { "minutes", 60000 },
		{ "h", 3600000 },   { "hour", 3600000 }, { "hours", 3600000 },
		{ "d", 86400000 },  { "day", 86400000 }, { "days", 86400000 },
		{ "ms", 1 },
	};
	size_t n = 0;
	uint64_t v;

	if (y->kind != YAML_SCALAR)
		return false;
	if (endless && (str_is(y->text, "infinity") || str_is(y->text, "infinite") ||
	                str_is(y->text, "unlimited"))) {
		*ms = UINT64_MAX;
		return true;
	}
	while (n < y->text.n && y->text.p[n] >= '0' && y->text.p[n] <= '9')
		n++;
	struct str unit = str_trim(str_sub(y->text, n, y->text.n));
	if (str_to_u64(str_sub(y->text, 0, n), 10, &v) < 0 || !v || v >= 1000000)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (str_is(unit, units[i].name)) {
			*ms = v * units[i].ms;
			return true;
		}
	}
	return false;
}

void take_time(struct reading *r, struct yaml *y, void *to)
{
	if (!read_time(y, false, to))
		wrong(r, y, "a time, such as `30 seconds`");
}

void take_text(struct reading *r, struct yaml *y, void *to)
{
	if (is_scalar(r, y, "a text"))
		*(struct str *)to = y->text;
}

void take_level(struct reading *r, struct yaml *y, void *to)
{
	int level = y->kind == YAML_SCALAR ? log_level_find(y->text) : -1;

	if (level < 0)
		wrong(r, y,
		      "none, emergency, alert, critical, error, warning, notice, info or debug");
	else
		*(enum log_level *)to = (enum log_level)level;
}

/* ---- maps --------------------------------------------------------------------------------- */

void unknown_word(struct reading *r, struct yaml *entry, const struct yaml *at,
                  enum ejabberd_word kind, const char *what, const struct str *words,
                  size_t n)
{
	if (ejabberd_knows(kind, at->text)) {
		complain(r, "H0003", entry, at->span,
		         "herald has not built ejabberd's %s `" STR_FMT "` yet", what,
		         STR_ARG(at->text));
		return;
	}
	struct diag *d =
		complain(r, "H0002", entry, at->span, "there is no %s `" STR_FMT "`",
	                 what, STR_ARG(at->text));
	struct str near = str_nearest(at->text, words, n);
	if (near.n)
		diag_help(r->ds, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

static void unknown_key(struct reading *r, struct yaml *e, const struct option *rows,
                        enum ejabberd_word kind, const char *what)
{
	struct str words[64];
	size_t n = 0;

	for (; rows->name && n < ARRAY_LEN(words); rows++)
		words[n++] = str_from(rows->name);
	unknown_word(r, e, e->key, kind, what, words, n);
}

bool is_new_key(struct reading *r, const struct yaml *map, struct yaml *entry)
{
	if (entry->key->kind != YAML_SCALAR) {
		complain(r, "H0004", entry, entry->key->span, "this must be a word");
		return false;
	}
	for (const struct yaml *e = map->first; e != entry; e = e->next) {
		if (e->key->kind != YAML_SCALAR ||
		    !str_eq(e->key->text, entry->key->text))
			continue;
		struct diag *d =
			complain(r, "H0005", entry, entry->key->span,
		                 "`" STR_FMT "` is set twice", STR_ARG(e->key->text));
		diag_related(r->ds, d, e->key->span, "the first time here");
		return false;
	}
	return true;
}

static const struct option *find(const struct option *rows, struct str name)
{
	for (; rows->name; rows++) {
		if (str_is(name, rows->name))
			return rows;
	}
	return NULL;
}

void take_map(struct reading *r, struct yaml *y, const struct option *rows,
              enum ejabberd_word kind, const char *what, void *to)
{
	if (!is_map(r, y))
		return;
	for_each_entry(e, y) {
		if (!is_new_key(r, y, e))
			continue;
		const struct option *row = find(rows, e->key->text);
		if (row)
			row->fill(r, e, (char *)to + row->offset);
		else
			unknown_key(r, e, rows, kind, what);
	}
}
