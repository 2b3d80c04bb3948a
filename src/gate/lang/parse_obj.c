/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Blocks of stateful objects: counter, quota, limit, synproxy, secmark, and conntrack's
 * helper, timeout and expectation. Each kind has its lines; the first four read the rest
 * of the line as their statement does, also without braces (`add counter t c packets 1
 * bytes 2`).
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

/* ---- counter, quota, limit, synproxy --------------------------------------------------- */

/* Reads what a statement of that kind has behind its first word. */
static bool parse_obj_stmt(struct parse *p, struct obj_block *o, stmt_fn parse)
{
	struct span at = lexer_peek(&p->lx, 0)->span;

	if (o->stmt && parse != parse_synproxy) { /* the only one of several lines */
		warn_twice(p, at, "what the object holds", o->stmt->span);
		o->stmt = NULL;
	}
	if (!o->stmt)
		o->stmt = arena_new(p->a, struct stmt);
	if (at_word(p, "name")) {
		parse_fail(p, "E0001", "expected the object's values");
		return false;
	}
	if (!parse(p, o->stmt))
		return false;
	o->stmt->span = span_join(o->stmt->span.file ? o->stmt->span : at,
	                          lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return expect_end(p);
}

/* ---- conntrack objects ----------------------------------------------------------------- */

static bool parse_ct_protocol(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;
	struct str word;
	struct span span;

	if (o->l4proto)
		warn_twice(p, at, "the protocol", o->l4proto->span);
	if (!parse_string(p, "a protocol", &word, &span))
		return false;
	o->l4proto = expr_new(p, EXPR_SYMBOL, span);
	o->l4proto->word = word;
	return expect_end(p);
}

static bool parse_ct_l3proto(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;
	enum family family;
	struct str word;

	if (!parse_string(p, "`ip`, `ip6` or `inet`", &word, &at))
		return false;
	if (family_by_name(word, &family) < 0)
		return fail_choice(p, at, "a network protocol", word,
		                   (struct str[]){ STR("ip"), STR("ip6"), STR("inet") },
		                   3);
	o->l3proto = family;
	return expect_end(p);
}

/* `type "ftp" protocol tcp`. */
static bool parse_ct_type(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;

	if (o->helper.p)
		warn_twice(p, at, "the type", o->helper_span);
	o->l4proto = NULL;
	if (!parse_string(p, "a helper such as \"ftp\"", &o->helper, &o->helper_span))
		return false;
	if (!take_word(p, "protocol")) {
		parse_fail(p, "E0001", "expected `protocol`");
		return false;
	}
	return parse_ct_protocol(p, block, at);
}

/* One `state : time`. Plain numbers are seconds. */
static bool parse_timeout_state(struct parse *p, struct obj_block *o)
{
	struct token t = *lexer_peek(&p->lx, 0);
	uint64_t ms;

	if (t.kind != TOKEN_WORD) {
		parse_fail(p, "E0001", "expected a state such as `established`");
		return false;
	}
	if (o->n_policy == ARRAY_LEN(o->policy)) {
		diag_error(p->diags, "E0001", t.span,
		           "more states than any protocol has");
		return false;
	}
	lexer_next(&p->lx);
	if (!expect_punct(p, ':', ":") || !parse_time(p, &ms))
		return false;
	o->policy[o->n_policy].state = t.text;
	o->policy[o->n_policy].span = t.span;
	o->policy[o->n_policy++].seconds = ms / 1000;
	return true;
}

static bool parse_timeout_states(struct parse *p, struct obj_block *o)
{
	while (!at_punct(p, '}')) {
		if (!parse_timeout_state(p, o))
			return false;
		if (!take_punct(p, ',') && !at_punct(p, '}')) {
			parse_fail(p, "E0001", "expected `,` or `}`");
			return false;
		}
	}
	lexer_next(&p->lx);
	return true;
}

/* `policy = { established : 2m, close : 20 }`. */
static bool parse_ct_policy(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;
	bool ok;

	if (o->n_policy)
		warn_twice(p, at, "the policy", o->policy[0].span);
	o->n_policy = 0;
	if (!expect_punct(p, '=', "=") || !expect_punct(p, '{', "{"))
		return false;
	lexer_newlines(&p->lx, true);
	ok = parse_timeout_states(p, o);
	lexer_newlines(&p->lx, false);
	return ok && expect_end(p);
}

static bool parse_ct_dport(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;

	if (o->dport)
		warn_twice(p, at, "the port", o->dport->span);
	o->dport = parse_rhs(p);
	return o->dport && expect_end(p);
}

static bool parse_ct_timeout(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;

	(void)at;
	o->has_timeout = true;
	return parse_time(p, &o->timeout_ms) && expect_end(p);
}

static bool parse_ct_size(struct parse *p, void *block, struct span at)
{
	struct obj_block *o = block;
	uint64_t n;

	(void)at;
	if (!parse_u64(p, UINT8_MAX, "a number of connections", &n))
		return false;
	o->has_size = true;
	o->size = (uint8_t)n;
	return expect_end(p);
}

static bool parse_secmark(struct parse *p, struct obj_block *o)
{
	struct span at = lexer_peek(&p->lx, 0)->span;

	if (o->secmark.p)
		warn_twice(p, at, "the context", SPAN_NONE);
	return parse_string(p, "the context in quotes", &o->secmark, &at) &&
	       expect_end(p);
}

/* ---- kinds ----------------------------------------------------------------------------- */

static bool parse_obj_comment(struct parse *p, void *block, struct span at)
{
	return parse_block_comment(p, &((struct obj_block *)block)->comment, at);
}

static const struct line_row helper_lines[] = {
	{ WORD("type"), parse_ct_type },
	{ WORD("l3proto"), parse_ct_l3proto },
	{ WORD("comment"), parse_obj_comment },
};

static const struct line_row timeout_lines[] = {
	{ WORD("protocol"), parse_ct_protocol },
	{ WORD("l3proto"), parse_ct_l3proto },
	{ WORD("policy"), parse_ct_policy },
	{ WORD("comment"), parse_obj_comment },
};

static const struct line_row expectation_lines[] = {
	{ WORD("protocol"), parse_ct_protocol }, { WORD("dport"), parse_ct_dport },
	{ WORD("timeout"), parse_ct_timeout },   { WORD("size"), parse_ct_size },
	{ WORD("l3proto"), parse_ct_l3proto },   { WORD("comment"), parse_obj_comment },
};

static const struct line_row comment_line[] = {
	{ WORD("comment"), parse_obj_comment },
};

static const struct obj_kind {
	uint32_t type;
	const char *line; /* for messages: what stands in its block */
	const struct line_row *lines;
	size_t n_lines;
	stmt_fn stmt; /* NULL: its lines are all there is */
} kinds[] = {
	{ NFT_OBJECT_COUNTER, "`packets N bytes N`", comment_line, 1, parse_counter },
	{ NFT_OBJECT_QUOTA, "`over N mbytes`", comment_line, 1, parse_quota },
	{ NFT_OBJECT_LIMIT, "`rate N/second`", comment_line, 1, parse_limit },
	{ NFT_OBJECT_SYNPROXY, "`mss N wscale N`", comment_line, 1, parse_synproxy },
	{ NFT_OBJECT_SECMARK, "a context", comment_line, 1, NULL },
	{ NFT_OBJECT_CT_HELPER, "a line of a helper", helper_lines,
	  ARRAY_LEN(helper_lines), NULL },
	{ NFT_OBJECT_CT_TIMEOUT, "a line of a timeout", timeout_lines,
	  ARRAY_LEN(timeout_lines), NULL },
	{ NFT_OBJECT_CT_EXPECT, "a line of an expectation", expectation_lines,
	  ARRAY_LEN(expectation_lines), NULL },
};

static const struct obj_kind *kind_of(const struct obj_block *o)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].type == o->type)
			return &kinds[i];
	return NULL;
}

