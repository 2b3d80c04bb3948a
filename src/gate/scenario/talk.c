/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Conversations. */
#include "gate/scenario/talk.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

enum { SEQ_FIRST = 1000, SEQ_SECOND = 500000, PORT_CLIENT = 40000, PORT_SERVER = 80 };
enum { PORT_CLIENT_LAST = 60999 };

void talks_fini(struct talks *t)
{
	vec_fini(&t->list);
	map_fini(&t->sent);
	arena_fini(&t->a);
	packet_fini(&t->last);
}

/* ---- filling in ---- */

struct filler {
	struct buf text;
	struct sim_machine *machine;
	struct packet_desc *d;
	struct sim_arrival *arrival;
	struct talks *talks;
};

static void fill_word(struct filler *f, const char *what, struct str value)
{
	buf_fmt(&f->text, "%s%s " STR_FMT, f->text.n ? ", " : "", what, STR_ARG(value));
}

static void fill_number(struct filler *f, const char *what, uint32_t value)
{
	buf_fmt(&f->text, "%s%s %u", f->text.n ? ", " : "", what, value);
}

static const struct sim_dev *first_dev(const struct sim_machine *m)
{
	vec_for_each(it, &m->devs)
		if (!(*it)->is_loopback)
			return *it;
	return NULL;
}

static const struct sim_dev *dev_named(struct sim_machine *m, struct str name)
{
	return name.n ? machine_dev(m, name, 0) : NULL;
}

/* Frames come in by a port of a bridge, and this machine sends by the bridge. */
static void fill_port(struct filler *f)
{
	struct sim_arrival *a = f->arrival;

	if (a->way == WAY_OUT && a->out->bridge) {
		a->out = a->out->bridge;
		fill_word(f, "out", a->out->name);
	}
	if (!a->in || !a->in->is_bridge)
		return;
	vec_for_each(it, &f->machine->devs)
		if ((*it)->bridge == a->in) {
			a->in = *it;
			fill_word(f, "in by port", a->in->name);
			return;
		}
}

static void fill_device(struct filler *f, const struct packet_line *line,
                        const struct talks *t)
{
	struct sim_arrival *a = f->arrival;

	a->in = dev_named(f->machine, line->in);
	a->out = dev_named(f->machine, line->out);
	a->way = a->out && !a->in ? WAY_OUT : WAY_IN;
	if (line->is_reply && a->in && !a->out && t->last_arrival.way == WAY_IN &&
	    a->in == t->last_arrival.out)
		a->out = t->last_arrival.in; /* back through the router */
	if (a->in || a->out)
		return;
	const struct sim_dev *went = t->last_out ? t->last_out : t->last_arrival.out;

	if (line->is_reply && t->last_arrival.way == WAY_OUT && went->is_loopback) {
		a->way = WAY_OUT; /* the other end is here too */
		a->out = went;
	} else if (line->is_reply && t->last_arrival.way == WAY_OUT) {
		a->in = went;
	} else if (line->is_reply && t->last_arrival.out) {
		a->in = t->last_arrival.out;
		a->out = t->last_arrival.in;
	} else if (line->is_reply && t->last_out) {
		a->in = t->last_out; /* it was routed there */
	} else if (line->is_reply) {
		a->way = WAY_OUT;
		a->out = t->last_arrival.in;
	} else {
		a->in = first_dev(f->machine);
		if (!a->in)
			a->in = machine_dev(f->machine, STR("eth0"), 0);
		fill_word(f, "in", a->in->name);
		return;
	}
	fill_word(f, a->way == WAY_OUT ? "out" : "in",
	          a->way == WAY_OUT ? a->out->name : a->in->name);
}

static void fill_devices(struct filler *f, const struct packet_line *line,
                         const struct talks *t)
{
	fill_device(f, line, t);
	fill_port(f);
}

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP || l4 == IPPROTO_DCCP;
}

