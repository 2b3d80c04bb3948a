/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The connection table and the trackers of all protocols but TCP. */
#include "gate/engine/sim/conn.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/engine/sim/checksum.h"

#define NS_PER_S UINT64_C(1000000000)

const char *ct_info_name(enum ct_info i)
{
	static const char *const names[] = { "none",    "new",     "established",
		                             "related", "invalid", "untracked" };
	return names[i];
}

/* Documentation/networking/nf_conntrack-sysctl; those of 6.18 where the text is older. */
static const struct conn_timeouts default_timeouts = {
	.tcp = { [TCP_SYN_SENT] = 120,
	         [TCP_SYN_RECV] = 60,
	         [TCP_ESTABLISHED] = 432000,
	         [TCP_FIN_WAIT] = 120,
	         [TCP_CLOSE_WAIT] = 60,
	         [TCP_LAST_ACK] = 30,
	         [TCP_TIME_WAIT] = 120,
	         [TCP_CLOSE] = 10,
	         [TCP_SYN_SENT2] = 120 },
	.tcp_max_retrans = 300,
	.tcp_unacknowledged = 300,
	.udp = 30,
	.udp_stream = 120,
	.icmp = 30,
	.icmpv6 = 30,
	.generic = 600,
	.gre = 30,
	.gre_stream = 180,
	.sctp = 3,
};

void conns_init(struct conns *c)
{
	*c = (struct conns){ .max = 262144,
		             .tcp_loose = true,
		             .check_sums = true,
		             .tcp_max_retrans_count = 3,
		             .timeouts = default_timeouts };
}

void conns_fini(struct conns *c)
{
	map_fini(&c->by_tuple);
	arena_fini(&c->a);
}

static struct str tuple_key(const struct tuple *t)
{
	return (struct str){ (const char *)t, sizeof(*t) };
}

/* ---- tuples ---- */

struct icmp_pair {
	uint8_t l4, request, reply;
};

/* The requests that make an entry. RFC 792, RFC 950, RFC 4443, RFC 4620. */
static const struct icmp_pair icmp_pairs[] = {
	{ IPPROTO_ICMP, 8, 0 },       { IPPROTO_ICMP, 13, 14 },
	{ IPPROTO_ICMP, 15, 16 },     { IPPROTO_ICMP, 17, 18 },
	{ IPPROTO_ICMPV6, 128, 129 }, { IPPROTO_ICMPV6, 139, 140 },
};

static int icmp_other(uint8_t l4, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(icmp_pairs); i++) {
		if (icmp_pairs[i].l4 == l4 && icmp_pairs[i].request == type)
			return icmp_pairs[i].reply;
		if (icmp_pairs[i].l4 == l4 && icmp_pairs[i].reply == type)
			return icmp_pairs[i].request;
	}
	return -1;
}

static bool is_icmp_request(uint8_t l4, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(icmp_pairs); i++)
		if (icmp_pairs[i].l4 == l4 && icmp_pairs[i].request == type)
			return true;
	return false;
}

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP;
}

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* Ports, or what stands for them, from the `n` bytes of a transport header. */
static bool tuple_l4(struct tuple *t, const uint8_t *b, size_t n)
{
	if (has_ports(t->l4)) {
		if (!b || n < 8)
			return false;
		t->sport = be16(b);
		t->dport = be16(b + 2);
	} else if (t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6) {
		if (!b || n < 8)
			return false;
		t->sport = be16(b + 4);
		t->dport = be16(b);
	}
	return true;
}

bool tuple_of(const struct packet *p, uint16_t zone, struct tuple *t)
{
	size_t n = packet_l4_length(p), size = packet_address_size(p);

	*t = (struct tuple){ .family = p->family, .l4 = p->l4, .zone = zone };
	if (!p->has_l4)
		return false;
	const uint8_t *a = packet_at(p, p->nh + (size == 4 ? 12 : 8), 2 * size);
	if (!a)
		return false;
	memcpy(t->src, a, size);
	memcpy(t->dst, a + size, size);
	return tuple_l4(t, packet_at(p, p->th, n), n);
}

