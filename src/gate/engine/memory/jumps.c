/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Where jumps lead. */
#include <errno.h>

#include "gate/engine/memory/memory.h"

/* nf_tables.h: NFT_JUMP_STACK_SIZE, how deep base chains may lead. */
enum { JUMPS_DEEP = 16, DEPTH_UNKNOWN = 0, DEPTH_BUSY = -1 };

struct walk {
	struct tx *tx;
	int *depth; /* of each chain of the list: how deep it leads, the chain itself counted */
	/* The rules by chain: the first of each chain, the next of each rule; NO_RULE at the end. */
	size_t *first, *next;
	bool failed;
};

#define NO_RULE SIZE_MAX

static size_t index_of(const struct state *s, const struct prog_rule *r, struct str chain)
{
	const struct prog_chain want = { .family = r->family,
		                         .table = r->table,
		                         .name = chain };

	return chain_index(s, &want);
}

/* From the last rule to the first, so that each goes to the front. */
static void sort_rules(struct walk *w, struct arena *a)
{
	const struct state *s = &w->tx->s;
	size_t chain = s->chains.n;

	w->first = arena_array(a, size_t, s->chains.n + 1);
	w->next = arena_array(a, size_t, s->rules.n + 1);
	for (size_t i = 0; i <= s->chains.n; i++)
		w->first[i] = NO_RULE;
	for (size_t i = s->rules.n; i-- > 0;) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		if (chain == s->chains.n || !is_rule_of(r, s->chains.p[chain]))
			chain = index_of(s, r, r->chain);
		w->next[i] = w->first[chain];
		w->first[chain] = i;
	}
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

	if (insn_chain(in).n)
		return jump_depth(w, r, insn_chain(in));
	if (in->kind != INSN_LOOKUP || in->dreg != REG_VERDICT)
		return 0;
	size_t i = state_set(&w->tx->s, r->rule.family, r->rule.table,
	                     in->lookup.set.name, 0);
	const struct mem_set *map = i < w->tx->s.sets.n ? w->tx->s.sets.p[i] : NULL;

	for (size_t k = 0; map && k < map->n; k++) {
		const struct prog_elem *e = map->elems[k];
		int depth = e->is_verdict && e->verdict.chain.n
		                    ? jump_depth(w, r, e->verdict.chain)
		                    : 0;

		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

static int chain_depth(struct walk *w, size_t chain)
{
	int deepest = 0;

	if (w->depth[chain] != DEPTH_UNKNOWN)
		return w->depth[chain];
	w->depth[chain] = DEPTH_BUSY;
	for (size_t i = w->first[chain]; i != NO_RULE; i = w->next[i]) {
		const struct mem_rule *r = w->tx->s.rules.p[i];

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
	sort_rules(&w, &a);
	for (size_t i = 0; i < tx->s.chains.n; i++)
		if (tx->s.chains.p[i]->is_base)
			chain_depth(&w, i);
	return w.failed ? -EMLINK : 0;
}
