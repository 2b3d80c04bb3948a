/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Rules: what they name is looked for when they come, and goes with them if it was theirs. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/memory/memory.h"

/* ---- what a rule names ---- */

int apply_verdict(struct tx *tx, uint8_t family, struct str table, struct verdict *v,
                  enum tx_part part, uint32_t index)
{
	const struct prog_chain want = {
		.family = family, .table = table, .name = v->chain, .id = v->chain_id
	};
	size_t i;

	if (v->chain.n == 0 && v->chain_id == 0)
		return v->code == NFT_JUMP || v->code == NFT_GOTO
		               ? tx_fail(tx, EINVAL, part, index)
		               : 0;
	i = chain_index(&tx->s, &want);
	if (i == tx->s.chains.n)
		return tx_fail(tx, ENOENT, part, index);
	if (tx->s.chains.p[i]->is_base)
		return tx_fail(tx, EOPNOTSUPP, part, index);
	v->chain = tx->s.chains.p[i]->name;
	v->chain_id = 0;
	return 0;
}

static int resolve_set(struct tx *tx, const struct prog_rule *r, struct set_ref *ref,
                       uint32_t n)
{
	size_t i = state_set(&tx->s, r->family, r->table, ref->name, ref->id);

	if (i == tx->s.sets.n)
		return tx_fail(tx, ENOENT, PART_INSN, n);
	ref->name = tx->s.sets.p[i]->set.name; /* a literal's was a pattern */
	ref->id = 0;
	return 0;
}

/* Names of what the rule needs are looked for, and numbers of this transaction become names. */
static int resolve_insn(struct tx *tx, const struct prog_rule *r, struct insn *in,
                        uint32_t n)
{
	switch (in->kind) {
	case INSN_IMMEDIATE:
		if (in->dreg != REG_VERDICT)
			return 0;
		return apply_verdict(tx, r->family, r->table, &in->immediate.verdict,
		                     PART_INSN, n);
	case INSN_LOOKUP:
		return resolve_set(tx, r, &in->lookup.set, n);
	case INSN_DYNSET:
		return resolve_set(tx, r, &in->dynset.set, n);
	case INSN_OBJREF:
		if (in->objref.set.name.n)
			return resolve_set(tx, r, &in->objref.set, n);
		if (state_obj(&tx->s, r->family, r->table, in->objref.name,
		              in->objref.type))
			return 0;
		return tx_fail(tx, ENOENT, PART_INSN, n);
	case INSN_FLOW_OFFLOAD:
		if (state_flowtable(&tx->s, r->family, r->table, in->flow.table))
			return 0;
		return tx_fail(tx, ENOENT, PART_INSN, n);
	default: /* names nothing */
		return 0;
	}
}

bool is_rule_of(const struct prog_rule *r, const struct prog_chain *c)
{
	return is_in(r->family, r->table, c->family, c->table) &&
	       str_eq(r->chain, c->name);
}

/* The rule of that handle, or of that number in this transaction; rules.n for none. */
static size_t rule_index(const struct tx *tx, const struct prog_chain *c, uint64_t handle,
                         uint32_t id)
{
	size_t i = 0;

	for (; i < tx->s.rules.n; i++) {
		const struct mem_rule *r = tx->s.rules.p[i];

		if (is_rule_of(&r->rule, c) &&
		    (id ? r->made_in == tx->number && r->rule.id == id
		        : r->rule.handle == handle))
			break;
	}
	return i;
}

/* ---- dropping ---- */

/* A chain without a name of its own, made for the rule or the element that leads there. */
static void drop_bound_chain(struct tx *tx, uint8_t family, struct str table,
                             struct str name)
{
	const struct prog_chain *c =
		name.n ? state_chain(&tx->s, family, table, name) : NULL;

	if (!c || !(c->flags & NFT_CHAIN_BINDING))
		return;
	size_t at = chain_index(&tx->s, c);
	LIST_DROP(&tx->s.chains, at);
	for (size_t i = tx->s.rules.n; i-- > 0;)
		if (i < tx->s.rules.n && is_rule_of(&tx->s.rules.p[i]->rule, c))
			drop_rule(tx, i);
}

static void drop_literal(struct tx *tx, const struct prog_rule *r, struct str name)
{
	size_t i = state_set(&tx->s, r->family, r->table, name, 0);
	const struct mem_set *set = i < tx->s.sets.n ? tx->s.sets.p[i] : NULL;

	if (!set || !(set->set.flags & NFT_SET_ANONYMOUS))
		return;
	LIST_DROP(&tx->s.sets, i);
	for (size_t k = 0; k < set->n; k++)
		if (set->elems[k]->is_verdict)
			drop_bound_chain(tx, r->family, r->table,
			                 set->elems[k]->verdict.chain);
}