/* RFC 5737 and RFC 3849: addresses for examples. */
static void example_address(struct filler *f, const char *what, uint8_t *addr, bool here)
{
	static const uint8_t v4[2][4] = { { 198, 51, 100, 7 }, { 192, 0, 2, 1 } };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	bool ip6 = f->d->family == NFPROTO_IPV6;
	const struct sim_dev *dev =
		f->arrival->way == WAY_OUT ? f->arrival->out : f->arrival->in;
	const uint8_t *own =
		here ? machine_source(f->machine, dev, ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4)
		     : NULL;

	memset(addr, 0, 16);
	memcpy(addr, ip6 ? v6 : v4[here], ip6 ? 16 : 4);
	if (ip6)
		addr[15] = here ? 1 : 7;
	if (own)
		memcpy(addr, own, ip6 ? 16 : 4);
	if (ip6)
		buf_fmt(&f->text, "%s%s 2001:db8::%d", f->text.n ? ", " : "", what,
		        addr[15]);
	else
		buf_fmt(&f->text, "%s%s %u.%u.%u.%u", f->text.n ? ", " : "", what,
		        addr[0], addr[1], addr[2], addr[3]);
}

/* In a scenario each packet that names no port begins something new. */
static uint16_t client_port(struct talks *t)
{
	uint16_t port = t->next_port ? t->next_port : PORT_CLIENT;

	if (t->next_port)
		t->next_port = port < PORT_CLIENT_LAST ? port + 1 : PORT_CLIENT;
	return port;
}

static void fill_addresses(struct filler *f, uint32_t seen)
{
	bool out = f->arrival->way == WAY_OUT;

	if (!f->d->family)
		f->d->family = NFPROTO_IPV4;
	if (!(seen & SEEN_SRC))
		example_address(f, "source", f->d->src, out);
	if (!(seen & SEEN_DST))
		example_address(f, "destination", f->d->dst, !out);
	if (!has_ports(f->d->l4))
		return;
	if (!(seen & SEEN_SPORT)) {
		f->d->sport = client_port(f->talks);
		fill_number(f, "source port", f->d->sport);
	}
	if (!(seen & SEEN_DPORT)) {
		f->d->dport = PORT_SERVER;
		fill_number(f, "destination port", PORT_SERVER);
	}
}

static void fill_protocol(struct filler *f, uint32_t seen)
{
	struct packet_desc *d = f->d;

	if (d->l4 == IPPROTO_TCP && !(seen & SEEN_FLAGS)) {
		d->tcp_flags = TCP_SYN;
		fill_word(f, "flags", STR("syn"));
	}
	if ((d->l4 == IPPROTO_ICMP || d->l4 == IPPROTO_ICMPV6) && !(seen & SEEN_TYPE)) {
		d->icmp_type = d->l4 == IPPROTO_ICMP ? 8 : 128;
		fill_word(f, "type", STR("echo-request"));
	}
	if (d->icmp_id == 0)
		d->icmp_id = 1;
}

/* ---- Ethernet ---- */

/* Somebody whom the machine was not told of has an address made of its IP address. */
static void station_mac(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                        uint8_t mac[6])
{
	const uint8_t *known = machine_neighbour(m, family, addr);
	const uint8_t *tail = addr + (family == NFPROTO_IPV6 ? 12 : 0);

	memcpy(mac,
	       known ? known : (uint8_t[6]){ 2, 0, tail[0], tail[1], tail[2], tail[3] },
	       6);
}

/* Who on the bridge's wires has that address, or passes packets on for it; false: this machine. */
static bool on_bridge(const struct sim_machine *m, const struct sim_dev *bridge,
                      uint8_t family, const uint8_t *addr, uint8_t mac[6])
{
	struct route_answer to;
	int r = machine_route(m, family, addr, &to);

	if (r == 0 && (to.type == ROUTE_LOCAL || to.dev != bridge))
		return false;
	station_mac(m, family, r == 0 && to.has_via ? to.via : addr, mac);
	return true;
}

/* On a bridge both ends are stations, or one of them is the machine. */
static void fill_bridged(struct filler *f)
{
	struct packet_desc *d = f->d;
	const struct sim_dev *bridge = f->arrival->in->bridge, *out = f->arrival->out;
	uint8_t family = d->family == NFPROTO_ARP ? NFPROTO_IPV4 : d->family;
	uint8_t dst[6];

	if (on_bridge(f->machine, bridge, family, d->src, dst))
		memcpy(d->mac_src, dst, 6);
	if ((out && out->bridge != bridge) ||
	    !on_bridge(f->machine, bridge, family, d->dst, d->mac_dst))
		memcpy(d->mac_dst, bridge->mac, 6);
}

