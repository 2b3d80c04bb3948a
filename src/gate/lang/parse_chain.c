/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Blocks of chains and flow tables: hook, priority, devices, policy. Whatever begins with
 * no word of a chain's own lines is a rule, kept as text.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

// clang-format off
static const struct symbol chain_types[] = {
	{ "filter", 0 }, { "nat", 1 }, { "route", 2 }, { NULL, 0 },
};
static const struct symbol chain_policies[] = {
	{ "accept", 0 }, { "drop", 1 }, { NULL, 0 },
};
static const struct symbol chain_flags[] = {
	{ "offload", NFT_CHAIN_HW_OFFLOAD }, { NULL, 0 },
};
static const struct symbol flowtable_flags[] = {
	{ "offload", NFT_FLOWTABLE_HW_OFFLOAD }, { "counter", NFT_FLOWTABLE_COUNTER }, { NULL, 0 },
};
// clang-format on

/* ---- priority ------------------------------------------------------------------------ */

static struct expr *new_number(struct parse *p, bool negative, uint64_t n,
                               struct span span)
{
	struct expr *e = expr_new(p, EXPR_SYMBOL, span);

	e->word = arena_fmt(p->a, "%s%llu", negative ? "-" : "", (unsigned long long)n);
	return e;
}

/* `filter-10`, which the lexer takes for one word: where its number begins, 0: none. */
static size_t split_offset(struct str word)
{
	size_t i = word.n;

	while (i > 0 && word.p[i - 1] >= '0' && word.p[i - 1] <= '9')
		i--;
	return i > 1 && i < word.n && word.p[i - 1] == '-' ? i : 0;
}

/* `filter`, `filter + 10`, `filter -10`, `filter-10`. */
static bool parse_named_priority(struct parse *p, struct expr **priority, int32_t *offset)
{
	struct token t = lexer_next(&p->lx);
	struct expr *e = expr_new(p, EXPR_SYMBOL, t.span);
	size_t split = t.kind == TOKEN_WORD ? split_offset(t.text) : 0;
	bool negative = true;
	uint64_t n = 0;

	e->word = t.text;
	*priority = e;
	if (split) {
		e->word = str_sub(t.text, 0, split - 1);
		return str_to_u64(str_sub(t.text, split, t.text.n), 10, &n) == 0 &&
		       n <= INT32_MAX && (*offset = -(int32_t)n, true);
	}
	if (!at_punct(p, '+') && !at_punct(p, '-'))
		return true;
	negative = lexer_next(&p->lx).punct == '-';
	if (!parse_u64(p, INT32_MAX, "a priority", &n))
		return false;
	*offset = negative ? -(int32_t)n : (int32_t)n;
	return true;
}

static bool parse_priority_text(struct parse *p, struct expr **priority, int32_t *offset);

/* A priority in quotes, from a variable: "filter - 10". */
static bool parse_quoted_priority(struct parse *p, const struct expr *quoted,
                                  struct expr **priority, int32_t *offset)
{
	struct lexer outer = p->lx;
	struct span inner = quoted->span;
	bool ok;

	inner.off += quoted->kind == EXPR_STRING;
	inner.len = (uint32_t)quoted->word.n;
	lexer_init(&p->lx, outer.sources, outer.diags, inner);
	ok = parse_priority_text(p, priority, offset) && expect_end(p);
	p->lx = outer;
	return ok;
}

static bool parse_variable_priority(struct parse *p, struct expr **priority,
                                    int32_t *offset)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	const struct expr *e = parse_variable_shared(p);

	if (!e)
		return false;
	if (e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING)
		return parse_quoted_priority(p, e, priority, offset);
	struct diag *d =
		diag_error(p->diags, "E0001", at, "this variable holds no priority");
	diag_related(p->diags, d, e->span, "its value");
	return false;
}

static bool parse_priority_text(struct parse *p, struct expr **priority, int32_t *offset)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	bool negative = take_punct(p, '-');
	uint64_t n;

	switch (lexer_peek(&p->lx, 0)->kind) {
	case TOKEN_NUMBER:
		if (!parse_u64(p, INT32_MAX, "a priority", &n))
			return false;
		*priority = new_number(p, negative, n, at);
		return true;
	case TOKEN_WORD:
	case TOKEN_STRING:
		if (!negative)
			return parse_named_priority(p, priority, offset);
		break;
	case TOKEN_VARIABLE:
		if (!negative)
			return parse_variable_priority(p, priority, offset);
		break;
	case TOKEN_END:
	case TOKEN_NEWLINE:
	case TOKEN_PUNCT:
		break;
	}
	parse_fail(p, "E0001",
	           "expected a priority: a number, or a name such as `filter`");
	return false;
}

bool parse_priority(struct parse *p, struct expr **priority, int32_t *offset,
                    struct span *span)
{
	struct span at = lexer_peek(&p->lx, 0)->span;

	for (const struct priority_name *row = priority_names; p->expected && row->name;
	     row++)
		at_any_word(p, row->name);
	if (!parse_priority_text(p, priority, offset))
		return false;
	*span = span_join(at, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return true;
}

/* ---- devices ------------------------------------------------------------------------- */

static struct expr *parse_device(struct parse *p)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct expr *e;

