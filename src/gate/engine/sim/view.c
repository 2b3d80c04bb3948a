/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Values from bytes, and back. */
#include "gate/engine/sim/view.h"

#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/address.h"
#include "gate/engine/sim/checksum.h"
#include "gate/track/track.h"

enum { SCALE_MAX = 14, ICMP_BYTES = 8, INIT_BYTES = 20 };

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP;
}

static bool is_icmp(uint8_t l4)
{
	return l4 == IPPROTO_ICMP || l4 == IPPROTO_ICMPV6;
}

/* RFC 792, RFC 4443 section 2.1. */
static bool is_icmp_error(uint8_t l4, uint8_t type)
{
	if (l4 == IPPROTO_ICMPV6)
		return type < 128;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* Bytes of the transport header a protocol must have to be tracked. */
static uint32_t least(uint8_t l4)
{
	return l4 == IPPROTO_TCP              ? 20
	       : l4 == IPPROTO_SCTP           ? 12
	       : has_ports(l4) || is_icmp(l4) ? 8
	                                      : 0;
}

/* ---- tuples ---- */

static bool view_addresses(const struct packet *p, struct track_tuple *t)
{
	size_t size = packet_address_size(p);
	const uint8_t *a = packet_at(p, p->nh + (size == 4 ? 12 : 8), 2 * size);

	t->family = size == 4 ? 4 : 6;
	t->proto = p->l4;
	if (!a)
		return false;
	address_copy(p->family, t->src.b, a);
	address_copy(p->family, t->dst.b, a + size);
	return p->has_l4;
}

bool view_tuple(const struct packet *p, struct track_tuple *t)
{
	const uint8_t *b;

	if (!view_addresses(p, t))
		return false;
	if (p->frag_off || !least(p->l4))
		return true;
	b = packet_l4_length(p) >= 8 ? packet_at(p, p->th, 8) : NULL;
	if (!b)
		return false;
	t->src_port = has_ports(p->l4) ? be16(b) : be16(b + 4);
	t->dst_port = has_ports(p->l4) ? be16(b + 2) : be16(b);
	return true;
}

/* RFC 2637 section 4.1: version 1 has the call in its key. */
static void view_gre(const struct packet *p, struct track_tuple *t)
{
	const uint8_t *b = packet_l4_length(p) >= 8 ? packet_at(p, p->th, 8) : NULL;

	if (b && (b[1] & 7) == 1)
		t->dst_port = be16(b + 6);
}

/* ---- TCP ---- */

static void tcp_option(struct track_tcp *t, uint8_t kind, const uint8_t *b, uint8_t n)
{
	if (kind == 3 && n == 3) { /* RFC 7323 section 2 */
		t->has_window_scale = true;
		t->window_scale = b[2] > SCALE_MAX ? SCALE_MAX : b[2];
	} else if (kind == 4 && n == 2) { /* RFC 2018 section 2 */
		t->sack_permitted = true;
	}
	for (unsigned at = 2; kind == 5 && at + 8 <= n && t->sacks < TRACK_SACK_MAX;
	     at += 8)
		t->sack_end[t->sacks++] = be32(b + at + 4);
}

static void tcp_options(struct track_tcp *t, const uint8_t *b, size_t n)
{
	for (size_t at = 0; at < n && b[at] != 0;) {
		if (b[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= n || b[at + 1] < 2 || b[at + 1] > n - at)
			return;
		tcp_option(t, b[at], b + at, b[at + 1]);
		at += b[at + 1];
	}
}

static void view_tcp(const uint8_t *b, uint32_t n, struct track_packet *out)
{
	uint32_t header = (uint32_t)(b[12] >> 4) * 4;

	if (header < 20 || header > n) {
		out->flags |= TRACK_P_TRUNCATED;
		return;
	}
	out->tcp = (struct track_tcp){ .seq = be32(b + 4),
		                       .ack = be32(b + 8),
		                       .flags = b[13],
		                       .window = be16(b + 14),
		                       .payload = n - header,
		                       .has_options = header > 20 };
	tcp_options(&out->tcp, b + 20, header - 20);
	out->payload = (struct str){ (const char *)b + header, n - header };
}

/* ---- the others ---- */

static void view_udp(const struct packet *p, const uint8_t *b, uint32_t n,
                     struct track_packet *out)
{
	uint16_t said = be16(b + 4);

	/* RFC 768; RFC 3828 section 3.1: there it is the checksum's coverage. */
	if (said > n || (said < 8 && !(p->l4 == IPPROTO_UDPLITE && said == 0)))
		out->flags |= TRACK_P_TRUNCATED;
	out->payload = (struct str){ (const char *)b + 8, n - 8 };
}

/* RFC 9260 section 3.2 */
static void view_sctp(const uint8_t *b, uint32_t n, struct track_packet *out)
{
	struct track_sctp *s = &out->sctp;

	*s = (struct track_sctp){ .vtag = be32(b + 4) };
	for (uint32_t at = 12; at + 4 <= n && s->chunks < TRACK_CHUNKS_MAX;) {
		uint32_t len = be16(b + at + 2);
		bool is_init = b[at] == 1 || b[at] == 2;
		s->chunk[s->chunks++] = b[at];
		s->malformed |= len == 0 || (is_init && at + INIT_BYTES > n);
		if (s->malformed)
			return;
		if (is_init)
			s->init_tag = be32(b + at + 4);
		if ((b[at] == 6 || b[at] == 14) && (b[at + 1] & 1))
			s->abort_or_complete_t = true;
		at += (len + 3) & ~3u;
	}
}

/* The packet an error quotes: as much of it as is there. */
static void open_quoted(const struct packet *p, struct packet *inner)
{
	uint32_t n = packet_l4_length(p) - ICMP_BYTES;

	*inner = (struct packet){ .ethertype = p->ethertype };
	buf_put(&inner->bytes, packet_at(p, p->th + ICMP_BYTES, n), n);
	packet_decode(inner);
	inner->end = (uint32_t)inner->bytes.n; /* its length field is that of the whole */
}

static bool is_readable(const struct packet *inner)
{
	return inner->fault != FAULT_SHORT && inner->fault != FAULT_VERSION &&
	       inner->fault != FAULT_HEADER_LENGTH;
}

static void view_icmp(const struct packet *p, const uint8_t *b, struct track_packet *out)
{
	struct packet inner;

	out->icmp = (struct track_icmp){ 0 };
	if (!is_icmp_error(p->l4, b[0]))
		return;
	open_quoted(p, &inner);
	out->icmp.has_inner = is_readable(&inner) && view_tuple(&inner, &out->icmp.inner);
	packet_fini(&inner);
}

static void view_l4(const struct packet *p, struct track_packet *out)
{
	uint32_t n = packet_l4_length(p);
	const uint8_t *b = packet_at(p, p->th, n);

	if (n < least(p->l4) || !b) {
		out->flags |= TRACK_P_TRUNCATED;
		return;
	}
	if (p->l4 == IPPROTO_TCP)
		view_tcp(b, n, out);
	else if (p->l4 == IPPROTO_UDP || p->l4 == IPPROTO_UDPLITE)
		view_udp(p, b, n, out);
	else if (p->l4 == IPPROTO_SCTP)
		view_sctp(b, n, out);
	else if (is_icmp(p->l4))
		view_icmp(p, b, out);
	else if (p->l4 == IPPROTO_GRE)
		view_gre(p, &out->tuple);
}

void view_packet(const struct packet *p, struct track_packet *out)
{
	*out = (struct track_packet){ .length = packet_length(p) };
	if (!view_tuple(p, &out->tuple))
		out->flags |= TRACK_P_TRUNCATED;
	if (p->frag_off)
		out->flags |= TRACK_P_FRAGMENT;
	else if (p->has_l4)
		view_l4(p, out);
	if (!packet_checksum_ok(p))
		out->flags |= TRACK_P_BAD_CHECKSUM;
}

/* ---- writing ---- */

static void write_port(struct packet *p, const struct track_side_change *c)
{
	uint8_t *b = packet_l4_length(p) >= 8 && !p->frag_off ? packet_edit(p, p->th, 8)
	                                                      : NULL;

	if (!b)
		return;
	if (has_ports(p->l4))
		put_be16(b + (c->source ? 0 : 2), c->port);
	else if (is_icmp(p->l4))
		put_be16(b + 4, c->port);
	else if (p->l4 == IPPROTO_GRE && (b[1] & 7) == 1)
		put_be16(b + 6, c->port);
}

static bool has_no_sum(const struct packet *p)
{
	const uint8_t *b = packet_l4_length(p) >= 8 ? packet_at(p, p->th, 8) : NULL;

	return p->l4 == IPPROTO_UDP && b && !b[6] && !b[7];
}

/* Translation wants the header of the transport protocol in one piece. */
static void pull_header(struct packet *p)
{
	uint32_t n = p->l4 == IPPROTO_TCP && packet_l4_length(p) >= 20 ? 20
	             : p->l4 == IPPROTO_SCTP                           ? 12
	                                                               : 8;

	if (p->parts.n && !p->frag_off && packet_l4_length(p) >= n)
		packet_pull(p, p->th + n);
}

static bool write_side(struct packet *p, const struct track_side_change *c)
{
	uint16_t error = packet_checksum_error(p);
	bool keep_sum = has_no_sum(p);
	size_t n = packet_address_size(p);

	if (!c->source && !c->destination)
		return false;
	if (!packet_edit(p, p->nh, n == 4 ? 20 : 40))
		return false;
	pull_header(p);
	memcpy(c->source ? packet_source(p) : packet_destination(p), c->addr.b, n);
	if (c->has_port)
		write_port(p, c);
	packet_checksum_ip(p);
	if (!keep_sum)
		packet_checksum_l4_wrong(p, error);
	return true;
}

static bool write_quoted(struct packet *p, const struct track_side_change *c)
{
	struct packet inner;
	bool changed;

	if ((!c->source && !c->destination) || packet_l4_length(p) < ICMP_BYTES)
		return false;
	open_quoted(p, &inner);
	changed = is_readable(&inner) && write_side(&inner, c);
	if (changed)
		memcpy(packet_edit(p, p->th + ICMP_BYTES, inner.bytes.n), inner.bytes.p,
		       inner.bytes.n);
	packet_fini(&inner);
	return changed;
}

bool view_write(struct packet *p, const struct track_change *change)
{
	bool keep_sum = !packet_checksum_ok(p);
	bool inner = write_quoted(p, &change->inner);

	if (inner && !keep_sum)
		packet_checksum_l4(p);
	return write_side(p, &change->outer) || inner;
}

void view_payload(struct packet *p, struct str payload)
{
	uint16_t error = packet_checksum_error(p);
	bool keep_sum = has_no_sum(p);
	const uint8_t *b = packet_at(p, p->th, p->l4 == IPPROTO_TCP ? 20 : 8);
	uint32_t at = p->th + (p->l4 == IPPROTO_TCP ? (uint32_t)(b[12] >> 4) * 4 : 8);
	struct buf bytes = { 0 };

	buf_put(&bytes, packet_at(p, 0, at), at);
	buf_str(&bytes, payload);
	buf_fini(&p->bytes);
	p->bytes = bytes;
	p->parts.n = 0;
	uint32_t length = (uint32_t)p->bytes.n - p->nh;
	if (p->family == NFPROTO_IPV4)
		put_be16(packet_edit(p, p->nh + 2, 2), (uint16_t)length);
	else
		put_be16(packet_edit(p, p->nh + 4, 2), (uint16_t)(length - 40));
	if (p->l4 == IPPROTO_UDP)
		put_be16(packet_edit(p, p->th + 4, 2), (uint16_t)(p->bytes.n - p->th));
	packet_checksum_ip(p);
	packet_decode(p);
	if (!keep_sum)
		packet_checksum_l4_wrong(p, error);
}

void view_to_port(struct packet *p, uint16_t port)
{
	struct track_change change = {
		.outer = { .destination = true, .has_port = true, .port = port }
	};

	memcpy(change.outer.addr.b, packet_destination(p), packet_address_size(p));
	view_write(p, &change);
}

/* What a sequence number of a direction becomes, and one that acknowledges it. */
typedef uint32_t number_fn(const struct track_entry *e, enum track_dir dir, uint32_t v);
struct numbering {
	number_fn *seq, *ack;
};

static uint32_t seq_moved(const struct track_entry *e, enum track_dir dir, uint32_t seq)
{
	return seq + (uint32_t)track_seq_shift(e, dir, seq);
}

static uint32_t ack_moved(const struct track_entry *e, enum track_dir acked, uint32_t ack)
{
	return ack - (uint32_t)track_ack_shift(e, acked, ack);
}

/* RFC 2018 section 3: pairs of edges behind kind and length. */
static void renumber_sack(uint8_t *b, size_t n, const struct track_entry *e,
                          enum track_dir acked, number_fn *moved)
{
	for (size_t at = 0; at < n && b[at] != 0;) {
		size_t len = b[at] == 1 ? 1 : at + 1 < n ? b[at + 1] : 0;
		if (!len || (len < 2 && b[at] != 1) || len > n - at)
			return;
		for (size_t i = 2; b[at] == 5 && i + 4 <= len; i += 4)
			put_be32(b + at + i, moved(e, acked, be32(b + at + i)));
		at += len;
	}
}

static void renumber(struct packet *p, const struct track_entry *e, enum track_dir dir,
                     const struct numbering *to)
{
	uint32_t n = packet_l4_length(p);
	uint8_t *b = n >= 20 ? packet_edit(p, p->th, n) : NULL;
	uint16_t error = packet_checksum_error(p);
	uint32_t header;

	if (!b || (header = (uint32_t)(b[12] >> 4) * 4) < 20 || header > n)
		return;
	put_be32(b + 4, to->seq(e, dir, be32(b + 4)));
	if (b[13] & 0x10)
		put_be32(b + 8, to->ack(e, !dir, be32(b + 8)));
	renumber_sack(b + 20, header - 20, e, !dir, to->ack);
	packet_checksum_l4_wrong(p, error);
}

void view_renumber(struct packet *p, const struct track_entry *e, enum track_dir dir)
{
	renumber(p, e, dir, &(struct numbering){ seq_moved, ack_moved });
}

void view_number_back(struct packet *p, const struct track_entry *e, enum track_dir dir)
{
	renumber(p, e, dir, &(struct numbering){ track_seq_back, track_ack_back });
}
