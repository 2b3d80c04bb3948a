/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A packet at a hook: the steps of the plan, and the rules of chains. */
#include "gate/engine/sim/hook.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/bridge.h"
#include "gate/engine/sim/bridge_track.h"
#include "gate/engine/sim/eval.h"
#include "gate/engine/sim/plan.h"
#include "gate/engine/sim/route.h"

enum { JUMPS_MAX = 16 };

static void end_with(struct pass *p, enum sim_fate fate, enum sim_by by,
                     const char *reason)
{
	p->result.fate = fate;
	p->result.by = by;
	p->result.reason = reason;
}

/* ---- chains ---- */

struct position {
	const struct sim_chain *chain;
	size_t next;
};

static NOINLINE void tell_rule(struct exec *x, struct sim_rule *rule, uint32_t insn)
{
	bool matched = x->verdict != NFT_BREAK;
	uint64_t unmet =
		matched || !x->pass->sim->asks_unmet ? 0 : eval_unmet(x, rule, insn);

	sim_tell_event(x->pass, &(struct sim_event){ .kind = EVENT_RULE,
	                                             .chain = x->chain,
	                                             .rule = rule,
	                                             .insn = insn,
	                                             .unmet = unmet,
	                                             .verdict = x->verdict,
	                                             .matched = matched });
}

static NOINLINE void tell_watched_chain(struct pass *p, enum sim_event_kind kind,
                                        const struct sim_chain *chain, int32_t verdict)
{
	sim_tell_event(p, &(struct sim_event){
				  .kind = kind, .chain = chain, .verdict = verdict });
}

static void tell_chain(struct pass *p, enum sim_event_kind kind,
                       const struct sim_chain *chain, int32_t verdict)
{
	if (p->sim->watch)
		tell_watched_chain(p, kind, chain, verdict);
}

static enum sim_fate fate_of(const struct pass *p, int32_t verdict)
{
	if (p->is_unknown)
		return FATE_UNKNOWN;
	switch (verdict & NF_VERDICT_MASK) {
	case NF_ACCEPT:
		return FATE_ACCEPT;
	case NF_DROP:
		return p->sent_reject ? FATE_REJECT : FATE_DROP;
	case NF_QUEUE:
		return FATE_QUEUE;
	default:
		return FATE_STOLEN;
	}
}

/* A rule's verdict ends the base chain. True: the packet goes on. */
static bool rule_decides(struct exec *x, struct sim_rule *rule)
{
	struct pass *p = x->pass;
	enum sim_fate fate = fate_of(p, x->verdict);

	p->result.rule = rule;
	p->result.chain = x->chain;
	if (fate == FATE_ACCEPT) {
		p->result.by = BY_RULE;
		return true;
	}
	end_with(p, fate, BY_RULE, NULL);
	return false;
}

static bool policy_decides(struct pass *p, struct sim_chain *base)
{
	int32_t verdict = base->c.policy == NF_DROP ? NF_DROP : NF_ACCEPT;

	tell_chain(p, EVENT_POLICY, base, verdict);
	base->by_policy++;
	p->result.chain = base;
	if (verdict == NF_ACCEPT)
		return true;
	end_with(p, FATE_DROP, BY_POLICY, NULL);
	return false;
}

/* What a rule's verdict does to the position: 1 the walk goes on, 0 the chain has ended, -1 the
 * base chain's policy decides. */
static int follow(struct exec *x, struct position *stack, size_t *depth,
                  struct position *at)
{
	switch (x->verdict) {
	case NFT_CONTINUE:
	case NFT_BREAK:
		return 1;
	case NFT_JUMP:
		if (*depth == JUMPS_MAX)
			return 0;
		stack[(*depth)++] = *at;
		*at = (struct position){ x->target, 0 };
		tell_chain(x->pass, EVENT_JUMP, x->target, NFT_JUMP);
		return 1;
	case NFT_GOTO:
		*at = (struct position){ x->target, 0 };
		tell_chain(x->pass, EVENT_JUMP, x->target, NFT_GOTO);
		return 1;
	case NFT_RETURN:
		if (*depth == 0)
			return -1;
		*at = stack[--*depth];
		tell_chain(x->pass, EVENT_RETURN, at->chain, NFT_RETURN);
		return 1;
	default:
		return 0;
	}
}

