/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "agree_frames.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include "gate/engine/sim/checksum.h"

enum { MACS = 12, SHOWN_BYTES = 96, ID6_BYTES = 4 };

void sent_add(struct sent_frames *s, const struct pass *p, unsigned wire)
{
	struct sent_frame *f = vec_add(&s->list);

	*f = (struct sent_frame){ .wire = wire, .is_answer = p->is_answer };
	packet_copy(&f->packet, p->pkt);
}

void sent_reset(struct sent_frames *s)
{
	vec_for_each(it, &s->list)
		packet_fini(&it->packet);
	s->list.n = 0;
}

void sent_fini(struct sent_frames *s)
{
	sent_reset(s);
	vec_fini(&s->list);
}

/* Behind the Ethernet header; the kernel's sockets keep a tag beside the frame. */
static struct str network_of(const struct packet *p)
{
	return str_sub(buf_as_str(&p->bytes), p->nh, p->end - p->nh);
}

/* A packet that a helper wrote into has its sum left to the card: the sum of the pseudo header
 * stands there. *frame gets what the card would send. */
static void finish_sum(struct buf *frame)
{
	struct packet p = { .bytes = *frame, .has_ll = true };

	packet_decode(&p);
	size_t at = p.l4 == IPPROTO_TCP ? 16 : 6, n = packet_address_size(&p);
	uint8_t *b = packet_edit(&p, p.th, at + 2);
	if (b && p.has_l4 && !p.frag_off &&
	    (p.l4 == IPPROTO_TCP || p.l4 == IPPROTO_UDP)) {
		uint32_t length = packet_l4_length(&p);
		uint8_t rest[8] = { (uint8_t)(length >> 24),
			            (uint8_t)(length >> 16),
			            (uint8_t)(length >> 8),
			            (uint8_t)length,
			            0,
			            0,
			            0,
			            p.l4 };
		uint32_t sum = checksum_add(packet_source(&p), 2 * n, 0);
		uint16_t partial = (uint16_t)~checksum(rest, sizeof(rest), sum);
		if (b[at] == partial >> 8 && b[at + 1] == (partial & 0xff))
			packet_checksum_l4(&p);
	}
	*frame = p.bytes;
}

enum { IP_BYTES = 20 };

/* But for the identification and the checksum. */
static bool same_header(const char *have, const char *want)
{
	return memcmp(have, want, 4) == 0 && memcmp(have + 6, want + 6, 4) == 0 &&
	       memcmp(have + 12, want + 12, IP_BYTES - 12) == 0;
}

/* Of an error that the kernel made its identification is left out, and of pieces of IPv6 that it cut
 * that of the pieces: those it draws. */
static bool same_packet(struct str frame, const struct packet *p, bool is_answer)
{
	struct str want = network_of(p);
	auto_buf got = { 0 };

	buf_str(&got, frame);
	finish_sum(&got);
	struct str have = str_sub(buf_as_str(&got), ETH_HLEN, got.n);

	if (have.n != want.n)
		return false;
	if (p->hidden_id) {
		uint32_t behind = p->hidden_id + ID6_BYTES;
		return memcmp(have.p, want.p, p->hidden_id) == 0 &&
		       memcmp(have.p + behind, want.p + behind, have.n - behind) == 0;
	}
	if (!is_answer || have.n < IP_BYTES || p->family != NFPROTO_IPV4)
		return str_eq(have, want);
	return same_header(have.p, want.p) &&
	       memcmp(have.p + IP_BYTES, want.p + IP_BYTES, have.n - IP_BYTES) == 0;
}

static bool same_frame(const struct frame *have, const struct sent_frame *want)
{
	const struct packet *p = &want->packet;

	return have->wire == want->wire &&
	       (!p->has_ll || want->wire < WIRE_BRIDGED ||
	        memcmp(have->bytes.p, p->bytes.p, MACS) == 0) &&
	       same_packet(have->bytes, p, want->is_answer);
}

bool frames_agree(const struct kernel *k, const struct sent_frames *s)
{
	uint64_t used = 0;
	size_t found = 0;

	vec_for_each(want, &s->list) {
		for (size_t i = 0; i < k->frames.n && i < 64; i++) {
			if (used >> i & 1 || !same_frame(&k->frames.p[i], want))
				continue;
			used |= UINT64_C(1) << i;
			found++;
			break;
		}
	}
	return found == s->list.n && found == k->frames.n;
}

static void put_frame(struct buf *out, unsigned wire, struct str bytes)
{
	buf_fmt(out, "%s%s ", out->n ? "; " : "", kernel_device(wire));
	for (size_t i = 0; i < bytes.n && i < SHOWN_BYTES; i++)
		buf_fmt(out, "%02x", (uint8_t)bytes.p[i]);
}

struct str frames_of_kernel(const struct kernel *k, struct arena *a)
{
	auto_buf out = { 0 };

	vec_for_each(it, &k->frames)
		put_frame(&out, it->wire, it->bytes);
	return out.n ? arena_str(a, buf_as_str(&out)) : STR("nothing leaves");
}

struct str frames_of_simulator(const struct sent_frames *s, struct arena *a)
{
	auto_buf out = { 0 };

	vec_for_each(it, &s->list)
		put_frame(&out, it->wire, buf_as_str(&it->packet.bytes));
	return out.n ? arena_str(a, buf_as_str(&out)) : STR("nothing leaves");
}
