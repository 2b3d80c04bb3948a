/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sets and objects that rules use. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/eval.h"
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/state.h"
#include "gate/program/copy.h"
#include "gate/track/count.h"
#include "gate/track/expect.h"

#define NS_PER_MS UINT64_C(1000000)

static enum step step_of(bool goes_on)
{
	return goes_on ? STEP_ON : STEP_BREAK;
}

/* The statements an element carries; the first that fails ends the rule. */
static bool elem_pass(struct exec *x, struct sim_elem *e)
{
	struct pass *p = x->pass;

	for (size_t i = 0; i < e->e.exprs.n; i++) {
		const struct insn *in = &e->e.exprs.p[i];
		bool hidden = in->kind == INSN_LIMIT && p->sim->is_live;
		if (in->kind == INSN_CONNLIMIT
		            ? eval_connlimit(x, in, &e->runs[i].state) == STEP_BREAK
		    : hidden ? !sim_doubt(p, "limit: how much of it is used up")
		             : !state_pass(in, &e->runs[i].state, p->sim->now_ns,
		                           pass_length(p)))
			return false;
	}
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

static const char swept[] =
	"a set: whether the kernel has swept what was deleted, has run out or lost its connections";

/* The kernel's sweep takes away what has `ct count` and no connection any more. */
static bool goes_with_connections(const struct sim_set *s, const struct sim_elem *e)
{
	if (!(s->set.flags & NFT_SET_EVAL))
		return false;
	for (size_t i = 0; i < e->e.exprs.n; i++)
		if (e->e.exprs.p[i].kind == INSN_CONNLIMIT)
			return true;
	return false;
}

static bool is_over(struct track *t, const struct sim_elem *e)
{
	for (size_t i = 0; i < e->e.exprs.n; i++) {
		const struct track_counter *c = e->runs[i].state.connlimit.list;
		if (e->e.exprs.p[i].kind == INSN_CONNLIMIT &&
		    (!c || track_counter_is_over(t, c)))
			return true;
	}
	return false;
}

/* Whether it may be swept by now, of which it is buried when that is sure. */
static bool may_be_swept(const struct sim *sim, struct sim_set *s, struct sim_elem *e)
{
	if (e->dead || !goes_with_connections(s, e))
		return false;
	if (!is_over(sim->track, e)) {
		e->over_ns = 0;
		return false;
	}
	if (!e->over_ns)
		e->over_ns = sim->now_ns ? sim->now_ns : 1;
	if (!set_surely_swept(s, e->over_ns, sim->now_ns))
		return true;
	set_bury(s, e);
	return false;
}

/* What holds the key. */
static struct sim_elem *find(struct exec *x, struct sim_set *s, const uint8_t *key)
{
	const struct sim *sim = x->pass->sim;
	struct sim_elem *e = set_find(s, key, sim->now_ns);

	if (!e || !e->e.exprs.n)
		return e;
	if (may_be_swept(sim, s, e) && sim_doubt(x->pass, swept))
		set_bury(s, e);
	return e->dead ? set_find(s, key, sim->now_ns) : e;
}

enum step eval_lookup(struct exec *x, const struct insn *i, struct sim_run *run)
{
	bool inverted = i->lookup.flags & NFT_LOOKUP_F_INV;

	if (!reg_is_known(x, i->sreg, run->set->set.key_len)) {
		bool hit = sim_doubt(x->pass, x->doubt);
		if (hit && i->dreg < REG_WORDS)
			reg_unknown(x, i->dreg, run->set->set.data_len, x->doubt);
		if (hit && i->dreg == REG_VERDICT) /* which verdict, nobody knows */
			x->pass->is_unknown = true;
		return step_of(hit != inverted);
	}
	struct sim_elem *e = find(x, run->set, reg(x, i->sreg));
	if (e)
		e->hits++;
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

/* Of a full set, one that is buried if the kernel has swept; or NULL. */
static struct sim_elem *find_over(const struct sim *sim, struct sim_set *s)
{
	struct sim_elem *found = NULL;

	vec_for_each(it, &s->elems)
		if (may_be_swept(sim, s, *it) && !found)
			found = *it;
	return found;
}

/* Negative: it is full. */
static int add_elem(struct exec *x, struct sim_set *set, const struct prog_elem *wanted,
                    struct sim_elem **e)
{
	struct sim *sim = x->pass->sim;
	struct sim_elem *over = NULL;

	sim->store->now_ns = sim->now_ns;
	int r = set_add(sim->store, set, wanted, false, e);
	if (r == -ENFILE) {
		over = find_over(sim, set);
		r = set_add(sim->store, set, wanted, false, e);
	}
	if (r == 0 || (r == -ENFILE && !over) || !sim_doubt(x->pass, swept))
		return r;
	if (over)
		set_bury(set, over);
	else
		set_sweep(set, sim->now_ns);
	return set_add(sim->store, set, wanted, false, e);
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
		set_kill(set, &wanted, x->pass->sim->now_ns);
		return STEP_ON;
	}
	if (add_elem(x, set, &wanted, &e) < 0)
		return step_of(inverted);
	refresh(x, i, e, set);
	if (!elem_pass(x, e))
		return STEP_BREAK;
	return step_of(!inverted);
}

/* NFPROTO_* to the tracker's 4 or 6; 0: the connection's own. */
static uint8_t family_of(uint16_t l3proto)
{
	return l3proto == NFPROTO_IPV4 ? 4 : l3proto == NFPROTO_IPV6 ? 6 : 0;
}

static enum step set_helper(struct exec *x, struct sim_obj *obj)
{
	const struct prog_obj *o = &obj->o;
	enum track_helper helper = track_helper_find(o->ct_helper.name);

	if (helper == TRACK_HELPER_NONE) { /* its connections would be missed later */
		if (!obj->run.doubt)
			obj->run.doubt = arena_fmt(&x->pass->sim->store->a,
			                           "the helper `" STR_FMT "`",
			                           STR_ARG(o->ct_helper.name))
			                         .p;
		sim_doubt(x->pass, obj->run.doubt);
		return STEP_ON;
	}
	track_helper_set(&x->pass->ref, helper, o->ct_helper.l4proto);
	return STEP_ON;
}

/* The kernel numbers the values by protocol: TCP's and SCTP's by state, whose first has none. */
static struct track_timeout_policy *timeout_policy(struct exec *x, struct sim_obj *o)
{
	const struct prog_obj *obj = &o->o;
	bool by_state = obj->ct_timeout.l4proto == IPPROTO_TCP ||
	                obj->ct_timeout.l4proto == IPPROTO_SCTP;

	if (o->run.state.timeouts)
		return o->run.state.timeouts;
	struct track_timeout_policy *p =
		arena_new(&x->pass->sim->store->a, struct track_timeout_policy);
	p->family = family_of(obj->ct_timeout.l3proto);
	p->proto = obj->ct_timeout.l4proto;
	for (unsigned i = 0; i + by_state < TRACK_TIMEOUT_STATES; i++)
		if (obj->ct_timeout.present >> i & 1)
			p->seconds[i + by_state] = obj->ct_timeout.timeout[i];
	o->run.state.timeouts = p;
	return p;
}

static enum step set_expectation(struct exec *x, const struct sim_obj *o)
{
	struct pass *p = x->pass;

	switch (track_expect_set(p->sim->track, &p->ref,
	                         family_of(o->o.ct_expect.l3proto),
	                         o->o.ct_expect.l4proto, o->o.ct_expect.dport,
	                         o->o.ct_expect.timeout_ms, o->o.ct_expect.size)) {
	case TRACK_EXPECT_SET:
		return STEP_ON;
	case TRACK_EXPECT_BREAK:
		return STEP_BREAK;
	case TRACK_EXPECT_DROP:
		x->verdict = NF_DROP;
		break;
	}
	return STEP_ON;
}

static enum step use_obj(struct exec *x, struct sim_obj *o)
{
	struct pass *p = x->pass;

	switch (o->o.type) {
	case NFT_OBJECT_LIMIT:
		if (p->sim->is_live)
			return step_of(sim_doubt(p, "limit: how much of it is used up"));
		return step_of(state_pass_obj(&o->o, &o->run.state, p->sim->now_ns,
		                              pass_length(p)));
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_QUOTA:
		return step_of(state_pass_obj(&o->o, &o->run.state, p->sim->now_ns,
		                              pass_length(p)));
	case NFT_OBJECT_CT_HELPER:
		return set_helper(x, o);
	case NFT_OBJECT_CT_TIMEOUT:
		track_timeout_set(&p->ref, timeout_policy(x, o));
		return STEP_ON;
	case NFT_OBJECT_CT_EXPECT:
		return set_expectation(x, o);
	case NFT_OBJECT_SYNPROXY:
		return eval_synproxy(x);
	case NFT_OBJECT_SECMARK: /* what a security module would do with it */
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
	if (e)
		e->hits++;
	return e && e->obj ? use_obj(x, e->obj) : STEP_BREAK;
}