static bool run_chain(struct pass *p, struct sim_chain *base)
{
	struct position stack[JUMPS_MAX], at = { base, 0 };
	struct exec x = { .pass = p, .chain = base };
	size_t depth = 0;

	tell_chain(p, EVENT_CHAIN, base, NFT_CONTINUE);
	for (;;) {
		x.chain = at.chain;
		if (at.next == at.chain->rules.n) {
			if (depth == 0)
				return policy_decides(p, base);
			at = stack[--depth];
			tell_chain(p, EVENT_RETURN, at.chain, NFT_CONTINUE);
			continue;
		}
		struct sim_rule *rule = at.chain->rules.p[at.next++];
		uint32_t insn = eval_rule(&x, rule);
		rule->looked++;
		rule->matched += x.verdict != NFT_BREAK;
		if (p->sim->watch)
			tell_rule(&x, rule, insn);
		int goes = follow(&x, stack, &depth, &at);
		if (goes == 0)
			return rule_decides(&x, rule);
		if (goes < 0)
			return policy_decides(p, base);
	}
}

/* What routing may depend on; a chain of type route asks whether it changed. */
struct routed_by {
	uint8_t addrs[32], head[4], hops;
	uint32_t mark;
};

static struct routed_by routed_by(const struct packet *p)
{
	struct routed_by by = { .mark = p->mark };
	size_t n = packet_address_size(p);
	const uint8_t *b = packet_at(p, p->nh, n == 4 ? 20 : 40);

	if (!b)
		return by;
	memcpy(by.addrs, b + (n == 4 ? 12 : 8), 2 * n);
	if (n == 4) {
		by.head[1] = b[1]; /* the type of service */
	} else {
		memcpy(by.head, b, sizeof(by.head));
		by.hops = b[7];
	}
	return by;
}

static bool is_routed_alike(const struct routed_by *a, const struct routed_by *b)
{
	return memcmp(a->addrs, b->addrs, sizeof(a->addrs)) == 0 &&
	       memcmp(a->head, b->head, sizeof(a->head)) == 0 && a->hops == b->hops &&
	       a->mark == b->mark;
}

static NOINLINE bool run_route_chain(struct pass *p, struct sim_chain *chain)
{
	struct routed_by before = routed_by(p->pkt), after;

	if (!run_chain(p, chain))
		return false;
	after = routed_by(p->pkt);
	return is_routed_alike(&before, &after) ||
	       route_anew(p, "routed anew, since a chain of type route changed it");
}

/* ---- built-in hooks ---- */

/* ip_defrag_users: fragments that meet at different hooks are not put together. */
static uint8_t defrag_user(const struct pass *p)
{
	enum { BRIDGE = 16 };

	return (uint8_t)(p->hook + (p->pf == NFPROTO_BRIDGE ? BRIDGE : 0));
}

/* What is not to be tracked is not put together for that; of IPv6 neither is what brings its
 * connection along, over lo (measured). */
static bool is_beyond_defrag(const struct pass *p)
{
	return p->ref.state == TRACK_UNTRACKED ||
	       (p->pkt->family == NFPROTO_IPV6 && p->ref.entry);
}

static bool defrag(struct pass *p, uint8_t user, const char *waits)
{
	switch (defrag_take(p->sim->defrag, p->pkt, user, p->sim->now_ns)) {
	case DEFRAG_WHOLE:
		sim_tell(p, EVENT_DEFRAG,
		         "all fragments are there: from here on the packet is whole");
		return true;
	case DEFRAG_PASSES:
		return true;
	case DEFRAG_WAITS:
		end_with(p, FATE_STOLEN, BY_STACK, waits);
		break;
	case DEFRAG_DROPS:
		end_with(p, FATE_DROP, BY_STACK,
		         "a fragment that does not fit the others");
		break;
	}
	sim_tell(p, EVENT_DEFRAG, p->result.reason);
	return false;
}

NOINLINE bool hook_defrag(struct pass *p)
{
	return defrag(
		p, defrag_user(p),
		"a fragment: connection tracking holds it until the others have come");
}

NOINLINE bool hook_defrag_local(struct pass *p)
{
	enum { LOCAL_DELIVER = 32 };

	return defrag(p, LOCAL_DELIVER,
	              "a fragment: this machine holds it until the others have come");
}

