/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Translation happens once, to a connection's first packet: its entry's reply tuple becomes the
 * inverse of what goes out. Every later packet is rewritten from the two tuples.
 */
#include "gate/track/nat.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "gate/track/nat_tuple.h"
#include "gate/track/sources.h"

static enum track_manip manip_of(enum track_hook hook)
{
	switch (hook) {
	case TRACK_HOOK_INPUT:
	case TRACK_HOOK_POSTROUTING:
		return TRACK_MANIP_SRC;
	case TRACK_HOOK_PREROUTING:
	case TRACK_HOOK_FORWARD:
	case TRACK_HOOK_OUTPUT:
		break;
	}
	return TRACK_MANIP_DST;
}

static uint32_t done_bit(enum track_manip manip)
{
	return manip == TRACK_MANIP_SRC ? TRACK_S_SRC_NAT_DONE : TRACK_S_DST_NAT_DONE;
}

bool track_nat_wants(const struct track_ref *ref, enum track_hook hook)
{
	if (!ref->entry || ref->icmp_error)
		return false;
	return (ref->state == TRACK_NEW || ref->state == TRACK_RELATED) &&
	       !(ref->entry->status & done_bit(manip_of(hook)));
}

static enum track_verdict bind_once(struct track *t, struct track_entry *e,
                                    enum track_manip manip,
                                    const struct track_nat_range *range)
{
	struct track_tuple from, to, reply;
	struct track_choice choice;
	uint16_t zone = e->tuple[TRACK_REPLY].zone;

	if (!track_tuple_invert(&e->tuple[TRACK_REPLY], &from))
		return TRACK_DROP;
	track_nat_pick(t, e, &from, range, manip, &to, &choice);
	track_entry_extra(t, e)->choice[manip] = choice;
	if (!track_tuple_eq(&from, &to) && track_tuple_invert(&to, &reply)) {
		reply.zone = zone;
		e->tuple[TRACK_REPLY] = reply;
		e->status |= manip == TRACK_MANIP_SRC ? TRACK_S_SRC_NAT : TRACK_S_DST_NAT;
	}
	if (manip == TRACK_MANIP_SRC)
		track_sources_add(t, e);
	e->status |= done_bit(manip);
	return TRACK_ACCEPT;
}

/* `prefix`: the host part of the address stays. */
static void netmap(const struct track_entry *e, enum track_manip manip,
                   struct track_nat_range *range)
{
	struct track_tuple from;

	if (!track_tuple_invert(&e->tuple[TRACK_REPLY], &from))
		return;
	for (unsigned i = 0; i < ARRAY_LEN(from.src.b); i++) {
		uint8_t host = range->addr_min.b[i] ^ range->addr_max.b[i];
		uint8_t own = manip == TRACK_MANIP_SRC ? from.src.b[i] : from.dst.b[i];
		range->addr_min.b[i] =
			(uint8_t)((own & host) | (range->addr_min.b[i] & ~host));
	}
	range->addr_max = range->addr_min;
	range->flags &= ~(uint32_t)TRACK_NAT_NETMAP;
}

enum track_verdict track_nat_setup(struct track *t, struct track_ref *ref,
                                   enum track_hook hook,
                                   const struct track_nat_range *range)
{
	struct track_entry *e = ref->entry;
	enum track_manip manip = manip_of(hook);
	struct track_nat_range own = *range;

	if (!e || track_entry_confirmed(e))
		return TRACK_ACCEPT;
	if (e->status & done_bit(manip))
		return TRACK_DROP;
	if (own.flags & TRACK_NAT_NETMAP)
		netmap(e, manip, &own);
	if (bind_once(t, e, manip, &own) == TRACK_ACCEPT)
		return TRACK_ACCEPT;
	ref->why = TRACK_WHY_NO_NAT;
	return TRACK_DROP;
}

static enum track_verdict setup_address(struct track *t, struct track_ref *ref,
                                        enum track_hook hook,
                                        const struct track_addr *address,
                                        const struct track_nat_range *range)
{
	struct track_nat_range own = *range;

	if (!address) {
		ref->why = TRACK_WHY_NO_NAT;
		return TRACK_DROP;
	}
	own.flags |= TRACK_NAT_ADDRS;
	own.addr_min = own.addr_max = *address;
	return track_nat_setup(t, ref, hook, &own);
}

static bool addr_is_any(const struct track_addr *addr)
{
	return !(addr->d[0] | addr->d[1]);
}

