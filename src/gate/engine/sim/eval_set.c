/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sets and objects that rules use. */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/copy.h"
#include "gate/engine/sim/eval.h"
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/state.h"

#define NS_PER_MS UINT64_C(1000000)

static enum step step_of(bool goes_on)
{
	return goes_on ? STEP_ON : STEP_BREAK;
}

/* The statements an element carries; the first that fails ends the rule. */
static bool elem_pass(struct exec *x, struct sim_elem *e)
{
	for (size_t i = 0; i < e->e.exprs.n; i++)
		if (!state_pass(&e->e.exprs.p[i], &e->runs[i].state, x->pass->sim->now_ns,
		                packet_length(x->pass->pkt)))
			return false;
	return true;
}

static void give_data(struct exec *x, const struct insn *i, const struct sim_elem *e)
{
	if (e->e.is_verdict) {
		x->verdict = e->e.verdict.code;
		x->target = e->chain;
	} else if (i->dreg < REG_WORDS) {
		reg_store(x, i->dreg, e->e.data.b, e->e.data.n);
	}
}

enum step eval_lookup(struct exec *x, const struct insn *i, struct sim_run *run)
{
	bool inverted = i->lookup.flags & NFT_LOOKUP_F_INV;
	uint64_t now = x->pass->sim->now_ns;

	if (!reg_is_known(x, i->sreg, run->set->set.key_len)) {
		bool hit = sim_doubt(x->pass, x->doubt);
		if (hit && i->dreg < REG_WORDS)
			reg_unknown(x, i->dreg, run->set->set.data_len, x->doubt);
		if (hit && i->dreg == REG_VERDICT) /* which verdict, nobody knows */
			x->pass->is_unknown = true;
		return step_of(hit != inverted);
	}
	struct sim_elem *e = set_find(run->set, reg(x, i->sreg), now);
	if (!e == !inverted)
		return STEP_BREAK;
	if (!e)
		return STEP_ON;
	if (i->dreg != REG_NONE)
		give_data(x, i, e);
	return step_of(elem_pass(x, e));
}

/* The element a rule adds: key, time limit and statements as it says. */
static void fill_elem(struct exec *x, const struct insn *i, const struct sim_set *set,
                      struct prog_elem *e)
{
	*e = (struct prog_elem){ .has_key = true };
	e->key.n = (uint8_t)set->set.key_len;
	memcpy(e->key.b, reg(x, i->sreg), set->set.key_len);
	if (set->set.flags & NFT_SET_MAP && i->dynset.sreg_data < REG_WORDS) {
		e->has_data = true;
		e->data.n = (uint8_t)set->set.data_len;
		memcpy(e->data.b, reg(x, i->dynset.sreg_data), set->set.data_len);
	}
	e->timeout_ms = i->dynset.timeout_ms;
	e->has_timeout = i->dynset.timeout_ms != 0;
	e->exprs = (struct program){ .p = i->dynset.exprs, .n = i->dynset.n_exprs };
}

static void refresh(struct exec *x, const struct insn *i, struct sim_elem *e,
                    const struct sim_set *set)
{
	uint64_t ms = i->dynset.timeout_ms ? i->dynset.timeout_ms : set->set.timeout_ms;

	if (i->dynset.op == NFT_DYNSET_OP_UPDATE && e->expires_ns && ms)
		e->expires_ns = x->pass->sim->now_ns + ms * NS_PER_MS;
}

enum step eval_dynset(struct exec *x, const struct insn *i, struct sim_run *run)
{
	bool inverted = i->dynset.flags & NFT_DYNSET_F_INV;
	struct sim_set *set = run->set;
	struct prog_elem wanted;
	struct sim_elem *e = NULL;

	if (!reg_is_known(x, i->sreg, set->set.key_len))
		return step_of(sim_doubt(x->pass, x->doubt));
	fill_elem(x, i, set, &wanted);
	if (i->dynset.op == NFT_DYNSET_OP_DELETE) {
		set_remove(set, &wanted);
		return STEP_ON;
	}
	x->pass->sim->store->now_ns = x->pass->sim->now_ns;
	if (set_add(x->pass->sim->store, set, &wanted, false, &e) < 0)
		return step_of(inverted); /* it is full */
	refresh(x, i, e, set);
	if (!elem_pass(x, e))
		return STEP_BREAK;
	return step_of(!inverted);
}

static enum step use_obj(struct exec *x, struct sim_obj *o)
{
	struct pass *p = x->pass;

	switch (o->o.type) {
	case NFT_OBJECT_LIMIT:
		if (p->sim->is_live)
			return step_of(sim_doubt(p, "limit: how much of it is used up"));
		return step_of(state_pass_obj(&o->o, &o->run.state, p->sim->now_ns,
		                              packet_length(p->pkt)));
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_QUOTA:
		return step_of(state_pass_obj(&o->o, &o->run.state, p->sim->now_ns,
		                              packet_length(p->pkt)));
	case NFT_OBJECT_CT_HELPER:
		if (p->ct)
			p->ct->helper = o->o.ct_helper.name;
		return STEP_ON;
	case NFT_OBJECT_CT_TIMEOUT:
	case NFT_OBJECT_SECMARK:
		return STEP_ON; /* changes what comes later, not this packet */
	case NFT_OBJECT_CT_EXPECT:
		return STEP_ON;
	default:
		return step_of(sim_doubt(p, "an object that gate cannot run"));
	}
}

enum step eval_objref(struct exec *x, const struct insn *i, struct sim_run *run)
{
	if (!run->set)
		return use_obj(x, run->obj);
	if (!reg_is_known(x, i->sreg, run->set->set.key_len))
		return step_of(sim_doubt(x->pass, x->doubt));
	struct sim_elem *e = set_find(run->set, reg(x, i->sreg), x->pass->sim->now_ns);
	return e && e->obj ? use_obj(x, e->obj) : STEP_BREAK;
}
