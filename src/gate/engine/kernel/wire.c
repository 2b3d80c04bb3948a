/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Writing and reading netlink's bytes.
 */
#include "gate/engine/kernel/wire.h"

#include <errno.h>

#include "gate/engine/kernel/nf_compat.h"

void wire_bytes(struct wire *w, uint16_t type, const void *p, size_t n)
{
	uint8_t *to = wire_attr(w, type, n);

	if (n)
		memcpy(to, p, n);
}

void wire_str(struct wire *w, uint16_t type, struct str s)
{
	uint8_t *to = wire_attr(w, type, s.n + 1);

	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = 0;
}

void wire_u8(struct wire *w, uint16_t type, uint8_t v)
{
	wire_bytes(w, type, &v, sizeof(v));
}

void wire_be16(struct wire *w, uint16_t type, uint16_t v)
{
	v = htobe16(v);
	wire_bytes(w, type, &v, sizeof(v));
}

void wire_be64(struct wire *w, uint16_t type, uint64_t v)
{
	v = htobe64(v);
	wire_bytes(w, type, &v, sizeof(v));
}

void wire_host32(struct wire *w, uint16_t type, uint32_t v)
{
	wire_bytes(w, type, &v, sizeof(v));
}

void wire_end_unless_empty(struct wire *w, size_t nest)
{
	if (w->buf.n == nest + NLA_HDRLEN)
		w->buf.n = nest;
	else
		wire_end(w, nest);
}

size_t wire_message(struct wire *w, uint16_t type, uint16_t flags, uint32_t seq,
                    uint8_t family, uint16_t res_id)
{
	struct nlmsghdr h = { .nlmsg_type = type,
		              .nlmsg_flags = flags,
		              .nlmsg_seq = seq };
	struct nfgenmsg g = { .nfgen_family = family,
		              .version = NFNETLINK_V0,
		              .res_id = htobe16(res_id) };
	size_t at = w->buf.n;
	uint8_t *p = wire_room(w, sizeof(h) + sizeof(g));

	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), &g, sizeof(g));
	w->buf.n += sizeof(h) + sizeof(g);
	return at;
}

void wire_message_end(struct wire *w, size_t message)
{
	uint32_t n = (uint32_t)(w->buf.n - message);

	memcpy(w->buf.p + message, &n,
	       sizeof(n)); /* struct nlmsghdr: nlmsg_len is first */
}

bool attr_host32(const struct attr *a, uint32_t *v)
{
	if (a->n != sizeof(*v))
		return false;
	memcpy(v, a->p, sizeof(*v));
	return true;
}
