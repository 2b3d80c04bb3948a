/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Expressions: values, operators, concatenations, maps and right sides. Binding is nft's:
 * `<< >>` before `&` before `^` before `|`, then ranges and prefixes, then `.`, then `map`.
 *
 * The same words mean different things by place: `tcp` begins a selector on the left of a
 * match and is a protocol's name on its right. enum expr_mode says where we are.
 */
#include "gate/lang/parse_parts.h"

struct binop_row {
	int punct;
	struct str word;
	enum binop op;
	int level; /* binds tighter when higher */
};

static const struct binop_row binops[] = {
	{ '|', STR_INIT("or"), BINOP_OR, 1 },
	{ '^', STR_INIT("xor"), BINOP_XOR, 2 },
	{ '&', STR_INIT("and"), BINOP_AND, 3 },
	{ PUNCT_SHL, STR_INIT("lshift"), BINOP_SHL, 4 },
	{ PUNCT_SHR, STR_INIT("rshift"), BINOP_SHR, 4 },
};

enum { LEVEL_LOWEST = 1 };

static const struct binop_row *peek_binop(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	bool is_word = t->kind == TOKEN_WORD && t->text.n >= 2 && t->text.n <= 6;

	if (!is_word && t->kind != TOKEN_PUNCT)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(binops); i++)
		if (is_word ? str_eq(t->text, binops[i].word)
		            : t->punct == binops[i].punct)
			return &binops[i];
	return NULL;
}

bool parse_enter(struct parse *p)
{
	if (p->depth >= PARSE_DEPTH_MAX) {
		parse_fail(p, "E0004", "nested too deeply, over %d levels",
		           PARSE_DEPTH_MAX);
		return false;
	}
	p->depth++;
	return true;
}

struct span span_to_here(struct parse *p, struct span start)
{
	return span_join(start, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
}

static struct expr *parse_binary(struct parse *p, enum expr_mode mode, int level);

/* Items of a flag list, `a,b`, behind the first. */
static struct expr *parse_list_rest(struct parse *p, struct expr *first,
                                    enum expr_mode mode)
{
	struct expr *list = expr_new(p, EXPR_LIST, first->span);

	expr_list_add(&list->list, p->a, first);
	while (take_punct(p, ',')) {
		struct expr *item = parse_binary(p, mode, LEVEL_LOWEST);

		if (!item)
			return NULL;
		expr_list_add(&list->list, p->a, item);
		list->span = span_join(list->span, item->span);
	}
	return list;
}

static struct expr *parse_parenthesised(struct parse *p, enum expr_mode mode)
{
	struct expr *e = NULL;

	if (!parse_enter(p))
		return NULL;
	take_punct(p, '(');
	lexer_newlines(&p->lx, true);
	e = parse_binary(p, mode, LEVEL_LOWEST);
	if (e && !expect_punct(p, ')', ")"))
		e = NULL;
	lexer_newlines(&p->lx, false);
	p->depth--;
	return e;
}

struct expr *parse_literal(struct parse *p)
{
	struct token t = lexer_next(&p->lx);
	struct expr *e =
		expr_new(p, t.kind == TOKEN_STRING ? EXPR_STRING : EXPR_SYMBOL, t.span);

	e->word = t.text;
	return e;
}

static struct expr *parse_no_value(struct parse *p, enum expr_mode mode)
{
	if (mode == MODE_LEFT)
		return parse_fail(p, "E0001",
		                  "expected something to match, such as `ip saddr`");
	return parse_fail(p, "E0001", "expected a value");
}

static struct expr *parse_primary(struct parse *p, enum expr_mode mode)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct expr *e;

	if (mode != MODE_VALUE && take_selector(p, mode, &e))
		return e;
	switch (t->kind) {
	case TOKEN_WORD:
		return mode == MODE_LEFT ? fail_unknown_word(p) : parse_literal(p);
	case TOKEN_NUMBER:
	case TOKEN_STRING:
		return mode == MODE_LEFT ? parse_no_value(p, mode) : parse_literal(p);
	case TOKEN_VARIABLE:
		return parse_variable(p);
	case TOKEN_PUNCT:
		if (t->punct == '(')
			return parse_parenthesised(p, mode);
		return parse_no_value(p, mode);
	case TOKEN_END:
	case TOKEN_NEWLINE:
		break;
	}
	return parse_no_value(p, mode);
}

/* Operators of `level` and tighter. Right of an operator a match takes values only. */
static struct expr *parse_binary(struct parse *p, enum expr_mode mode, int level)
{
	enum expr_mode right_mode = mode == MODE_LEFT ? MODE_VALUE : mode;
	struct expr *e = parse_primary(p, mode);
	const struct binop_row *row;

