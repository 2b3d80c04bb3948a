/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Answers: whether there is one, its bytes, its way. */
#include "gate/engine/sim/answer.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/be.h"
#include "base/oom.h"
#include "gate/engine/sim/address.h"
#include "gate/engine/sim/answer_limit.h"
#include "gate/engine/sim/answer_recent.h"
#include "gate/engine/sim/bridge.h"
#include "gate/engine/sim/build.h"
#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/route.h"
#include "gate/engine/sim/way.h"
#include "gate/schema/schema.h"

/* RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4 (c): as much of the packet as fits. */
enum {
	ERROR4_BYTES = 576,
	ERROR6_BYTES = 1280,
	IP4_BYTES = 20,
	IP6_BYTES = 40,
	ICMP_BYTES = 8
};
/* RFC 1812 section 4.3.2.5: errors have internetwork control's precedence. */
enum { TOS_MASK = 0x1e, TOS_PRECEDENCE = 0xc0 };

struct answer {
	struct pass *cause;
	uint8_t family; /* of the table whose rule answers */
	struct packet_desc desc;
	struct route_answer route;
};

static bool is_ip4(const struct pass *p)
{
	return p->pkt->family == NFPROTO_IPV4;
}

/* A rule of netdev or bridge answers frames: back where they came from, unasked. */
static bool is_of_frames(uint8_t family)
{
	return family == NFPROTO_NETDEV || family == NFPROTO_BRIDGE;
}

static bool keep_silent(struct pass *p, const char *why)
{
	p->result.silence = why;
	sim_tell(p, EVENT_SILENCE, why);
	return false;
}

/* ---- whether ---- */

/* Protocols whose checksum is no sum over all of the packet, or may be left out. */
static bool has_plain_sum(const struct packet *p)
{
	const uint8_t *b = packet_at(p, p->th, 8);

	switch (p->l4) {
	case IPPROTO_UDP:
		return b && (b[6] || b[7]);
	case IPPROTO_GRE:
		return b && b[0] & 0x80;
	case IPPROTO_AH:
	case IPPROTO_ESP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return false;
	default:
		return true;
	}
}

/* What begins the sum: of IPv6 the pseudo header for all, of IPv4 for TCP and UDP. */
static uint32_t pseudo_sum(const struct packet *p, uint32_t length)
{
	bool ip6 = p->family == NFPROTO_IPV6;
	uint8_t rest[8] = { [7] = p->l4 };

	if (!ip6 && p->l4 != IPPROTO_TCP && p->l4 != IPPROTO_UDP)
		return 0;
	put_be32(rest, length);
	uint32_t sum = checksum_add(packet_at(p, p->nh + (ip6 ? 8 : 12), ip6 ? 32 : 8),
	                            ip6 ? 32 : 8, 0);
	return checksum_add(rest, sizeof(rest), sum);
}

/* The kernel sums whatever there is: a fragment alone, and what it knows no checksum of. */
static bool is_sum_right(const struct packet *p)
{
	uint32_t n = packet_l4_length(p);
	const uint8_t *b = packet_at(p, p->th, n);

	if (!has_plain_sum(p) || (p->sums_are_right && !p->is_fragment))
		return true;
	return b && checksum(b, n, pseudo_sum(p, n)) == 0;
}

static bool is_unicast6(const uint8_t *addr)
{
	static const uint8_t none[16];

	return !address_is_multicast(NFPROTO_IPV6, addr) && memcmp(addr, none, 16) != 0;
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e): of what is for many nothing is said. Among frames
 * only the Ethernet address counts. */
static bool is_for_many(const struct pass *p, uint8_t family)
{
	if (is_of_frames(family))
		return p->pkt->has_ll && packet_at(p->pkt, 0, 1)[0] & 1;
	if (!is_ip4(p))
		return address_is_multicast(NFPROTO_IPV6, packet_destination(p->pkt));
	return p->has_route &&
	       (p->route.type == ROUTE_BROADCAST || p->route.type == ROUTE_MULTICAST);
}

static bool is_from_nobody(const struct pass *p, uint8_t family)
{
	return !is_ip4(p) && !is_of_frames(family) && !is_unicast6(packet_source(p->pkt));
}

static bool is_readable(const struct packet *p)
{
	return (p->family == NFPROTO_IPV4 || p->family == NFPROTO_IPV6) &&
	       (p->fault == FAULT_NONE || p->fault == FAULT_CHECKSUM ||
	        p->fault == FAULT_SOURCE);
}

