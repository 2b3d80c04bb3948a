/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* TFTP, RFC 1350: the server answers a request from another port, to the port it came from. */
#include <netinet/in.h>

#include "base/cursor.h"
#include "gate/track/helper.h"

enum { OP_READ = 1, OP_WRITE = 2 };

enum track_verdict track_tftp(struct track_reading *r)
{
	const struct track_tuple *reply = &r->e->tuple[TRACK_REPLY];
	struct cursor c = cursor_of(r->p->payload.p, r->p->payload.n);
	uint16_t op = cursor_be16(&c);

	if (c.failed || (op != OP_READ && op != OP_WRITE))
		return TRACK_ACCEPT;
	struct track_expect x = {
		.tuple = { .src = reply->src,
		           .dst = reply->dst,
		           .dst_port = reply->dst_port,
		           .proto = IPPROTO_UDP },
	};
	return track_helper_add(r, &x, r->e->tuple[TRACK_ORIGINAL].src_port)
	               ? TRACK_DROP
	               : TRACK_ACCEPT;
}
