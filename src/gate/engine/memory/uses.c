/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Who needs what. */
#include "gate/engine/memory/memory.h"

const struct set_ref *insn_set(const struct insn *in)
{
	if (in->kind == INSN_LOOKUP)
		return &in->lookup.set;
	if (in->kind == INSN_DYNSET)
		return &in->dynset.set;
	return in->kind == INSN_OBJREF && in->objref.set.name.n ? &in->objref.set : NULL;
}

struct str insn_chain(const struct insn *in)
{
	return in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT
	               ? in->immediate.verdict.chain
	               : (struct str){ 0 };
}

/* What is asked of each instruction of a table's rules. */
typedef bool insn_needs_fn(const struct insn *in, const void *what);

/* `but`: a chain whose rules do not count, or empty. */
static bool rules_need(const struct state *s, uint8_t family, struct str table,
                       struct str but, insn_needs_fn *needs, const void *what)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct prog_rule *r = &s->rules.p[i]->rule;

		if (!is_in(r->family, r->table, family, table) ||
		    (but.n && str_eq(r->chain, but)))
			continue;
		for (size_t n = 0; n < r->prog.n; n++)
			if (needs(&r->prog.p[n], what))
				return true;
	}
	return false;
}

static bool insn_leads_to(const struct insn *in, const void *chain)
{
	return str_eq(insn_chain(in), ((const struct prog_chain *)chain)->name);
}

static bool elems_lead_to(const struct mem_set *set, struct str chain)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->elems[i]->is_verdict &&
		    str_eq(set->elems[i]->verdict.chain, chain))
			return true;
	return false;
}

bool chain_is_used(const struct state *s, const struct prog_chain *c)
{
	if (rules_need(s, c->family, c->table, c->name, insn_leads_to, c))
		return true;
	for (size_t i = 0; i < s->sets.n; i++)
		if (is_in(s->sets.p[i]->set.family, s->sets.p[i]->set.table, c->family,
		          c->table) &&
		    elems_lead_to(s->sets.p[i], c->name))
			return true;
	return false;
}

static bool insn_looks_into(const struct insn *in, const void *set)
{
	const struct set_ref *ref = insn_set(in);

	return ref && str_eq(ref->name, ((const struct prog_set *)set)->name);
}

bool set_is_used(const struct state *s, const struct prog_set *set)
{
	return rules_need(s, set->family, set->table, (struct str){ 0 }, insn_looks_into,
	                  set);
}

static bool insn_uses_obj(const struct insn *in, const void *obj)
{
	const struct prog_obj *o = obj;

	return in->kind == INSN_OBJREF && in->objref.type == o->type &&
	       str_eq(in->objref.name, o->name);
}

static bool elems_use_obj(const struct mem_set *set, const struct prog_obj *o)
{
	if (!is_in(set->set.family, set->set.table, o->family, o->table) ||
	    set->set.obj_type != o->type)
		return false;
	for (size_t i = 0; i < set->n; i++)
		if (str_eq(set->elems[i]->obj, o->name))
			return true;
	return false;
}

bool obj_is_used(const struct state *s, const struct prog_obj *o)
{
	if (rules_need(s, o->family, o->table, (struct str){ 0 }, insn_uses_obj, o))
		return true;
	for (size_t i = 0; i < s->sets.n; i++)
		if (elems_use_obj(s->sets.p[i], o))
			return true;
	return false;
}

static bool insn_offloads_to(const struct insn *in, const void *flowtable)
{
	return in->kind == INSN_FLOW_OFFLOAD &&
	       str_eq(in->flow.table, ((const struct prog_flowtable *)flowtable)->name);
}

bool flowtable_is_used(const struct state *s, const struct prog_flowtable *f)
{
	return rules_need(s, f->family, f->table, (struct str){ 0 }, insn_offloads_to, f);
}
