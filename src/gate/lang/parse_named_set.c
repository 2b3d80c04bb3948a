/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Blocks of sets and maps: what they hold, flags, times, size, and the text of their
 * elements.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

// clang-format off
static const struct symbol set_flags[] = {
	{ "constant", NFT_SET_CONSTANT }, { "interval", NFT_SET_INTERVAL },
	{ "timeout", NFT_SET_TIMEOUT }, { "dynamic", NFT_SET_EVAL }, { NULL, 0 },
};
static const struct symbol set_policies[] = {
	{ "performance", NFT_SET_POL_PERFORMANCE }, { "memory", NFT_SET_POL_MEMORY }, { NULL, 0 },
};
/* What an object map can hold. */
static const struct symbol map_objects[] = {
	{ "counter", NFT_OBJECT_COUNTER }, { "quota", NFT_OBJECT_QUOTA },
	{ "limit", NFT_OBJECT_LIMIT }, { "secmark", NFT_OBJECT_SECMARK },
	{ "synproxy", NFT_OBJECT_SYNPROXY }, { NULL, 0 },
};
static const struct symbol map_ct_objects[] = {
	{ "helper", NFT_OBJECT_CT_HELPER }, { "timeout", NFT_OBJECT_CT_TIMEOUT },
	{ "expectation", NFT_OBJECT_CT_EXPECT }, { NULL, 0 },
};
// clang-format on

/* ---- what it holds ------------------------------------------------------------------- */

static bool fail_type(struct parse *p, const struct token *t)
{
	struct str names[TYPE_COUNT], near;
	struct diag *d;
	size_t n = 0;

	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (datatypes[i])
			names[n++] = str_from(datatypes[i]->name);
	for (size_t i = 0; p->expected && i < n; i++)
		at_any_word(p, names[i].p);
	if (t->kind != TOKEN_WORD)
		return parse_fail(p, "E0001", "expected a type such as `ipv4_addr`");
	d = diag_error(p->diags, "E0011", t->span, "`" STR_FMT "` is not a type",
	               STR_ARG(t->text));
	near = str_nearest(t->text, names, n);
	if (near.n)
		diag_help(p->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	diag_help(p->diags, d, "or let a selector say it: typeof ip saddr");
	return false;
}

enum { TYPES_MAX = 16 };

/* `ipv4_addr . inet_service`. */
static bool parse_types(struct parse *p, const struct datatype **types, uint8_t *n,
                        struct span *span)
{
	*span = lexer_peek(&p->lx, 0)->span;
	do {
		struct token t = *lexer_peek(&p->lx, 0);
		const struct datatype *type;

		type = t.kind == TOKEN_WORD ? datatype_by_name(t.text) : NULL;
		if (!type)
			return fail_type(p, &t);
		if (*n == TYPES_MAX) {
			diag_error(p->diags, "E0001", t.span,
			           "more than %d types in one key", TYPES_MAX);
			return false;
		}
		lexer_next(&p->lx);
		types[(*n)++] = type;
		*span = span_join(*span, t.span);
	} while (take_punct(p, '.'));
	return true;
}

/* `: counter`, `: ct helper`: -1 when neither comes; `typeof … : ct mark` is none. */
static int parse_map_object(struct parse *p, struct set_block *s, bool is_typeof)
{
	const struct token *second = lexer_peek(&p->lx, 1);
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct symbol *row;
	struct span span;
	uint64_t object;

	for (row = map_objects; p->expected && row->name; row++)
		at_any_word(p, row->name);
	if (t->kind != TOKEN_WORD)
		return -1;
	row = symbol_by_name(map_objects, t->text);
	if (row) {
		lexer_next(&p->lx);
		s->data_obj = (uint32_t)row->value;
		return true;
	}
	if (is_typeof && second->kind == TOKEN_WORD &&
	    !symbol_by_name(map_ct_objects, second->text))
		return -1;
	if (!take_word(p, "ct"))
		return -1;
	if (!parse_choice(p, map_ct_objects, "an object", &object, &span))
		return false;
	s->data_obj = (uint32_t)object;
	return true;
}

/* Behind the `:` of a map. */
static bool parse_map_data(struct parse *p, struct set_block *s, bool is_typeof)
{
	struct span span;
	int r = parse_map_object(p, s, is_typeof);

	if (r >= 0)
		return r;
	s->data_interval = take_word(p, "interval");
	if (take_word(p, "verdict")) {
		s->data_verdict = true;
		return true;
	}
	if (!is_typeof)
		return parse_types(p, s->data_types, &s->n_data_types, &span);
	s->data_typeof = parse_typeof(p);
	return s->data_typeof != NULL;
}

/* `: data`, which a map must have and a set cannot. */
static bool parse_map_rest(struct parse *p, struct set_block *s, bool is_typeof)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	bool has_data = at_punct(p, ':');
	struct diag *d;

	if (has_data && !s->is_map) {
		d = diag_error(p->diags, "E0001", at, "a set holds keys only");
		diag_help(p->diags, d, "what gives a value for each key is a `map`");
		return false;
	}
	if (!has_data && s->is_map) {
		parse_fail(p, "E0001", "expected `:` and what the map gives");
		return false;
	}
	if (!has_data)
		return expect_end(p);
	lexer_next(&p->lx);
	return parse_map_data(p, s, is_typeof) && expect_end(p);
}

static bool is_typed(const struct set_block *s)
{
	return s->n_key_types || s->key_typeof;
}

/* A second `type` or `typeof` takes the place of the first. */
static void forget_type(struct parse *p, struct set_block *s, struct span at)
{
	if (!is_typed(s))
		return;
	warn_twice(p, at, "the type", s->key_type_span);
	s->key_typeof = s->data_typeof = NULL;
	s->n_key_types = s->n_data_types = 0;
	s->key_type = (struct str){ 0 };
	s->data_interval = s->data_verdict = false;
	s->data_obj = 0;
}