	while (e && (row = peek_binop(p)) && row->level >= level) {
		struct expr *right, *binary;

		lexer_next(&p->lx);
		right = parse_binary(p, right_mode, row->level + 1);
		if (!right)
			return NULL;
		binary = expr_new(p, EXPR_BINARY, span_join(e->span, right->span));
		binary->binary.left = e;
		binary->binary.right = right;
		binary->binary.op = row->op;
		e = binary;
	}
	return e;
}

static struct expr *parse_pair(struct parse *p, enum expr_kind kind, struct expr *left,
                               struct expr *right)
{
	struct expr *e;

	if (!right)
		return NULL;
	e = expr_new(p, kind, span_join(left->span, right->span));
	e->pair.left = left;
	e->pair.right = right;
	return e;
}

/* A decimal number behind `/` is a prefix length; anything else is a mask of flags. */
static bool at_prefix_len(struct parse *p)
{
	const struct token *t;

	if (!at_punct(p, '/'))
		return false;
	t = lexer_peek(&p->lx, 1);
	return t->kind == TOKEN_NUMBER && !str_starts(t->text, STR("0x")) &&
	       !str_starts(t->text, STR("0X"));
}

static struct expr *parse_prefix_rest(struct parse *p, struct expr *base)
{
	struct span end = lexer_peek(&p->lx, 1)->span;
	struct expr *e;
	uint64_t len;

	take_punct(p, '/');
	if (!parse_u64(p, 128, "a prefix length", &len))
		return NULL;
	e = expr_new(p, EXPR_PREFIX, span_join(base->span, end));
	e->prefix.base = base;
	e->prefix.len = (unsigned)len;
	return e;
}

/* Ranges and prefixes are made of values, not of what a packet has. */
static bool is_constant(const struct expr *e)
{
	if (e->kind == EXPR_BINARY)
		return is_constant(e->binary.left) && is_constant(e->binary.right);
	return e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING;
}

static bool check_range_start(struct parse *p, const struct expr *e)
{
	if (is_constant(e))
		return true;
	diag_error(p->diags, "E0222", e->span, "a range or prefix begins with a value");
	return false;
}

/* One item of a concatenation: an operand, a range, a prefix. */
static struct expr *parse_operand(struct parse *p, enum expr_mode mode)
{
	struct expr *e = parse_binary(p, mode, LEVEL_LOWEST);

	if (!e || mode == MODE_LEFT || (!at_punct(p, '-') && !at_prefix_len(p)))
		return e;
	if (!check_range_start(p, e))
		return NULL;
	if (at_punct(p, '/'))
		return parse_prefix_rest(p, e);
	take_punct(p, '-');
	return parse_pair(p, EXPR_RANGE, e, parse_binary(p, MODE_VALUE, LEVEL_LOWEST));
}

struct expr *parse_concat(struct parse *p, enum expr_mode mode)
{
	struct expr *e = parse_operand(p, mode), *concat;

	if (!e || !at_punct(p, '.'))
		return e;
	concat = expr_new(p, EXPR_CONCAT, e->span);
	expr_list_add(&concat->list, p->a, e);
	while (take_punct(p, '.')) {
		e = parse_operand(p, mode);
		if (!e)
			return NULL;
		expr_list_add(&concat->list, p->a, e);
		concat->span = span_join(concat->span, e->span);
	}
	return concat;
}

static struct expr *parse_setref(struct parse *p)
{
	struct span at = lexer_peek(&p->lx, 0)->span, name_span;
	struct str name;
	struct expr *e;

	take_punct(p, '@');
	if (!parse_name(p, "a set's name", &name, &name_span))
		return NULL;
	e = expr_new(p, EXPR_SETREF, span_join(at, name_span));
	e->word = name;
	return e;
}

struct expr *parse_mapping(struct parse *p, struct expr *left)
{
	struct expr *right;

	if (at_punct(p, '{'))
		right = parse_set_literal(p);
	else if (at_punct(p, '@'))
		right = parse_setref(p);
	else if (lexer_peek(&p->lx, 0)->kind == TOKEN_VARIABLE)
		right = parse_variable(p);
	else
		return parse_fail(p, "E0001", "expected `{ key : value, … }` or `@map`");
	return parse_pair(p, EXPR_MAP, left, right);
}

/* A concatenation, or what a map makes of it. */
static struct expr *parse_mapped(struct parse *p, enum expr_mode mode)
{
	struct expr *e = parse_concat(p, mode);

