/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements that carry state: counter, limit, quota, ct count, last; and references to such
 * by name.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

struct unit_row {
	const char *word;
	uint64_t n;
};

static const struct unit_row byte_units[] = {
	{ "bytes", 1 },
	{ "kbytes", 1024 },
	{ "mbytes", UINT64_C(1024) * 1024 },
};

static const struct unit_row time_units[] = {
	{ "second", 1 },  { "minute", 60 },   { "hour", 3600 },
	{ "day", 86400 }, { "week", 604800 },
};

static const struct unit_row *unit_find(const struct unit_row *rows, size_t n,
                                        struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, rows[i].word))
			return &rows[i];
	return NULL;
}

/* ---- by name ----------------------------------------------------------------------- */

bool parse_objref(struct parse *p, struct stmt *s, uint32_t obj_type)
{
	struct expr *name = parse_expr(p);

	if (!name)
		return false;
	if (name->kind != EXPR_MAP && name->kind != EXPR_SYMBOL &&
	    name->kind != EXPR_STRING) {
		diag_error(p->diags, "E0001", name->span,
		           "expected a name or a map that gives one");
		return false;
	}
	if (name->kind == EXPR_SYMBOL)
		name->kind = EXPR_STRING;
	s->kind = STMT_OBJREF;
	s->objref.obj_type = obj_type;
	s->objref.name = name;
	return true;
}

/* ---- counter ----------------------------------------------------------------------- */

bool parse_counter(struct parse *p, struct stmt *s)
{
	if (take_word(p, "name"))
		return parse_objref(p, s, NFT_OBJECT_COUNTER);
	s->kind = STMT_COUNTER;
	if (take_word(p, "packets") &&
	    !parse_u64(p, UINT64_MAX, "a number of packets", &s->counter.packets))
		return false;
	return !take_word(p, "bytes") ||
	       parse_u64(p, UINT64_MAX, "a number of bytes", &s->counter.bytes);
}

/* ---- limit ------------------------------------------------------------------------- */

/* `s`, `min`, `hours` … : what was meant. */
static const char *time_unit_meant(struct str word)
{
	struct str names[ARRAY_LEN(time_units)], near;

	for (size_t i = 0; i < ARRAY_LEN(time_units); i++) {
		names[i] = str_from(time_units[i].word);
		if (word.n && str_starts(names[i], word))
			return time_units[i].word;
	}
	near = str_nearest(word, names, ARRAY_LEN(names));
	return near.n ? near.p : NULL;
}

static bool set_time_unit(struct parse *p, struct stmt *s, struct str word,
                          struct span span)
{
	const struct unit_row *unit = unit_find(time_units, ARRAY_LEN(time_units), word);
	const char *meant;
	struct diag *d;

	if (unit) {
		s->limit.unit_s = unit->n;
		return true;
	}
	d = diag_error(p->diags, "E0209", span,
	               "`" STR_FMT "` is no unit of time for a rate", STR_ARG(word));
	meant = time_unit_meant(word);
	if (meant)
		diag_help(p->diags, d, "`%llu/%s`", (unsigned long long)s->limit.rate,
		          meant);
	diag_note(p->diags, d, "there is: second, minute, hour, day, week");
	return false;
}

/* Multiplies the rate, bounded to what the kernel's 64 bits hold. */
static bool scale(struct parse *p, uint64_t *n, const struct unit_row *unit,
                  struct span span)
{
	if (__builtin_mul_overflow(*n, unit->n, n)) {
		diag_error(p->diags, "E0210", span, "the number is too large");
		return false;
	}
	return true;
}

static bool set_byte_unit(struct parse *p, struct str word, struct span span, uint64_t *n)
{
	const struct unit_row *unit = unit_find(byte_units, ARRAY_LEN(byte_units), word);
	struct diag *d;

	if (unit)
		return scale(p, n, unit, span);
	d = diag_error(p->diags, "E0209", span, "`" STR_FMT "` is no unit of size",
	               STR_ARG(word));
	diag_note(p->diags, d, "there is: bytes, kbytes, mbytes");
	return false;
}

/* `/second`; `kbytes/second` comes as one word or as three. */
static bool parse_rate_unit(struct parse *p, struct stmt *s)
{
	struct token t = *lexer_peek(&p->lx, 0);
	size_t slash;

	if (t.kind == TOKEN_WORD) {
		lexer_next(&p->lx);
		slash = str_find(t.text, '/');
		s->limit.bytes = true;
		s->limit.rate_unit = str_sub(t.text, 0, slash);
		if (!set_byte_unit(p, s->limit.rate_unit, t.span, &s->limit.rate))
			return false;
		if (slash < t.text.n)
			return set_time_unit(p, s, str_sub(t.text, slash + 1, t.text.n),
			                     t.span);
	}
	if (!expect_punct(p, '/', "/"))
		return false;
	t = *lexer_peek(&p->lx, 0);
	if (t.kind != TOKEN_WORD) {
		parse_fail(p, "E0209", "expected second, minute, hour, day or week");
		return false;
	}
	lexer_next(&p->lx);
	return set_time_unit(p, s, t.text, t.span);
}