bool tuple_invert(const struct tuple *t, struct tuple *out)
{
	struct tuple r = *t;

	memcpy(r.src, t->dst, 16);
	memcpy(r.dst, t->src, 16);
	if (t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6) {
		int other = icmp_other(t->l4, (uint8_t)(t->dport >> 8));
		if (other < 0)
			return false;
		r.dport = (uint16_t)(other << 8 | (t->dport & 0xff));
	} else {
		r.sport = t->dport;
		r.dport = t->sport;
	}
	*out = r;
	return true;
}

enum ct_dir conn_dir(const struct conn *conn, const struct tuple *t)
{
	return memcmp(&conn->tuple[CT_REPLY], t, sizeof(*t)) == 0 ? CT_REPLY
	                                                          : CT_ORIGINAL;
}

struct conn *conn_find(const struct conns *c, const struct tuple *t, uint64_t now_ns,
                       enum ct_dir *dir)
{
	struct conn *conn = map_get(&c->by_tuple, tuple_key(t));

	if (!conn || conn->expires_ns <= now_ns)
		return NULL;
	*dir = memcmp(&conn->tuple[CT_ORIGINAL], t, sizeof(*t)) == 0 ? CT_ORIGINAL
	                                                             : CT_REPLY;
	return conn;
}

/* ---- the table ---- */

void conn_forget(struct conns *c, struct conn *conn)
{
	if (conn->status & CONN_CONFIRMED)
		return;
	conn->next_free = c->free;
	c->free = conn;
}

void conn_drop(struct conns *c, struct conn *conn)
{
	if (!(conn->status & CONN_CONFIRMED))
		return;
	for (int i = 0; i < 2; i++)
		if (map_get(&c->by_tuple, tuple_key(&conn->tuple[i])) == conn)
			map_del(&c->by_tuple, tuple_key(&conn->tuple[i]));
	conn->status |= CONN_DYING;
	c->count--;
}

static void drop_expired(struct conns *c, const struct tuple *t, uint64_t now_ns)
{
	struct conn *old = map_get(&c->by_tuple, tuple_key(t));

	if (old && old->expires_ns <= now_ns)
		conn_drop(c, old);
}

bool conn_confirm(struct conns *c, struct conn *conn, uint64_t now_ns)
{
	if (conn->status & CONN_CONFIRMED)
		return true;
	for (int i = 0; i < 2; i++) {
		drop_expired(c, &conn->tuple[i], now_ns);
		if (map_has(&c->by_tuple, tuple_key(&conn->tuple[i])))
			return false;
	}
	conn->status |= CONN_CONFIRMED;
	for (int i = 0; i < 2; i++)
		map_put(&c->by_tuple, tuple_key(&conn->tuple[i]), conn);
	c->count++;
	return true;
}

static struct conn *make_conn(struct conns *c, const struct tuple *t,
                              const struct tuple *reply, uint64_t now_ns)
{
	struct conn *conn = c->free;

	if (conn)
		c->free = conn->next_free;
	else
		conn = arena_new(&c->a, struct conn);
	*conn = (struct conn){ .id = ++c->next_id, .made_ns = now_ns };
	conn->tuple[CT_ORIGINAL] = *t;
	conn->tuple[CT_REPLY] = *reply;
	return conn;
}

/* Gone connections leave before a live one is refused its place. */
static bool is_full(struct conns *c, uint64_t now_ns)
{
	if (c->count < c->max)
		return false;
	map_for_each(it, &c->by_tuple) {
		struct conn *old = it->value;
		if (old->expires_ns > now_ns || it->key.p != (const char *)&old->tuple[0])
			continue;
		conn_drop(c, old);
		break;
	}
	return c->count >= c->max;
}

/* ---- protocols ---- */

static void live_for(struct conn *conn, uint64_t now_ns, uint32_t seconds)
{
	conn->expires_ns = now_ns + seconds * NS_PER_S;
}

