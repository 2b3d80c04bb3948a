/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Routing decisions: RFC 1812 sections 5.2 and 5.3, and the reverse path filter of RFC 3704. */
#include "gate/engine/sim/route.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/engine/sim/address.h"
#include "gate/engine/sim/way.h"

bool route_doubt(void *ctx, const char *what)
{
	return sim_doubt(ctx, what);
}

struct route_query route_query_of(struct pass *p)
{
	struct packet *pkt = p->pkt;
	struct route_query q = { .family = pkt->family,
		                 .mark = pkt->mark,
		                 .iif = p->in,
		                 .l4 = pkt->l4,
		                 .doubt = route_doubt,
		                 .ctx = p };
	const uint8_t *head = packet_at(pkt, pkt->nh, 2), *ports = NULL;

	address_copy(pkt->family, q.dst, packet_destination(pkt));
	address_copy(pkt->family, q.src, packet_source(pkt));
	if (pkt->family == NFPROTO_IPV4)
		q.tos = head[1] & 0x1c; /* RFC 1349's bits that routing may use */
	else
		q.tos = (uint8_t)(head[0] << 4 | head[1] >> 4);
	if (pkt->has_l4 && !pkt->frag_off &&
	    (pkt->l4 == IPPROTO_TCP || pkt->l4 == IPPROTO_UDP ||
	     pkt->l4 == IPPROTO_SCTP || pkt->l4 == IPPROTO_DCCP ||
	     pkt->l4 == IPPROTO_UDPLITE))
		ports = packet_at(pkt, pkt->th, 4);
	if (ports) {
		q.sport = (uint16_t)(ports[0] << 8 | ports[1]);
		q.dport = (uint16_t)(ports[2] << 8 | ports[3]);
	}
	return q;
}

static void tell_route(struct pass *p, const char *text)
{
	uint32_t table = p->route.table;

	if (p->sim->watch && table && table < TABLE_DEFAULT)
		text = arena_fmt(&p->sim->store->a, "%s (table %u)", text, table).p;
	way_tell(p, text);
}

/* NULL: it leads somewhere. */
static const char *refusal(enum route_type type)
{
	switch (type) {
	case ROUTE_BLACKHOLE:
		return "the route to the destination is a blackhole: nobody is told";
	case ROUTE_UNREACHABLE:
		return "the route says that the destination is unreachable, and so the sender is "
		       "told";
	case ROUTE_PROHIBIT:
		return "the route prohibits the destination, and so the sender is told";
	case ROUTE_UNICAST:
	case ROUTE_LOCAL:
	case ROUTE_BROADCAST:
	case ROUTE_ANYCAST:
	case ROUTE_MULTICAST:
	case ROUTE_THROW:
		break;
	}
	return NULL;
}

/* ---- arriving ---- */

/* IPv4 that came in by a wire, or without a route by lo: only that is asked who may have sent it. */
static bool is_wire4(const struct pass *p)
{
	return p->pkt->family == NFPROTO_IPV4 && (!p->in->is_loopback || p->is_unrouted);
}

/* RFC 1812 section 5.3.7: addresses that cannot be on a wire. */
static const char *martian(const struct pass *p)
{
	const uint8_t *src = packet_source(p->pkt), *dst = packet_destination(p->pkt);

	if ((src[0] == 127 || dst[0] == 127) &&
	    !machine_conf(p->sim->machine, p->in).route_localnet)
		return "a martian: 127.0.0.0/8 does not come over a wire";
	if (address_is_multicast(NFPROTO_IPV4, src) ||
	    address_is_everybody(NFPROTO_IPV4, src))
		return "a martian: the source is a multicast or broadcast address";
	return NULL;
}

static bool has_address(const struct sim_machine *m, const struct sim_dev *dev)
{
	return machine_source(m, dev, NFPROTO_IPV4) != NULL;
}