static bool fail_burst_unit(struct parse *p, uint64_t burst, bool bytes)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d =
		diag_error(p->diags, "E0211", t.span, "the burst needs its unit");

	if (bytes)
		diag_help(p->diags, d, "`burst %llu bytes`, or kbytes or mbytes",
		          (unsigned long long)burst);
	else
		diag_help(p->diags, d, "`burst %llu packets`", (unsigned long long)burst);
	return false;
}

static bool parse_burst(struct parse *p, struct stmt *s)
{
	struct token t;

	s->limit.has_burst = true;
	t = *lexer_peek(&p->lx, 0);
	if (!parse_u64(p, UINT32_MAX, "a burst", &s->limit.burst))
		return false;
	if (s->limit.burst == 0 && !s->limit.bytes) {
		diag_error(p->diags, "E0210", t.span, "the burst cannot be 0");
		return false;
	}
	t = *lexer_peek(&p->lx, 0);
	if (t.kind != TOKEN_WORD)
		return fail_burst_unit(p, s->limit.burst, s->limit.bytes);
	if (str_is(t.text, "packets") != s->limit.bytes &&
	    (!s->limit.bytes || unit_find(byte_units, ARRAY_LEN(byte_units), t.text))) {
		lexer_next(&p->lx);
		s->limit.burst_unit = t.text;
		return !s->limit.bytes ||
		       set_byte_unit(p, t.text, t.span, &s->limit.burst);
	}
	return fail_burst_unit(p, s->limit.burst, s->limit.bytes);
}

bool parse_limit(struct parse *p, struct stmt *s)
{
	struct token t;

	if (take_word(p, "name"))
		return parse_objref(p, s, NFT_OBJECT_LIMIT);
	s->kind = STMT_LIMIT;
	if (!take_word(p, "rate")) {
		parse_fail(p, "E0001", "expected `rate NUMBER/second` behind `limit`");
		return false;
	}
	s->limit.over = take_word(p, "over");
	if (!s->limit.over)
		take_word(p, "until");
	t = *lexer_peek(&p->lx, 0);
	if (!parse_u64(p, UINT64_MAX, "a rate", &s->limit.rate))
		return false;
	if (!parse_rate_unit(p, s))
		return false;
	if (s->limit.rate == 0) {
		diag_error(p->diags, "E0210", t.span, "the rate cannot be 0");
		return false;
	}
	return !take_word(p, "burst") || parse_burst(p, s);
}

/* ---- quota, ct count, last --------------------------------------------------------- */

static bool parse_bytes(struct parse *p, uint64_t *bytes)
{
	struct token t;

	if (!parse_u64(p, UINT64_MAX, "a number of bytes", bytes))
		return false;
	t = *lexer_peek(&p->lx, 0);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_STRING) {
		parse_fail(p, "E0209", "expected `bytes`, `kbytes` or `mbytes`");
		return false;
	}
	lexer_next(&p->lx);
	return set_byte_unit(p, t.text, t.span, bytes);
}

bool parse_quota(struct parse *p, struct stmt *s)
{
	if (take_word(p, "name"))
		return parse_objref(p, s, NFT_OBJECT_QUOTA);
	s->kind = STMT_QUOTA;
	s->quota.over = take_word(p, "over");
	if (!s->quota.over)
		take_word(p, "until");
	if (!parse_bytes(p, &s->quota.bytes))
		return false;
	return !take_word(p, "used") || parse_bytes(p, &s->quota.used);
}

/* Behind `ct count`. */
bool parse_ct_count(struct parse *p, struct stmt *s)
{
	uint64_t n;

	s->kind = STMT_CONNLIMIT;
	s->connlimit.over = take_word(p, "over");
	if (!parse_u64(p, UINT32_MAX, "a number of connections", &n))
		return false;
	s->connlimit.count = (uint32_t)n;
	return true;
}

bool parse_last(struct parse *p, struct stmt *s)
{
	s->kind = STMT_LAST;
	if (!take_word(p, "used") || take_word(p, "never"))
		return true;
	s->last.used = true;
	return parse_time(p, &s->last.used_ms);
}

/* ---- where one of them may stand --------------------------------------------------- */

static const struct {
	const char *word;
	stmt_fn parse;
} stateful[] = {
	{ "counter", parse_counter },
	{ "limit", parse_limit },
	{ "quota", parse_quota },
	{ "last", parse_last },
};

static stmt_fn peek_stateful(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	if (t->kind != TOKEN_WORD)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(stateful); i++)
		if (str_is(t->text, stateful[i].word))
			return stateful[i].parse;
	if (str_is(t->text, "ct") && str_is(lexer_peek(&p->lx, 1)->text, "count"))
		return parse_ct_count;
	return NULL;
}

bool at_stateful(struct parse *p)
{
	return peek_stateful(p) != NULL;
}

struct stmt *parse_stateful(struct parse *p)
{
	stmt_fn parse = peek_stateful(p);
	struct stmt *s;

	if (!parse)
		return NULL;
	s = arena_new(p->a, struct stmt);
	s->span = lexer_next(&p->lx).span;
	if (parse == parse_ct_count)
		lexer_next(&p->lx);
	if (!parse(p, s))
		return NULL;
	s->span = span_to_here(p, s->span);
	return s;
}
