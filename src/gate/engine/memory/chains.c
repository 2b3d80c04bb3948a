/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Chains. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/memory/memory.h"
#include "gate/program/copy.h"

static int delete_chain(struct tx *tx, const struct piece *p)
{
	size_t i = chain_index(&tx->s, p->chain);

	if (!state_table(&tx->s, p->chain->family, p->chain->table))
		return piece_missing(tx, p, PART_TABLE);
	if (i == tx->s.chains.n)
		return piece_missing(tx, p, p->chain->name.n ? PART_CHAIN : PART_HANDLE);
	const struct prog_chain *c = tx->s.chains.p[i];

	if (chain_is_used(&tx->s, c))
		return tx_fail(tx, EBUSY, PART_CHAIN, 0);
	LIST_DROP(&tx->s.chains, i);
	for (size_t k = tx->s.rules.n; k-- > 0;)
		if (k < tx->s.rules.n && is_rule_of(&tx->s.rules.p[k]->rule, c))
			drop_rule(tx, k);
	return 0;
}

/* ---- renaming ---- */

static bool rule_names(const struct prog_rule *r, const struct prog_chain *c)
{
	if (!is_in(r->family, r->table, c->family, c->table))
		return false;
	for (size_t n = 0; n < r->prog.n; n++)
		if (str_eq(insn_chain(&r->prog.p[n]), c->name))
			return true;
	return str_eq(r->chain, c->name);
}

static void rename_in_rules(struct tx *tx, const struct prog_chain *c, struct str name)
{
	struct arena *a = &tx->m->a;

	for (size_t i = 0; i < tx->s.rules.n; i++) {
		if (!rule_names(&tx->s.rules.p[i]->rule, c))
			continue;
		struct mem_rule *r = arena_copy(a, tx->s.rules.p[i], sizeof(*r));
		struct program *prog = &r->rule.prog;

		copy_program(a, prog, prog);
		if (str_eq(r->rule.chain, c->name))
			r->rule.chain = name;
		for (size_t n = 0; n < prog->n; n++)
			if (str_eq(insn_chain(&prog->p[n]), c->name))
				prog->p[n].immediate.verdict.chain = name;
		tx->s.rules.p[i] = r;
	}
}

static void rename_in_elems(struct tx *tx, const struct prog_chain *c, struct str name)
{
	for (size_t i = 0; i < tx->s.sets.n; i++) {
		struct mem_set *set = tx->s.sets.p[i];

		if (!is_in(set->set.family, set->set.table, c->family, c->table))
			continue;
		for (size_t k = 0; k < set->n; k++) {
			const struct prog_elem *e = set->elems[k];

			if (!e->is_verdict || !str_eq(e->verdict.chain, c->name))
				continue;
			struct prog_elem *new = arena_copy(&tx->m->a, e, sizeof(*e));

			new->verdict.chain = name;
			set = set_own(tx, i);
			set->elems[k] = new;
		}
	}
}

static int rename_chain(struct tx *tx, const struct prog_chain *c)
{
	const struct prog_chain by_handle = { .family = c->family,
		                              .table = c->table,
		                              .handle = c->handle };
	size_t i = chain_index(&tx->s, &by_handle);

	if (i == tx->s.chains.n)
		return tx_fail(tx, ENOENT, PART_HANDLE, 0);
	if (state_chain(&tx->s, c->family, c->table, c->new_name))
		return tx_fail(tx, EEXIST, PART_NAME, 0);
	const struct prog_chain *old = tx->s.chains.p[i];
	struct prog_chain *renamed = arena_copy(&tx->m->a, old, sizeof(*renamed));

	renamed->name = c->new_name;
	tx->s.chains.p[i] = renamed;
	rename_in_rules(tx, old, renamed->name);
	rename_in_elems(tx, old, renamed->name);
	return 0;
}

/* ---- adding ---- */

/* A chain that is there takes a new policy, and must be the same in all else. */
static int update_chain(struct tx *tx, const struct piece *p, size_t i)
{
	const struct prog_chain *have = tx->s.chains.p[i], *c = p->chain;

	if (p->op == TX_CREATE)
		return tx_fail(tx, EEXIST, PART_CHAIN, 0);
	if (c->is_base && (!have->is_base || have->hook != c->hook ||
	                   have->priority != c->priority || !str_eq(have->type, c->type)))
		return tx_fail(tx, EEXIST, PART_CHAIN, 0);
	if (!c->has_policy)
		return 0;
	if (!have->is_base)
		return tx_fail(tx, EOPNOTSUPP, PART_POLICY, 0);
	struct prog_chain *changed = arena_copy(&tx->m->a, have, sizeof(*changed));

	changed->has_policy = true;
	changed->policy = c->policy;
	tx->s.chains.p[i] = changed;
	return 0;
}

static void make_chain(struct tx *tx, const struct prog_chain *from)
{
	struct prog_chain *c = arena_copy(&tx->m->a, from, sizeof(*c));

	c->handle = handle_for(tx, c->family, c->table, c->handle);
	if (c->is_base && !c->has_policy) {
		c->has_policy = true;
		c->policy = NF_ACCEPT;
	}
	if (c->name.n == 0)
		c->name = arena_fmt(&tx->m->a, "__chain%llu",
		                    (unsigned long long)c->handle);
	vec_push(&tx->s.chains, c);
}

int apply_chain(struct tx *tx, const struct piece *p)
{
	if (piece_drops(p))
		return delete_chain(tx, p);
	if (!state_table(&tx->s, p->chain->family, p->chain->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (p->chain->new_name.n)
		return rename_chain(tx, p->chain);
	size_t i = p->chain->name.n ? chain_index(&tx->s, p->chain) : tx->s.chains.n;

	if (i < tx->s.chains.n)
		return update_chain(tx, p, i);
	if (p->chain->has_policy && !p->chain->is_base)
		return tx_fail(tx, EOPNOTSUPP, PART_POLICY, 0);
	make_chain(tx, p->chain);
	return 0;
}