/* The values of the object, in braces or on the command's line. */
static bool parse_obj_values(struct parse *p, struct obj_block *o,
                             const struct obj_kind *kind)
{
	if (at_outer_line(p)) {
		p->leave = true;
		return true;
	}
	if (o->type == NFT_OBJECT_SECMARK)
		return parse_secmark(p, o);
	if (kind->stmt)
		return parse_obj_stmt(p, o, kind->stmt);
	return fail_line(p, kind->lines, kind->n_lines, kind->line);
}

static bool parse_obj_item(struct parse *p, void *block)
{
	const struct obj_kind *kind = kind_of(block);
	int r = parse_line(p, kind->lines, kind->n_lines, block);

	return r < 0 ? parse_obj_values(p, block, kind) : r;
}

/* Only a counter means something without values. */
static void check_obj_values(struct parse *p, struct obj_block *o)
{
	const struct obj_kind *kind = kind_of(o);

	if (!kind->stmt || o->stmt || o->type == NFT_OBJECT_COUNTER || o->is_broken)
		return;
	diag_error(p->diags, "E0001", o->span, "expected %s", kind->line);
	o->is_broken = true;
}

bool parse_obj_body(struct parse *p, struct obj_block *o)
{
	size_t errors = p->diags->errors;
	bool ok = parse_block(p, o->span, parse_obj_item, o);

	o->is_broken |= p->diags->errors != errors;
	o->span = span_join(o->span, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	check_obj_values(p, o);
	return ok;
}

bool parse_obj_line(struct parse *p, struct obj_block *o)
{
	const struct obj_kind *kind = kind_of(o);

	if (o->type == NFT_OBJECT_COUNTER && at_end_of_stmt(p))
		return true;
	if (kind->stmt || o->type == NFT_OBJECT_SECMARK)
		return parse_obj_values(p, o, kind);
	parse_fail(p, "E0001", "expected `{`");
	return false;
}