	if (t.kind == TOKEN_VARIABLE)
		return parse_variable(p);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_STRING)
		return parse_fail(p, "E0001", "expected a device");
	lexer_next(&p->lx);
	e = expr_new(p, EXPR_STRING, t.span);
	e->word = t.text;
	return e;
}

/* Items of a set held by a variable come out one by one. */
static void add_device(struct parse *p, struct expr *set, struct expr *device)
{
	if (device->kind == EXPR_SET || device->kind == EXPR_LIST) {
		for (size_t i = 0; i < device->list.n; i++)
			add_device(p, set, device->list.p[i]);
		return;
	}
	expr_list_add(&set->list, p->a,
	              device->kind == EXPR_ELEM ? device->elem.key : device);
}

static bool parse_device_list(struct parse *p, struct expr *set)
{
	while (!at_punct(p, '}')) {
		struct expr *device = parse_device(p);

		if (!device)
			return false;
		add_device(p, set, device);
		if (!take_punct(p, ',') && !at_punct(p, '}')) {
			parse_fail(p, "E0001", "expected `,` or `}`");
			return false;
		}
	}
	set->span = span_join(set->span, lexer_next(&p->lx).span);
	return true;
}

struct expr *parse_devices(struct parse *p)
{
	struct expr *set = expr_new(p, EXPR_SET, lexer_peek(&p->lx, 0)->span);
	bool ok;

	if (!at_punct(p, '{')) {
		struct expr *device = parse_device(p);

		if (device)
			add_device(p, set, device);
		return device ? set : NULL;
	}
	lexer_next(&p->lx);
	lexer_newlines(&p->lx, true);
	ok = parse_device_list(p, set);
	lexer_newlines(&p->lx, false);
	return ok ? set : NULL;
}

static bool parse_devices_line(struct parse *p, struct expr **devices, struct span at)
{
	if (*devices)
		warn_twice(p, at, "the list of devices", (*devices)->span);
	if (!expect_punct(p, '=', "="))
		return false;
	*devices = parse_devices(p);
	return *devices != NULL;
}

/* ---- chains -------------------------------------------------------------------------- */

/* Every hook's name of any family, once. */
static size_t all_hooks(struct str *names, size_t max)
{
	size_t n = 0;

	for (const struct hook_name *h = hook_names; h->name && n < max; h++) {
		size_t i = 0;

		while (i < n && !str_is(names[i], h->name))
			i++;
		if (i == n)
			names[n++] = str_from(h->name);
	}
	return n;
}

/* `hook NAME`. Which hooks a family has is checked with the chain. */
static bool parse_hook(struct parse *p, struct str *hook, struct span *span)
{
	struct str names[16];
	size_t n = all_hooks(names, ARRAY_LEN(names)), i = 0;

	if (!take_word(p, "hook")) {
		parse_fail(p, "E0001", "expected `hook`");
		return false;
	}
	for (size_t j = 0; p->expected && j < n; j++)
		at_any_word(p, names[j].p);
	if (!parse_string(p, "a hook", hook, span))
		return false;
	while (i < n && !str_eq(*hook, names[i]))
		i++;
	return i < n || fail_choice(p, *span, "a hook", *hook, names, n);
}

static bool parse_chain_devices(struct parse *p, struct chain_block *c)
{
	struct span at = lexer_peek(&p->lx, 0)->span;

	if (take_word(p, "devices"))
		return parse_devices_line(p, &c->devices, at);
	if (!take_word(p, "device"))
		return true;
	if (c->devices)
		warn_twice(p, at, "the device", c->devices->span);
	c->devices = parse_device(p);
	return c->devices != NULL;
}

/* `type T hook H [device D | devices = { … }] priority P`. */
static bool parse_chain_type(struct parse *p, void *block, struct span at)
{
	struct chain_block *c = block;
	struct span type_span;
	uint64_t type;

	if (!parse_choice(p, chain_types, "a type of chain", &type, &type_span))
		return false;
	if (c->is_base)
		warn_twice(p, at, "the chain's type", c->type_span);
	c->priority_offset = 0;
	c->is_base = true;
	c->type = str_from(chain_types[type].name);
	c->type_span = type_span;
	if (!parse_hook(p, &c->hook, &c->hook_span) || !parse_chain_devices(p, c))
		return false;
	if (!take_word(p, "priority")) {
		parse_fail(p, "E0001", "expected `priority`");
		return false;
	}
	return parse_priority(p, &c->priority, &c->priority_offset, &c->priority_span) &&
	       expect_end(p);
}

/* `policy reject` and the like: verdicts that no policy can be. */
static bool fail_policy(struct parse *p)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d = diag_error(p->diags, "E0011", t.span,
	                            "a policy is accept or drop, not `" STR_FMT "`",
	                            STR_ARG(t.text));

	if (str_is(t.text, "reject"))
		diag_help(p->diags, d,
		          "policy drop, and `reject` as the chain's last rule");
	return false;
}

