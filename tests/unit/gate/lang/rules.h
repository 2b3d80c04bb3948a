/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One rule's text to its tree and back, for tests of the parser's and the printer's halves that
 * know rules.
 */
#pragma once

#include "unit.h"

#include "gate/lang/parse.h"
#include "gate/lang/print.h"

/* All zero; done with at rule_text_fini(). */
struct rule_case {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct rule rule;
	bool ok;
};

static inline void rule_case_parse(struct rule_case *c, struct str text)
{
	uint32_t file = sources_add(&c->sources, STR("test"), text);
	struct parse p = { .a = &c->a, .diags = &c->diags, .seq = UINT32_MAX };

	lexer_init(&p.lx, &c->sources, &c->diags,
	           (struct span){ file, 0, (uint32_t)text.n });
	p.scope = scope_new(&c->a, NULL);
	c->ok = parse_rule_body(&p, &c->rule);
}

static inline void rule_case_print(const struct rule_case *c, const struct format *fmt,
                                   struct buf *out)
{
	struct printer printer = { .out = out, .fmt = fmt };

	print_rule(&printer, &c->rule);
}

static inline void rule_case_fini(struct rule_case *c)
{
	arena_fini(&c->a);
	sources_fini(&c->sources);
	diags_fini(&c->diags);
}

/* The listing of `text`, or the first error's message behind its code. */
static inline void rule_round(struct str text, const struct format *fmt, struct buf *out)
{
	struct rule_case c = { 0 };

	rule_case_parse(&c, text);
	if (c.ok)
		rule_case_print(&c, fmt, out);
	else if (c.diags.list.n)
		buf_fmt(out, "%s: " STR_FMT, c.diags.list.p[0]->code,
		        STR_ARG(c.diags.list.p[0]->message));
	rule_case_fini(&c);
}
