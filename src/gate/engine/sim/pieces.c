/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Cutting. */
#include "gate/engine/sim/pieces.h"

#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/checksum.h"

enum { IP6_BYTES = 40, FRAGMENT_BYTES = 8, MORE4 = 0x2000, MORE6 = 1 };

/* Bytes of the header that each piece has, without the one that says it is a piece. */
static uint32_t header_bytes(const struct packet *p)
{
	return p->family == NFPROTO_IPV6 ? IP6_BYTES : p->th - p->nh;
}

/* Bytes behind it in all pieces but the last. */
static uint32_t piece_bytes(const struct packet *p)
{
	uint32_t extra = p->family == NFPROTO_IPV6 ? FRAGMENT_BYTES : 0;
	uint32_t header = header_bytes(p) + extra;

	return p->largest_piece > header ? (p->largest_piece - header) & ~7u : 0;
}

size_t pieces_of(const struct packet *p)
{
	uint32_t content = packet_length(p) - header_bytes(p), each = piece_bytes(p);

	return each ? (content + each - 1) / each : 1;
}

void piece_make(const struct packet *p, size_t n, struct packet *out)
{
	bool ip6 = p->family == NFPROTO_IPV6;
	uint32_t each = piece_bytes(p), from = p->nh + header_bytes(p);
	uint32_t off = (uint32_t)n * each, left = p->end - from - off;
	bool more = left > each;
	uint8_t fragment[FRAGMENT_BYTES] = { 0 };

	packet_copy(out, p);
	out->bytes.n = from;
	out->largest_piece = 0;
	if (ip6) {
		fragment[0] = (uint8_t)p->bytes.p[p->nh + 6];
		put_be16(fragment + 2, off | (more ? MORE6 : 0));
		buf_put(&out->bytes, fragment, sizeof(fragment));
	}
	buf_put(&out->bytes, p->bytes.p + from + off, more ? each : left);
	uint8_t *b = (uint8_t *)out->bytes.p + out->nh;
	uint32_t length = (uint32_t)out->bytes.n - out->nh;
	if (ip6) {
		b[6] = IPPROTO_FRAGMENT;
		put_be16(b + 4, length - IP6_BYTES);
	} else {
		put_be16(b + 2, length);
		put_be16(b + 6, off / 8 | (more ? MORE4 : 0));
		packet_checksum_ip(out);
	}
	packet_decode(out);
}
