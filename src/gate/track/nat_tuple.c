/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Which address and port a translation takes: what the source has already, else an address by a
 * hash of both ends, and its own port where that is free; only then another port, drawn by
 * chance for sources and in order for destinations.
 */
#include "gate/track/nat_tuple.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gate/track/sources.h"

enum {
	RANDOM_ANY = TRACK_NAT_RANDOM | TRACK_NAT_FULLY_RANDOM,
	ATTEMPTS_MAX = 128,
	ATTEMPTS_MIN = 16,
	ATTEMPTS_HARD = 32, /* the last so many may take a port from TIME_WAIT */
};

/* ---- what is in use ----------------------------------------------------------------------- */

/* The entry that receives answers to `tuple`, other than `e`; NULL when it is free. */
static struct track_entry *user_of(struct track *t, const struct track_entry *e,
                                   const struct track_tuple *tuple, enum track_dir *dir)
{
	struct track_tuple reply;
	struct track_entry *other;
	unsigned dirs = 1u << TRACK_REPLY;

	if (!track_tuple_invert(tuple, &reply))
		return NULL;
	reply.zone = e->tuple[TRACK_REPLY].zone;
	if (e->tuple[TRACK_ORIGINAL].zone == reply.zone)
		dirs |= 1u << TRACK_ORIGINAL;
	other = track_lookup(t, &reply, dirs, dir);
	/* The same flow, a second packet on its way at once: confirm sorts that out. */
	if (other && (other == e || track_tuple_eq(&other->tuple[0], &e->tuple[0])))
		return NULL;
	return other;
}

static bool in_use(struct track *t, const struct track_entry *e,
                   const struct track_tuple *tuple)
{
	enum track_dir dir;

	return user_of(t, e, tuple, &dir) != NULL;
}

/* As in_use, but a new TCP connection may end one in TIME_WAIT whose numbers it is past. */
static bool in_use_after_all(struct track *t, const struct track_entry *e,
                             const struct track_tuple *tuple, size_t attempts_left)
{
	enum track_dir dir;
	struct track_entry *other = user_of(t, e, tuple, &dir);

	if (!other)
		return false;
	if (attempts_left > ATTEMPTS_HARD || tuple->proto != IPPROTO_TCP ||
	    e->tcp.state != TRACK_TCP_SYN_SENT || dir == TRACK_ORIGINAL ||
	    other->tcp.state != TRACK_TCP_TIME_WAIT ||
	    (int32_t)(e->tcp.side[0].end - other->tcp.side[0].end) <= 0)
		return true;
	track_entry_kill(t, other, t->now_ns);
	return false;
}

/* ---- ranges ------------------------------------------------------------------------------- */

