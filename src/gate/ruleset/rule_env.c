/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What lowering a rule asks of the session: sets by name, literals to be made, chains to jump to.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/kernels.h"
#include "gate/ruleset/near.h"
#include "gate/ruleset/rules.h"

static const struct set_info *env_find_set(void *ctx, struct str name, struct span span)
{
	struct rule_env *env = ctx;

	return session_set(env->s, env->family, env->table, name, span);
}

/* As nft does it, so a set need not say `flags dynamic`. Where it cannot be, the rule is refused. */
static void env_make_dynamic(void *ctx, const struct set_info *info)
{
	struct rule_env *env = ctx;
	struct session *s = env->s;
	struct set_info *made =
		map_get(&s->sets, session_key(s, env->family, env->table, info->name));

	if (!made->id ||
	    made->flags & (NFT_SET_EVAL | NFT_SET_CONSTANT | NFT_SET_INTERVAL))
		return;
	made->flags |= NFT_SET_EVAL;
	if (s->engine)
		s->engine->ops->tx_set_dynamic(s->tx, made->id);
}

static bool env_has_chain(void *ctx, struct str name, struct span span)
{
	struct rule_env *env = ctx;
	struct session *s = env->s;
	struct prog_chain chain;

	if (map_has(&s->chains, session_key(s, env->family, env->table, name)))
		return true;
	if (!s->engine && !s->offline)
		return true; /* the rule is read once more */
	if (session_is_blind(s, env->family, env->table)) {
		session_unchecked(s, "chain", env->family, env->table, name);
		return true;
	}
	if ((s->engine && !s->flushed &&
	     session_get_chain(s, env->family, env->table, name, &chain) == 0))
		return true;
	no_such_name(s, DUMP_CHAINS, "chain", env->family, env->table, name, 0, span);
	return false;
}

struct elem_list {
	struct arena *a;
	VEC(struct prog_elem) list;
};

static void collect_elem(void *ctx, const struct prog_elem *e)
{
	struct elem_list *l = ctx;

	vec_push(&l->list, *e);
}

static void send_set(struct rule_env *env, struct prog_set *set, struct elem_list *elems)
{
	const struct engine_ops *ops = env->s->engine->ops;

	ops->tx_set(env->s->tx, TX_ADD, set, env->tag);
	if (!elems)
		return;
	ops->tx_elems_begin(env->s->tx, TX_ADD, set, env->tag);
	for (size_t i = 0; i < elems->list.n; i++)
		ops->tx_elem(env->s->tx, &elems->list.p[i]);
	ops->tx_elems_end(env->s->tx);
}

static bool same_key(const struct prog_elem *a, const struct prog_elem *b)
{
	return a->key.n == b->key.n && memcmp(a->key.b, b->key.b, a->key.n) == 0 &&
	       a->flags == b->flags;
}

/* The kernel said that a literal has a key twice: which one. Each element of the text made one. */
static void find_twice(struct rule_env *env, const struct expr *set,
                       const struct elem_list *elems)
{
	if (elems->list.n != set->list.n)
		return;
	for (size_t i = 1; i < elems->list.n; i++)
		for (size_t k = 0; k < i; k++) {
			if (!same_key(&elems->list.p[i], &elems->list.p[k]))
				continue;
			env->twice = set->list.p[i]->elem.key->span;
			env->first = set->list.p[k]->elem.key->span;
			return;
		}
}

struct lead *lead_add(struct lead *list, struct arena *a, const struct prog_elem *e)
{
	if (!e->is_verdict || !e->verdict.chain.n)
		return list;
	struct lead *l = arena_new(a, struct lead);

	*l = (struct lead){ arena_str(a, e->verdict.chain), list };
	return l;
}

/* Whether no end of an interval stands before the first interval. */
static bool starts_at_zero(const struct elem_list *elems)
{
	return elems->list.n == 0 ||
	       !(elems->list.p[0].flags & NFT_SET_ELEM_INTERVAL_END);
}

static bool env_make_set(void *ctx, struct set_info *info, const struct expr *set,
                         struct set_ref *ref)
{
	struct rule_env *env = ctx;
	struct session *s = env->s;
	struct elem_list elems = { .a = env->L->a };
	struct elem_builder b;
	bool ranges, ok = true;
	struct prog_set out = { .family = (uint8_t)env->family, .table = env->table };

