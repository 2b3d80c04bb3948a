/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Set and map literals, and elements: `{ 1.2.3.4 timeout 5s, 10.0.0.0/8 : accept, * : drop }`.
 */
#include "gate/lang/parse_parts.h"

enum { COMMENT_MAX = 128 }; /* libnftnl: NFTNL_UDATA_COMMENT_MAXLEN */

/* `comment my rule` wants quotes; one word does without. */
static bool check_comment_quotes(struct parse *p, const struct token *word)
{
	const struct token *next = lexer_peek(&p->lx, 0);
	struct span rest;
	struct diag *d;

	if (word->kind == TOKEN_STRING ||
	    (next->kind != TOKEN_WORD && next->kind != TOKEN_NUMBER))
		return true;
	lexer_seek(&p->lx, word->text.p);
	rest = lexer_skip_statement(&p->lx);
	d = diag_error(p->diags, "E0213", rest,
	               "a comment of several words needs quotes");
	diag_help(p->diags, d, "comment \"" STR_FMT "\"",
	          STR_ARG(sources_text(p->lx.sources, rest)));
	return false;
}

bool parse_comment(struct parse *p, struct str *comment)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct str text;
	struct span span;

	if (!parse_string(p, "the comment's text", &text, &span))
		return false;
	if (t.kind != TOKEN_VARIABLE && !check_comment_quotes(p, &t))
		return false;
	if (text.n > COMMENT_MAX) {
		diag_error(p->diags, "E0214", span,
		           "a comment has at most %d bytes, this one has %zu",
		           COMMENT_MAX, text.n);
		return false;
	}
	*comment = text.n ? text : STR("");
	return true;
}

static bool parse_elem_time(struct parse *p, uint64_t *ms, bool *has)
{
	*has = true;
	return parse_time(p, ms);
}

bool parse_elem_options(struct parse *p, struct expr *e)
{
	while (lexer_peek(&p->lx, 0)->kind == TOKEN_WORD) {
		struct stmt *stmt;

		if (take_word(p, "timeout")) {
			if (!parse_elem_time(p, &e->elem.timeout_ms,
			                     &e->elem.has_timeout))
				return false;
		} else if (take_word(p, "expires")) {
			if (!parse_elem_time(p, &e->elem.expires_ms,
			                     &e->elem.has_expires))
				return false;
		} else if (take_word(p, "comment")) {
			if (!parse_comment(p, &e->elem.comment))
				return false;
		} else if (at_stateful(p)) {
			stmt = parse_stateful(p);
			if (!stmt)
				return false;
			stmt_list_add(&e->elem.stmts, p->a, stmt);
		} else {
			break;
		}
	}
	return true;
}

static struct expr *parse_elem_key(struct parse *p)
{
	if (at_punct(p, '*') || at_word(p, "*"))
		return expr_new(p, EXPR_CATCHALL, lexer_next(&p->lx).span);
	if (at_punct(p, '{'))
		return parse_set_literal(p);
	return parse_concat(p, MODE_VALUE);
}

/* What a map's element points at: a verdict, a value, an object's name. */
static struct expr *parse_elem_data(struct parse *p)
{
	struct expr *e;

	if (!at_verdict(p))
		return parse_concat(p, MODE_VALUE);
	e = parse_verdict(p);
	if (!e || !e->verdict.block)
		return e;
	return fail_unsupported(p, e->span,
	                        "rules in braces inside a map; give the chain a name");
}

struct expr *parse_elem(struct parse *p)
{
	struct expr *key = parse_elem_key(p), *e;

	if (!key)
		return NULL;
	e = expr_new(p, EXPR_ELEM, key->span);
	e->elem.key = key;
	if (!parse_elem_options(p, e))
		return NULL;
	if (!take_punct(p, ':'))
		return e;
	e->elem.data = parse_elem_data(p);
	if (!e->elem.data)
		return NULL;
	e->span = span_join(e->span, e->elem.data->span);
	return e;
}

/* A variable that holds a set stands for its elements. */
static void add_elem(struct parse *p, struct expr *set, struct expr *elem)
{
	const struct expr *key = elem->elem.key;

	if (key->kind != EXPR_SET || elem->elem.data) {
		expr_list_add(&set->list, p->a, elem);
		return;
	}
	for (size_t i = 0; i < key->list.n; i++)
		add_elem(p, set, key->list.p[i]);
}

/* `key : data comment "x"`: what belongs to the key stands before the colon. */
static bool check_late_option(struct parse *p, const struct expr *elem)
{
	static const char *const words[] = { "comment", "timeout", "expires", "counter" };
	struct diag *d;

	for (size_t i = 0; elem->elem.data && i < ARRAY_LEN(words); i++) {
		if (!at_any_word(p, words[i]))
			continue;
		d = diag_error(p->diags, "E0208", lexer_peek(&p->lx, 0)->span,
		               "`%s` stands before the `:`", words[i]);
		diag_help(p->diags, d, "{ KEY %s … : DATA }", words[i]);
		return false;
	}
	return true;
}

bool parse_elem_end(struct parse *p, const struct expr *elem)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	if (at_punct(p, '}') || t->kind == TOKEN_END || take_punct(p, ','))
		return true;
	if (!check_late_option(p, elem))
		return false;
	if (t->kind == TOKEN_WORD || t->kind == TOKEN_NUMBER || t->kind == TOKEN_STRING) {
		struct span gap = { t->span.file, elem->span.off + elem->span.len, 0 };
		struct diag *d = diag_error(p->diags, "E0208", span_join(gap, t->span),
		                            "expected a comma before `" STR_FMT "`",
		                            STR_ARG(t->text));

		diag_help(p->diags, d, "elements are separated by commas: { a, b }");
		return false;
	}
	parse_fail(p, "E0001", "expected `,` or `}`");
	return false;
}

static struct expr *parse_set_items(struct parse *p, struct span open)
{
	struct expr *set = expr_new(p, EXPR_SET, open);

	while (!at_punct(p, '}')) {
		struct expr *elem;

		if (lexer_peek(&p->lx, 0)->kind == TOKEN_END) {
			diag_error(p->diags, "E0003", open, "`{` is never closed");
			return NULL;
		}
		elem = parse_elem(p);
		if (!elem || !parse_elem_end(p, elem))
			return NULL;
		add_elem(p, set, elem);
	}
	set->span = span_join(open, lexer_next(&p->lx).span);
	return set;
}

struct expr *parse_set_literal(struct parse *p)
{
	struct span open = lexer_peek(&p->lx, 0)->span;
	struct expr *set;

	if (!parse_enter(p))
		return NULL;
	take_punct(p, '{');
	lexer_newlines(&p->lx, true);
	set = parse_set_items(p, open);
	lexer_newlines(&p->lx, false);
	p->depth--;
	return set;
}