/* The way back, as the kernel's rp_filter asks for it. */
static const char *reverse_path(struct pass *p, const struct sim_conf *conf)
{
	const struct sim_machine *m = p->sim->machine;
	struct route_query q = route_query_of(p), there = q;
	struct route_answer back;

	memcpy(q.dst, there.src, sizeof(q.dst));
	memcpy(q.src, there.dst, sizeof(q.src));
	q.sport = there.dport;
	q.dport = there.sport;
	q.iif = NULL;
	q.mark = conf->src_valid_mark ? there.mark : 0;
	int r = machine_lookup(m, &q, &back);
	if (r == -EAGAIN && !(conf->rp_filter && sim_doubt(p, "rp_filter: the routes")))
		return NULL;
	if (r < 0 || refusal(back.type))
		return conf->rp_filter ? "rp_filter: there is no route back to the source"
		                       : NULL;
	if (back.type != ROUTE_UNICAST &&
	    !(back.type == ROUTE_LOCAL && conf->accept_local))
		return back.type == ROUTE_LOCAL
		               ? "a martian: the source is an address of this machine"
		               : "a martian: the source is a broadcast address";
	if (conf->rp_filter == 1 && !route_uses(&back, p->in))
		return "rp_filter: the way back to the source leads by another interface";
	return has_address(m, p->in) || !conf->rp_filter || route_uses(&back, p->in)
	               ? NULL
	               : "rp_filter: the interface has no address, and the way back leads by "
	                 "another";
}

/* Without rp_filter and rules only the machine's own addresses are no source. */
static const char *wrong_source(struct pass *p)
{
	const struct sim_machine *m = p->sim->machine;
	struct sim_conf conf;

	if (!is_wire4(p))
		return NULL;
	conf = machine_conf(m, p->in);
	if (conf.rp_filter || m->has_policies)
		return reverse_path(p, &conf);
	return !conf.accept_local && machine_type4(m, packet_source(p->pkt), NULL) ==
	                                     ROUTE_LOCAL
	               ? "a martian: the source is an address of this machine"
	               : NULL;
}

/* An IPv4 group or everybody is no route's business. */
static int decide(const struct pass *p, const struct route_query *q,
                  struct route_answer *to)
{
	*to = (struct route_answer){ .type = ROUTE_BROADCAST, .dev = q->oif };
	if (address_is_everybody(q->family, q->dst))
		return 0;
	to->type = ROUTE_MULTICAST;
	if (q->family == NFPROTO_IPV4 && address_is_multicast(q->family, q->dst))
		return 0;
	return machine_lookup(p->sim->machine, q, to);
}

int route_find(struct pass *p, struct route_answer *to, const char **why)
{
	struct route_query q = route_query_of(p);

	*why = is_wire4(p) ? martian(p) : NULL;
	if (*why)
		return -EINVAL;
	int r = decide(p, &q, to);
	if (r == -EAGAIN)
		*why = NULL;
	else if (r < 0)
		*why = "there is no route to the destination";
	else
		*why = refusal(to->type) ? refusal(to->type) : wrong_source(p);
	return *why ? -EINVAL : r;
}

/* ---- what nobody knows ---- */

/* Source translation of what passed its hook is not followed. */
static bool is_assumable(const struct pass *p, bool source)
{
	bool is_behind = p->hook == NF_INET_POST_ROUTING || p->hook == NF_INET_LOCAL_IN;

	return !p->sim->machine->is_complete && !p->is_bridged &&
	       p->pf != NFPROTO_BRIDGE &&
	       !(source && is_behind && p->ref.entry &&
	         p->ref.entry->status & TRACK_S_SRC_NAT);
}

static bool is_own(const struct pass *p, bool source)
{
	if ((p->in && p->in->is_loopback) || (p->out && p->out->is_loopback))
		return true;
	if (p->arrival->way == WAY_OUT)
		return source;
	return !source && !p->arrival->out && !p->is_rewritten;
}

enum { ASSUMED_SOURCE = 4 };

/* Once for each end and answer. */
static void tell_assumed(struct pass *p, bool source, bool own)
{
	unsigned bit = 1u << ((source ? ASSUMED_SOURCE : 0) + own);

	if (p->assumed & bit)
		return;
	p->assumed |= (uint8_t)bit;
	sim_tell(p, EVENT_ASSUMED,
	         own      ? source ? "the source is this machine"
	                           : "the destination is this machine"
	         : source ? "the source is another machine"
	                  : "the destination is another machine");
}

bool route_assumes_own(struct pass *p, bool source)
{
	if (!is_assumable(p, source) || !is_own(p, source))
		return false;
	tell_assumed(p, source, true);
	return true;
}

int route_assumed_type(struct pass *p, bool source)
{
	if (!is_assumable(p, source))
		return -EAGAIN;
	bool own = is_own(p, source);
	tell_assumed(p, source, own);
	return own ? ROUTE_LOCAL : ROUTE_UNICAST;
}

