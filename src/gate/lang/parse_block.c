/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A table's block: flags, comment, and the blocks of what it holds. A block whose name is
 * wrong is read all the same, so that the mistakes inside it are found too.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

enum {
	TABLE_F_PERSIST = 4
}; /* linux/netfilter/nf_tables.h, kernel 6.9: NFT_TABLE_F_PERSIST */

// clang-format off
static const struct symbol table_flags[] = {
	{ "dormant", NFT_TABLE_F_DORMANT }, { "owner", NFT_TABLE_F_OWNER },
	{ "persist", TABLE_F_PERSIST }, { NULL, 0 },
};
static const struct symbol ct_kinds[] = {
	{ "helper", NFT_OBJECT_CT_HELPER }, { "timeout", NFT_OBJECT_CT_TIMEOUT },
	{ "expectation", NFT_OBJECT_CT_EXPECT }, { NULL, 0 },
};
// clang-format on

bool parse_ct_kind(struct parse *p, uint32_t *type)
{
	struct span span;
	uint64_t kind;

	if (!parse_choice(p, ct_kinds, "an object of conntrack", &kind, &span))
		return false;
	*type = (uint32_t)kind;
	return true;
}

bool take_open(struct parse *p, struct span *open)
{
	if (!at_punct(p, '{'))
		return false;
	*open = lexer_next(&p->lx).span;
	return true;
}

bool take_open_below(struct parse *p, struct span *open)
{
	unsigned n = 0;

	while (n < 3 && lexer_peek(&p->lx, n)->kind == TOKEN_NEWLINE &&
	       lexer_peek(&p->lx, n)->is_line_end)
		n++;
	if (n == 0 || lexer_peek(&p->lx, n)->punct != '{')
		return false;
	while (n--)
		lexer_next(&p->lx);
	return take_open(p, open);
}

/* A `{` that is missing at the end of a line: the block goes on as if it were there. */
static bool suppose_open(struct parse *p, struct span *open)
{
	const struct token *t = lexer_peek(&p->lx, 0);

	*open = lexer_span(&p->lx, p->lx.taken, p->lx.taken);
	return t->kind == TOKEN_NEWLINE && t->is_line_end;
}

/* `NAME {`. Only a missing `{` is the end of it. */
static bool parse_head(struct parse *p, const char *what, const struct name_ref *table,
                       struct name_ref *ref, struct span *open)
{
	*ref = *table;
	if (!parse_name(p, what, &ref->name, &ref->name_span) && !at_punct(p, '{'))
		return false;
	if (take_open(p, open) || take_open_below(p, open))
		return true;
	parse_fail(p, "E0001", "expected `{`");
	return suppose_open(p, open);
}

static bool parse_table_flags(struct parse *p, void *block, struct span at)
{
	struct table_block *t = block;

	return parse_flags(p, table_flags, "a flag of a table", &t->flags, &at) &&
	       expect_end(p);
}

static bool parse_table_comment(struct parse *p, void *block, struct span at)
{
	return parse_block_comment(p, &((struct table_block *)block)->comment, at);
}

static bool parse_chain_block(struct parse *p, void *block, struct span at)
{
	struct table_block *t = block;
	struct chain_block *c = arena_new(p->a, struct chain_block);

	(void)at;
	if (!parse_head(p, "a chain's name", &t->ref, &c->ref, &c->span))
		return false;
	c->is_broken = !c->ref.name.p;
	list_push(t->chains, t->n_chains, t->cap_chains, p->a, c);
	return parse_chain_body(p, c);
}

static bool parse_set(struct parse *p, struct table_block *t, bool is_map)
{
	struct set_block *s = arena_new(p->a, struct set_block);

	s->is_map = is_map;
	if (!parse_head(p, is_map ? "a map's name" : "a set's name", &t->ref, &s->ref,
	                &s->span))
		return false;
	s->is_broken = !s->ref.name.p;
	list_push(t->sets, t->n_sets, t->cap_sets, p->a, s);
	return parse_set_body(p, s);
}

static bool parse_set_block(struct parse *p, void *block, struct span at)
{
	(void)at;
	return parse_set(p, block, false);
}

static bool parse_map_block(struct parse *p, void *block, struct span at)
{
	(void)at;
	return parse_set(p, block, true);
}

static bool parse_flowtable_block(struct parse *p, void *block, struct span at)
{
	struct table_block *t = block;
	struct flowtable_block *f = arena_new(p->a, struct flowtable_block);

	(void)at;
	if (!parse_head(p, "a flow table's name", &t->ref, &f->ref, &f->span))
		return false;
	f->is_broken = !f->ref.name.p;
	list_push(t->flowtables, t->n_flowtables, t->cap_flowtables, p->a, f);
	return parse_flowtable_body(p, f);
}

static bool parse_obj(struct parse *p, struct table_block *t, uint32_t type)
{
	struct obj_block *o = arena_new(p->a, struct obj_block);

	o->type = type;
	if (!parse_head(p, "an object's name", &t->ref, &o->ref, &o->span))
		return false;
	o->is_broken = !o->ref.name.p;
	list_push(t->objs, t->n_objs, t->cap_objs, p->a, o);
	return parse_obj_body(p, o);
}

static bool parse_ct_block(struct parse *p, void *block, struct span at)
{
	uint32_t type;

	(void)at;
	return parse_ct_kind(p, &type) && parse_obj(p, block, type);
}

#define OBJ_BLOCK(name, type)                                                          \
	static bool parse_##name##_block(struct parse *p, void *block, struct span at) \
	{                                                                              \
		(void)at;                                                              \
		return parse_obj(p, block, type);                                      \
	}
OBJ_BLOCK(counter, NFT_OBJECT_COUNTER)
OBJ_BLOCK(quota, NFT_OBJECT_QUOTA)
OBJ_BLOCK(limit, NFT_OBJECT_LIMIT)
OBJ_BLOCK(synproxy, NFT_OBJECT_SYNPROXY)
OBJ_BLOCK(secmark, NFT_OBJECT_SECMARK)

static const struct line_row table_lines[] = {
	{ WORD("chain"), parse_chain_block },
	{ WORD("set"), parse_set_block },
	{ WORD("map"), parse_map_block },
	{ WORD("counter"), parse_counter_block },
	{ WORD("quota"), parse_quota_block },
	{ WORD("limit"), parse_limit_block },
	{ WORD("synproxy"), parse_synproxy_block },
	{ WORD("secmark"), parse_secmark_block },
	{ WORD("ct"), parse_ct_block },
	{ WORD("flowtable"), parse_flowtable_block },
	{ WORD("flags"), parse_table_flags },
	{ WORD("comment"), parse_table_comment },
};

/* A rule right in a table. */
static bool fail_bare_rule(struct parse *p)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d =
		diag_error(p->diags, "E0001", t.span, "a rule stands in a chain");

	diag_help(p->diags, d,
	          "chain input { type filter hook input priority filter; " STR_FMT " … }",
	          STR_ARG(t.text));
	return false;
}

static bool parse_table_item(struct parse *p, void *block)
{
	int r = parse_line(p, table_lines, ARRAY_LEN(table_lines), block);

	if (r >= 0)
		return r;
	if (at_rule_word(p))
		return fail_bare_rule(p);
	return fail_line(p, table_lines, ARRAY_LEN(table_lines), "a line of a table");
}

bool parse_table_body(struct parse *p, struct table_block *t)
{
	size_t errors = p->diags->errors;
	bool ok = parse_block(p, t->span, parse_table_item, t);

	t->is_broken |= p->diags->errors != errors;
	t->span = span_join(t->span, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return ok;
}
