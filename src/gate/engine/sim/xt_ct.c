/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Matches on the connection: conntrack, state, connmark. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <string.h>

#include "gate/engine/sim/xt.h"

/* linux/netfilter/xt_conntrack.h counts IP_CT_NUMBER as the kernel does: 5. */
enum { CT_NUMBER = 5 };
enum {
	BIT_SNAT = 1 << (CT_NUMBER + 1),
	BIT_DNAT = 1 << (CT_NUMBER + 2),
	BIT_UNTRACKED = 1 << (CT_NUMBER + 3)
};

/* invalid, established, related, new have the bits of nf_tables. */
static uint32_t state_bit(const struct exec *x)
{
	enum track_state s = track_state_of(&x->pass->ref);

	return s == TRACK_UNTRACKED ? BIT_UNTRACKED : (uint32_t)s;
}

struct xt_ports {
	uint16_t low, high;
};

/* All revisions as one; the high ports came with the third. */
struct view {
	const struct xt_conntrack_mtinfo1 *m; /* what all begin with */
	uint16_t match, invert, states, statuses;
	struct xt_ports ports[4]; /* original source, destination; reply's */
};

static bool addr_fits(const struct track_addr *have, const union nf_inet_addr *want,
                      const union nf_inet_addr *mask, uint8_t family)
{
	for (unsigned k = 0; k < (family == 4 ? 1u : 4u); k++)
		if ((have->w[k] & mask->all[k]) != (want->all[k] & mask->all[k]))
			return false;
	return true;
}

/* Whether a condition that is asked for is as it should be. */
static bool holds(const struct view *v, uint16_t flag, bool is)
{
	return !(v->match & flag) || is == !(v->invert & flag);
}

static bool addresses_hold(const struct view *v, const struct track_entry *e)
{
	const struct track_tuple *o = &e->tuple[TRACK_ORIGINAL],
				 *r = &e->tuple[TRACK_REPLY];
	uint8_t f = o->family;

	return holds(v, XT_CONNTRACK_ORIGSRC,
	             addr_fits(&o->src, &v->m->origsrc_addr, &v->m->origsrc_mask, f)) &&
	       holds(v, XT_CONNTRACK_ORIGDST,
	             addr_fits(&o->dst, &v->m->origdst_addr, &v->m->origdst_mask, f)) &&
	       holds(v, XT_CONNTRACK_REPLSRC,
	             addr_fits(&r->src, &v->m->replsrc_addr, &v->m->replsrc_mask, f)) &&
	       holds(v, XT_CONNTRACK_REPLDST,
	             addr_fits(&r->dst, &v->m->repldst_addr, &v->m->repldst_mask, f));
}

static bool ports_hold(const struct view *v, const struct track_entry *e)
{
	const struct track_tuple *o = &e->tuple[TRACK_ORIGINAL],
				 *r = &e->tuple[TRACK_REPLY];
	const uint16_t have[4] = { o->src_port, o->dst_port, r->src_port, r->dst_port };
	static const uint16_t flags[4] = { XT_CONNTRACK_ORIGSRC_PORT,
		                           XT_CONNTRACK_ORIGDST_PORT,
		                           XT_CONNTRACK_REPLSRC_PORT,
		                           XT_CONNTRACK_REPLDST_PORT };

	for (size_t k = 0; k < 4; k++)
		if (!holds(v, flags[k],
		           have[k] >= v->ports[k].low && have[k] <= v->ports[k].high))
			return false;
	return holds(v, XT_CONNTRACK_PROTO, o->proto == v->m->l4proto);
}

static bool state_holds(const struct exec *x, const struct view *v)
{
	const struct track_entry *e = x->pass->ref.entry;
	uint32_t bits = state_bit(x);

	if (e && (e->status & TRACK_S_SRC_NAT))
		bits |= BIT_SNAT;
	if (e && (e->status & TRACK_S_DST_NAT))
		bits |= BIT_DNAT;
	return holds(v, XT_CONNTRACK_STATE, (v->states & bits) != 0);
}

static enum xt_answer match(const struct exec *x, const struct view *v)
{
	const struct pass *p = x->pass;
	const struct track_entry *e = p->ref.entry;

	if (!state_holds(x, v))
		return XT_NO;
	if (!e)
		return xt_bool(v->match & XT_CONNTRACK_STATE);
	uint64_t seconds = e->status & TRACK_S_CONFIRMED
	                           ? track_expires_ns(p->sim->track, e) / 1000000000
	                           : 0;
	return xt_bool(
		holds(v, XT_CONNTRACK_DIRECTION, p->ref.dir == TRACK_ORIGINAL) &&
		addresses_hold(v, e) && ports_hold(v, e) &&
		holds(v, XT_CONNTRACK_STATUS, (v->statuses & e->status) != 0) &&
		holds(v, XT_CONNTRACK_EXPIRES,
	              seconds >= v->m->expires_min && seconds <= v->m->expires_max));
}

static uint16_t host16(uint16_t be)
{
	return __builtin_bswap16(be);
}

static void exact_ports(struct view *v)
{
	const uint16_t ports[4] = { v->m->origsrc_port, v->m->origdst_port,
		                    v->m->replsrc_port, v->m->repldst_port };

	for (size_t k = 0; k < 4; k++)
		v->ports[k] = (struct xt_ports){ host16(ports[k]), host16(ports[k]) };
}

enum xt_answer xt_conntrack1(struct exec *x, struct xt *m)
{
	const struct xt_conntrack_mtinfo1 *i = m->info;
	struct view v = { .m = i,
		          .match = i->match_flags,
		          .invert = i->invert_flags,
		          .states = i->state_mask,
		          .statuses = i->status_mask };

	exact_ports(&v);
	return match(x, &v);
}

enum xt_answer xt_conntrack2(struct exec *x, struct xt *m)
{
	const struct xt_conntrack_mtinfo2 *i = m->info;
	struct view v = { .m = m->info,
		          .match = i->match_flags,
		          .invert = i->invert_flags,
		          .states = i->state_mask,
		          .statuses = i->status_mask };

	exact_ports(&v);
	return match(x, &v);
}

enum xt_answer xt_conntrack3(struct exec *x, struct xt *m)
{
	const struct xt_conntrack_mtinfo3 *i = m->info;
	struct view v = {
		.m = m->info,
		.match = i->match_flags,
		.invert = i->invert_flags,
		.states = i->state_mask,
		.statuses = i->status_mask,
		.ports = { { i->origsrc_port, i->origsrc_port_high },
		           { i->origdst_port, i->origdst_port_high },
		           { i->replsrc_port, i->replsrc_port_high },
		           { i->repldst_port, i->repldst_port_high } },
	};

	return match(x, &v);
}

/* The old `state` match: one mask, bits as above. */
enum xt_answer xt_state(struct exec *x, struct xt *m)
{
	uint32_t states;

	memcpy(&states, m->info, sizeof(states));
	return xt_bool(states & state_bit(x));
}

enum xt_answer xt_connmark(struct exec *x, struct xt *m)
{
	const struct xt_connmark_mtinfo1 *i = m->info;
	const struct track_entry *e = x->pass->ref.entry;

	if (!e)
		return XT_NO;
	return xt_bool(((e->mark & i->mask) == i->mark) != i->invert);
}