/* It is this machine that was meant, unless a rule translated it. */
static bool guess(struct pass *p, bool *local)
{
	*local = !p->is_rewritten;
	bool is_told = p->assumed & 1u << *local;
	tell_route(p, is_told  ? *local ? "for this machine" : "for another machine"
	              : *local ? "the destination is taken to be this machine"
	                       : "the new destination is taken to be another machine's");
	p->assumed |= (uint8_t)(1u << *local);
	return true;
}

/* A packet that was described with the device it leaves by is routed there. */
static bool forced(struct pass *p, bool *local)
{
	const struct sim_dev *out = p->arrival->out;
	const char *why = is_wire4(p) ? martian(p) : NULL;

	if (!why)
		why = wrong_source(p);
	if (why)
		return way_stops(p, why);
	*local = false;
	p->out = out->bridge ? out->bridge : out;
	tell_route(p, "forwarded, as the packet's description says");
	return true;
}

bool route_in(struct pass *p, bool *local)
{
	const struct sim_machine *m = p->sim->machine;
	struct route_answer to;
	const char *why;

	*local = true;
	if (p->arrival->way == WAY_IN && p->arrival->out)
		return forced(p, local);
	int r = route_find(p, &to, &why);
	if (r == -EAGAIN)
		return guess(p, local);
	if (r < 0)
		return way_stops(p, why);
	if (to.type == ROUTE_MULTICAST && m->is_complete &&
	    !machine_listens(m, p->pkt->family, packet_destination(p->pkt)))
		return way_stops(p, "nobody here listens to this multicast group");
	p->route = to;
	p->has_route = true;
	*local = to.type != ROUTE_UNICAST;
	p->out = *local ? NULL : to.dev;
	tell_route(p, *local ? "for this machine" : "forwarded");
	return true;
}

/* ---- leaving ---- */

bool route_known(struct pass *p)
{
	if (p->has_route || !p->out)
		return p->has_route;
	struct route_query q = route_query_of(p);
	q.iif = NULL;
	q.oif = p->out->is_loopback ? NULL : p->out;
	q.doubt = NULL; /* the device is given: what else is known of the route will do */
	p->has_route = decide(p, &q, &p->route) == 0 && !refusal(p->route.type);
	return p->has_route;
}

/* RFC 1122 section 3.2.1.3: 127/8 is on no wire. */
static const char *cannot_leave(struct pass *p, int r, const struct route_answer *to)
{
	if (r == -ENOENT)
		return "there is no route for what it is now";
	if (r < 0)
		return NULL;
	if (refusal(to->type))
		return refusal(to->type);
	if (p->pkt->family == NFPROTO_IPV4 && to->type == ROUTE_UNICAST &&
	    packet_source(p->pkt)[0] == 127)
		return "the new destination is elsewhere, and a source in 127.0.0.0/8 leaves by "
		       "no wire";
	return NULL;
}

bool route_anew(struct pass *p, const char *why)
{
	struct route_query q = route_query_of(p);
	struct route_answer to;

	q.iif = NULL;
	int r = machine_lookup(p->sim->machine, &q, &to);
	const char *problem = cannot_leave(p, r, &to);
	if (problem) {
		p->result = (struct sim_result){ .fate = FATE_DROP,
			                         .by = BY_STACK,
			                         .reason = problem,
			                         .doubt = p->result.doubt };
		return false;
	}
	if (r < 0)
		return true; /* nobody knows: as before */
	p->route = to;
	p->has_route = p->is_rerouted = true;
	tell_route(p, why);
	return true;
}

static uint32_t capped(uint32_t mtu)
{
	return mtu > UINT16_MAX ? UINT16_MAX : mtu; /* no IP packet is longer */
}

bool route_mtu(struct pass *p, uint32_t *mtu)
{
	struct route_answer back;

	if (!route_known(p) || !p->route.mtu)
		return false;
	*mtu = capped(p->route.mtu);
	int r = machine_route(p->sim->machine, p->pkt->family, packet_source(p->pkt),
	                      &back);
	if (r == -EAGAIN || (r == 0 && back.dev && !back.mtu))
		return false;
	if (r == 0 && back.dev && capped(back.mtu) < *mtu)
		*mtu = capped(back.mtu);
	return true;
}