	if (e && take_word(p, "map"))
		return parse_mapping(p, e);
	return e;
}

struct expr *parse_left(struct parse *p)
{
	return parse_mapped(p, MODE_LEFT);
}

struct expr *parse_expr(struct parse *p)
{
	return parse_mapped(p, MODE_ANY);
}

struct expr *parse_expr_list(struct parse *p)
{
	struct expr *e = parse_expr(p);

	return e && at_punct(p, ',') ? parse_list_rest(p, e, MODE_ANY) : e;
}

struct expr *parse_typeof(struct parse *p)
{
	return parse_concat(p, MODE_LEFT);
}

/* `! flags`: none of them is set. */
static struct expr *parse_not(struct parse *p)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	struct expr *e = expr_new(p, EXPR_NOT, at), *of;

	take_punct(p, '!');
	of = parse_binary(p, MODE_VALUE, LEVEL_LOWEST);
	if (of && at_punct(p, ','))
		of = parse_list_rest(p, of, MODE_VALUE);
	if (!of)
		return NULL;
	e->pair.left = of;
	e->span = span_join(at, of->span);
	return e;
}

/* Behind `syn` in `syn / fin,syn`. A netmask there is a common slip. */
static struct expr *parse_flagcmp_rest(struct parse *p, struct expr *flags)
{
	const struct token *t = lexer_peek(&p->lx, 1);
	struct expr *mask;

	if (t->kind == TOKEN_WORD &&
	    (str_find(t->text, '.') < t->text.n || str_find(t->text, ':') < t->text.n)) {
		struct diag *d =
			diag_error(p->diags, "E0215", t->span,
		                   "expected a prefix length behind `/`, not a netmask");

		diag_help(p->diags, d, "255.255.255.0 is /24, 255.255.0.0 is /16");
		return NULL;
	}
	take_punct(p, '/');
	mask = parse_binary(p, MODE_VALUE, LEVEL_LOWEST);
	if (mask && at_punct(p, ','))
		mask = parse_list_rest(p, mask, MODE_VALUE);
	return parse_pair(p, EXPR_FLAGCMP, flags, mask);
}

struct expr *parse_rhs(struct parse *p)
{
	struct expr *e;

	if (at_punct(p, '{'))
		return parse_set_literal(p);
	if (at_punct(p, '@'))
		return parse_setref(p);
	if (at_punct(p, '!'))
		return parse_not(p);
	e = parse_concat(p, MODE_VALUE);
	if (e && at_punct(p, ','))
		e = parse_list_rest(p, e, MODE_VALUE);
	if (e && at_punct(p, '/'))
		e = parse_flagcmp_rest(p, e);
	return e;
}

/* ---- verdicts ---------------------------------------------------------------------- */

static const struct verdict_row {
	const char *word;
	enum verdict_kind kind;
} verdicts[] = {
	{ "accept", VERDICT_ACCEPT },     { "drop", VERDICT_DROP },
	{ "continue", VERDICT_CONTINUE }, { "return", VERDICT_RETURN },
	{ "jump", VERDICT_JUMP },         { "goto", VERDICT_GOTO },
};

static const struct verdict_row *peek_verdict(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	if (t->kind != TOKEN_WORD)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		if (str_is(t->text, verdicts[i].word))
			return &verdicts[i];
	return NULL;
}

bool at_verdict(struct parse *p)
{
	return peek_verdict(p) != NULL;
}

/* `{ rules }` behind jump or goto: a chain without a name. */
static bool parse_anonymous_chain(struct parse *p, struct expr *verdict)
{
	struct chain_block *block = arena_new(p->a, struct chain_block);
	bool ok;

	if (!parse_enter(p))
		return false;
	block->span = lexer_next(&p->lx).span;
	ok = parse_chain_body(p, block);
	p->depth--;
	verdict->verdict.block = block;
	return ok;
}

struct expr *parse_verdict(struct parse *p)
{
	const struct verdict_row *row = peek_verdict(p);
	struct span name_span;
	struct expr *e;

	if (!row)
		return NULL;
	e = expr_new(p, EXPR_VERDICT, lexer_next(&p->lx).span);
	e->verdict.kind = row->kind;
	if (row->kind != VERDICT_JUMP && row->kind != VERDICT_GOTO)
		return e;
	if (at_punct(p, '{'))
		return parse_anonymous_chain(p, e) ? e : NULL;
	if (!parse_name(p, "a chain's name", &e->verdict.chain, &name_span))
		return NULL;
	e->span = span_join(e->span, name_span);
	return e;
}