/* RFC 768; nf_conntrack_udp(7): a stream is what still talks after two seconds. */
static const char *udp_packet(struct conns *c, struct conn *conn, const struct packet *p,
                              uint64_t now_ns)
{
	const uint8_t *b = packet_at(p, p->th, 8);
	uint32_t n = packet_l4_length(p);

	if (n < 8 || !b)
		return "the UDP header is cut off";
	if (p->l4 == IPPROTO_UDP && (be16(b + 4) > n || be16(b + 4) < 8))
		return "the UDP length field is wrong";
	if (!(conn->status & CONN_SEEN_REPLY)) {
		live_for(conn, now_ns, c->timeouts.udp);
		return NULL;
	}
	conn->is_stream |= now_ns >= conn->made_ns + 2 * NS_PER_S;
	live_for(conn, now_ns,
	         conn->is_stream ? c->timeouts.udp_stream : c->timeouts.udp);
	if (conn->is_stream)
		conn->status |= CONN_ASSURED;
	return NULL;
}

static const char *icmp_packet(struct conns *c, struct conn *conn, const struct packet *p,
                               bool is_new, uint64_t now_ns)
{
	const uint8_t *b = packet_at(p, p->th, 8);

	if (is_new && (!b || !is_icmp_request(p->l4, b[0])))
		return "an ICMP message that answers nothing cannot begin a connection";
	live_for(conn, now_ns,
	         p->l4 == IPPROTO_ICMP ? c->timeouts.icmp : c->timeouts.icmpv6);
	return NULL;
}

static const char *gre_packet(struct conns *c, struct conn *conn, uint64_t now_ns)
{
	bool answered = conn->status & CONN_SEEN_REPLY;

	live_for(conn, now_ns, answered ? c->timeouts.gre_stream : c->timeouts.gre);
	if (answered)
		conn->status |= CONN_ASSURED;
	return NULL;
}

static const char *judge(struct conns *c, struct conn_found *f, const struct packet *p,
                         uint64_t now_ns, bool *again)
{
	switch (p->l4) {
	case IPPROTO_TCP:
		return f->is_new ? conn_tcp_new(c, f->conn, p, now_ns)
		                 : conn_tcp_packet(c, f->conn, f->dir, p, now_ns, again);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return udp_packet(c, f->conn, p, now_ns);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp_packet(c, f->conn, p, f->is_new, now_ns);
	case IPPROTO_GRE:
		return gre_packet(c, f->conn, now_ns);
	case IPPROTO_SCTP:
		live_for(f->conn, now_ns, c->timeouts.sctp);
		return NULL;
	default:
		live_for(f->conn, now_ns, c->timeouts.generic);
		return NULL;
	}
}

/* ---- ICMP errors ---- */

