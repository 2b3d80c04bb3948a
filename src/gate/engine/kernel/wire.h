/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Netlink's bytes. `struct wire` builds messages and attributes at the end of a pagebuf, with
 * a sticky error; attr_next() walks attributes that came from outside. libmnl's own helpers are
 * not used here since they bound-check against a buffer of fixed size, one attribute a call.
 */
#pragma once

#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/str.h"

struct wire {
	struct pagebuf buf;
	int err; /* first failure: -EMSGSIZE, an attribute over 65535 bytes */
};

/* `n` writable bytes at the end; nothing is added yet. */
static ALWAYS_INLINE uint8_t *wire_room(struct wire *w, size_t n)
{
	if (n > w->buf.usable - w->buf.n)
		return pagebuf_reserve(&w->buf, n);
	return (uint8_t *)w->buf.p + w->buf.n;
}

/* Bytes that `n` of payload take, header and padding included. */
static inline size_t attr_space(size_t n)
{
	return (NLA_HDRLEN + n + 3) & ~(size_t)3;
}

/* Appends an attribute of `n` bytes, its padding zeroed; returns where the payload goes. A rule
 * has dozens of them, so this and attr_next() are inlined. */
static inline uint8_t *wire_attr(struct wire *w, uint16_t type, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type };
	size_t space = attr_space(n);
	uint8_t *p = wire_room(w, space);

	if (n > UINT16_MAX - NLA_HDRLEN && !w->err)
		w->err = -EMSGSIZE;
	memset(p + space - 4, 0, 4); /* the padding, before the payload comes */
	memcpy(p, &a, sizeof(a));
	w->buf.n += space;
	return p + NLA_HDRLEN;
}

void wire_bytes(struct wire *w, uint16_t type, const void *p, size_t n);
void wire_str(struct wire *w, uint16_t type, struct str s); /* a NUL is added */
void wire_u8(struct wire *w, uint16_t type, uint8_t v);
void wire_be16(struct wire *w, uint16_t type, uint16_t v);
/* An attribute of 32 bits in network order at `to`; returns where the next one goes. */
struct attr32 {
	struct nlattr a;
	uint32_t be;
};
static ALWAYS_INLINE uint8_t *attr32_put(uint8_t *to, uint16_t type, uint32_t v)
{
	struct attr32 whole = { { sizeof(whole), type }, htobe32(v) };

	memcpy(to, &whole, sizeof(whole)); /* has no padding: one store */
	return to + sizeof(whole);
}

static inline void wire_be32(struct wire *w, uint16_t type, uint32_t v)
{
	attr32_put(wire_room(w, sizeof(struct attr32)), type, v);
	w->buf.n += sizeof(struct attr32);
}
void wire_be64(struct wire *w, uint16_t type, uint64_t v);
void wire_host32(struct wire *w, uint16_t type, uint32_t v);

/* A nested attribute; what wire_nest returns goes into wire_end. */
static inline size_t wire_nest(struct wire *w, uint16_t type)
{
	size_t at = w->buf.n;

	wire_attr(w, type | NLA_F_NESTED, 0);
	return at;
}
static inline void wire_end(struct wire *w, size_t nest)
{
	size_t n = w->buf.n - nest;
	uint16_t len = (uint16_t)n;

	if (n > UINT16_MAX && !w->err)
		w->err = -EMSGSIZE;
	memcpy(w->buf.p + nest, &len, sizeof(len)); /* struct nlattr: nla_len is first */
}

/* As wire_end, but takes a nest back in which nothing stands. */
void wire_end_unless_empty(struct wire *w, size_t nest);

/* A message with nfgenmsg; what it returns goes into wire_message_end. */
size_t wire_message(struct wire *w, uint16_t type, uint16_t flags, uint32_t seq,
                    uint8_t family, uint16_t res_id);
void wire_message_end(struct wire *w, size_t message);

struct attr {
	uint16_t type; /* without NLA_F_NESTED */
	uint16_t n;
	const uint8_t *p;
};

/* The next attribute; false at the end, and at a malformed one (then c->failed is set). */
static inline bool attr_next(struct cursor *c, struct attr *a)
{
	size_t left = cursor_left(c), space;
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
	space = attr_space(a->n);
	c->at += space < left ? space : left; /* the last may lack its padding */
	return true;
}

/* Reading an attribute as a number; false when its length is another. */
static inline bool attr_number(const struct attr *a, size_t bytes,
                               uint64_t *v) /* big-endian */
{
	uint64_t b = 0;

	if (a->n != bytes || bytes > sizeof(b))
		return false;
	memcpy(&b, a->p, bytes);
	*v = bytes ? be64toh(b) >> (64 - 8 * bytes) : 0;
	return true;
}
bool attr_host32(const struct attr *a, uint32_t *v);

/* Text up to the first NUL. */
static inline struct str attr_str(const struct attr *a)
{
	return (struct str){ (const char *)a->p, strnlen((const char *)a->p, a->n) };
}

static inline struct cursor attr_cursor(const struct attr *a)
{
	return cursor_of(a->p, a->n);
}
