/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sets, and elements on their way from text into the transaction.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
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

/* What the new intervals are merged with goes, before they come. */
static bool merge_with_others(struct session *s, struct elem_builder *b,
                              struct prog_set *set, uint32_t tag)
{
	struct elem_log *log = elem_log_of(s, set);
	struct elem_builder drop;

	elem_builder_init(&drop, b->L, b->info, b->put, b->ctx);
	drop.keys_only = true;
	drop.merge = true; /* the same one may have been found twice */
	int r = automerge(s, b, set, log, &drop);
	bool ok = r == 0;

	if (r < 0)
		diag_error(s->diags, "E0602", SPAN_NONE,
		           "cannot read set `" STR_FMT "`: %s", STR_ARG(set->name),
		           strerror(-r));
	if (ok && drop.n) {
		s->engine->ops->tx_elems_begin(s->tx, TX_DELETE, set, tag);
		ok = elem_builder_finish(&drop);
		s->engine->ops->tx_elems_end(s->tx);
		elem_log_put(log, &drop, false);
	}
	elem_builder_fini(&drop);
	return ok;
}

static bool read_elems(struct session *s, const struct elems_text *text,
                       struct elem_builder *b, struct arena *one)
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

static void copy_part(struct session *s, struct elems_part **list,
                      const struct elems_text *text)
{
	struct elems_part *part = arena_new(&s->a, struct elems_part);

	part->text = *text;
	part->next = *list;
	*list = part;
}

/* ---- held back ---- */

/*
 * What commands add to a set whose intervals join is sent when the run ends, as one: the kernel
 * cannot delete what came earlier in the transaction in the place of something deleted in it.
 */
struct held_elems {
	const struct set_info *info;
	struct prog_set set;
	uint32_t tag;
	struct elems_part *parts;
	struct elem_builder b;
	struct rule_env env;
	struct lower L;
	struct program unused;
	struct elem_sender sender;
	struct arena one, kept;
};

static bool joins(const struct session *s, const struct set_info *info)
{
	return s->engine && is_held_back(info) && info->auto_merge;
}

static struct held_elems *hold(struct session *s, const struct set_info *info,
                               const struct prog_set *set)
{
	struct held_elems *h = base_calloc(1, sizeof(*h));

	h->info = info;
	h->set = *set;
	h->set.table = arena_str(&s->a, set->table);
	h->env = (struct rule_env){ .family = (enum family)set->family,
		                    .table = h->set.table };
	h->sender.s = s;
	arena_init(&h->one);
	arena_init(&h->kept);
	session_lower(s, &h->env, &h->L, &h->unused, &h->kept);
	set_to_program(&h->kept, info, (struct str){ 0 }, &h->set);
	elem_builder_init(&h->b, &h->L, info, send_elem, &h->sender);
	return h;
}

void held_elems_free(struct held_elems *h)
{
	if (!h)
		return;
	elem_builder_fini(&h->b);
	arena_fini(&h->one);
	arena_fini(&h->kept);
	free(h);
}

/* `last`: nothing comes after it that had to know. */
static bool send_held(struct session *s, struct elem_log *log, bool last)
{
	struct held_elems *h = log->held;

	if (!h)
		return true;
	log->held = NULL;
	h->L.a = &h->kept;
	bool ok = !diags_failed(s->diags) && merge_with_others(s, &h->b, &h->set, h->tag);

	if (ok) {
		s->engine->ops->tx_elems_begin(s->tx, TX_ADD, &h->set, h->tag);
		ok = elem_builder_finish(&h->b);
		s->engine->ops->tx_elems_end(s->tx);
		if (!last)
			elem_log_put(log, &h->b, true);
	}
	held_elems_free(h);
	return ok;
}

bool send_held_elems(struct session *s, const struct prog_set *set)
{
	bool ok = true;

	if (set)
		return send_held(s, elem_log_of(s, set), false);
	map_for_each(it, &s->elem_logs)
		ok &= send_held(s, it->value, true);
	return ok;
}

