/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What may stand in any block: define, redefine, undefine and include.
 */
#include "gate/lang/parse.h"

#include <errno.h>

/* `-10`: priorities are held by variables too. */
static struct expr *parse_negative(struct parse *p)
{
	struct span minus = lexer_next(&p->lx).span;
	struct token t = *lexer_peek(&p->lx, 0);
	struct expr *e;

	if (t.kind != TOKEN_NUMBER)
		return parse_fail(p, "E0001", "expected a number behind `-`");
	lexer_next(&p->lx);
	e = expr_new(p, EXPR_SYMBOL, span_join(minus, t.span));
	e->word = arena_fmt(p->a, "-" STR_FMT, STR_ARG(t.text));
	return e;
}

/* The right side of a definition. It outlives the command: made where the scope lives. */
static struct expr *parse_value(struct parse *p)
{
	struct arena *a = p->a;
	struct expr *e;

	p->a = scope_arena(p->scope);
	e = at_punct(p, '-') ? parse_negative(p) : parse_rhs(p);
	p->a = a;
	return e && expect_end(p) ? e : NULL;
}

static bool parse_variable_name(struct parse *p, struct token *name)
{
	struct diag *d;

	*name = *lexer_peek(&p->lx, 0);
	if (name->kind == TOKEN_WORD) {
		lexer_next(&p->lx);
		return true;
	}
	if (name->kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected the variable's name");
		return false;
	}
	d = diag_error(p->diags, "E0001", name->span,
	               "the name is written without `$` here");
	diag_help(p->diags, d, "define " STR_FMT " = …", STR_ARG(name->text));
	return false;
}

static bool parse_binding(struct parse *p, bool again)
{
	struct span earlier;
	struct token name;
	struct expr *value;

	if (!parse_variable_name(p, &name) || !expect_punct(p, '=', "="))
		return false;
	value = parse_value(p);
	if (!value)
		return false;
	earlier = scope_place_here(p->scope, name.text, p->seq);
	if (!again && !span_is_none(earlier)) {
		struct diag *d = diag_error(p->diags, "E0010", name.span,
		                            "`" STR_FMT "` is defined already",
		                            STR_ARG(name.text));

		diag_related(p->diags, d, earlier, "here");
		diag_help(p->diags, d,
		          "to change it on purpose: redefine " STR_FMT " = …",
		          STR_ARG(name.text));
		return false;
	}
	scope_bind(p->scope, scope_arena(p->scope), name.text, value, name.span, p->seq);
	p->seq = parser_count(p->parser);
	return true;
}

static bool parse_define(struct parse *p)
{
	return parse_binding(p, false);
}

static bool parse_redefine(struct parse *p)
{
	return parse_binding(p, true);
}

static bool parse_undefine(struct parse *p)
{
	struct token name;

	if (!parse_variable_name(p, &name) || !expect_end(p))
		return false;
	if (span_is_none(scope_place_here(p->scope, name.text, p->seq)))
		diag_warn(p->diags, "W0006", name.span,
		          "`" STR_FMT "` is not defined here", STR_ARG(name.text));
	scope_bind(p->scope, scope_arena(p->scope), name.text, NULL, name.span, p->seq);
	p->seq = parser_count(p->parser);
	return true;
}

/* ---- include ----------------------------------------------------------------------- */

/* The files that `"pattern"` names. */
static bool expand_pattern(struct parse *p, const struct token *name, struct str **paths,
                           size_t *n)
{
	const struct reader *reader = parser_reader(p->parser);
	int r;

	if (!reader) {
		diag_error(p->diags, "E0015", name->span,
		           "`include` is not possible here");
		return false;
	}
	r = reader->expand(reader->ctx, name->text, p->a, paths, n);
	if (r == 0)
		return true;
	diag_error(p->diags, "E0015", name->span, "cannot include \"" STR_FMT "\": %s",
	           STR_ARG(name->text), strerror(-r));
	return false;
}

/* A block's items that stand in files of their own. */
static bool include_items(struct parse *p, const struct str *paths, size_t n,
                          struct span at, item_fn item, void *block)
{
	for (size_t i = 0; i < n; i++) {
		struct lexer outer = p->lx;
		bool unclosed = p->unclosed;

		if (!parser_open(p, paths[i], at))
			return false;
		parse_items(p, item, block);
		parser_close(p);
		p->lx = outer;
		p->unclosed = unclosed;
		p->leave = false;
	}
	return true;
}

static bool parse_include(struct parse *p, item_fn item, void *block)
{
	struct token name = *lexer_peek(&p->lx, 0);
	struct str *paths;
	size_t n;

	if (name.kind != TOKEN_STRING) {
		parse_fail(p, "E0001", "expected the file's name in quotes");
		return false;
	}
	lexer_next(&p->lx);
	if (!expect_end(p) || !expand_pattern(p, &name, &paths, &n))
		return false;
	if (!item)
		return parser_include(p, paths, n, name.span);
	return include_items(p, paths, n, name.span, item, block);
}

int parse_common(struct parse *p, item_fn item, void *block)
{
	static const struct {
		struct word word;
		bool (*parse)(struct parse *p);
	} rows[] = {
		{ WORD("define"), parse_define },
		{ WORD("redefine"), parse_redefine },
		{ WORD("undefine"), parse_undefine },
	};
	const struct token *t = lexer_peek(&p->lx, 0);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (p->expected)
			at_any_word(p, rows[i].word.text);
		if (t->kind == TOKEN_WORD && word_is(&rows[i].word, t->key, t->text)) {
			lexer_next(&p->lx);
			return rows[i].parse(p);
		}
	}
	if (take_word(p, "include"))
		return parse_include(p, item, block);
	return -1;
}
