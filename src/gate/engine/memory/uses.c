/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Who needs what, and where jumps lead. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/memory/memory.h"

static bool is_of_table(const struct prog_rule *r, uint8_t family, struct str table)
{
	return r->family == family && str_eq(r->table, table);
}

static bool is_set_of_table(const struct prog_set *s, uint8_t family, struct str table)
{
	return s->family == family && str_eq(s->table, table);
}

static bool jumps_to(const struct prog_rule *r, struct str chain)
{
	for (size_t i = 0; i < r->prog.n; i++) {
		const struct insn *in = &r->prog.p[i];

		if (in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT &&
		    str_eq(in->immediate.verdict.chain, chain))
			return true;
	}
	return false;
}

static bool elems_jump_to(const struct mem_set *set, struct str chain)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->elems[i].is_verdict &&
		    str_eq(set->elems[i].verdict.chain, chain))
			return true;
	return false;
}

bool chain_is_used(const struct state *s, const struct prog_chain *c)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		if (is_of_table(r, c->family, c->table) && !str_eq(r->chain, c->name) &&
		    jumps_to(r, c->name))
			return true;
	}
	for (size_t i = 0; i < s->sets.n; i++)
		if (is_set_of_table(&s->sets.p[i]->set, c->family, c->table) &&
		    elems_jump_to(s->sets.p[i], c->name))
			return true;
	return false;
}

static bool insn_names_set(const struct insn *in, struct str name)
{
	return (in->kind == INSN_LOOKUP && str_eq(in->lookup.set.name, name)) ||
	       (in->kind == INSN_DYNSET && str_eq(in->dynset.set.name, name)) ||
	       (in->kind == INSN_OBJREF && str_eq(in->objref.set.name, name));
}

bool set_is_used(const struct state *s, const struct prog_set *set)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		for (size_t n = 0;
		     is_of_table(r, set->family, set->table) && n < r->prog.n; n++)
			if (insn_names_set(&r->prog.p[n], set->name))
				return true;
	}
	return false;
}

bool obj_is_used(const struct state *s, const struct prog_obj *o)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		for (size_t n = 0; is_of_table(r, o->family, o->table) && n < r->prog.n;
		     n++)
			if (r->prog.p[n].kind == INSN_OBJREF &&
			    r->prog.p[n].objref.type == o->type &&
			    str_eq(r->prog.p[n].objref.name, o->name))
				return true;
	}
	for (size_t i = 0; i < s->sets.n; i++) {
		const struct mem_set *set = s->sets.p[i];

		if (!is_set_of_table(&set->set, o->family, o->table) ||
		    set->set.obj_type != o->type)
			continue;
		for (size_t n = 0; n < set->n; n++)
			if (str_eq(set->elems[n].obj, o->name))
				return true;
	}
	return false;
}

bool flowtable_is_used(const struct state *s, const struct prog_flowtable *f)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		for (size_t n = 0; is_of_table(r, f->family, f->table) && n < r->prog.n;
		     n++)
			if (r->prog.p[n].kind == INSN_FLOW_OFFLOAD &&
			    str_eq(r->prog.p[n].flow.table, f->name))
				return true;
	}
	return false;
}

/* ---- jumps ---- */

/* nf_tables.h: NFT_JUMP_STACK_SIZE, how deep base chains may lead. */
enum { JUMPS_DEEP = 16, DEPTH_UNKNOWN = 0, DEPTH_BUSY = -1 };

struct walk {
	struct tx *tx;
	int *depth; /* of each chain of the list: how deep it leads, the chain itself counted */
	bool failed;
};

static size_t index_of(const struct state *s, const struct prog_rule *r, struct str chain)
{
	const struct prog_chain *c = state_chain(s, r->family, r->table, chain);
	size_t i = 0;

	while (c && i < s->chains.n && s->chains.p[i] != c)
		i++;
	return c ? i : s->chains.n;
}

static int chain_depth(struct walk *w, size_t chain);

/* The rule closes a loop, or leads too deep: said at a rule that is new, the caller's otherwise. */
static void fail_jump(struct walk *w, const struct mem_rule *r)
{
	struct piece at = { .tag = r->tag };

	if (w->failed || r->made_in != w->tx->number)
		return;
	w->failed = true;
	w->tx->piece = &at;
	tx_fail(w->tx, EMLINK, PART_NONE, 0);
	w->tx->piece = NULL;
}

static int jump_depth(struct walk *w, const struct mem_rule *r, struct str to)
{
	size_t target = index_of(&w->tx->s, &r->rule, to);
	int depth = target < w->tx->s.chains.n ? chain_depth(w, target) : 0;

	if (depth == DEPTH_BUSY || depth >= JUMPS_DEEP) {
		fail_jump(w, r);
		return JUMPS_DEEP;
	}
	return depth;
}

static int insn_depth(struct walk *w, const struct mem_rule *r, uint32_t n)
{
	const struct insn *in = &r->rule.prog.p[n];
	int deepest = 0;

	if (in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT &&
	    in->immediate.verdict.chain.n)
		return jump_depth(w, r, in->immediate.verdict.chain);
	if (in->kind != INSN_LOOKUP || in->dreg != REG_VERDICT)
		return 0;
	size_t i = state_set(&w->tx->s, r->rule.family, r->rule.table,
	                     in->lookup.set.name, 0);
	const struct mem_set *map = i < w->tx->s.sets.n ? w->tx->s.sets.p[i] : NULL;

	for (size_t k = 0; map && k < map->n; k++) {
		struct str to = map->elems[k].verdict.chain;
		int depth = map->elems[k].is_verdict && to.n ? jump_depth(w, r, to) : 0;

		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

static int chain_depth(struct walk *w, size_t chain)
{
	const struct prog_chain *c = w->tx->s.chains.p[chain];
	int deepest = 0;

	if (w->depth[chain] != DEPTH_UNKNOWN)
		return w->depth[chain];
	w->depth[chain] = DEPTH_BUSY;
	for (size_t i = 0; i < w->tx->s.rules.n; i++) {
		const struct mem_rule *r = w->tx->s.rules.p[i];

		if (!is_of_table(&r->rule, c->family, c->table) ||
		    !str_eq(r->rule.chain, c->name))
			continue;
		for (uint32_t n = 0; n < r->rule.prog.n; n++) {
			int depth = insn_depth(w, r, n);

			if (depth > deepest)
				deepest = depth;
		}
	}
	w->depth[chain] = deepest + 1;
	return deepest + 1;
}

int jumps_check(struct tx *tx)
{
	auto_arena a = { 0 };
	struct walk w = { .tx = tx };

	w.depth = arena_array(&a, int, tx->s.chains.n + 1);
	for (size_t i = 0; i < tx->s.chains.n; i++)
		if (tx->s.chains.p[i]->is_base)
			chain_depth(&w, i);
	return w.failed ? -EMLINK : 0;
}
