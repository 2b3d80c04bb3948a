/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One rule, from text and back: what the printer writes of a rule that parses must parse too,
 * and print the same again. (A chain without a name has no text to print before it is loaded.)
 */
#include "fuzz.h"

#include <assert.h>

#include "gate/lang/parse.h"
#include "gate/lang/print.h"

static bool has_block(const struct rule *r)
{
	for (size_t i = 0; i < r->stmts.n; i++) {
		const struct stmt *s = r->stmts.p[i];

		if (s->kind == STMT_VERDICT && s->verdict->kind == EXPR_VERDICT &&
		    s->verdict->verdict.block)
			return true;
	}
	return false;
}

/* Appends the listing of `text` and returns true when it is a rule. */
static bool list_rule(struct str text, struct buf *out)
{
	const struct format format = { 0 };
	const struct printer printer = { .out = out, .fmt = &format };
	auto_arena a = { 0 };
	struct sources sources = { 0 };
	auto_diags diags = { 0 };
	const struct parser_options options = { 0 };
	struct parser *parser = parser_new(&a, &sources, &diags, &options);
	struct span span = { sources_add(&sources, STR("rule"), text), 0,
		             (uint32_t)text.n };
	struct rule rule = { 0 };
	struct parse p;
	bool ok;

	parser_parse(parser, &a, span, scope_new(&a, NULL), 1, &p);
	ok = parse_rule_body(&p, &rule);
	assert(ok || diags.errors > 0);
	ok = ok && !has_block(&rule) && lexer_peek(&p.lx, 0)->kind == TOKEN_END;
	if (ok)
		print_rule(&printer, &rule);
	sources_fini(&sources);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_buf once = { 0 }, twice = { 0 };
	bool again;

	if (!list_rule((struct str){ (const char *)data, n }, &once))
		return 0;
	again = list_rule(buf_as_str(&once), &twice);
	assert(again);
	assert(str_eq(buf_as_str(&once), buf_as_str(&twice)));
	return 0;
}
