/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What all files of the parser stand on: comparing and taking tokens, saying what was
 * expected, and reading numbers, times, names and variables.
 */
#include "gate/lang/parse.h"

#include <errno.h>

void note_expected(struct parse *p, const char *word)
{
	buf_cstr(p->expected, word);
	buf_char(p->expected, '\n');
}

bool expect_punct(struct parse *p, int punct, const char *what)
{
	if (take_punct(p, punct))
		return true;
	parse_fail(p, "E0001", "expected `%s`", what);
	return false;
}

bool at_end_of_stmt(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	return t->kind == TOKEN_END || t->kind == TOKEN_NEWLINE || at_punct(p, '}');
}

bool expect_end(struct parse *p)
{
	struct diag *d;

	if (at_end_of_stmt(p))
		return true;
	if (at_punct(p, PUNCT_BAD))
		return false;
	d = diag_error(p->diags, "E0001", lexer_peek(&p->lx, 0)->span,
	               "expected a newline or `;` before `" STR_FMT "`",
	               STR_ARG(lexer_peek(&p->lx, 0)->text));
	if (p->lx.taken > p->lx.start && p->lx.taken[-1] == ',')
		diag_help(p->diags, d, "a list ends without a comma");
	return false;
}

/* ---- errors ------------------------------------------------------------------------ */

/* `, found …`: what stands where something else was expected. */
static struct str found_text(struct parse *p, const struct token *t)
{
	struct arena *a = &p->diags->arena;

	switch (t->kind) {
	case TOKEN_END:
		return STR(", found the end");
	case TOKEN_NEWLINE:
		return t->is_line_end ? STR(", found the end of the line")
		                      : STR(", found `;`");
	case TOKEN_STRING:
		return arena_fmt(a, ", found \"" STR_FMT "\"", STR_ARG(t->text));
	case TOKEN_VARIABLE:
		return arena_fmt(a, ", found `$" STR_FMT "`", STR_ARG(t->text));
	case TOKEN_WORD:
	case TOKEN_NUMBER:
	case TOKEN_PUNCT:
		break;
	}
	return arena_fmt(a, ", found `" STR_FMT "`", STR_ARG(t->text));
}

/* `{%` or `{{` */
static bool opens_template(const struct parse *p, const struct token *t)
{
	const char *next = p->lx.start + t->span.off + 1;

	return t->kind == TOKEN_PUNCT && t->punct == '{' && next < p->lx.end &&
	       (*next == '%' || *next == '{');
}

void *parse_fail(struct parse *p, const char *code, const char *fmt, ...)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct str text, found = STR("");
	struct diag *d;
	va_list args;

	if (t->kind == TOKEN_PUNCT && t->punct == PUNCT_BAD)
		return NULL; /* the lexer has said it */
	va_start(args, fmt);
	text = arena_vfmt(&p->diags->arena, fmt, args);
	va_end(args);
	if (strcmp(code, "E0001") == 0)
		found = found_text(p, t);
	d = diag_error(p->diags, code, t->span, STR_FMT STR_FMT, STR_ARG(text),
	               STR_ARG(found));
	if (opens_template(p, t))
		lexer_help_template(&p->lx, d);
	return NULL;
}

/* Bytes of a list that still helps, and words of one that does beside a good guess. */
enum { CHOICES_MAX = 400, SHORT_LIST = 8 };

