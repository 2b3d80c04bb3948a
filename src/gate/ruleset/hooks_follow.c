/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A rule in a chain without a hook works at those hooks that lead to it: the jumps of this run's
 * rules, and the verdicts of this run's maps, are followed from the chains that have one.
 */
#include "gate/ruleset/hooks_of.h"

/* A tag of this run, and the next of the same chain or set. */
struct numbered {
	uint32_t tag;
	struct numbered *next;
};

struct follow {
	struct session *s;
	const struct chain_info *base; /* NULL: the rule's own chain */
	struct map rules, elements; /* session_key of a chain, a set: struct numbered * */
	struct map seen;            /* what was followed: chain_key */
};

static void follow_fini(struct follow *f)
{
	map_fini(&f->rules);
	map_fini(&f->elements);
	map_fini(&f->seen);
}

/* From the last to the first, so that each goes to the front. */
static void follow_init(struct follow *f, struct session *s)
{
	struct tag t;

	*f = (struct follow){ .s = s };
	for (uint32_t n = s->next_tag; n-- > 1;) {
		if (!tag_find(s, n, &t))
			continue;
		struct map *m =
			t.object == OBJ_RULE ? &f->rules
			: t.object == OBJ_ELEMENT && t.elems && t.verb != CMD_DELETE
				? &f->elements
				: NULL;
		if (!m)
			continue;
		struct numbered *one = arena_new(&s->a, struct numbered);
		struct str key = session_key(s, t.family, t.table, t.name);
		one->tag = n;
		one->next = map_get(m, key);
		map_put(m, one->next ? key : arena_str(&s->a, key), one);
	}
}

/* The chain as it is reached from the hook of `base`. */
static struct str chain_key(struct follow *f, const struct tag *from, struct str chain)
{
	auto_buf key = { 0 };

	buf_str(&key, session_key(f->s, from->family, from->table, chain));
	buf_char(&key, 0); /* no name holds one */
	buf_str(&key, f->base ? f->base->name : STR(""));
	return arena_str(&f->s->a, buf_as_str(&key));
}

static bool hook_refuses(struct follow *f, const struct tag *t, unsigned depth);

/* The rules of a chain that is led to. */
static bool hook_refuses_chain(struct follow *f, const struct tag *from, struct str chain,
                               unsigned depth)
{
	struct str key = chain_key(f, from, chain);
	struct tag t;

	if (map_has(&f->seen, key))
		return false;
	map_put(&f->seen, key, f);
	key = session_key(f->s, from->family, from->table, chain);
	for (const struct numbered *n = map_get(&f->rules, key); n; n = n->next)
		if (tag_find(f->s, n->tag, &t) && hook_refuses(f, &t, depth))
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
static struct lead *map_leads(struct follow *f, const struct tag *rule, struct str name)
{
	struct session *s = f->s;
	struct str key = session_key(s, rule->family, rule->table, name);
	const struct set_info *info = map_get(&s->sets, key);
	struct leads leads = { .a = &s->a };
	struct tag t;

	for (const struct numbered *n = info ? map_get(&f->elements, key) : NULL; n;
	     n = n->next)
		if (tag_find(s, n->tag, &t))
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
		    hook_refuses_leads(f, t, map_leads(f, t, in->lookup.set.name),
		                       depth + 1))
			return true;
	}
	return hook_refuses_leads(f, t, env->leads, depth + 1);
}

bool hooks_refuse_rule(struct session *s, const struct tag *t)
{
	struct follow f;

	follow_init(&f, s);
	bool refused = hook_refuses(&f, t, 0);
	follow_fini(&f);
	return refused;
}

bool hooks_take_jumps(struct session *s)
{
	const struct chain_info *c;
	struct follow f;
	bool ok = true;
	struct tag t;

	follow_init(&f, s);
	for (uint32_t n = 1; n < s->next_tag; n++) {
		if (!tag_find(s, n, &t) || t.object != OBJ_RULE)
			continue;
		c = chain_of_rule(s, t.family, t.table, t.name);
		f.base = NULL;
		if (c && c->is_base && hook_refuses(&f, &t, 0))
			ok = false;
	}
	follow_fini(&f);
	return ok;
}