static bool is_error(const struct packet *p, uint8_t type)
{
	if (p->l4 == IPPROTO_ICMPV6)
		return type < 128;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* RFC 4443 section 4, RFC 4861, RFC 2710: what belongs to no connection. */
static bool is_untracked_icmp6(uint8_t type)
{
	return (type >= 130 && type <= 137) || type == 143;
}

/* The packet an error quotes, as a view: its bytes are copied. */
static bool quoted_tuple(const struct packet *p, uint16_t zone, struct tuple *t)
{
	struct packet inner = { .ethertype = p->ethertype };
	bool ok;

	if (packet_l4_length(p) < 8 + (p->family == NFPROTO_IPV4 ? 20u : 40u))
		return false;
	buf_put(&inner.bytes, packet_at(p, p->th + 8, 0), packet_l4_length(p) - 8);
	packet_decode(&inner);
	inner.end = (uint32_t)inner.bytes.n; /* errors quote the beginning only */
	ok = inner.fault != FAULT_SHORT && inner.fault != FAULT_VERSION &&
	     !inner.frag_off && tuple_of(&inner, zone, t);
	packet_fini(&inner);
	return ok;
}

static struct conn_found invalid(const char *why)
{
	return (struct conn_found){ .info = CT_INVALID, .why = why };
}

/* An error is about the packet it quotes, which went the other way. Who sends it may be a
 * router; but it must go to whom the quoted packet came from. */
static struct conn_found find_related(struct conns *c, const struct packet *p,
                                      uint16_t zone, uint64_t now_ns)
{
	struct conn_found f = { .info = CT_RELATED };
	struct tuple quoted, inverse;
	size_t size = packet_address_size(p);
	const uint8_t *outer = packet_at(p, p->nh + (size == 4 ? 16 : 24), size);

	if (!quoted_tuple(p, zone, &quoted))
		return invalid("the ICMP error quotes too little");
	if (!tuple_invert(&quoted, &inverse))
		return invalid("the ICMP error is about a packet that has no connection");
	f.conn = conn_find(c, &inverse, now_ns, &f.dir);
	if (!f.conn)
		return invalid("the ICMP error is about no connection that is known");
	/* The tuple as the error's receiver knows it. */
	if (memcmp(outer, f.conn->tuple[f.dir].dst, size) != 0)
		return invalid(
			"the ICMP error goes to another address than the packet it is about "
			"came from");
	return f;
}

/* ---- look-up ---- */

static const char *malformed(const struct conns *c, const struct packet *p,
                             bool prerouting)
{
	if (!p->has_l4)
		return "the transport protocol cannot be told";
	if (p->frag_off)
		return NULL;
	if (has_ports(p->l4) && packet_l4_length(p) < 8)
		return "the transport header is cut off";
	if (prerouting && c->check_sums && p->l4 != IPPROTO_SCTP &&
	    !packet_checksum_ok(p))
		return "the transport checksum is wrong";
	return NULL;
}

static bool handle_icmp(struct conns *c, const struct packet *p, uint16_t zone,
                        uint64_t now_ns, struct conn_found *f)
{
	const uint8_t *b = packet_at(p, p->th, 1);

	if (packet_l4_length(p) < 8 || !b) {
		*f = invalid("the ICMP header is cut off");
		return true;
	}
	if (p->l4 == IPPROTO_ICMPV6 && is_untracked_icmp6(*b)) {
		*f = (struct conn_found){ .info = CT_UNTRACKED };
		return true;
	}
	if (p->l4 == IPPROTO_ICMP && *b > 18) {
		*f = invalid("an ICMP type nobody knows");
		return true;
	}
	if (!is_error(p, *b))
		return false;
	*f = find_related(c, p, zone, now_ns);
	return true;
}

static struct conn_found find_or_make(struct conns *c, const struct packet *p,
                                      const struct tuple *t, uint64_t now_ns)
{
	struct conn_found f = { .info = CT_NEW };
	struct tuple reply;

	f.conn = conn_find(c, t, now_ns, &f.dir);
	if (f.conn) {
		bool answered = f.dir == CT_REPLY || (f.conn->status & CONN_SEEN_REPLY);
		f.info = answered                           ? CT_ESTABLISHED
		         : (f.conn->status & CONN_EXPECTED) ? CT_RELATED
		                                            : CT_NEW;
		return f;
	}
	if (!tuple_invert(t, &reply))
		return invalid(
			"an ICMP message that answers nothing cannot begin a connection");
	if (is_full(c, now_ns))
		return (struct conn_found){ .info = CT_NONE,
			                    .why = "the connection table is full" };
	f.conn = make_conn(c, t, &reply, now_ns);
	f.is_new = true;
	(void)p;
	return f;
}

static void count(struct conns *c, struct conn_found *f, const struct packet *p,
                  uint64_t now_ns)
{
	f->conn->last_ns = now_ns;
	if (!c->accounts)
		return;
	f->conn->packets[f->dir]++;
	f->conn->bytes[f->dir] += packet_length(p);
}

struct conn_found conn_lookup(struct conns *c, const struct packet *p, uint16_t zone,
                              bool prerouting, uint64_t now_ns)
{
	const char *why = malformed(c, p, prerouting);
	struct conn_found f;
	struct tuple t;
	bool again = false;

	if (why)
		return invalid(why);
	if ((p->l4 == IPPROTO_ICMP || p->l4 == IPPROTO_ICMPV6) &&
	    handle_icmp(c, p, zone, now_ns, &f))
		return f;
	if (!tuple_of(p, zone, &t))
		return invalid("the transport header is cut off");
	for (int tries = 0; tries < 2; tries++) {
		f = find_or_make(c, p, &t, now_ns);
		if (!f.conn)
			return f;
		again = false;
		why = judge(c, &f, p, now_ns, &again);
		if (!again)
			break;
	}
	if (why) {
		if (f.is_new)
			conn_forget(c, f.conn);
		return invalid(why);
	}
	count(c, &f, p, now_ns);
	if (f.dir == CT_REPLY)
		f.conn->status |= CONN_SEEN_REPLY;
	return f;
}