static bool add_held(struct session *s, const struct set_info *info,
                     const struct prog_set *set, struct tag *tag,
                     const struct elems_text *text)
{
	struct elem_log *log = elem_log_of(s, set);
	struct held_elems *h = log->held;

	if (h && h->info != info && !send_held(s, log, false)) /* made anew */
		return false;
	h = log->held;
	if (!h) {
		log->held = h = hold(s, info, set);
		copy_part(s, &h->parts, text);
		tag->elems = h->parts;
		h->tag = tag_add(s, tag);
	} else {
		struct elems_part **end = &h->parts->next;

		while (*end)
			end = &(*end)->next;
		copy_part(s, end, text);
	}
	h->L.a = &h->one;
	return read_elems(s, text, &h->b, &h->one);
}

bool add_elems(struct session *s, enum family f, struct str table,
               const struct set_info *info, const struct elems_text *text, enum tx_op op,
               struct span name_span)
{
	struct rule_env env = { .family = f, .table = table };
	struct elem_sender sender = { s };
	struct elem_builder b;
	struct lower L;
	struct program unused = { 0 };
	struct prog_set set = { .family = (uint8_t)f, .table = table };
	struct elems_part *part = NULL;
	bool deletes = op == TX_DELETE || op == TX_DESTROY;
	struct tag tag = { .verb = deletes ? CMD_DELETE : CMD_ADD,
		           .object = OBJ_ELEMENT,
		           .family = f,
		           .span = text->span.len ? text->span : name_span,
		           .table = table,
		           .name = info->name };
	bool late = is_held_back(info);
	auto_arena one = { 0 };
	auto_arena kept = { 0 };

	set_to_program(&s->scratch, info, (struct str){ 0 }, &set);
	if (joins(s, info) && op == TX_ADD)
		return add_held(s, info, &set, &tag, text);
	if (joins(s, info) && !send_held_elems(s, &set))
		return false;
	arena_init(&one);
	arena_init(&kept);
	copy_part(s, &part, text);
	tag.elems = part;
	uint32_t number = tag_add(s, &tag);

	session_lower(s, &env, &L, &unused, &kept);
	L.a = &one;
	if (s->engine && !late)
		s->engine->ops->tx_elems_begin(s->tx, op, &set, number);
	elem_builder_init(&b, &L, info, send_elem, &sender);
	b.keys_only = deletes;
	bool ok = read_elems(s, text, &b, &one);

	L.a = &kept;
	if (ok && joins(s, info) && !deletes) /* create */
		ok = merge_with_others(s, &b, &set, number);
	if (s->engine && late)
		s->engine->ops->tx_elems_begin(s->tx, op, &set, number);
	ok = ok && elem_builder_finish(&b);
	if (ok && joins(s, info))
		elem_log_put(elem_log_of(s, &set), &b, !deletes);
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
	bool ok =
		read_elems(s, &b->elems, &builder, &one) && elem_builder_finish(&builder);

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
	struct tag tag = { .verb = tx_verb(op),
		           .object = OBJ_SET,
		           .family = b->ref.family,
		           .span = b->ref.name_span,
		           .table = b->ref.table,
		           .name = b->ref.name };

	if (!b->ref.name.p)
		return false;
	session_lower(s, &env, &L, &unused, &s->a);
	session_put(s, &s->sets, session_key(s, b->ref.family, b->ref.table, b->ref.name),
	            info);
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
	if (info->flags & NFT_SET_CONSTANT)
		out.has_size = out.has_policy =
			false; /* as nft, which counts the elements instead */
	if ((info->flags & NFT_SET_CONSTANT) && (b->elems.span.len || b->elems.expr)) {
		if (!constant_size(s, b, info, &out.size))
			return false;
		out.has_size = true;
	}
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
