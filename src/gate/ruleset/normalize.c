/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lowering into memory and lifting from there: literal sets are kept in a list instead of being
 * sent.
 */
#include "gate/ruleset/normalize.h"

#include <linux/netfilter/nf_tables.h>

#include "gate/ruleset/elem_list.h"

struct memory_set {
	struct set_info info;
	struct elem_list elems;
};

struct memory {
	struct rule_env env; /* first: the other callbacks of lowering take it */
	struct arena *a;
	VEC(struct memory_set *) sets;
	struct lister *lister;
};

static void keep_elem(void *ctx, const struct prog_elem *e)
{
	elem_list_add(ctx, e);
}

static bool memory_make_set(void *ctx, struct set_info *info, const struct expr *set,
                            struct set_ref *ref)
{
	struct memory *m = ctx;
	struct memory_set *k = arena_new(m->a, struct memory_set);
	struct elem_builder b;
	bool ranges, ok = true;

	if (!elems_have_ranges(m->env.L, &info->key, set, &ranges))
		return false;
	if (ranges) {
		info->flags |= NFT_SET_INTERVAL | (info->key.n > 1 ? NFT_SET_CONCAT : 0);
		info->auto_merge = true;
	}
	info->name = arena_fmt(m->a, "__memory%zu", m->sets.n);
	k->info = *info;
	elem_list_init(&k->elems, m->a, &k->info);
	elem_builder_init(&b, m->env.L, info, keep_elem, &k->elems);
	for (size_t i = 0; i < set->list.n; i++)
		ok &= elem_builder_add(&b, set->list.p[i]);
	ok = ok && elem_builder_finish(&b);
	elem_builder_fini(&b);
	elem_list_sort(&k->elems);
	vec_push(&m->sets, k);
	ref->name = info->name;
	ref->id = 0;
	return ok;
}

static bool memory_make_chain(void *ctx, struct chain_block *block, struct verdict *v)
{
	struct memory *m = ctx;

	(void)v;
	return fail(m->env.L, "E0900", block->span, "not supported by gate yet: naming a rule with "
	            "`jump { … }` by its text; use its handle");
}

static const struct set_info *memory_set(void *ctx, struct str name)
{
	struct memory *m = ctx;

	for (size_t i = 0; i < m->sets.n; i++)
		if (str_eq(m->sets.p[i]->info.name, name))
			return &m->sets.p[i]->info;
	return m->lister->env.set(m->lister->env.ctx, name);
}

static struct expr *memory_elems(void *ctx, struct arena *a, const struct set_info *info)
{
	struct memory *m = ctx;
	struct expr *out = expr_make(a, EXPR_SET, SPAN_NONE, NULL), *e;
	size_t at = 0;

	for (size_t i = 0; i < m->sets.n; i++) {
		if (!str_eq(m->sets.p[i]->info.name, info->name))
			continue;
		while ((e = elem_list_next(&m->sets.p[i]->elems, &at, a)))
			expr_list_add(&out->list, a, e);
		return out;
	}
	return m->lister->env.elems(m->lister->env.ctx, a, info);
}

bool rule_normalize(struct session *s, const struct command *c, struct rule *rule,
                    struct lister *l)
{
	struct memory m = { .a = &s->scratch, .lister = l };
	struct program prog = { 0 };
	struct lower L;
	struct str comment = rule->comment;
	struct lift_env env = { .ctx = &m, .set = memory_set, .elems = memory_elems };

	m.env.family = c->ref.family;
	m.env.table = c->ref.table;
	session_lower(s, &m.env, &L, &prog, &s->scratch);
	struct lower_env le = *L.env;

	le.make_set = memory_make_set;
	le.make_chain = memory_make_chain;
	L.env = &le;
	bool ok = lower_rule(&L, rule);

	if (ok)
		lift_rule(&s->scratch, &env, c->ref.family, &prog, rule);
	rule->comment = comment;
	for (size_t i = 0; i < m.sets.n; i++)
		elem_list_fini(&m.sets.p[i]->elems);
	vec_fini(&m.sets);
	return ok;
}