/* The addresses of the frame before, turned round, when that had some. */
static bool turn_frame(const struct talks *t, struct packet_desc *d)
{
	const uint8_t *b =
		t->has_last && t->last.has_ll && !t->last.hides_mac && !t->last.is_looped
			? packet_at(&t->last, 0, 12)
			: NULL;

	if (!b)
		return false;
	memcpy(d->mac_src, b, 6);
	memcpy(d->mac_dst, b + 6, 6);
	return true;
}

/* Frames are between this machine's device and somebody on its wire. */
static void fill_frame(struct filler *f, const struct packet_line *line)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 0xfe };
	struct packet_desc *d = f->d, said = *d;
	bool request = d->family == NFPROTO_ARP && d->arp_op < 2;
	const struct sim_dev *in = f->arrival->in;

	d->has_ll = f->arrival->way == WAY_IN && !in->is_loopback;
	if (!d->has_ll)
		return;
	memcpy(d->mac_src, other, 6);
	memcpy(d->mac_dst, in->mac, 6);
	if (in->bridge && !(line->is_reply && turn_frame(f->talks, d)))
		fill_bridged(f);
	if (request)
		memset(d->mac_dst, 0xff, 6);
	else
		packet_group_mac(d->family, d->dst, d->mac_dst);
	if (line->seen & SEEN_MAC_SRC)
		memcpy(d->mac_src, said.mac_src, 6);
	if (line->seen & SEEN_MAC_DST)
		memcpy(d->mac_dst, said.mac_dst, 6);
}

/* ---- replies and errors ---- */

/* The type that answers: requests of RFC 792, RFC 950, RFC 4443. */
static uint8_t icmp_answer(uint8_t l4, uint8_t type)
{
	if (l4 == IPPROTO_ICMPV6)
		return type == 128 || type == 139 ? type + 1 : type;
	if (type == 8)
		return 0;
	return type == 13 || type == 15 || type == 17 ? type + 1 : type;
}

/* Addresses and ports of the packet before, turned round. */
static bool turn_round(const struct packet *last, struct packet_desc *d, uint32_t *seen)
{
	struct track_packet view;

	d->family = last->family;
	d->l4 = last->l4;
	view_packet(last, &view);
	if (!view.tuple.family || !last->has_l4)
		return false;
	memcpy(d->src, view.tuple.dst.b, 16);
	memcpy(d->dst, view.tuple.src.b, 16);
	*seen |= SEEN_SRC | SEEN_DST | SEEN_SPORT | SEEN_DPORT | SEEN_TYPE;
	if (has_ports(last->l4)) {
		d->sport = view.tuple.dst_port;
		d->dport = view.tuple.src_port;
		return true;
	}
	d->icmp_id = view.tuple.src_port;
	d->icmp_type = icmp_answer(last->l4, (uint8_t)(view.tuple.dst_port >> 8));
	return true;
}

/* What answers a chunk: RFC 9260 sections 5.1, 8.3 and 9.2. */
static void answer_chunk(const struct packet *last, struct packet_desc *d)
{
	static const uint8_t answers[][2] = { { 0, 3 }, { 1, 2 },  { 2, 10 }, { 4, 5 },
		                              { 7, 8 }, { 8, 14 }, { 10, 11 } };
	const uint8_t *b = packet_at(last, last->th, 13);

	for (size_t i = 0; b && !d->has_chunk && i < ARRAY_LEN(answers); i++) {
		d->has_chunk = b[12] == answers[i][0];
		d->chunk = answers[i][1];
	}
}