static bool addr_in_range(const struct track_addr *addr,
                          const struct track_nat_range *range)
{
	return memcmp(addr, &range->addr_min, sizeof(*addr)) >= 0 &&
	       memcmp(addr, &range->addr_max, sizeof(*addr)) <= 0;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* The port (or ICMP id) that a manipulation changes; NULL when the protocol has none. */
static uint16_t *port_of(struct track_tuple *tuple, enum track_manip manip)
{
	if (is_icmp(tuple->proto))
		return &tuple->src_port;
	if (!has_ports(tuple->proto))
		return NULL;
	return manip == TRACK_MANIP_SRC ? &tuple->src_port : &tuple->dst_port;
}

static bool port_in_range(struct track_tuple tuple, enum track_manip manip,
                          const struct track_nat_range *range)
{
	const uint16_t *port = port_of(&tuple, manip);

	return !port || (*port >= range->port_min && *port <= range->port_max);
}

static bool source_in_range(const struct track_tuple *tuple,
                            const struct track_nat_range *range)
{
	if (range->flags & TRACK_NAT_ADDRS && !addr_in_range(&tuple->src, range))
		return false;
	return !(range->flags & TRACK_NAT_PORTS) ||
	       port_in_range(*tuple, TRACK_MANIP_SRC, range);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static uint32_t rotate(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

/* Bob Jenkins' lookup3 over four words (his hashword(), in the public domain). */
static uint32_t jenkins4(const uint32_t k[4], uint32_t seed)
{
	uint32_t a = 0xdeadbeef + (4u << 2) + seed, b = a, c = a;

	a += k[0];
	b += k[1];
	c += k[2];
	a -= c, a ^= rotate(c, 4), c += b;
	b -= a, b ^= rotate(a, 6), a += c;
	c -= b, c ^= rotate(b, 8), b += a;
	a -= c, a ^= rotate(c, 16), c += b;
	b -= a, b ^= rotate(a, 19), a += c;
	c -= b, c ^= rotate(b, 4), b += a;
	a += k[3];
	c ^= b, c -= rotate(b, 14);
	a ^= c, a -= rotate(c, 11);
	b ^= a, b -= rotate(a, 25);
	c ^= b, c -= rotate(b, 16);
	a ^= c, a -= rotate(c, 4);
	b ^= a, b -= rotate(a, 14);
	c ^= b, c -= rotate(b, 24);
	return c;
}

/* One address of a range, the same for the same two ends (`persistent`: the same source). */
static void addr_pick(struct track_tuple *tuple, const struct track_entry *e,
                      const struct track_nat_range *range, enum track_manip manip)
{
	struct track_addr *addr = manip == TRACK_MANIP_SRC ? &tuple->src : &tuple->dst;
	const bool persistent = range->flags & TRACK_NAT_PERSISTENT;
	const unsigned last = tuple->family == 6 ? 3 : 0;
	const struct track_addr destination = tuple->dst;
	bool whole = false; /* an earlier word is below the maximum: the rest is free */
	uint32_t hash;

	if (track_addr_eq(&range->addr_min, &range->addr_max)) {
		*addr = range->addr_min;
		return;
	}
	hash = jenkins4(tuple->src.w,
	                persistent ? 0
	                           : destination.w[last] ^ e->tuple[TRACK_ORIGINAL].zone);
	for (unsigned i = 0; i <= last; i++) {
		uint32_t min = whole ? 0 : ntohl(range->addr_min.w[i]);
		uint32_t span =
			whole ? UINT32_MAX : ntohl(range->addr_max.w[i]) - min + 1;

		addr->w[i] = htonl(min + (uint32_t)((uint64_t)hash * span >> 32));
		if (addr->w[i] != range->addr_max.w[i])
			whole = true;
		if (!persistent)
			hash ^= tuple->dst.w[i];
	}
}

/* ---- ports -------------------------------------------------------------------------------- */

struct ports {
	uint16_t min;
	uint32_t n;
};

/* Privileged ports stay privileged; those of old remote shells stay below 512. */
static struct ports class_of(uint16_t port)
{
	if (port < 512)
		return (struct ports){ 1, 511 };
	if (port < 1024)
		return (struct ports){ 600, 424 };
	return (struct ports){ 1024, 65536 - 1024 };
}

/* Where a port may come from; n is 0 when it has to stay. */
static struct ports ports_of(const struct track_nat_range *range, uint8_t proto,
                             uint16_t port, enum track_manip manip)
{
	uint16_t low = range->port_min, high = range->port_max;

	if (range->flags & TRACK_NAT_PORTS) {
		if (high < low) {
			low = range->port_max;
			high = range->port_min;
		}
		return (struct ports){ low, (uint32_t)(high - low) + 1 };
	}
	if (is_icmp(proto))
		return (struct ports){ 0, 65536 };
	return manip == TRACK_MANIP_DST ? (struct ports){ 0, 0 } : class_of(port);
}

/* Looks for a free port from `offset` on, in ever shorter stretches from new places. */
static void port_search(struct track *t, const struct track_entry *e,
                        struct track_tuple *tuple, uint16_t *port, struct ports ports,
                        uint32_t offset)
{
	size_t attempts = ports.n < ATTEMPTS_MAX ? ports.n : ATTEMPTS_MAX;

	for (;; attempts /= 2) {
		for (size_t i = 0; i < attempts; i++, offset++) {
			*port = (uint16_t)(ports.min + offset % ports.n);
			if (!in_use_after_all(t, e, tuple, attempts - i))
				return;
		}
		if (attempts >= ports.n || attempts < ATTEMPTS_MIN)
			return;
		offset = (uint16_t)track_random(t);
	}
}

static void port_pick(struct track *t, const struct track_entry *e,
                      const struct track_nat_range *range, enum track_manip manip,
                      struct track_tuple *tuple, struct track_choice *choice)
{
	uint16_t *port = port_of(tuple, manip);
	struct ports ports = { 0, 0 };
	uint32_t offset = 0;

	if (port)
		ports = ports_of(range, tuple->proto, *port, manip);
	if (!ports.n)
		return;
	if (range->flags & TRACK_NAT_OFFSET) {
		offset = (uint16_t)(*port - range->port_base);
	} else if (range->flags & RANDOM_ANY || manip == TRACK_MANIP_SRC) {
		offset = (uint16_t)track_random(t);
		choice->port = ports.n > 1;
		choice->port_min = ports.min;
		choice->port_max = (uint16_t)(ports.min + ports.n - 1);
	}
	port_search(t, e, tuple, port, ports, offset);
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* The mapping that this source has already, when it is in the range. What was drawn by chance then
 * is what was drawn for the other connection. */
static bool source_mapped(const struct track *t, const struct track_tuple *from,
                          uint16_t zone, const struct track_nat_range *range,
                          struct track_tuple *to, struct track_choice *choice)
{
	struct track_tuple source = *from;
	const struct track_entry *other;

	source.zone = zone;
	other = track_sources_first(t, &source);
	for (; other; other = other->extra->source_next) {
		if (!track_source_eq(&other->tuple[TRACK_ORIGINAL], &source) ||
		    !track_tuple_invert(&other->tuple[TRACK_REPLY], to))
			continue;
		to->dst = from->dst;
		to->dst_port = from->dst_port;
		*choice = other->extra->choice[TRACK_MANIP_SRC];
		if (source_in_range(to, range))
			return true;
	}
	return false;
}

/* Whether the port may stay as it is. */
static bool port_stays(struct track *t, const struct track_entry *e,
                       const struct track_nat_range *range, enum track_manip manip,
                       const struct track_tuple *tuple)
{
	if (range->flags & RANDOM_ANY)
		return false;
	if (!(range->flags & TRACK_NAT_PORTS))
		return !in_use(t, e, tuple);
	return !(range->flags & TRACK_NAT_OFFSET) &&
	       port_in_range(*tuple, manip, range) &&
	       (range->port_min == range->port_max || !in_use(t, e, tuple));
}

void track_nat_pick(struct track *t, const struct track_entry *e,
                    const struct track_tuple *from, const struct track_nat_range *range,
                    enum track_manip manip, struct track_tuple *to,
                    struct track_choice *choice)
{
	*choice = (struct track_choice){ 0 };
	if (manip == TRACK_MANIP_SRC && !(range->flags & RANDOM_ANY)) {
		uint16_t zone = e->tuple[TRACK_ORIGINAL].zone;
		*to = *from;
		if (source_in_range(from, range)) {
			if (!in_use(t, e, from))
				return;
		} else if (source_mapped(t, from, zone, range, to, choice) &&
		           !in_use(t, e, to)) {
			return;
		}
		*choice = (struct track_choice){ 0 };
	}
	*to = *from;
	if (range->flags & TRACK_NAT_ADDRS)
		addr_pick(to, e, range, manip);
	if (!port_stays(t, e, range, manip, to))
		port_pick(t, e, range, manip, to, choice);
}
