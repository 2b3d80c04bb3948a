/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* NAT: choosing what an entry's packets are to look like, and rewriting them. */
#include "gate/engine/sim/conn.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <string.h>

#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/jhash.h"

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP;
}

static size_t address_size(const struct tuple *t)
{
	return t->family == NFPROTO_IPV4 ? 4 : 16;
}

static bool in_range(const struct tuple *t, const struct nat_range *r,
                     enum nat_manip manip)
{
	const uint8_t *addr = manip == NAT_SRC ? t->src : t->dst;
	uint16_t port = manip == NAT_SRC ? t->sport : t->dport;
	size_t n = address_size(t);

	if ((r->flags & NF_NAT_RANGE_MAP_IPS) &&
	    (memcmp(addr, r->min, n) < 0 || memcmp(addr, r->max, n) > 0))
		return false;
	return !(r->flags & NF_NAT_RANGE_PROTO_SPECIFIED) ||
	       (port >= r->port_min && port <= r->port_max);
}

/* Whether an entry's replies would already come so. */
static bool is_taken(const struct conns *c, const struct tuple *t, uint64_t now_ns)
{
	struct tuple reply;
	enum ct_dir dir;

	return tuple_invert(t, &reply) && conn_find(c, &reply, now_ns, &dir);
}

static uint32_t word_at(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return v;
}

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_be32(uint8_t *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Spreads clients over a range by a hash of the addresses; `persistent` leaves the server's out. */
static void choose_address(struct tuple *t, const struct nat_range *r,
                           enum nat_manip manip)
{
	uint8_t *addr = manip == NAT_SRC ? t->src : t->dst;
	bool persistent = r->flags & NF_NAT_RANGE_PERSISTENT, full = false;
	size_t words = address_size(t) / 4;
	uint32_t src[4], h;

	if (memcmp(r->min, r->max, words * 4) == 0) {
		memcpy(addr, r->min, words * 4);
		return;
	}
	for (int i = 0; i < 4; i++)
		src[i] = word_at(t->src + 4 * i);
	h = jhash_words(src, 4,
	                persistent ? 0 : word_at(t->dst + 4 * (words - 1)) ^ t->zone);
	for (size_t i = 0; i < words; i++) {
		uint32_t low = full ? 0 : be32(r->min + 4 * i);
		uint32_t span = full ? UINT32_MAX : be32(r->max + 4 * i) - low + 1;
		uint32_t dst = word_at(t->dst + 4 * i);

		put_be32(addr + 4 * i, low + (uint32_t)((uint64_t)h * span >> 32));
		full |= memcmp(addr + 4 * i, r->max + 4 * i, 4) != 0;
		if (!persistent)
			h ^= dst;
	}
}

/* The same place in another net. */
static void map_net(struct tuple *t, const struct nat_range *r, enum nat_manip manip)
{
	uint8_t *addr = manip == NAT_SRC ? t->src : t->dst;

	for (size_t i = 0; i < address_size(t); i++) {
		uint8_t mask = (uint8_t) ~(r->min[i] ^ r->max[i]);
		addr[i] = (uint8_t)((addr[i] & ~mask) | (r->min[i] & mask));
	}
}

/* The class a port's replacement comes from when no range is given. */
static void port_class(uint16_t port, enum nat_manip manip, uint16_t *low, uint16_t *high)
{
	if (manip == NAT_DST) {
		*low = *high = port;
		return;
	}
	*low = port < 512 ? 1 : port < 1024 ? 600 : 1024;
	*high = port < 512 ? 511 : port < 1024 ? 1023 : 65535;
}

/* A free port of the range; the kernel begins at a random one, so which it is, is not known. */
static bool choose_port(const struct conns *c, struct conn *conn, struct tuple *t,
                        const struct nat_range *r, enum nat_manip manip, uint64_t now_ns)
{
	uint16_t *port =
		t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6 || manip == NAT_SRC
			? &t->sport
			: &t->dport;
	uint16_t low, high, old = *port;

	port_class(old, manip, &low, &high);
	if (r && (r->flags & NF_NAT_RANGE_PROTO_SPECIFIED)) {
		low = r->port_min;
		high = r->port_max;
	}
	uint32_t span = (uint32_t)high - low + 1;
	uint32_t start = r && (r->flags & NF_NAT_RANGE_PROTO_OFFSET)
	                         ? (uint32_t)(old - r->port_base)
	                         : 0;
	conn->random_port |= span > 1 && !(r && (r->flags & NF_NAT_RANGE_PROTO_OFFSET));
	for (uint32_t i = 0; i < span; i++) {
		*port = (uint16_t)(low + (start + i) % span);
		if (!is_taken(c, t, now_ns))
			return true;
	}
	*port = (uint16_t)(low + start % span);
	return span <= 1; /* a clash at the only port shows when the entry is confirmed */
}

static bool wants_random(const struct nat_range *r)
{
	return r &&
	       (r->flags & (NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY));
}

static bool choose_tuple(const struct conns *c, struct conn *conn, struct tuple *t,
                         const struct nat_range *r, enum nat_manip manip, uint64_t now_ns)
{
	if (!wants_random(r) && (!r || in_range(t, r, manip)) && !is_taken(c, t, now_ns))
		return true;
	if (r && (r->flags & NF_NAT_RANGE_NETMAP))
		map_net(t, r, manip);
	else if (r && (r->flags & NF_NAT_RANGE_MAP_IPS))
		choose_address(t, r, manip);
	if (!has_ports(t->l4) && t->l4 != IPPROTO_ICMP && t->l4 != IPPROTO_ICMPV6)
		return true;
	bool fits =
		!r || !(r->flags & NF_NAT_RANGE_PROTO_SPECIFIED) || in_range(t, r, manip);
	if (!wants_random(r) && fits && !is_taken(c, t, now_ns))
		return true;
	return choose_port(c, conn, t, r, manip, now_ns);
}

bool conn_nat_setup(struct conns *c, struct conn *conn, const struct nat_range *range,
                    enum nat_manip manip, uint64_t now_ns)
{
	uint32_t done = manip == NAT_SRC ? CONN_SRC_NAT_DONE : CONN_DST_NAT_DONE;
	struct tuple now, wanted;

	if ((conn->status & (done | CONN_CONFIRMED)) ||
	    !tuple_invert(&conn->tuple[CT_REPLY], &now))
		return true;
	wanted = now;
	if (!choose_tuple(c, conn, &wanted, range, manip, now_ns))
		return false;
	if (memcmp(&now, &wanted, sizeof(now)) != 0) {
		tuple_invert(&wanted, &conn->tuple[CT_REPLY]);
		conn->status |= manip == NAT_SRC ? CONN_SRC_NAT : CONN_DST_NAT;
	}
	conn->status |= done;
	return true;
}

/* ---- rewriting ---- */

static void put_be16(uint8_t *b, uint16_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static bool rewrite_l4(struct packet *p, const struct tuple *t, enum nat_manip manip)
{
	uint8_t *b = packet_l4_length(p) >= 8 ? packet_edit(p, p->th, 8) : NULL;
	uint8_t old[8];

	if (!b || p->frag_off)
		return false;
	memcpy(old, b, 8);
	if (has_ports(t->l4))
		put_be16(b + (manip == NAT_SRC ? 0 : 2),
		         manip == NAT_SRC ? t->sport : t->dport);
	else if (t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6)
		put_be16(b + 4, t->sport);
	return memcmp(old, b, 8) != 0;
}

static bool rewrite(struct packet *p, const struct tuple *t, enum nat_manip manip)
{
	uint8_t *addr = manip == NAT_SRC ? packet_source(p) : packet_destination(p);
	const uint8_t *to = manip == NAT_SRC ? t->src : t->dst;
	size_t n = packet_address_size(p);
	const uint8_t *udp = packet_at(p, p->th, 8);
	bool no_sum = p->l4 == IPPROTO_UDP && p->family == NFPROTO_IPV4 && udp &&
	              !udp[6] && !udp[7];
	bool sum_ok = packet_checksum_ok(p);
	bool changed = memcmp(addr, to, n) != 0;

	memcpy(addr, to, n);
	changed |= rewrite_l4(p, t, manip);
	packet_checksum_ip(p);
	if (sum_ok && !no_sum)
		packet_checksum_l4(p);
	return changed;
}

/* An error carries the packet it is about as its receiver sent it: seen from the other side, so
 * the other address is rewritten. */
static void rewrite_quoted(struct packet *p, const struct tuple *t, enum nat_manip manip)
{
	struct packet inner = { .ethertype = p->ethertype };
	uint32_t at = p->th + 8, n = packet_l4_length(p) - 8;

	buf_put(&inner.bytes, packet_at(p, at, n), n);
	packet_decode(&inner);
	inner.end = (uint32_t)inner.bytes.n;
	enum nat_manip other = manip == NAT_SRC ? NAT_DST : NAT_SRC;
	struct tuple inverse;
	if (tuple_invert(t, &inverse) && inner.fault != FAULT_SHORT) {
		rewrite(&inner, &inverse, other);
		memcpy(packet_edit(p, at, n), inner.bytes.p, n);
	}
	packet_fini(&inner);
}

bool conn_nat_packet(const struct conn *conn, enum ct_dir dir, enum nat_manip manip,
                     struct packet *p, bool is_error)
{
	uint32_t bit = manip == NAT_SRC ? CONN_SRC_NAT : CONN_DST_NAT;
	struct tuple target;

	if (dir == CT_REPLY)
		bit ^= CONN_SRC_NAT | CONN_DST_NAT;
	if (!(conn->status & bit) || !tuple_invert(&conn->tuple[!dir], &target))
		return false;
	if (!is_error)
		return rewrite(p, &target, manip);
	rewrite_quoted(p, &target, manip);
	/* Outside only the address: an error has no ports. */
	uint8_t *addr = manip == NAT_SRC ? packet_source(p) : packet_destination(p);
	memcpy(addr, manip == NAT_SRC ? target.src : target.dst, packet_address_size(p));
	packet_checksum_ip(p);
	packet_checksum_l4(p);
	return true;
}