/* Drops when the tracker says so, and says why. */
static bool unless_dropped(struct pass *p, enum track_verdict v, enum sim_by by)
{
	if (v == TRACK_ACCEPT)
		return true;
	end_with(p, FATE_DROP, by, track_why(p->ref.why).p);
	return false;
}

/* A kernel does not tell the windows of its TCP connections: a segment may lie outside. */
static void doubt_window(struct pass *p)
{
	const struct track_entry *e = p->ref.entry;

	if (!p->sim->n_imported || !e || e->id > p->sim->n_imported ||
	    p->pkt->l4 != IPPROTO_TCP ||
	    !sim_doubt(p, "the TCP window of the open connection"))
		return;
	track_release(p->sim->track, &p->ref);
	p->ref.state = TRACK_INVALID;
	p->ref.why = TRACK_WHY_TCP_WINDOW;
}

NOINLINE bool hook_track(struct pass *p)
{
	struct track_packet view;
	bool looped = p->is_tracked;

	view_packet(p->pkt, &view);
	enum track_verdict v =
		track_in(p->sim->track, &view, (enum track_hook)p->hook, &p->ref);
	p->is_tracked = true;
	if (!looped) {
		struct str why = track_why(p->ref.why);
		sim_tell(p, EVENT_CONNTRACK, why.n ? why.p : NULL);
	}
	if (!looped && v == TRACK_ACCEPT)
		doubt_window(p);
	return unless_dropped(p, v, BY_CONNTRACK);
}

/* What a helper wrote; what loops back is not numbered anew. */
static void rewrite(struct pass *p, const struct track_rewrite *what)
{
	const struct track_entry *e = p->ref.entry;
	const struct sim_dev *dev = p->out ? p->out : p->in;

	if (what->changed) {
		view_payload(p->pkt, buf_as_str(&what->payload));
		sim_tell(p, EVENT_NAT,
		         "the helper puts the translated address into the payload");
	}
	if (what->dst_port)
		view_to_port(p->pkt, what->dst_port);
	if (e && e->status & TRACK_S_SEQ_ADJUST && p->pkt->l4 == IPPROTO_TCP &&
	    !p->ref.icmp_error && !(dev && dev->is_loopback))
		view_renumber(p->pkt, e, (enum track_dir)p->ref.dir);
}

/* What the connection's helper reads; NULL where it has none, as most. */
static const struct track_packet *helper_view(const struct pass *p,
                                              struct track_packet *view)
{
	if (!p->ref.entry || !p->ref.entry->helper)
		return NULL;
	view_packet(p->pkt, view);
	return view;
}

bool hook_confirm(struct pass *p)
{
	struct track_packet view;
	struct track_rewrite made = { .changed = false };
	bool fresh = p->ref.entry && !(p->ref.entry->status & TRACK_S_CONFIRMED);

	enum track_verdict v =
		track_confirm(p->sim->track, helper_view(p, &view), &p->ref, &made);
	if (v == TRACK_ACCEPT)
		rewrite(p, &made);
	buf_fini(&made.payload);
	if (v == TRACK_ACCEPT && p->ref.why == TRACK_WHY_HELPER_PORT)
		sim_doubt(p, track_why(TRACK_WHY_HELPER_PORT).p);
	if (!unless_dropped(p, v, BY_CONNTRACK))
		return false;
	if (fresh)
		sim_tell(p, EVENT_CONFIRM, NULL);
	return true;
}

static bool run_nat_chains(struct pass *p, const struct plan_hook *h)
{
	enum track_hook hook = (enum track_hook)p->hook;

	for (size_t i = 0; i < h->n_nat && track_nat_wants(&p->ref, hook); i++)
		if (!run_chain(p, h->nat[i]))
			return false;
	return unless_dropped(p, track_nat_null(p->sim->track, &p->ref, hook), BY_NAT);
}

/* Where the kernel draws an address or a port, the packet has one of those it could be. */
static const char *choice_text(struct pass *p, bool destination)
{
	struct track_choice c = track_entry_choice(p->ref.entry, destination);

	if (!p->sim->watch) /* nobody reads it */
		return NULL;
	if (c.port)
		return arena_fmt(&p->sim->store->a,
		                 "the kernel draws a free port from %u to %u", c.port_min,
		                 c.port_max)
		        .p;
	return c.addr ? "the kernel draws the address from the range" : NULL;
}