	if (set->list.n == 0)
		return fail(env->L, "E0529", set->span,
		            "an empty set matches nothing: leave the match "
		            "out, or use a named set");
	if (!elems_have_ranges(env->L, &info->key, set, &ranges))
		return false;
	if (ranges) {
		info->flags |= NFT_SET_INTERVAL | (info->key.n > 1 ? NFT_SET_CONCAT : 0);
		info->auto_merge = !info->is_map;
	}
	info->name = info->obj_type ? STR("__objmap%d")
	             : info->is_map ? STR("__map%d")
	                            : STR("__set%d");
	info->id = ++s->next_set_id;
	elem_builder_init(&b, env->L, info, collect_elem, &elems);
	for (size_t i = 0; i < set->list.n; i++)
		ok &= elem_builder_add(&b, set->list.p[i]);
	ok = ok && elem_builder_finish(&b);
	if (env->find_twice)
		find_twice(env, set, &elems);
	if (ok) {
		set_to_program(env->L->a, info, (struct str){ 0 }, &out);
		out.has_size = true;
		out.size = (uint32_t)b.emitted;
		if (ranges &&
		    info->key.n == 1) /* as nft counts: every end, and one before all */
			out.size = out.size * 2 + !starts_at_zero(&elems);
		if (s->opt->debug_netlink && !env->find_twice)
			debug_set(s, &out, elems.list.p, elems.list.n);
		if (s->engine)
			send_set(env, &out, &elems);
		for (size_t i = 0; env->reread && i < elems.list.n; i++)
			env->leads = lead_add(env->leads, env->L->a, &elems.list.p[i]);
		ref->name = out.name;
		ref->id = out.id;
	}
	elem_builder_fini(&b);
	vec_fini(&elems.list);
	return ok;
}

static bool env_make_meter(void *ctx, const struct stmt *st, struct set_info *info,
                           struct set_ref *ref)
{
	struct rule_env *env = ctx;
	struct session *s = env->s;
	struct prog_set out = { .family = (uint8_t)env->family, .table = env->table };

	info->id = ++s->next_set_id;
	set_to_program(env->L->a, info, (struct str){ 0 }, &out);
	out.has_size = true;
	out.size = st->meter.size ? st->meter.size : 65535;
	if (s->opt->debug_netlink)
		debug_set(s, &out, NULL, 0);
	if (s->engine)
		send_set(env, &out, NULL);
	ref->name = out.name;
	ref->id = out.id;
	return true;
}

/* `jump { … }`: a chain without a name, bound to the rule; its rules must be there before it. */
static bool env_make_chain(void *ctx, struct chain_block *block, struct verdict *v)
{
	struct rule_env *env = ctx;
	struct session *s = env->s;
	struct rule_place at = { .family = env->family,
		                 .table = env->table,
		                 .op = TX_ADD };
	struct prog_chain out = { .family = (uint8_t)env->family,
		                  .table = env->table,
		                  .flags = NFT_CHAIN_BINDING };
	bool ok = true;

	out.id = at.chain_id = v->chain_id = ++s->next_chain_id;
	if (s->engine)
		s->engine->ops->tx_chain(s->tx, TX_ADD, &out, env->tag);
	for (size_t i = 0; i < block->rules.list.n; i++) {
		struct rule_text text = rule_texts_get(&block->rules, i);

		ok &= add_rule_text(s, &at, &text);
	}
	return ok;
}

static struct span env_table_place(void *ctx)
{
	struct rule_env *env = ctx;
	struct str key = session_key(env->s, env->family, env->table, STR(""));
	const struct span *span = map_get(&env->s->tables, key);

	return span ? *span : SPAN_NONE;
}

static const struct lower_env lower_env_template = {
	.table_place = env_table_place,
	.find_set = env_find_set,
	.make_dynamic = env_make_dynamic,
	.make_set = env_make_set,
	.has_chain = env_has_chain,
	.make_chain = env_make_chain,
	.make_meter = env_make_meter,
};

void session_lower(struct session *s, struct rule_env *env, struct lower *L,
                   struct program *prog, struct arena *a)
{
	env->lower = lower_env_template;
	env->lower.ctx = env;
	*L = (struct lower){ .a = a,
		             .diags = s->diags,
		             .sources = s->sources,
		             .names = s->opt->names,
		             .family = env->family,
		             .env = &env->lower,
		             .prog = prog,
		             .kernel = s->opt->kernel };
	env->s = s;
	env->L = L;
}
