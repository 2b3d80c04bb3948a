/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Frames as packets. */
#include "gate/replay/frame.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/view.h"

enum { IP4_MIN = 20, IP6_BYTES = 40, PACKET_MAX = 65535, FRAME_MAX = 1 << 18 };

const char *replay_skip_text(enum replay_skip s)
{
	static const char *const texts[] = {
#define X(id, text) [SKIP_##id] = (text),
		REPLAY_SKIPS(X)
#undef X
	};

	return texts[s];
}

static void put_length(uint8_t *at, uint32_t n)
{
	n = n < PACKET_MAX ? n : PACKET_MAX;
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

/* Large segments on their way to the card have no length yet: what the frame holds is it. */
static void fill_length(struct packet *p)
{
	uint32_t n = (uint32_t)p->bytes.n - p->nh;
	uint8_t *b =
		packet_edit(p, p->nh, p->family == NFPROTO_IPV4 ? IP4_MIN : IP6_BYTES);

	if (!b)
		return;
	if (p->family == NFPROTO_IPV4 && !b[2] && !b[3]) {
		put_length(b + 2, n);
		packet_checksum_ip(p);
		packet_decode(p);
	} else if (p->family == NFPROTO_IPV6 && !b[4] && !b[5] && b[6] == IPPROTO_TCP) {
		put_length(b + 4, n - IP6_BYTES);
		packet_decode(p);
	}
}

/* Bytes of the header by which flows are told apart. */
static uint32_t least_l4(uint8_t l4)
{
	switch (l4) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_SCTP:
		return 12;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 8;
	default:
		return 0;
	}
}

static bool is_cut_short(const struct packet *p, size_t captured)
{
	if (p->family == NFPROTO_ARP)
		return captured < p->nh + 28;
	if (!p->has_l4)
		return captured <
		       p->nh + (p->family == NFPROTO_IPV4 ? IP4_MIN : IP6_BYTES);
	return captured < p->th + (p->frag_off ? 0 : least_l4(p->l4));
}

static void put_bytes(struct packet *p, const struct capture_frame *f, uint32_t offset)
{
	size_t n = f->bytes.n - offset, whole = f->length - offset;

	whole = whole < FRAME_MAX ? whole : FRAME_MAX;
	buf_reset(&p->bytes);
	char *to = buf_reserve(&p->bytes, whole > n ? whole : n);
	memcpy(to, f->bytes.p + offset, n);
	p->bytes.n = n;
	if (whole > n) {
		memset(to + n, 0, whole - n);
		p->bytes.n = whole;
	}
}

enum replay_skip frame_packet(const struct capture_frame *f, const struct link_view *v,
                              bool checks, struct packet *p)
{
	bool is_cut = f->length > f->bytes.n;

	put_bytes(p, f, v->offset);
	p->has_ll = v->is_ethernet;
	p->ethertype = v->ethertype;
	p->sums_are_right = !checks || is_cut;
	p->mark = p->priority = 0;
	p->type = PKT_HOST;
	packet_decode(p);
	if (is_cut && is_cut_short(p, f->bytes.n - v->offset))
		return SKIP_CUT;
	if (p->fault == FAULT_HEADER_LENGTH ||
	    (p->family == NFPROTO_IPV6 && p->end == p->nh + 40))
		fill_length(p);
	return SKIP_NONE;
}
