/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements that change sets from rules: add, update, delete, the old `set add … @s`, and
 * meters.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

static bool parse_set_name(struct parse *p, struct expr **set)
{
	struct span at = lexer_peek(&p->lx, 0)->span, span;
	struct str name;

	if (!expect_punct(p, '@', "@") || !parse_name(p, "a set's name", &name, &span))
		return false;
	*set = expr_new(p, EXPR_SETREF, span_join(at, span));
	(*set)->word = name;
	return true;
}

/* The kernel keeps only a timeout with elements that rules add. */
static bool check_key_options(struct parse *p, const struct expr *e)
{
	if (!e->elem.comment.p && !e->elem.has_expires)
		return true;
	diag_error(p->diags, "E0221", span_to_here(p, e->span),
	           "an element that a rule adds takes no `%s`",
	           e->elem.comment.p ? "comment" : "expires");
	return false;
}

/* What the packet gives as the key, with `timeout`. Stateful statements behind it go to
 * `stmts`. */
static struct expr *parse_key(struct parse *p, struct stmt_list *stmts)
{
	struct expr *key = parse_concat(p, MODE_LEFT), *e;

	if (!key)
		return NULL;
	e = expr_new(p, EXPR_ELEM, key->span);
	e->elem.key = key;
	if (!parse_elem_options(p, e) || !check_key_options(p, e))
		return NULL;
	*stmts = e->elem.stmts;
	e->elem.stmts = (struct stmt_list){ 0 };
	e->span = span_to_here(p, e->span);
	return e;
}

static bool parse_dynset_body(struct parse *p, struct stmt *s)
{
	s->dynset.key = parse_key(p, &s->dynset.stmts);
	if (!s->dynset.key)
		return false;
	if (take_punct(p, ':')) {
		s->dynset.data = parse_expr(p);
		if (!s->dynset.data)
			return false;
	}
	return expect_punct(p, '}', "}");
}

/* `@set { key … [: data] }` */
static bool parse_dynset(struct parse *p, struct stmt *s, uint32_t op)
{
	bool ok;

	s->kind = STMT_DYNSET;
	s->dynset.op = op;
	if (!parse_set_name(p, &s->dynset.set) || !expect_punct(p, '{', "{"))
		return false;
	lexer_newlines(&p->lx, true);
	ok = parse_dynset_body(p, s);
	lexer_newlines(&p->lx, false);
	return ok;
}

bool parse_dynset_add(struct parse *p, struct stmt *s)
{
	return parse_dynset(p, s, NFT_DYNSET_OP_ADD);
}

bool parse_dynset_update(struct parse *p, struct stmt *s)
{
	return parse_dynset(p, s, NFT_DYNSET_OP_UPDATE);
}

bool parse_dynset_delete(struct parse *p, struct stmt *s)
{
	return parse_dynset(p, s, NFT_DYNSET_OP_DELETE);
}

/* `set add ip saddr timeout 10s @s`, the spelling before `add @s { … }`. */
bool parse_old_set(struct parse *p, struct stmt *s)
{
	s->kind = STMT_DYNSET;
	if (take_word(p, "add"))
		s->dynset.op = NFT_DYNSET_OP_ADD;
	else if (take_word(p, "update"))
		s->dynset.op = NFT_DYNSET_OP_UPDATE;
	else if (take_word(p, "delete"))
		s->dynset.op = NFT_DYNSET_OP_DELETE;
	else
		return parse_fail(p, "E0001", "expected `add`, `update` or `delete`") !=
		       NULL;
	s->dynset.key = parse_key(p, &s->dynset.stmts);
	return s->dynset.key && parse_set_name(p, &s->dynset.set);
}

static bool parse_meter_body(struct parse *p, struct stmt *s)
{
	s->meter.key = parse_key(p, &s->meter.stmts);
	if (!s->meter.key)
		return false;
	if (s->meter.stmts.n == 0) {
		parse_fail(p, "E0001",
		           "expected a counter, limit, quota or `ct count` for each key");
		return false;
	}
	return expect_punct(p, '}', "}");
}

/* `meter NAME [size N] { key statement }` */
bool parse_meter(struct parse *p, struct stmt *s)
{
	struct span span;
	uint64_t size = 0;
	bool ok;

	s->kind = STMT_METER;
	if (!parse_name(p, "a meter's name", &s->meter.name, &span))
		return false;
	if (take_word(p, "size") && !parse_u64(p, UINT32_MAX, "a size", &size))
		return false;
	s->meter.size = (uint32_t)size;
	if (!expect_punct(p, '{', "{"))
		return false;
	lexer_newlines(&p->lx, true);
	ok = parse_meter_body(p, s);
	lexer_newlines(&p->lx, false);
	return ok;
}
