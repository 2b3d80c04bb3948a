/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A rule in a chain without a hook works at those hooks that lead to it: the jumps of this run's
 * rules are followed from the chains that have one.
 */
#include "gate/ruleset/hooks_of.h"

/* The rule as it would be in the base chain `base` (NULL: in its own): whether something in it
 * does not work at that hook; then it has been said. Jumps are followed through this run's rules. */
static bool hook_refuses(struct session *s, const struct tag *t,
                         const struct chain_info *base, unsigned depth);

/* The rules of a chain that is jumped to. */
static bool hook_refuses_chain(struct session *s, const struct tag *from,
                               struct str chain, const struct chain_info *base,
                               unsigned depth)
{
	struct tag t;

	for (uint32_t n = 1; n < s->next_tag; n++)
		if (tag_find(s, n, &t) && t.object == OBJ_RULE &&
		    t.family == from->family && str_eq(t.table, from->table) &&
		    str_eq(t.name, chain) && hook_refuses(s, &t, base, depth))
			return true;
	return false;
}

static bool hook_refuses(struct session *s, const struct tag *t,
                         const struct chain_info *base, unsigned depth)
{
	struct program prog = { 0 };
	struct lower L;

	if (depth > 16 || !t->rule.span.len || !rule_relower(s, t, &L, &prog))
		return false;
	if (base)
		L.chain = base;
	for (size_t i = 0; i < prog.n; i++) {
		const struct insn *in = &prog.p[i];
		bool jumps = in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT;

		if (!hooks_take_insn(&L, in,
		                     in->place < L.n_places ? L.places[in->place]
		                                            : t->span) ||
		    (jumps && in->immediate.verdict.chain.n &&
		     hook_refuses_chain(s, t, in->immediate.verdict.chain, L.chain,
		                        depth + 1)))
			return true;
	}
	return false;
}

bool hooks_refuse_rule(struct session *s, const struct tag *t)
{
	return hook_refuses(s, t, NULL, 0);
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
		if (c && c->is_base && hook_refuses(s, &t, NULL, 0))
			ok = false;
	}
	return ok;
}