/* nf_nat_proto.c wants the first half of PPTP's header, whatever version the packet is. */
static bool is_too_short(const struct packet *p, const struct track_change *change)
{
	enum { GRE_LEAST = 8 };

	return p->l4 == IPPROTO_GRE &&
	       (change->outer.source || change->outer.destination) &&
	       packet_l4_length(p) < GRE_LEAST;
}

static NOINLINE bool run_nat(struct pass *p, const struct plan_hook *h)
{
	enum track_hook hook = (enum track_hook)p->hook;
	bool src = hook == TRACK_HOOK_POSTROUTING || hook == TRACK_HOOK_INPUT;
	struct track_change change = { 0 };
	struct track_packet view;

	if (!p->ref.entry)
		return true;
	if (hook == TRACK_HOOK_POSTROUTING && p->out &&
	    !unless_dropped(p, track_nat_check_oif(p->sim->track, &p->ref, p->out->index),
	                    BY_NAT))
		return false;
	if (track_nat_wants(&p->ref, hook) && !run_nat_chains(p, h))
		return false;
	view_packet(p->pkt, &view);
	if (!unless_dropped(p, track_nat_apply(&p->ref, &view, hook, &change), BY_NAT))
		return false;
	if (is_too_short(p->pkt, &change)) {
		end_with(
			p, FATE_DROP, BY_NAT,
			"a GRE packet too short for the header that translation expects");
		return false;
	}
	if (!view_write(p->pkt, &change))
		return true;
	p->is_rewritten |= !src;
	if (hook == TRACK_HOOK_OUTPUT &&
	    !route_anew(p, "routed anew, since the destination was rewritten"))
		return false;
	sim_tell(p, EVENT_NAT, choice_text(p, !src));
	return true;
}

/* ---- a hook ---- */

static bool has_device(const struct sim_chain *c, const struct sim_dev *dev)
{
	if (c->c.n_devs == 0)
		return true;
	for (size_t i = 0; dev && i < c->c.n_devs; i++) {
		struct str name = c->c.devs[i];
		if (str_eq(name, dev->name) ||
		    (str_ends(name, STR("*")) &&
		     str_starts(dev->name, str_sub(name, 0, name.n - 1))))
			return true;
	}
	return false;
}

/* Chains of devices stand in the plan for all of them. */
static bool is_for(const struct pass *p, const struct sim_chain *c)
{
	return p->pf != NFPROTO_NETDEV ||
	       has_device(c, p->hook == NF_NETDEV_INGRESS ? p->in : p->out);
}

static bool run_step(struct pass *p, const struct plan_hook *h, const struct plan_step *s)
{
	switch (s->kind) {
	case PLAN_DEFRAG:
		return !p->pkt->is_fragment || is_beyond_defrag(p) || hook_defrag(p);
	case PLAN_TRACK:
		return hook_track(p);
	case PLAN_CONFIRM:
		return hook_confirm(p);
	case PLAN_NAT:
		return run_nat(p, h);
	case PLAN_BRIDGE:
		return bridge_calls_ip(p);
	case PLAN_BRIDGE_TRACK:
		return bridge_track(p);
	case PLAN_BRIDGE_CONFIRM:
		return bridge_confirm(p);
	case PLAN_CHAIN:
		if (!is_for(p, s->chain) || (p->pf == NFPROTO_BRIDGE &&
		                             bridge_passes_by(p, s->chain->c.priority)))
			return true;
		return s->chain->is_route ? run_route_chain(p, s->chain)
		                          : run_chain(p, s->chain);
	}
	return true;
}

static NOINLINE bool run_steps(struct pass *p, const struct plan_hook *h)
{
	for (const struct plan_step *s = h->steps, *end = s + h->n; s < end; s++)
		if (!run_step(p, h, s))
			return false;
	return true;
}

bool hook_run(struct pass *p, uint8_t pf, uint8_t hook, const char *name)
{
	const struct plan_hook *h = plan_at(p->sim->store, pf, hook);

	p->pf = pf;
	p->hook = hook;
	p->way = name;
	sim_tell(p, EVENT_HOOK, name);
	return !h->n || run_steps(p, h);
}