void *fail_choice(struct parse *p, struct span span, const char *what, struct str word,
                  const struct str *names, size_t n)
{
	struct diag *d = diag_error(p->diags, "E0011", span, "`" STR_FMT "` is not %s",
	                            STR_ARG(word), what);
	struct str near = str_nearest(word, names, n);
	auto_buf all = { 0 };

	if (near.n)
		diag_help(p->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	for (size_t i = 0; i < n && all.n < CHOICES_MAX; i++)
		buf_fmt(&all, "%s`" STR_FMT "`", i ? ", " : "", STR_ARG(names[i]));
	if (n && all.n < CHOICES_MAX && (near.n == 0 || n <= SHORT_LIST))
		diag_note(p->diags, d, "it is one of " STR_FMT,
		          STR_ARG(buf_as_str(&all)));
	return NULL;
}

bool fail_twice(struct parse *p, struct span span, const char *what, struct span earlier)
{
	struct diag *d = diag_error(p->diags, "E0012", span, "%s is given twice", what);

	if (!span_is_none(earlier))
		diag_related(p->diags, d, earlier, "the first is here");
	return false;
}

void warn_twice(struct parse *p, struct span span, const char *what, struct span earlier)
{
	struct diag *d = diag_warn(p->diags, "W0012", span,
	                           "%s is given twice; the last counts", what);

	if (!span_is_none(earlier))
		diag_related(p->diags, d, earlier, "the first is here");
}

void parse_skip(struct parse *p, const char *from)
{
	p->lx.skip_newlines = 0;
	lexer_seek(&p->lx, from);
	lexer_skip_statement(&p->lx);
}

/* ---- nodes ------------------------------------------------------------------------- */

struct expr *expr_new(struct parse *p, enum expr_kind kind, struct span span)
{
	struct expr *e = arena_new(p->a, struct expr);

	e->kind = kind;
	e->span = span;
	return e;
}

void *list_room(void *list, size_t size, size_t n, size_t *cap, struct arena *a)
{
	void *grown;

	if (n < *cap)
		return list;
	*cap = *cap ? *cap * 2 : 4;
	grown = arena_calloc(a, *cap, size);
	if (n)
		memcpy(grown, list, n * size);
	return grown;
}

void expr_list_add(struct expr_list *l, struct arena *a, struct expr *e)
{
	list_push(l->p, l->n, l->cap, a, e);
}

void stmt_list_add(struct stmt_list *l, struct arena *a, struct stmt *s)
{
	list_push(l->p, l->n, l->cap, a, s);
}

static struct stmt_list copy_stmts(struct arena *a, const struct stmt_list *from)
{
	struct stmt_list copy = { 0 };

	for (size_t i = 0; i < from->n; i++)
		stmt_list_add(&copy, a, arena_copy(a, from->p[i], sizeof(*from->p[i])));
	return copy;
}

static struct expr_list copy_list(struct arena *a, const struct expr_list *from)
{
	struct expr_list copy = { 0 };

	copy.p = arena_array(a, struct expr *, from->n);
	copy.n = copy.cap = from->n;
	for (size_t i = 0; i < from->n; i++)
		copy.p[i] = expr_copy(a, from->p[i]);
	return copy;
}

/* The parts that a copy still shares with `e`, copied. */
static void copy_parts(struct arena *a, struct expr *e)
{
	switch (e->kind) {
	case EXPR_PREFIX:
		e->prefix.base = expr_copy(a, e->prefix.base);
		break;
	case EXPR_RANGE:
	case EXPR_MAP:
	case EXPR_FLAGCMP:
	case EXPR_NOT:
		e->pair.left = expr_copy(a, e->pair.left);
		e->pair.right = expr_copy(a, e->pair.right);
		break;
	case EXPR_BINARY:
		e->binary.left = expr_copy(a, e->binary.left);
		e->binary.right = expr_copy(a, e->binary.right);
		break;
	case EXPR_LIST:
	case EXPR_CONCAT:
	case EXPR_SET:
		e->list = copy_list(a, &e->list);
		break;
	case EXPR_ELEM:
		e->elem.key = expr_copy(a, e->elem.key);
		e->elem.data = expr_copy(a, e->elem.data);
		e->elem.stmts = copy_stmts(a, &e->elem.stmts);
		break;
	case EXPR_HASH:
		e->hash.of = expr_copy(a, e->hash.of);
		break;
	case EXPR_VERDICT:
		e->verdict.chain_expr = expr_copy(a, e->verdict.chain_expr);
		break;
	case EXPR_SYMBOL:
	case EXPR_STRING:
	case EXPR_VALUE:
	case EXPR_SETREF:
	case EXPR_CATCHALL:
	case EXPR_PAYLOAD:
	case EXPR_EXTHDR:
	case EXPR_META:
	case EXPR_CT:
	case EXPR_RT:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC:
	case EXPR_FIB:
	case EXPR_NUMGEN:
	case EXPR_FOREIGN:
		break;
	}
}

struct expr *expr_copy(struct arena *a, const struct expr *e)
{
	struct expr *copy;

	if (!e)
		return NULL;
	copy = arena_copy(a, e, sizeof(*e));
	copy_parts(a, copy);
	return copy;
}

/* ---- variables --------------------------------------------------------------------- */

static const struct expr *fail_undefined(struct parse *p, const struct token *t)
{
	struct diag *d = diag_error(p->diags, "E0006", t->span,
	                            "`$" STR_FMT "` is not defined", STR_ARG(t->text));
	struct str near = scope_nearest(p->scope, t->text);
	size_t slash = str_find(t->text, '/');

	if (slash < t->text.n && scope_find(p->scope, str_sub(t->text, 0, slash), p->seq))
		diag_help(p->diags, d,
		          "a name may hold `/`: write `$" STR_FMT " / …` with blanks",
		          STR_ARG(str_sub(t->text, 0, slash)));
	else if (near.n && str_eq(near, t->text))
		diag_help(p->diags, d,
		          "it is defined, but further down or in another block");
	else if (near.n)
		diag_help(p->diags, d, "did you mean `$" STR_FMT "`?", STR_ARG(near));
	else
		diag_help(p->diags, d, "define it first: define " STR_FMT " = …",
		          STR_ARG(t->text));
	return NULL;
}

const struct expr *parse_variable_shared(struct parse *p)
{
	struct token t = lexer_next(&p->lx);
	const struct expr *e = scope_find(p->scope, t.text, p->seq);

	return e ? e : fail_undefined(p, &t);
}

struct expr *parse_variable(struct parse *p)
{
	const struct expr *e = parse_variable_shared(p);

	return e ? expr_copy(p->a, e) : NULL;
}

/* The word behind the token that comes: its own text, or a variable's. It is taken. */
static bool take_text(struct parse *p, const char *what, struct token *t)
{
	const struct expr *e;

	*t = lexer_next(&p->lx);
	if (t->kind != TOKEN_VARIABLE)
		return true;
	e = scope_find(p->scope, t->text, p->seq);
	if (!e) {
		fail_undefined(p, t);
		return false;
	}
	if (e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING) {
		t->text = e->word;
		return true;
	}
	struct diag *d =
		diag_error(p->diags, "E0001", t->span, "`$" STR_FMT "` does not hold %s",
	                   STR_ARG(t->text), what);
	diag_related(p->diags, d, scope_place(p->scope, t->text, p->seq),
	             "it is defined here");
	return false;
}

/* ---- words, names, numbers ---------------------------------------------------------- */

bool parse_string(struct parse *p, const char *what, struct str *out, struct span *span)
{
	const struct token *next = lexer_peek(&p->lx, 0);
	struct token t;

	if (next->kind != TOKEN_WORD && next->kind != TOKEN_STRING &&
	    next->kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected %s", what);
		return false;
	}
	if (!take_text(p, what, &t))
		return false;
	*out = t.text;
	*span = t.span;
	return true;
}

/* A word right behind the number that comes, as in `5x`: both are one thing to the
 * reader. */
static bool glued_number(struct parse *p, struct token *all)
{
	const struct token *t = lexer_peek(&p->lx, 0), *next;

	if (t->kind != TOKEN_NUMBER)
		return false;
	*all = *t;
	next = lexer_peek(&p->lx, 1);
	if (next->kind != TOKEN_WORD || next->span.off != all->span.off + all->span.len)
		return false;
	all->span = span_join(all->span, next->span);
	all->text.n +=
		(size_t)(next->text.p + next->text.n - (all->text.p + all->text.n));
	return true;
}

/* Words that name something: no addresses, no patterns. */
static bool is_name(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (strchr("*\\:", word.p[i]))
			return false;
	return word.n == 0 || word.p[0] < '0' || word.p[0] > '9';
}

bool parse_name(struct parse *p, const char *what, struct str *out, struct span *span)
{
	struct token next = *lexer_peek(&p->lx, 0);
	struct diag *d;

	if (glued_number(p, &next)) {
		diag_error(p->diags, "E0001", next.span,
		           "expected %s, which begins with a letter", what);
		return false;
	}
	if (next.kind == TOKEN_WORD && !is_name(next.text)) {
		d = diag_error(p->diags, "E0001", next.span, "`" STR_FMT "` cannot be %s",
		               STR_ARG(next.text), what);
		diag_note(p->diags, d,
		          "a name has letters, digits and / - _ . and begins with a "
		          "letter");
		return false;
	}
	if (next.kind != TOKEN_WORD || !word_is_reserved(next.text))
		return parse_string(p, what, out, span);
	lexer_next(&p->lx);
	d = diag_error(p->diags, "E0007", next.span,
	               "`" STR_FMT "` is a word of the language, expected %s",
	               STR_ARG(next.text), what);
	diag_help(p->diags, d,
	          "choose another name; one that exists is written in quotes: "
	          "\"" STR_FMT "\"",
	          STR_ARG(next.text));
	return false;
}

bool parse_u64(struct parse *p, uint64_t max, const char *what, uint64_t *out)
{
	const struct token *next = lexer_peek(&p->lx, 0);
	struct token t;
	uint64_t n;
	int r;

	if (next->kind != TOKEN_NUMBER && next->kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected %s", what);
		return false;
	}
	if (!take_text(p, what, &t))
		return false;
	r = str_to_u64(t.text, 0, &n);
	if (r == -EINVAL) {
		diag_error(p->diags, "E0013", t.span, "`" STR_FMT "` is not a number",
		           STR_ARG(t.text));
		return false;
	}
	if (r < 0 || n > max) {
		diag_error(p->diags, "E0013", t.span,
		           "`" STR_FMT "` is too big for %s: at most %llu",
		           STR_ARG(t.text), what, (unsigned long long)max);
		return false;
	}
	*out = n;
	return true;
}

// clang-format off
static const struct {
	const char *unit;
	uint64_t ms;
} time_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
// clang-format on

enum { TIME_MAX_DAYS = 100000 }; /* in milliseconds well below 2^64 */

/* Reads `1d2h3m4s5ms`, big units first, or plain seconds. */
static bool time_value(struct str s, uint64_t *ms)
{
	size_t next_unit = 0;
	uint64_t sum = 0, n;

	if (str_to_u64(s, 10, &n) == 0 && n <= TIME_MAX_DAYS * UINT64_C(86400)) {
		*ms = n * 1000;
		return true;
	}
	while (s.n) {
		size_t digits = 0, letters = 0, i = next_unit;
		struct str unit;

		while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
			digits++;
		while (digits + letters < s.n && s.p[digits + letters] >= 'a')
			letters++;
		unit = str_sub(s, digits, letters);
		while (i < ARRAY_LEN(time_units) && !str_is(unit, time_units[i].unit))
			i++;
		if (i == ARRAY_LEN(time_units) ||
		    str_to_u64(str_sub(s, 0, digits), 10, &n) < 0 ||
		    n > TIME_MAX_DAYS * UINT64_C(86400000) / time_units[i].ms)
			return false;
		sum += n * time_units[i].ms;
		next_unit = i + 1;
		s = str_sub(s, digits + letters, s.n);
	}
	*ms = sum;
	return next_unit > 0;
}

static bool fail_time(struct parse *p, const struct token *t)
{
	struct diag *d = diag_error(p->diags, "E0014", t->span,
	                            "`" STR_FMT "` is not a time", STR_ARG(t->text));

	diag_help(p->diags, d, "days, hours, minutes, seconds in this order: 1d2h3m4s");
	return false;
}

bool parse_time(struct parse *p, uint64_t *ms)
{
	const struct token *next = lexer_peek(&p->lx, 0);
	struct token t;

	if (glued_number(p, &t))
		return fail_time(p, &t);
	if (next->kind != TOKEN_NUMBER && next->kind != TOKEN_WORD &&
	    next->kind != TOKEN_STRING && next->kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected a time such as `1h30m`");
		return false;
	}
	if (!take_text(p, "a time", &t))
		return false;
	return time_value(t.text, ms) || fail_time(p, &t);
}

/* ---- words out of a table ----------------------------------------------------------- */

static void *fail_symbol(struct parse *p, const struct symbol *table, const char *what,
                         const struct token *t)
{
	struct str names[32];
	size_t n = 0;

	for (; table[n].name && n < ARRAY_LEN(names); n++)
		names[n] = str_from(table[n].name);
	return fail_choice(p, t->span, what, t->text, names, n);
}

bool parse_choice(struct parse *p, const struct symbol *table, const char *what,
                  uint64_t *value, struct span *span)
{
	const struct token *next = lexer_peek(&p->lx, 0);
	const struct symbol *row;
	struct token t;

	for (row = table; p->expected && row->name; row++)
		at_any_word(p, row->name);
	if (next->kind != TOKEN_WORD && next->kind != TOKEN_STRING &&
	    next->kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected %s", what);
		return false;
	}
	if (!take_text(p, what, &t))
		return false;
	*span = t.span;
	row = symbol_by_name(table, t.text);
	if (!row)
		return fail_symbol(p, table, what, &t);
	*value = row->value;
	return true;
}

bool parse_flags(struct parse *p, const struct symbol *table, const char *what,
                 uint32_t *flags, struct span *span)
{
	struct span all = SPAN_NONE, at;
	uint64_t flag = 0;

	do {
		if (!parse_choice(p, table, what, &flag, &at))
			return false;
		*flags |= (uint32_t)flag;
		all = span_join(all, at);
	} while (take_punct(p, ','));
	*span = all;
	return true;
}