static int make_reply(struct talks *t, const struct packet_line *line,
                      struct packet_desc *d, uint32_t *seen, struct diags *diags)
{
	if (t->has_last && t->last_is_raw) {
		diag_error(
			diags, "E0929", line->span,
			"a reply to a packet given as bytes must be given as bytes too");
		return -EINVAL;
	}
	if (!t->has_last || !turn_round(&t->last, d, seen)) {
		diag_error(diags, "E0929", line->span,
		           "there is no packet before to reply to");
		return -EINVAL;
	}
	if (!(line->seen & SEEN_FLAGS) && d->l4 == IPPROTO_TCP) {
		const uint8_t *b = packet_at(&t->last, t->last.th, 20);
		bool syn = b && (b[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
		d->tcp_flags = syn ? TCP_SYN | TCP_ACK : TCP_ACK;
		*seen |= SEEN_FLAGS;
	}
	if (d->l4 == IPPROTO_SCTP)
		answer_chunk(&t->last, d);
	return 0;
}

enum { QUOTE_MAX = 128 };

static int quote_last(struct talks *t, const struct packet_line *line,
                      struct packet_desc *d, struct arena *a, struct diags *diags)
{
	if (!t->has_last || packet_length(&t->last) == 0) {
		diag_error(diags, "E0929", line->span,
		           "there is no packet before to be about");
		return -EINVAL;
	}
	uint32_t n =
		packet_length(&t->last) < QUOTE_MAX ? packet_length(&t->last) : QUOTE_MAX;
	d->payload =
		(struct str){ arena_copy(a, packet_at(&t->last, t->last.nh, n), n), n };
	return 0;
}

/* ---- sequence numbers ---- */

static struct track_tuple desc_tuple(const struct packet_desc *d)
{
	struct track_tuple t = { .family = d->family == NFPROTO_IPV4 ? 4 : 6,
		                 .proto = d->l4,
		                 .src_port = d->sport,
		                 .dst_port = d->dport };
	size_t n = d->family == NFPROTO_IPV4 ? 4 : 16;

	memcpy(t.src.b, d->src, n);
	memcpy(t.dst.b, d->dst, n);
	return t;
}

static struct str key_of(const struct track_tuple *t)
{
	return (struct str){ (const char *)t, sizeof(*t) };
}

/* Who sent such a packet before, or has been sent it and was silent so far. */
static struct talk *find_talk(struct talks *t, const struct packet_desc *d, int *side)
{
	struct track_tuple sent = desc_tuple(d), reverse = sent;
	uintptr_t found = (uintptr_t)map_get(&t->sent, key_of(&sent));

	if (found) {
		*side = (int)((found - 1) % 2);
		return &t->list.p[(found - 1) / 2];
	}
	reverse.src = sent.dst;
	reverse.dst = sent.src;
	reverse.src_port = sent.dst_port;
	reverse.dst_port = sent.src_port;
	found = (uintptr_t)map_get(&t->sent, key_of(&reverse));
	if (!found || t->list.p[(found - 1) / 2].has_sent[!((found - 1) % 2)])
		return NULL;
	*side = !((found - 1) % 2);
	return &t->list.p[(found - 1) / 2];
}

static void keep_sent(struct talks *t, struct talk *k, int side,
                      const struct packet_desc *d)
{
	struct track_tuple sent = desc_tuple(d);
	uintptr_t number = (uintptr_t)(k - t->list.p) * 2 + (uintptr_t)side + 1;

	if (!k->has_sent[side] || memcmp(&k->sent[side], &sent, sizeof(sent)) != 0)
		map_put(&t->sent, arena_str(&t->a, key_of(&sent)), (void *)number);
	k->sent[side] = sent;
	k->has_sent[side] = true;
}

static struct talk *talk_of(struct talks *t, const struct packet_line *line,
                            const struct packet_desc *d, int *side)
{
	struct talk *k = line->is_reply && t->has_talk ? &t->list.p[t->last_talk] : NULL;

	if (k)
		*side = !t->last_side;
	else
		k = find_talk(t, d, side);
	if (!k) {
		k = vec_add(&t->list);
		k->next_seq[0] = SEQ_FIRST;
		k->next_seq[1] = SEQ_SECOND;
		*side = 0;
	}
	keep_sent(t, k, *side, d);
	t->last_talk = (size_t)(k - t->list.p);
	t->last_side = *side;
	t->has_talk = true;
	return k;
}

static void number_segment(struct talks *t, const struct packet_line *line,
                           struct packet_desc *d)
{
	int side;
	struct talk *k = talk_of(t, line, d, &side);

	if (!(line->seen & SEEN_SEQ))
		d->seq = k->next_seq[side];
	if (!(line->seen & SEEN_ACKSEQ) && (d->tcp_flags & TCP_ACK))
		d->ack = k->next_seq[!side] + k->shift[!side];
	uint32_t end = d->seq + (uint32_t)d->payload.n + d->payload_zeros +
	               !!(d->tcp_flags & TCP_SYN) + !!(d->tcp_flags & TCP_FIN);
	if ((int32_t)(end - k->next_seq[side]) > 0)
		k->next_seq[side] = end;
}

/* ---- whole ---- */

int talk_make(struct talks *t, const struct packet_line *line,
              struct sim_machine *machine, struct arena *a, struct diags *diags,
              struct made_packet *out)
{
	struct made_packet made = { .desc = line->desc };
	struct filler f = {
		.machine = machine, .d = &made.desc, .arrival = &made.arrival, .talks = t
	};
	uint32_t seen = line->seen;
	int r = 0;

	if (line->is_reply)
		r = make_reply(t, line, &made.desc, &seen, diags);
	if (r == 0 && line->quotes_last)
		r = quote_last(t, line, &made.desc, a, diags);
	if (r == 0 && line->is_raw && !line->raw.bytes.n) {
		diag_error(diags, "E0927", line->span,
		           "only `gate explain` reads captures");
		r = -EINVAL;
	}
	if (r == 0 && line->is_raw) {
		fill_devices(&f, line, t);
		made.raw = &line->raw;
		made.arrival.has_uid = line->seen & SEEN_UID;
		made.arrival.uid = line->uid;
		made.arrival.gid = line->gid;
		made.filled = arena_str(a, buf_as_str(&f.text));
		t->has_talk = false;
		*out = made;
	} else if (r == 0) {
		fill_devices(&f, line, t);
		fill_addresses(&f, seen);
		fill_protocol(&f, seen);
		fill_frame(&f, line);
		made.arrival.has_uid = line->seen & SEEN_UID;
		made.arrival.uid = line->uid;
		made.arrival.gid = line->gid;
		made.filled = arena_str(a, buf_as_str(&f.text));
		if (has_ports(made.desc.l4))
			number_segment(t, line, &made.desc);
		else
			t->has_talk = false;
		*out = made;
	}
	buf_fini(&f.text);
	return r;
}

void made_build(const struct made_packet *made, struct packet *p)
{
	if (!made->raw) {
		packet_build(p, &made->desc);
		p->sums_are_right = false;
		return;
	}
	buf_reset(&p->bytes);
	buf_str(&p->bytes, made->raw->bytes);
	p->has_ll = made->raw->has_ll;
	p->ethertype = made->raw->ethertype;
	p->sums_are_right = made->raw->sums_are_right;
	packet_decode(p);
}

static uint32_t segment_end(const struct track_packet *view)
{
	return view->tcp.seq + view->tcp.payload + !!(view->tcp.flags & TCP_SYN) +
	       !!(view->tcp.flags & TCP_FIN);
}

/* The other end acknowledges what came to it, which a helper may have made longer or shorter. */
static void keep_shift(struct talks *t, const struct track_packet *sent)
{
	struct track_packet came;

	view_packet(&t->last, &came);
	if (t->has_talk && sent->tuple.proto == IPPROTO_TCP && !sent->flags &&
	    !came.flags)
		t->list.p[t->last_talk].shift[t->last_side] =
			segment_end(&came) - segment_end(sent);
}

struct sim_result talk_send(struct talks *t, struct sim *sim,
                            const struct packet_line *line,
                            const struct made_packet *made)
{
	if (line->seen & SEEN_TIME)
		sim->now_ns = line->time_ns;
	made_build(made, &t->last);
	t->last.mark = line->mark;
	t->last.priority = 0;
	t->last.type = PKT_HOST;
	t->last_arrival = made->arrival;
	t->has_last = true;
	t->last_is_raw = made->raw != NULL;
	struct track_packet sent;
	view_packet(&t->last, &sent);
	struct sim_result r = sim_packet(sim, &made->arrival, &t->last);
	if (r.fate == FATE_ACCEPT)
		keep_shift(t, &sent);
	t->last_out = r.out;
	return r;
}
