/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sets, and elements on their way from text into the transaction.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/automerge.h"

struct elem_sender {
	struct session *s;
};

static void send_elem(void *ctx, const struct prog_elem *e)
{
	struct session *s = ((struct elem_sender *)ctx)->s;

	if (s->engine)
		s->engine->ops->tx_elem(s->tx, e);
}

/* Intervals are held back until all are known; others are sent as they are read. */
static bool is_held_back(const struct set_info *info)
{
	return (info->flags & NFT_SET_INTERVAL) && !(info->flags & NFT_SET_CONCAT);
}

/* What the new intervals were merged with goes, before they come. */
static bool merge_with_kernel(struct session *s, struct elem_builder *b, struct prog_set *set,
                              uint32_t tag)
{
	struct elem_builder drop;

	elem_builder_init(&drop, b->L, b->info, b->put, b->ctx);
	drop.merge = true; /* the same one may have been found twice */
	bool ok = automerge(s, b, set, &drop);

	if (ok && drop.n) {
		s->engine->ops->tx_elems_begin(s->tx, TX_DELETE, set, tag);
		ok = elem_builder_finish(&drop);
		s->engine->ops->tx_elems_end(s->tx);
	}
	elem_builder_fini(&drop);
	return ok;
}

static bool read_elems(struct session *s, const struct elems_text *text, struct elem_builder *b,
                       struct arena *one)
{
	struct elems_iter it;
	struct expr *elem;
	bool ok = true;
	int r;

	elems_open(&it, s->parser, text);
	while ((r = elems_next(&it, one, &elem)) != 0) {
		ok &= r > 0 && elem_builder_add(b, elem);
		if (b->n_extras == 0)
			arena_reset(one);
	}
	return ok;
}

bool add_elems(struct session *s, enum family f, struct str table, const struct set_info *info,
               const struct elems_text *text, enum tx_op op, struct span name_span)
{
	struct rule_env env = { .family = f, .table = table };
	struct elem_sender sender = { s };
	struct elem_builder b;
	struct lower L;
	struct program unused = { 0 };
	struct prog_set set = { .family = (uint8_t)f, .table = table };
	struct tag tag = { .verb = op == TX_DELETE ? CMD_DELETE : CMD_ADD, .object = OBJ_ELEMENT,
	                   .family = f, .span = text->span.len ? text->span : name_span,
	                   .table = table, .name = info->name };
	bool late = is_held_back(info), in_kernel = info->id == 0;
	auto_arena one = { 0 };
	auto_arena kept = { 0 };

	arena_init(&one);
	arena_init(&kept);
	tag.elems = arena_copy(&s->a, text, sizeof(*text));
	uint32_t number = tag_add(s, &tag);

	session_lower(s, &env, &L, &unused, &kept);
	L.a = &one;
	set_to_program(&s->scratch, info, (struct str){ 0 }, &set);
	if (s->engine && !late)
		s->engine->ops->tx_elems_begin(s->tx, op, &set, number);
	elem_builder_init(&b, &L, info, send_elem, &sender);
	b.keys_only = op == TX_DELETE || op == TX_DESTROY;
	bool ok = read_elems(s, text, &b, &one);

	L.a = &kept;
	if (ok && s->engine && in_kernel && late && info->auto_merge && !b.keys_only)
		ok = merge_with_kernel(s, &b, &set, number);
	if (s->engine && late)
		s->engine->ops->tx_elems_begin(s->tx, op, &set, number);
	ok = ok && elem_builder_finish(&b);
	elem_builder_fini(&b);
	if (s->engine)
		s->engine->ops->tx_elems_end(s->tx);
	return ok;
}

/* What a set will hold: how nft counts it. */
struct elem_count {
	size_t n;
	bool end_first; /* an end stands before the first interval */
};

static void count_elem(void *ctx, const struct prog_elem *e)
{
	struct elem_count *c = ctx;

	if (c->n++ == 0)
		c->end_first = e->flags & NFT_SET_ELEM_INTERVAL_END;
}

/* The size nft gives a set that never changes. False after an error in an element. */
static bool constant_size(struct session *s, const struct set_block *b,
                          const struct set_info *info, uint32_t *size)
{
	struct rule_env env = { .family = b->ref.family, .table = b->ref.table };
	struct elem_count count = { 0 };
	struct elem_builder builder;
	struct program unused = { 0 };
	struct lower L;
	auto_arena one = { 0 };
	auto_arena kept = { 0 };

	arena_init(&one);
	arena_init(&kept);
	session_lower(s, &env, &L, &unused, &kept);
	L.a = &one;
	elem_builder_init(&builder, &L, info, count_elem, &count);
	bool ok = read_elems(s, &b->elems, &builder, &one) && elem_builder_finish(&builder);

	*size = (uint32_t)builder.emitted;
	if ((info->flags & NFT_SET_INTERVAL) && info->key.n == 1)
		*size = *size * 2 + count.end_first;
	elem_builder_fini(&builder);
	return ok;
}

bool add_set_block(struct session *s, const struct set_block *b, enum tx_op op)
{
	struct rule_env env = { .family = b->ref.family, .table = b->ref.table };
	struct set_info *info = arena_new(&s->a, struct set_info);
	struct prog_set out = { .family = (uint8_t)b->ref.family, .table = b->ref.table };
	struct program unused = { 0 };
	struct lower L;
	struct tag tag = { .verb = tx_verb(op), .object = OBJ_SET, .family = b->ref.family,
	                   .span = b->ref.name_span, .table = b->ref.table, .name = b->ref.name };

	session_lower(s, &env, &L, &unused, &s->a);
	if (!set_info_from_block(&L, b, info))
		return false;
	info->id = ++s->next_set_id;
	session_put(s, &s->sets, session_key(s, b->ref.family, b->ref.table, b->ref.name), info);
	set_to_program(&s->scratch, info, b->comment, &out);
	out.has_size = b->has_size;
	out.size = b->size;
	out.has_policy = b->has_policy;
	out.policy = b->policy;
	out.timeout_ms = b->has_timeout ? b->timeout_ms : 0;
	out.has_gc = b->has_gc;
	out.gc_interval_ms = (uint32_t)b->gc_interval_ms;
	if (info->flags & NFT_SET_CONSTANT)
		out.has_size = out.has_policy = false; /* as nft, which counts the elements instead */
	if ((info->flags & NFT_SET_CONSTANT) && (b->elems.span.len || b->elems.expr)) {
		if (!constant_size(s, b, info, &out.size))
			return false;
		out.has_size = true;
	}
	if (!lower_stateful_list(&L, &b->stmts, &out.exprs))
		return false;
	if (out.exprs.n > 1)
		out.flags |= NFT_SET_EXPR;
	if (s->engine)
		s->engine->ops->tx_set(s->tx, op, &out, tag_add(s, &tag));
	if (b->elems.span.len || b->elems.expr)
		return add_elems(s, b->ref.family, b->ref.table, info, &b->elems, TX_ADD,
		                 b->ref.name_span);
	return true;
}