void drop_rule(struct tx *tx, size_t i)
{
	const struct prog_rule *r = &tx->s.rules.p[i]->rule;

	LIST_DROP(&tx->s.rules, i);
	for (size_t n = 0; n < r->prog.n; n++) {
		const struct set_ref *set = insn_set(&r->prog.p[n]);

		if (set)
			drop_literal(tx, r, set->name);
		else
			drop_bound_chain(tx, r->family, r->table,
			                 insn_chain(&r->prog.p[n]));
	}
}

static const struct prog_chain *chain_of(const struct tx *tx, const struct prog_rule *r)
{
	const struct prog_chain want = { .family = r->family,
		                         .table = r->table,
		                         .name = r->chain,
		                         .id = r->chain_id };
	size_t i = chain_index(&tx->s, &want);

	return i < tx->s.chains.n ? tx->s.chains.p[i] : NULL;
}

static int delete_one_rule(struct tx *tx, const struct piece *p,
                           const struct prog_chain *c)
{
	const struct prog_rule *r = p->rule;
	size_t i = rule_index(tx, c, r->handle, r->id);

	if (i == tx->s.rules.n)
		return piece_missing(tx, p, PART_HANDLE);
	drop_rule(tx, i);
	return 0;
}

static int delete_rules(struct tx *tx, const struct piece *p)
{
	const struct prog_rule *r = p->rule;
	const struct prog_chain *c = r->chain.n ? chain_of(tx, r) : NULL;

	if (!state_table(&tx->s, r->family, r->table))
		return piece_missing(tx, p, PART_TABLE);
	if (r->chain.n && !c)
		return piece_missing(tx, p, PART_CHAIN);
	if (c && (r->handle || r->id))
		return delete_one_rule(tx, p, c);
	for (size_t i = tx->s.rules.n; i-- > 0;) {
		if (i >= tx->s.rules.n)
			continue;
		const struct prog_rule *have = &tx->s.rules.p[i]->rule;

		if (c ? is_rule_of(have, c)
		      : is_in(have->family, have->table, r->family, r->table))
			drop_rule(tx, i);
	}
	return 0;
}

/* Where the new rule goes in the list of all; -errno after a report. */
static long place_rule(struct tx *tx, const struct piece *p, const struct prog_chain *c)
{
	const struct prog_rule *r = p->rule;
	size_t at = tx->s.rules.n;

	if (r->position || r->position_id) {
		at = rule_index(tx, c, r->position, r->position_id);
		if (at == tx->s.rules.n)
			return tx_fail(tx, ENOENT, PART_POSITION, 0);
		return (long)(p->op == TX_INSERT ? at : at + 1);
	}
	if (p->op != TX_INSERT)
		return (long)at;
	for (at = 0; at < tx->s.rules.n && !is_rule_of(&tx->s.rules.p[at]->rule, c);)
		at++;
	return (long)at;
}

static void insert_rule(struct state *s, size_t at, const struct mem_rule *r)
{
	vec_push(&s->rules, r);
	memmove(s->rules.p + at + 1, s->rules.p + at,
	        (s->rules.n - 1 - at) * sizeof(*s->rules.p));
	s->rules.p[at] = r;
}

static int put_rule(struct tx *tx, const struct piece *p, const struct prog_chain *c,
                    struct mem_rule *r)
{
	if (p->op == TX_REPLACE) {
		size_t i = rule_index(tx, c, p->rule->handle, 0);

		if (i == tx->s.rules.n)
			return tx_fail(tx, ENOENT, PART_HANDLE, 0);
		insert_rule(&tx->s, i + 1, r);
		drop_rule(tx, i);
		return 0;
	}
	long at = place_rule(tx, p, c);

	if (at < 0)
		return (int)at;
	insert_rule(&tx->s, (size_t)at, r);
	return 0;
}

int apply_rule(struct tx *tx, const struct piece *p)
{
	if (piece_drops(p))
		return delete_rules(tx, p);
	const struct prog_chain *c = chain_of(tx, p->rule);
	struct mem_rule *r = arena_new(&tx->m->a, struct mem_rule);

	if (!state_table(&tx->s, p->rule->family, p->rule->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (!c)
		return tx_fail(tx, ENOENT, PART_CHAIN, 0);
	*r = (struct mem_rule){ .rule = *p->rule, .tag = p->tag, .made_in = tx->number };
	r->rule.chain = c->name;
	r->rule.chain_id = 0;
	r->rule.handle = handle_for(tx, r->rule.family, r->rule.table, r->rule.handle);
	r->rule.position = 0;
	for (size_t i = 0; i < r->rule.prog.n; i++) {
		int err = resolve_insn(tx, &r->rule, &r->rule.prog.p[i], (uint32_t)i);

		if (err < 0)
			return err;
	}
	return put_rule(tx, p, c, r);
}
