/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The small pieces of the printer: names, strings, times, sizes; and whole rules.
 */
#include "gate/lang/parse.h"
#include "gate/lang/print_parts.h"

/* Whether the name reads as one word that is not the language's. */
static bool is_plain_name(struct str name)
{
	enum token_kind kind;

	return name.n && lexer_word(name.p, name.p + name.n, &kind) == name.n &&
	       kind == TOKEN_WORD && !word_is_reserved(name);
}

void print_name(const struct printer *p, struct str name)
{
	if (is_plain_name(name))
		buf_str(p->out, name);
	else
		print_string(p->out, name);
}

void print_string(struct buf *out, struct str s)
{
	buf_char(out, '"');
	buf_str(out, s);
	buf_char(out, '"');
}

static const struct {
	uint64_t ms;
	const char *unit;
} time_units[] = {
	{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
};

void print_time_ms(struct buf *out, uint64_t ms)
{
	if (ms == 0)
		buf_cstr(out, "0s");
	for (size_t i = 0; ms && i < ARRAY_LEN(time_units); i++) {
		if (ms < time_units[i].ms)
			continue;
		buf_u64(out, ms / time_units[i].ms);
		buf_cstr(out, time_units[i].unit);
		ms %= time_units[i].ms;
	}
}

void put_time(const struct printer *p, uint64_t ms)
{
	if (!p->fmt->numeric_time && !p->fmt->numeric_all) {
		print_time_ms(p->out, ms);
		return;
	}
	buf_u64(p->out, ms / 1000);
	buf_char(p->out, 's');
}

void put_comment(const struct printer *p, struct str comment)
{
	if (!comment.p)
		return;
	buf_cstr(p->out, " comment ");
	print_string(p->out, comment);
}

void put_bytes(const struct printer *p, uint64_t bytes)
{
	static const char *const units[] = { " bytes", " kbytes", " mbytes" };
	size_t i = 0;

	while (bytes && bytes % 1024 == 0 && i + 1 < ARRAY_LEN(units)) {
		bytes /= 1024;
		i++;
	}
	buf_u64(p->out, bytes);
	buf_cstr(p->out, units[i]);
}

void put_stmts(const struct printer *p, const struct stmt_list *stmts)
{
	for (size_t i = 0; i < stmts->n; i++) {
		if (i)
			buf_char(p->out, ' ');
		print_stmt(p, stmts->p[i]);
	}
}

void print_rule(const struct printer *p, const struct rule *r)
{
	put_stmts(p, &r->stmts);
	put_comment(p, r->comment);
}