static bool parse_chain_policy(struct parse *p, void *block, struct span at)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct chain_block *c = block;
	uint64_t policy;

	if (c->policy.p)
		return fail_twice(p, at, "the policy", c->policy_span);
	if (t->kind == TOKEN_WORD && word_is_reserved(t->text) &&
	    !symbol_by_name(chain_policies, t->text))
		return fail_policy(p);
	if (!parse_choice(p, chain_policies, "a policy", &policy, &c->policy_span))
		return false;
	c->policy = str_from(chain_policies[policy].name);
	return expect_end(p);
}

static bool parse_chain_flags(struct parse *p, void *block, struct span at)
{
	struct chain_block *c = block;

	return parse_flags(p, chain_flags, "a flag of a chain", &c->flags, &at) &&
	       expect_end(p);
}

static bool parse_chain_device_line(struct parse *p, void *block, struct span at)
{
	struct chain_block *c = block;

	return parse_devices_line(p, &c->devices, at) && expect_end(p);
}

static bool parse_chain_comment(struct parse *p, void *block, struct span at)
{
	return parse_block_comment(p, &((struct chain_block *)block)->comment, at);
}

static const struct line_row chain_lines[] = {
	{ WORD("type"), parse_chain_type },
	{ WORD("policy"), parse_chain_policy },
	{ WORD("flags"), parse_chain_flags },
	{ WORD("devices"), parse_chain_device_line },
	{ WORD("comment"), parse_chain_comment },
};

static void release_rules(void *arg)
{
	rule_texts_fini(&((struct chain_block *)arg)->rules);
}

static void add_rule_text(struct parse *p, struct chain_block *c, struct span span)
{
	struct rule_text text = { p->scope, span, p->seq };

	if (c->rules.list.n == 0)
		arena_defer(p->a, release_rules, c);
	rule_texts_add(&c->rules, &text);
}

static bool parse_chain_item(struct parse *p, void *block)
{
	int r = parse_line(p, chain_lines, ARRAY_LEN(chain_lines), block);
	struct span text;

	if (r >= 0)
		return r;
	if (at_outer_line(p)) {
		p->leave = true;
		return true;
	}
	text = lexer_skip_statement(&p->lx);
	if (p->expected)
		complete_rule(p, text);
	if (text.len)
		add_rule_text(p, block, text);
	return true;
}

bool parse_chain_body(struct parse *p, struct chain_block *c)
{
	size_t errors = p->diags->errors;
	bool ok = parse_block(p, c->span, parse_chain_item, c);

	c->is_broken |= p->diags->errors != errors;
	c->span = span_join(c->span, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return ok;
}

/* ---- flow tables --------------------------------------------------------------------- */

static bool parse_flowtable_hook(struct parse *p, void *block, struct span at)
{
	struct flowtable_block *f = block;

	if (f->hook.p)
		warn_twice(p, at, "the hook", f->hook_span);
	f->priority_offset = 0;
	if (!parse_string(p, "a hook", &f->hook, &f->hook_span))
		return false;
	if (!str_is(f->hook, "ingress"))
		return fail_choice(p, f->hook_span, "a hook of flow tables", f->hook,
		                   (struct str[]){ STR("ingress") }, 1);
	if (!take_word(p, "priority")) {
		parse_fail(p, "E0001", "expected `priority`");
		return false;
	}
	return parse_priority(p, &f->priority, &f->priority_offset, &f->priority_span) &&
	       expect_end(p);
}

static bool parse_flowtable_devices(struct parse *p, void *block, struct span at)
{
	return parse_devices_line(p, &((struct flowtable_block *)block)->devices, at) &&
	       expect_end(p);
}

static bool parse_flowtable_counter(struct parse *p, void *block, struct span at)
{
	(void)at;
	((struct flowtable_block *)block)->counter = true;
	return expect_end(p);
}

static bool parse_flowtable_flags(struct parse *p, void *block, struct span at)
{
	return parse_flags(p, flowtable_flags, "a flag of a flow table",
	                   &((struct flowtable_block *)block)->flags, &at) &&
	       expect_end(p);
}

static const struct line_row flowtable_lines[] = {
	{ WORD("hook"), parse_flowtable_hook },
	{ WORD("devices"), parse_flowtable_devices },
	{ WORD("counter"), parse_flowtable_counter },
	{ WORD("flags"), parse_flowtable_flags },
};

static bool parse_flowtable_item(struct parse *p, void *block)
{
	int r = parse_line(p, flowtable_lines, ARRAY_LEN(flowtable_lines), block);

	return r < 0 ? fail_line(p, flowtable_lines, ARRAY_LEN(flowtable_lines),
	                         "a line of a flow table")
	             : r;
}

bool parse_flowtable_body(struct parse *p, struct flowtable_block *f)
{
	size_t errors = p->diags->errors;
	bool ok = parse_block(p, f->span, parse_flowtable_item, f);

	f->is_broken |= p->diags->errors != errors;
	f->span = span_join(f->span, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return ok;
}
