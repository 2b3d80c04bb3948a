/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Writing and reading netlink's bytes.
 */
#include "gate/engine/kernel/wire.h"

#include <errno.h>

#include "gate/engine/kernel/nf_compat.h"

static void put_header(uint8_t *to, size_t n, uint16_t type)
{
	struct nlattr a = { .nla_len = (uint16_t)n, .nla_type = type };

	memcpy(to, &a, sizeof(a));
}

uint8_t *wire_attr(struct wire *w, uint16_t type, size_t n)
{
	size_t space = attr_space(n);
	uint8_t *p = wire_room(w, space);

	if (n > UINT16_MAX - NLA_HDRLEN && !w->err)
		w->err = -EMSGSIZE;
	memset(p + space - 4, 0, 4); /* the padding, before the payload comes */
	put_header(p, NLA_HDRLEN + n, type);
	w->buf.n += space;
	return p + NLA_HDRLEN;
}

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

void wire_be32(struct wire *w, uint16_t type, uint32_t v)
{
	v = htobe32(v);
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

size_t wire_nest(struct wire *w, uint16_t type)
{
	size_t at = w->buf.n;

	wire_attr(w, type | NLA_F_NESTED, 0);
	return at;
}

void wire_end(struct wire *w, size_t nest)
{
	size_t n = w->buf.n - nest;
	uint16_t len = (uint16_t)n;

	if (n > UINT16_MAX && !w->err)
		w->err = -EMSGSIZE;
	memcpy(w->buf.p + nest, &len, sizeof(len)); /* struct nlattr: nla_len is first */
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

bool attr_next(struct cursor *c, struct attr *a)
{
	size_t left = cursor_left(c);
	struct nlattr h;

	if (!left)
		return false;
	if (left < sizeof(h) || (memcpy(&h, c->at, sizeof(h)), h.nla_len < sizeof(h)) ||
	    h.nla_len > left) {
		c->failed = true;
		return false;
	}
	a->type = h.nla_type & NLA_TYPE_MASK;
	a->n = (uint16_t)(h.nla_len - sizeof(h));
	a->p = c->at + sizeof(h);
	c->at += attr_space(a->n) < left ? attr_space(a->n)
	                                 : left; /* the last may lack its padding */
	return true;
}

bool attr_number(const struct attr *a, size_t bytes, uint64_t *v)
{
	struct cursor c = attr_cursor(a);

	if (a->n != bytes)
		return false;
	*v = cursor_be(&c, bytes);
	return true;
}

bool attr_host32(const struct attr *a, uint32_t *v)
{
	if (a->n != sizeof(*v))
		return false;
	memcpy(v, a->p, sizeof(*v));
	return true;
}