enum track_verdict track_nat_masquerade(struct track *t, struct track_ref *ref,
                                        uint32_t ifindex,
                                        const struct track_addr *address,
                                        const struct track_nat_range *range)
{
	/* A machine that has no address yet asks for one: that must go out as it is. */
	if (!ref->entry ||
	    (ref->entry->tuple[0].family == 4 && addr_is_any(&ref->entry->tuple[0].src)))
		return TRACK_ACCEPT;
	if (address)
		track_entry_extra(t, ref->entry)->masquerade_ifindex = ifindex;
	return setup_address(t, ref, TRACK_HOOK_POSTROUTING, address, range);
}

enum track_verdict track_nat_redirect(struct track *t, struct track_ref *ref,
                                      enum track_hook hook,
                                      const struct track_addr *address,
                                      const struct track_nat_range *range)
{
	static const struct track_addr loopback4 = { .b = { 127, 0, 0, 1 } };
	static const struct track_addr loopback6 = { .b = { [15] = 1 } };

	if (!ref->entry)
		return TRACK_ACCEPT;
	if (hook == TRACK_HOOK_OUTPUT)
		address = ref->entry->tuple[0].family == 6 ? &loopback6 : &loopback4;
	return setup_address(t, ref, hook, address, range);
}

enum track_verdict track_nat_null(struct track *t, struct track_ref *ref,
                                  enum track_hook hook)
{
	enum track_manip manip = manip_of(hook);
	const struct track_tuple *reply;

	if (!ref->entry || ref->entry->status & done_bit(manip))
		return TRACK_ACCEPT;
	reply = &ref->entry->tuple[TRACK_REPLY];
	return setup_address(t, ref, hook,
	                     manip == TRACK_MANIP_SRC ? &reply->dst : &reply->src,
	                     &(struct track_nat_range){ 0 });
}

enum track_verdict track_nat_check_oif(struct track *t, struct track_ref *ref,
                                       uint32_t ifindex)
{
	struct track_entry *e = ref->entry;

	if (!e || ref->icmp_error || ref->dir != TRACK_ORIGINAL || !e->extra ||
	    !e->extra->masquerade_ifindex || e->extra->masquerade_ifindex == ifindex)
		return TRACK_ACCEPT;
	track_entry_kill(t, e, t->now_ns);
	return TRACK_DROP;
}

/* ---- packets ------------------------------------------------------------------------------ */

static bool has_port(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* One side of a header takes the values of `target`. */
static struct track_side_change side_change(const struct track_tuple *target,
                                            enum track_manip manip)
{
	bool source = manip == TRACK_MANIP_SRC;
	bool icmp = target->proto == IPPROTO_ICMP || target->proto == IPPROTO_ICMPV6;

	return (struct track_side_change){
		.source = source,
		.destination = !source,
		.has_port = has_port(target->proto),
		.addr = source ? target->src : target->dst,
		.port = source || icmp ? target->src_port : target->dst_port,
	};
}

static bool is_redirect(const struct track_packet *p)
{
	uint8_t type = (uint8_t)(p->tuple.dst_port >> 8);

	return p->tuple.family == 6 ? type == ND_REDIRECT : type == ICMP_REDIRECT;
}

enum track_verdict track_nat_apply(const struct track_ref *ref,
                                   const struct track_packet *p, enum track_hook hook,
                                   struct track_change *change)
{
	const struct track_entry *e = ref->entry;
	enum track_manip manip = manip_of(hook);
	bool source = (manip == TRACK_MANIP_SRC) != (ref->dir == TRACK_REPLY);
	struct track_tuple target;

	*change = (struct track_change){ 0 };
	if (!e)
		return TRACK_ACCEPT;
	/* Hosts that are told of each other would talk past the translation. */
	if (ref->icmp_error && is_redirect(p) &&
	    e->status & (TRACK_S_SRC_NAT | TRACK_S_DST_NAT))
		return TRACK_DROP;
	if (!(e->status & (source ? TRACK_S_SRC_NAT : TRACK_S_DST_NAT)) ||
	    !track_tuple_invert(&e->tuple[!ref->dir], &target))
		return TRACK_ACCEPT;
	change->outer = side_change(&target, manip);
	if (!ref->icmp_error)
		return TRACK_ACCEPT;
	/* The quoted packet went the other way: there the other side changes. */
	change->outer.has_port = false;
	change->inner =
		side_change(&e->tuple[!ref->dir],
	                    manip == TRACK_MANIP_SRC ? TRACK_MANIP_DST : TRACK_MANIP_SRC);
	return TRACK_ACCEPT;
}

struct track_choice track_entry_choice(const struct track_entry *e, bool destination)
{
	return e->extra ? e->extra->choice[destination] : (struct track_choice){ 0 };
}
