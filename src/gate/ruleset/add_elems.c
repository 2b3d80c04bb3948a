/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sets, and elements on their way from text into the transaction.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/automerge.h"
#include "gate/ruleset/kernels.h"

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
	drop.keys_only = true;
	drop.merge = true; /* the same one may have been found twice */
	int r = automerge(s, b, set, &drop);
	bool ok = r == 0;

	if (r < 0)
		diag_error(s->diags, "E0602", SPAN_NONE, "cannot read set `" STR_FMT "`: %s",
		           STR_ARG(set->name), strerror(-r));
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
	struct span left = text->span;
	struct elems_iter it;
	struct expr *elem;
	bool ok = true;
	int r;

	sources_passed(s->sources, left); /* the parser has found where it ends */
	elems_open(&it, s->parser, text);
	while ((r = elems_next(&it, one, &elem)) != 0) {
		ok &= r > 0 && elem_builder_add(b, elem);
		if (r > 0 && elem->span.file == left.file)
			session_passed(s, &left, elem->span.off);
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
	bool deletes = op == TX_DELETE || op == TX_DESTROY;
	struct tag tag = { .verb = deletes ? CMD_DELETE : CMD_ADD, .object = OBJ_ELEMENT,
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
	b.keys_only = deletes;
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

static void drop_elem(void *ctx, const struct prog_elem *e)
{
	(void)ctx;
	(void)e;
}

/* Nothing comes into a constant set later, so nft tells the kernel how many there are: it can
 * take a faster kind of set then. Two ends an interval, and one before all. */
static bool count_elems(struct session *s, const struct set_block *b,
                        const struct set_info *info, uint32_t *size)
{
	struct rule_env env = { .family = b->ref.family, .table = b->ref.table };
	struct program unused = { 0 };
	struct elem_builder count;
	struct lower L;
	auto_arena one = { 0 };
	auto_arena kept = { 0 };

	arena_init(&one);
	arena_init(&kept);
	session_lower(s, &env, &L, &unused, &kept);
	L.a = &one;
	elem_builder_init(&count, &L, info, drop_elem, NULL);
	bool ok = read_elems(s, &b->elems, &count, &one);

	L.a = &kept;
	ok = ok && elem_builder_finish(&count);
	*size = (uint32_t)count.emitted;
	if (is_held_back(info))
		*size = *size * 2 + 1;
	elem_builder_fini(&count);
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

	if (!b->ref.name.p)
		return false;
	session_lower(s, &env, &L, &unused, &s->a);
	session_put(s, &s->sets, session_key(s, b->ref.family, b->ref.table, b->ref.name), info);
	if (b->is_broken || !name_fits(s, "set", b->ref.name, b->ref.name_span) ||
	    !set_info_from_block(&L, b, info)) {
		info->is_broken = true;
		return false;
	}
	info->id = ++s->next_set_id;
	set_to_program(&s->scratch, info, b->comment, &out);
	bool has_elems = b->elems.span.len || b->elems.expr;

	out.has_size = b->has_size;
	out.size = b->size;
	if ((info->flags & NFT_SET_CONSTANT) && has_elems) {
		out.has_size = true;
		if (!count_elems(s, b, info, &out.size))
			return false;
	}
	out.has_policy = b->has_policy;
	out.policy = b->policy;
	out.timeout_ms = b->has_timeout ? b->timeout_ms : 0;
	out.has_gc = b->has_gc;
	out.gc_interval_ms = (uint32_t)b->gc_interval_ms;
	if (!lower_stateful_list(&L, &b->stmts, &out.exprs))
		return false;
	if (!kernel_takes_set(s, &out, b->ref.name_span))
		return false;
	if (out.exprs.n > 1)
		out.flags |= NFT_SET_EXPR;
	if (s->engine)
		s->engine->ops->tx_set(s->tx, op, &out, tag_add(s, &tag));
	if (has_elems)
		return add_elems(s, b->ref.family, b->ref.table, info, &b->elems, TX_ADD,
		                 b->ref.name_span);
	return true;
}
