/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Set elements, nf_tables.h: enum nft_set_elem_attributes. For a bare key elem_put()
 * makes room once and then stores through a pointer.
 */
#include "gate/engine/kernel/elem.h"

#include <errno.h>

#include "base/map.h"
#include "gate/engine/kernel/nf_compat.h"

/* A bare key: three headers and the longest there is. */
enum { BARE_MAX = 3 * NLA_HDRLEN + 64 };

static bool is_bare(const struct prog_elem *e)
{
	return e->has_key && !e->flags && !e->has_key_end && !e->has_data &&
	       !e->has_timeout && !e->timeout_ms && !e->expiration_ms && !e->obj.n &&
	       !e->exprs.n && !e->userdata.n;
}

static uint8_t *raw_header(uint8_t *p, uint16_t type, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type };

	memcpy(p, &a, sizeof(a));
	return p + sizeof(a);
}

/* A key: an attribute that holds NFTA_DATA_VALUE. */
static uint8_t *raw_data(uint8_t *p, uint16_t type, const struct data *d)
{
	size_t space = attr_space(d->n);

	p = raw_header(p, type | NLA_F_NESTED, space);
	raw_header(p, NFTA_DATA_VALUE, d->n);
	memset(p + space - 4, 0, 4);
	memcpy(p + NLA_HDRLEN, d->b, d->n);
	return p + space;
}

static void put_rest(struct wire *w, const struct prog_elem *e)
{
	if (e->flags)
		wire_be32(w, NFTA_SET_ELEM_FLAGS, e->flags);
	if (e->has_timeout || e->timeout_ms)
		wire_be64(w, NFTA_SET_ELEM_TIMEOUT, e->timeout_ms);
	if (e->expiration_ms)
		wire_be64(w, NFTA_SET_ELEM_EXPIRATION, e->expiration_ms);
	if (e->has_key)
		codec_put_data(w, NFTA_SET_ELEM_KEY, &e->key);
	if (e->has_key_end)
		codec_put_data(w, NFTA_SET_ELEM_KEY_END, &e->key_end);
	if (e->has_data && e->is_verdict)
		codec_put_verdict(w, NFTA_SET_ELEM_DATA, &e->verdict);
	else if (e->has_data)
		codec_put_data(w, NFTA_SET_ELEM_DATA, &e->data);
	if (e->userdata.n)
		wire_bytes(w, NFTA_SET_ELEM_USERDATA, e->userdata.p, e->userdata.n);
	if (e->obj.n)
		wire_str(w, NFTA_SET_ELEM_OBJREF, e->obj);
	codec_put_stateful(w, NFTA_SET_ELEM_EXPR, NFTA_SET_ELEM_EXPRESSIONS, &e->exprs);
}

void elem_put(struct wire *w, const struct prog_elem *e)
{
	size_t nest;

	if (is_bare(e)) {
		uint8_t *start = wire_room(w, BARE_MAX);
		uint8_t *end = raw_data(start + NLA_HDRLEN, NFTA_SET_ELEM_KEY, &e->key);
		raw_header(start, NFTA_LIST_ELEM | NLA_F_NESTED,
		           (size_t)(end - start) - NLA_HDRLEN);
		w->buf.n += (size_t)(end - start);
		return;
	}
	nest = wire_nest(w, NFTA_LIST_ELEM);
	put_rest(w, e);
	wire_end(w, nest);
}

static bool get_part(const struct attr *at, struct arena *a, struct prog_elem *e)
{
	struct cursor c = attr_cursor(at);
	uint64_t v;

	switch (at->type) {
	case NFTA_SET_ELEM_FLAGS:
		if (!attr_number(at, 4, &v))
			return false;
		e->flags = (uint32_t)v;
		return true;
	case NFTA_SET_ELEM_TIMEOUT:
		e->has_timeout = true;
		return attr_number(at, 8, &e->timeout_ms);
	case NFTA_SET_ELEM_EXPIRATION:
		return attr_number(at, 8, &e->expiration_ms);
	case NFTA_SET_ELEM_KEY:
		e->has_key = true;
		return codec_get_data(c, &e->key, NULL, NULL) == 0;
	case NFTA_SET_ELEM_KEY_END:
		e->has_key_end = true;
		return codec_get_data(c, &e->key_end, NULL, NULL) == 0;
	case NFTA_SET_ELEM_DATA:
		e->has_data = true;
		return codec_get_data(c, &e->data, &e->verdict, &e->is_verdict) == 0;
	case NFTA_SET_ELEM_USERDATA:
		e->userdata = (struct userdata){ at->p, at->n };
		return true;
	case NFTA_SET_ELEM_OBJREF:
		e->obj = attr_str(at);
		return true;
	case NFTA_SET_ELEM_EXPR:
		return codec_get_insn(c, a, program_add(&e->exprs, a, INSN_FOREIGN)) == 0;
	case NFTA_SET_ELEM_EXPRESSIONS:
		return codec_get_exprs(c, a, &e->exprs) == 0;
	}
	return true; /* newer than us */
}

int elem_get(struct cursor c, struct arena *a, struct prog_elem *e)
{
	struct attr at;

	memset(e, 0, sizeof(*e));
	while (attr_next(&c, &at))
		if (!get_part(&at, a, e))
			return -EBADMSG;
	return c.failed ? -EBADMSG : 0;
}

uint64_t elem_hash(const struct prog_elem *e)
{
	uint64_t h = hash_bytes(e->key.b, e->key.n) + e->flags;

	if (e->has_key_end)
		h = h * 0x9e3779b97f4a7c15u + hash_bytes(e->key_end.b, e->key_end.n);
	return h;
}