static bool parse_set_type(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	forget_type(p, s, at);
	if (!parse_types(p, s->key_types, &s->n_key_types, &s->key_type_span))
		return false;
	s->key_type = sources_text(p->lx.sources, s->key_type_span);
	return parse_map_rest(p, s, false);
}

static bool parse_set_typeof(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	forget_type(p, s, at);
	s->key_typeof = parse_typeof(p);
	if (!s->key_typeof)
		return false;
	s->key_type_span = s->key_typeof->span;
	return parse_map_rest(p, s, true);
}

/* ---- options ------------------------------------------------------------------------- */

static bool parse_set_flags(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	if (s->flags)
		warn_twice(p, at, "the list of flags", s->flags_span);
	s->flags = 0;
	return parse_flags(p, set_flags, "a flag of a set", &s->flags, &s->flags_span) &&
	       expect_end(p);
}

static bool parse_set_time(struct parse *p, struct span at, const char *what, bool *has,
                           uint64_t *ms)
{
	if (*has)
		warn_twice(p, at, what, SPAN_NONE);
	*has = true;
	return parse_time(p, ms) && expect_end(p);
}

static bool parse_set_timeout(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	return parse_set_time(p, at, "the timeout", &s->has_timeout, &s->timeout_ms);
}

static bool parse_set_gc(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	return parse_set_time(p, at, "the interval", &s->has_gc, &s->gc_interval_ms);
}

static bool parse_set_size(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;
	uint64_t n;

	if (s->has_size)
		warn_twice(p, at, "the size", SPAN_NONE);
	if (!parse_u64(p, UINT32_MAX, "a number of elements", &n))
		return false;
	s->has_size = true;
	s->size = (uint32_t)n;
	return expect_end(p);
}

static bool parse_set_policy(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;
	uint64_t policy;

	if (s->has_policy)
		warn_twice(p, at, "the policy", SPAN_NONE);
	if (!parse_choice(p, set_policies, "a policy of a set", &policy, &at))
		return false;
	s->has_policy = true;
	s->policy = (uint32_t)policy;
	return expect_end(p);
}

static bool parse_set_merge(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	if (s->is_map) {
		struct diag *d = diag_error(p->diags, "E0001", at,
		                            "a map cannot merge its elements");

		diag_help(p->diags, d, "leave `auto-merge` out; only sets have it");
		return false;
	}
	s->auto_merge = true;
	return expect_end(p);
}

static bool parse_set_comment(struct parse *p, void *block, struct span at)
{
	return parse_block_comment(p, &((struct set_block *)block)->comment, at);
}

bool parse_elems_text(struct parse *p, struct elems_text *elems)
{
	struct span open = lexer_peek(&p->lx, 0)->span;

	*elems = (struct elems_text){ 0 };
	elems->scope = p->scope;
	elems->seq = p->seq;
	if (lexer_peek(&p->lx, 0)->kind == TOKEN_VARIABLE) {
		elems->span = open;
		elems->expr = parse_variable_shared(p);
		return elems->expr != NULL;
	}
	if (!take_punct(p, '{')) {
		parse_fail(p, "E0001", "expected `{ elements }`");
		return false;
	}
	elems->span = lexer_skip_braces(&p->lx);
	return elems->span.len != UINT32_MAX || fail_unclosed(p, open);
}

static bool parse_set_elements(struct parse *p, void *block, struct span at)
{
	struct set_block *s = block;

	if (s->elems.span.len)
		warn_twice(p, at, "the list of elements", s->elems.span);
	return expect_punct(p, '=', "=") && parse_elems_text(p, &s->elems) &&
	       expect_end(p);
}

static const struct line_row set_lines[] = {
	{ WORD("type"), parse_set_type },       { WORD("typeof"), parse_set_typeof },
	{ WORD("flags"), parse_set_flags },     { WORD("timeout"), parse_set_timeout },
	{ WORD("gc-interval"), parse_set_gc },  { WORD("size"), parse_set_size },
	{ WORD("policy"), parse_set_policy },   { WORD("auto-merge"), parse_set_merge },
	{ WORD("comment"), parse_set_comment }, { WORD("elements"), parse_set_elements },
};

/* Statements that each element carries: one or several. */
static bool parse_set_stmts(struct parse *p, struct set_block *s)
{
	while (at_stateful(p)) {
		struct stmt *stmt = parse_stateful(p);

		if (!stmt)
			return false;
		stmt_list_add(&s->stmts, p->a, stmt);
	}
	return expect_end(p);
}

static bool parse_set_item(struct parse *p, void *block)
{
	int r = parse_line(p, set_lines, ARRAY_LEN(set_lines), block);

	if (r >= 0)
		return r;
	if (at_stateful(p))
		return parse_set_stmts(p, block);
	return fail_line(p, set_lines, ARRAY_LEN(set_lines), "a line of a set");
}

bool parse_set_body(struct parse *p, struct set_block *s)
{
	size_t errors = p->diags->errors;
	bool ok = parse_block(p, s->span, parse_set_item, s);
	struct diag *d;

	s->is_broken |= p->diags->errors != errors;
	s->span = span_join(s->span, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	if (is_typed(s) || s->is_broken)
		return ok;
	s->is_broken = true;
	d = diag_error(p->diags, "E0001", s->ref.name_span, "this %s has no type",
	               s->is_map ? "map" : "set");
	diag_help(p->diags, d,
	          s->is_map ? "type ipv4_addr : verdict, or typeof ip saddr : …"
	                    : "type ipv4_addr, or typeof ip saddr");
	return true;
}
