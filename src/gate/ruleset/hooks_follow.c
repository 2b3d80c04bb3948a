/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A rule in a chain without a hook works at those hooks that lead to it: the jumps of this run's
 * rules, and the verdicts of this run's maps, are followed from the chains that have one.
 */
#include "gate/ruleset/hooks_of.h"

struct follow {
	struct session *s;
	const struct chain_info *base; /* NULL: the rule's own chain */
	struct map seen; /* session_key of chains that were followed from `base` */
};

static bool hook_refuses(struct follow *f, const struct tag *t, unsigned depth);

/* The rules of a chain that is led to. */
static bool hook_refuses_chain(struct follow *f, const struct tag *from, struct str chain,
                               unsigned depth)
{
	struct str key = session_key(f->s, from->family, from->table, chain);
	struct tag t;

	if (map_has(&f->seen, key))
		return false;
	map_put(&f->seen, arena_str(&f->s->a, key), f);
	for (uint32_t n = 1; n < f->s->next_tag; n++)
		if (tag_find(f->s, n, &t) && t.object == OBJ_RULE &&
		    t.family == from->family && str_eq(t.table, from->table) &&
		    str_eq(t.name, chain) && hook_refuses(f, &t, depth))
			return true;
	return false;
}

struct leads {
	struct arena *a;
	struct lead *list;
};

static void collect_lead(void *ctx, const struct prog_elem *e, struct span at)
{
	struct leads *l = ctx;

	(void)at;
	l->list = lead_add(l->list, l->a, e);
}

/* The chains that this run's elements of a map lead to. */
static struct lead *map_leads(struct session *s, const struct tag *rule, struct str name)
{
	const struct set_info *info =
		map_get(&s->sets, session_key(s, rule->family, rule->table, name));
	struct leads leads = { .a = &s->a };
	struct tag t;

	for (uint32_t n = 1; info && n < s->next_tag; n++)
		if (tag_find(s, n, &t) && t.object == OBJ_ELEMENT && t.elems &&
		    t.verb != CMD_DELETE && t.family == rule->family &&
		    str_eq(t.table, rule->table) && str_eq(t.name, name))
			elems_reread(s, &t, info, collect_lead, &leads);
	return leads.list;
}

static bool hook_refuses_leads(struct follow *f, const struct tag *t,
                               const struct lead *leads, unsigned depth)
{
	for (; leads; leads = leads->next)
		if (hook_refuses_chain(f, t, leads->chain, depth))
			return true;
	return false;
}

/* The rule as it would be in the chain `f->base`: whether something in it, or in what it leads
 * to, does not work at that hook; then it has been said. */
static bool hook_refuses(struct follow *f, const struct tag *t, unsigned depth)
{
	struct program prog = { 0 };
	struct lower L;

	if (depth > 16 || !t->rule.span.len || !rule_relower(f->s, t, &L, &prog))
		return false;
	const struct rule_env *env = L.env->ctx;

	if (f->base)
		L.chain = f->base;
	else
		f->base = L.chain;
	for (size_t i = 0; i < prog.n; i++) {
		const struct insn *in = &prog.p[i];

		if (!hooks_take_insn(&L, in,
		                     in->place < L.n_places ? L.places[in->place]
		                                            : t->span))
			return true;
		if (in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT &&
		    in->immediate.verdict.chain.n &&
		    hook_refuses_chain(f, t, in->immediate.verdict.chain, depth + 1))
			return true;
		if (in->kind == INSN_LOOKUP && in->dreg == REG_VERDICT &&
		    hook_refuses_leads(f, t, map_leads(f->s, t, in->lookup.set.name),
		                       depth + 1))
			return true;
	}
	return hook_refuses_leads(f, t, env->leads, depth + 1);
}

bool hooks_refuse_rule(struct session *s, const struct tag *t)
{
	struct follow f = { .s = s };
	bool refused = hook_refuses(&f, t, 0);

	map_fini(&f.seen);
	return refused;
}

bool hooks_take_jumps(struct session *s)
{
	const struct chain_info *c;
	bool ok = true;
	struct tag t;

	for (uint32_t n = 1; n < s->next_tag; n++) {
		if (!tag_find(s, n, &t) || t.object != OBJ_RULE)
			continue;
		c = chain_of_rule(s, t.family, t.table, t.name);
		if (c && c->is_base && hooks_refuse_rule(s, &t))
			ok = false;
	}
	return ok;
}