static bool can_be_answered(struct pass *p, uint8_t family)
{
	if (!is_readable(p->pkt))
		return keep_silent(p, "only IP is answered");
	if (is_of_frames(family) && !p->in) /* no kernel takes such a rule */
		return keep_silent(p, "a frame that leaves is not answered");
	if (is_for_many(p, family))
		return keep_silent(p, "what is for many is not answered");
	if (is_from_nobody(p, family))
		return keep_silent(p, "its source is nobody's address");
	if (p->pkt->frag_off)
		return keep_silent(p, "only the first fragment of a packet is answered");
	if (!p->pkt->has_l4 || !is_sum_right(p->pkt))
		return keep_silent(p, "what has a wrong checksum is not answered");
	return true;
}

/* The TCP header, or NULL. */
static const uint8_t *can_be_reset(struct pass *p, uint8_t family)
{
	const uint8_t *b =
		p->pkt->l4 == IPPROTO_TCP ? packet_at(p->pkt, p->pkt->th, 20) : NULL;

	if (!b)
		keep_silent(p, "there is no TCP header to answer");
	else if (b[13] & TCP_RST)
		keep_silent(p, "a reset is not answered by a reset");
	else if (can_be_answered(p, family))
		return b;
	return NULL;
}

static bool is_error4(uint8_t type)
{
	return type > NR_ICMP_TYPES || type == ICMP_DEST_UNREACH ||
	       type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* Among frames only the same error is left alone. */
static bool is_error(const struct packet *p, uint8_t family)
{
	const uint8_t *b = packet_at(p, p->th, 1);

	if (p->family == NFPROTO_IPV6)
		return p->l4 == IPPROTO_ICMPV6 &&
		       (!b || (is_of_frames(family) ? b[0] == ICMPV6_DEST_UNREACH
		                                    : b[0] < 128));
	return p->l4 == IPPROTO_ICMP &&
	       (!b ||
	        (is_of_frames(family) ? b[0] == ICMP_DEST_UNREACH : is_error4(b[0])));
}

static bool can_be_told(struct pass *p, uint8_t family)
{
	if (!can_be_answered(p, family))
		return false;
	if (!is_of_frames(family) && p->pkt->type != PKT_HOST)
		return keep_silent(p, "what is for many is not answered");
	return !is_error(p->pkt, family) ||
	       keep_silent(p, "an ICMP error is not answered by another");
}

/* ---- where it goes ---- */

static uint32_t reflected_mark(const struct pass *p)
{
	const struct sim_machine *m = p->sim->machine;
	bool reflects = is_ip4(p) ? m->reflects_mark4 : m->reflects_mark6;

	return reflects ? p->pkt->mark : 0;
}

/* Where nobody told of routes, the way back is taken to be the way it came. */
static bool has_routes(const struct sim_machine *m)
{
	return m->is_complete && (m->routes.n || m->has_all_routes);
}

static void guess_way(const struct pass *p, struct route_answer *to)
{
	*to = (struct route_answer){ .type = p->in ? ROUTE_UNICAST : ROUTE_LOCAL,
		                     .dev = p->in };
}

static bool find_way(struct answer *a)
{
	struct pass *p = a->cause;
	const struct packet_desc *d = &a->desc;
	struct route_query q = { .family = d->family,
		                 .mark = reflected_mark(p),
		                 .l4 = d->l4,
		                 .sport = d->sport,
		                 .dport = d->dport,
		                 .tos = is_ip4(p) ? d->tos & 0x1c : 0,
		                 .doubt = route_doubt,
		                 .ctx = p };

	address_copy(d->family, q.dst, d->dst);
	address_copy(d->family, q.src, d->src);
	if (!is_ip4(p) && address_is_of_link(d->dst))
		q.oif = p->in;
	int r = machine_lookup(p->sim->machine, &q, &a->route);
	if (r < 0 && !has_routes(p->sim->machine))
		guess_way(p, &a->route);
	else if (r < 0 || !a->route.dev)
		return keep_silent(p, "there is no way back to the sender");
	if (a->route.type == ROUTE_LOCAL)
		a->route.dev = machine_find(p->sim->machine, STR("lo"));
	return true;
}

/* RFC 1122 section 3.2.1.3: 127/8 is on no wire. */
static bool can_leave(struct answer *a)
{
	return a->desc.family != NFPROTO_IPV4 || a->desc.src[0] != 127 || !a->route.dev ||
	       a->route.dev->is_loopback ||
	       keep_silent(a->cause, "an address in 127.0.0.0/8 leaves by no wire");
}

/* Whom an error is from: whom the packet was for, if that is this machine; else an address of this
 * machine that the sender is reached by. */
static bool find_source(struct answer *a)
{
	const struct pass *p = a->cause;
	const struct sim_machine *m = p->sim->machine;
	struct packet_desc *d = &a->desc;
	const uint8_t *dst = packet_destination(p->pkt), *own;
	struct route_answer to;
	bool is_known = machine_route(m, d->family, dst, &to) == 0;
	bool is_here = is_known ? to.type == ROUTE_LOCAL : p->hook == NF_INET_LOCAL_IN;

	/* In prerouting IPv4 has no route yet, and what it gets for the answer is that of the answer. */
	if (is_here && !(is_ip4(p) && p->hook == NF_INET_PRE_ROUTING && !p->has_route))
		own = dst;
	else if (a->route.type == ROUTE_LOCAL)
		own = d->dst;
	else
		own = machine_source_to(
			m, d->family,
			!is_ip4(p) && p->in && !p->bridged_in ? p->in : a->route.dev,
			a->route.has_via ? a->route.via : d->dst);
	if (!own)
		return keep_silent(
			a->cause,
			"this machine's address is not told: what answers would be "
			"from it");
	address_copy(d->family, d->src, own);
	return can_leave(a);
}

/* ---- its way ---- */

/* It belongs to the connection, in the other direction. */
static void attach(const struct answer *a, struct pass *made)
{
	const struct pass *p = a->cause;

	if (!p->ref.entry)
		return;
	track_ref_copy(&p->ref, &made->ref);
	made->ref.dir = p->ref.dir == TRACK_ORIGINAL ? TRACK_REPLY : TRACK_ORIGINAL;
	made->ref.state = TRACK_RELATED;
	made->ref.icmp_error = a->desc.l4 != IPPROTO_TCP;
	made->is_tracked = true;
	if (a->desc.l4 == IPPROTO_TCP)
		track_tcp_close(p->sim->track, &made->ref);
}

/* The Ethernet addresses change places; of a packet that came without, they are not known. */
static void frame(struct pass *made, const struct pass *cause)
{
	const struct packet *p = cause->pkt;

	packet_frame(made->pkt, p->has_ll ? packet_at(p, 6, 6) : NULL,
	             p->has_ll ? packet_at(p, 0, 6) : cause->in->mac);
}

static bool go(const struct answer *a, struct pass *made)
{
	const struct pass *p = a->cause;

	if (is_of_frames(a->family)) {
		frame(made, p);
		made->out = p->in;
		return a->family == NFPROTO_BRIDGE ? bridge_answer(made)
		                                   : way_send_frame(made);
	}
	attach(a, made);
	if (p->bridged_in &&
	    a->desc.l4 == IPPROTO_TCP) { /* as if the other station had answered */
		frame(made, p);
		made->out = p->bridged_in;
		return way_send_frame(made);
	}
	made->route = a->route;
	made->has_route = true;
	made->out = a->route.dev;
	return way_send(made);
}

/* Those that wait at lo. */
struct answer_waiting {
	struct answer_waiting *next;
	struct pass pass;
	struct packet pkt;
	struct sim_arrival arrival;
};

void answer_waiting_free(struct answer_waiting *w)
{
	while (w) {
		struct answer_waiting *next = w->next;
		packet_fini(&w->pkt);
		free(w);
		w = next;
	}
}

bool answer_waits(const struct pass *p)
{
	struct answer_waiting *w, **last = &p->sim->waiting;

	if (!p->is_answer || p->sim->answering < 2)
		return false;
	while (*last)
		last = &(*last)->next;
	w = *last = base_calloc(1, sizeof(*w));
	w->pass = *p;
	w->arrival = *p->arrival;
	packet_copy(&w->pkt, p->pkt);
	track_ref_copy(&p->ref, &w->pass.ref);
	return true;
}

static void let_in(struct sim *s)
{
	while (s->waiting) {
		struct answer_waiting *w = s->waiting;
		s->waiting = w->next;
		w->next = NULL;
		w->pass.pkt = &w->pkt;
		w->pass.arrival = &w->arrival;
		way_loop_back(&w->pass);
		track_release(s->track, &w->pass.ref);
		answer_waiting_free(w);
	}
}

static void make(const struct answer *a, const char *what)
{
	struct pass *p = a->cause;
	struct sim *s = p->sim;
	struct sim_arrival arrival = { .way = WAY_OUT, .out = a->route.dev };
	struct packet pkt = { .mark = 0 }, as_made = { .mark = 0 };
	struct pass made = {
		.sim = s, .pkt = &pkt, .arrival = &arrival, .is_answer = true
	};

	packet_build(&pkt, &a->desc);
	if (!is_of_frames(a->family))
		pkt.mark = reflected_mark(p);
	if (s->recent)
		packet_copy(&as_made, &pkt);
	made.result.fate = FATE_ACCEPT;
	sim_tell(&made, EVENT_ANSWER, what);
	s->answering++;
	bool passed = go(a, &made);
	if (s->answering == 1)
		let_in(s);
	s->answering--;
	if (passed && made.is_unknown)
		made.result.fate = FATE_UNKNOWN;
	track_release(s->track, &made.ref);
	made.result.out = made.out;
	made.result.answer = NULL;
	s->answer = made.result;
	answer_note(s, &as_made, &pkt, &s->answer);
	p->result.answer = &s->answer;
	sim_tell(&made, EVENT_ANSWERED, NULL);
	packet_fini(&pkt);
	packet_fini(&as_made);
}

/* ---- what it says ---- */

static struct answer answer_to(struct pass *p, uint8_t family)
{
	struct answer a = { .cause = p,
		            .family = family,
		            .desc = { .family = p->pkt->family } };

	address_copy(a.desc.family, a.desc.src, packet_destination(p->pkt));
	address_copy(a.desc.family, a.desc.dst, packet_source(p->pkt));
	return a;
}

/* RFC 9293 section 3.5.2 */
void answer_reset(struct pass *p, uint8_t family)
{
	const uint8_t *b = can_be_reset(p, family);
	struct answer a;
	struct packet_desc *d = &a.desc;

	if (!b)
		return;
	a = answer_to(p, family);
	d->l4 = IPPROTO_TCP;
	d->sport = be16(b + 2);
	d->dport = be16(b);
	d->dont_fragment = true;
	d->no_window = true;
	d->tcp_flags = TCP_RST;
	if (b[13] & TCP_ACK) {
		d->seq = be32(b + 8);
	} else {
		uint32_t n = packet_l4_length(p->pkt) - (uint32_t)(b[12] >> 4) * 4;
		d->ack = be32(b + 4) + n + !!(b[13] & TCP_SYN) + !!(b[13] & TCP_FIN);
		d->tcp_flags |= TCP_ACK;
	}
	if (is_of_frames(family) || (find_way(&a) && can_leave(&a)))
		make(&a, "tcp reset");
}

/* The sum of a reset of IPv4 is left to the card: what stands there is the pseudo header's. */
static void unfinish_sum(const struct packet *p, struct buf *quote)
{
	enum { TCP_SUM = 16 };
	size_t at = p->th - p->nh + TCP_SUM;

	if (p->family == NFPROTO_IPV4 && p->l4 == IPPROTO_TCP && quote->n >= at + 2)
		put_be16(
			(uint8_t *)quote->p + at,
			(uint16_t)~checksum(NULL, 0, pseudo_sum(p, packet_l4_length(p))));
}

/* Bytes; 0: the link takes no error. */
static uint32_t quoted(const struct answer *a)
{
	bool ip4 = is_ip4(a->cause);
	uint32_t n = packet_length(a->cause->pkt),
		 most = ip4 ? ERROR4_BYTES : ERROR6_BYTES;
	uint32_t heads = (ip4 ? IP4_BYTES : IP6_BYTES) + ICMP_BYTES;

	if (is_of_frames(a->family)) /* measured */
		most -= 12;
	else if (ip4 && a->route.mtu && a->route.mtu < most)
		most = a->route.mtu;
	if (most <= heads + IP4_BYTES) {
		keep_silent(a->cause, "the link takes nothing as large as an error");
		return 0;
	}
	return n < most - heads ? n : most - heads;
}

static const char *error_name(const struct pass *p, uint8_t code)
{
	bool ip4 = is_ip4(p);
	const char *word = symbol_name(
		datatypes[ip4 ? TYPE_ICMP_CODE : TYPE_ICMPV6_CODE]->symbols, code);

	if (!p->sim->watch)
		return NULL;
	return arena_fmt(&p->sim->store->a, "%s %s", ip4 ? "icmp" : "icmpv6",
	                 word ? word : "destination-unreachable")
	        .p;
}

void answer_unreachable(struct pass *p, uint8_t family, uint8_t code)
{
	struct answer a;
	struct packet_desc *d = &a.desc;
	const uint8_t *head;

	if (!can_be_told(p, family))
		return;
	a = answer_to(p, family);
	head = packet_at(p->pkt, p->pkt->nh, 2);
	d->l4 = is_ip4(p) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	d->icmp_type = is_ip4(p) ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	d->icmp_code = code;
	if (is_of_frames(family))
		d->dont_fragment = true;
	else if (is_ip4(p))
		d->tos = (head[1] & TOS_MASK) | TOS_PRECEDENCE;
	if (!is_of_frames(family) &&
	    !(find_way(&a) && find_source(&a) && answer_allowed(p, &a.route, d->dst)))
		return;
	uint32_t n = quoted(&a);
	if (!n)
		return;
	auto_buf quote = { 0 };
	buf_put(&quote, p->pkt->bytes.p + p->pkt->nh, n);
	if (p->is_answer)
		unfinish_sum(p->pkt, &quote);
	d->payload = buf_as_str(&quote);
	make(&a, error_name(p, code));
}
