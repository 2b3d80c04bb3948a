/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `typeof ip saddr . tcp dport` as nft keeps it in the kernel: {0: kind, 1: {fields}}.
 * The numbers were read off nft 1.0.6's messages.
 */
#include "gate/ruleset/udata_typeof.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* nft's own numbers of protocols. */
static const struct {
	uint32_t number;
	enum proto_id proto;
} proto_numbers[] = {
	{ 1, PROTO_AH },      { 2, PROTO_ESP },     { 3, PROTO_COMP },
	{ 4, PROTO_ICMP },    { 5, PROTO_IGMP },    { 6, PROTO_UDP },
	{ 7, PROTO_UDPLITE }, { 8, PROTO_TCP },     { 9, PROTO_DCCP },
	{ 10, PROTO_SCTP },   { 11, PROTO_TH },     { 12, PROTO_IP },
	{ 13, PROTO_IP6 },    { 14, PROTO_ICMPV6 }, { 15, PROTO_ARP },
	{ 16, PROTO_VLAN },   { 17, PROTO_ETHER },
};

/* nft's own numbers of IPv6 extension headers. */
static const struct {
	uint32_t number;
	const char *name;
} exthdr_numbers[] = {
	{ 1, "hbh" }, { 2, "rt" },   { 3, "rt0" }, { 4, "rt2" },
	{ 5, "srh" }, { 6, "frag" }, { 7, "dst" }, { 8, "mh" },
};

static void put_payload(struct tlv *t, const struct expr *e)
{
	uint32_t number = 0;

	for (size_t i = 0; e->payload.proto && i < ARRAY_LEN(proto_numbers); i++)
		if (proto_numbers[i].proto == e->payload.proto->id)
			number = proto_numbers[i].number;
	tlv_u32(t, 0, number);
	if (!e->payload.proto || !e->payload.field) {
		tlv_u32(t, 1, 0);
		tlv_u32(t, 2, e->payload.base + 1u); /* nft counts bases from 1 */
		tlv_u32(t, 3, e->payload.off);
		tlv_u32(t, 4, e->payload.len);
		return;
	}
	tlv_u32(t, 1, e->payload.field->number);
	if (e->payload.field->type == TYPE_INTEGER)
		tlv_u32(t, 4, e->payload.field->bits);
}

static void put_exthdr(struct tlv *t, const struct expr *e)
{
	const struct exthdr *h = e->exthdr.hdr;
	uint32_t number = e->exthdr.type;

	if (!h || !e->exthdr.field) {
		t->failed = true; /* nft keeps nothing for raw options either */
		return;
	}
	tlv_u32(t, 1, e->exthdr.field->number);
	if (e->exthdr.op != EXTHDR_IPV6) {
		tlv_u32(t, 2, e->exthdr.op);
		number = h->type;
	} else {
		for (size_t i = 0; i < ARRAY_LEN(exthdr_numbers); i++)
			if (str_is(str_from(h->name), exthdr_numbers[i].name))
				number = exthdr_numbers[i].number;
	}
	tlv_u32(t, 0, number);
}

static uint32_t ct_number(const struct expr *e)
{
	uint32_t key = e->key.key->number;

	if (key == NFT_CT_SRC && e->key.nfproto)
		return e->key.nfproto == FAMILY_IP6 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP;
	if (key == NFT_CT_DST && e->key.nfproto)
		return e->key.nfproto == FAMILY_IP6 ? NFT_CT_DST_IP6 : NFT_CT_DST_IP;
	return key;
}

static void put_hash(struct tlv *t, const struct expr *e)
{
	tlv_u32(t, 0, e->hash.sym ? NFT_HASH_SYM : NFT_HASH_JENKINS);
	tlv_u32(t, 1, e->hash.offset);
	tlv_u32(t, 2, e->hash.mod);
	tlv_u32(t, 3, e->hash.seed);
	tlv_u32(t, 4, e->hash.has_seed);
}

static void put_concat(struct tlv *t, const struct expr *e)
{
	for (size_t i = 0; i < e->list.n; i++) {
		struct tlv part = { 0 };

		typeof_put(&part, e->list.p[i]);
		t->failed |= part.failed;
		tlv_put(t, (uint8_t)i, part.b, part.n);
	}
}

static uint32_t put_fields(struct tlv *t, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_PAYLOAD:
		put_payload(t, e);
		return TYPEOF_PAYLOAD;
	case EXPR_EXTHDR:
		put_exthdr(t, e);
		return TYPEOF_EXTHDR;
	case EXPR_META:
		tlv_u32(t, 0, e->key.key->number);
		return TYPEOF_META;
	case EXPR_SOCKET:
		tlv_u32(t, 0, e->key.key->number);
		return TYPEOF_SOCKET;
	case EXPR_RT:
		tlv_u32(t, 0, e->key.key->number);
		return TYPEOF_RT;
	case EXPR_OSF:
		return TYPEOF_OSF;
	case EXPR_CT:
		tlv_u32(t, 0, ct_number(e));
		tlv_u32(t, 1, (uint32_t)e->key.dir);
		return TYPEOF_CT;
	case EXPR_IPSEC:
		tlv_u32(t, 0, e->key.key->number);
		tlv_u32(t, 1, e->key.arg);
		tlv_u32(t, 2, (uint32_t)e->key.dir);
		return TYPEOF_XFRM;
	case EXPR_FIB:
		tlv_u32(t, 0, e->fib.result->number);
		tlv_u32(t, 1, e->fib.flags);
		return TYPEOF_FIB;
	case EXPR_NUMGEN:
		tlv_u32(t, 0, e->numgen.random ? NFT_NG_RANDOM : NFT_NG_INCREMENTAL);
		tlv_u32(t, 1, e->numgen.mod);
		tlv_u32(t, 2, e->numgen.offset);
		return TYPEOF_NUMGEN;
	case EXPR_HASH:
		put_hash(t, e);
		return TYPEOF_HASH;
	case EXPR_CONCAT:
		put_concat(t, e);
		return TYPEOF_CONCAT;
	default: /* nft keeps no typeof for operations */
		t->failed = true;
		return 0;
	}
}

void typeof_put(struct tlv *t, const struct expr *e)
{
	struct tlv fields = { 0 };
	uint32_t kind = put_fields(&fields, e);

	if (fields.failed) {
		t->failed = true;
		return;
	}
	tlv_u32(t, 0, kind);
	tlv_put(t, 1, fields.b, fields.n);
}

void typeof_put_empty(struct tlv *t, uint32_t kind)
{
	tlv_u32(t, 0, kind);
	tlv_put(t, 1, NULL, 0);
}

static bool typed(struct expr *e, enum type_id type, uint16_t bits, enum byteorder order)
{
	e->type = datatypes[type];
	e->bits = bits;
	e->order = order;
	return true;
}

static bool read_payload(struct userdata u, struct expr *e)
{
	uint32_t number = tlv_find_u32(u, 0, 0), at = tlv_find_u32(u, 1, 0);

	for (size_t i = 0; i < ARRAY_LEN(proto_numbers); i++)
		if (proto_numbers[i].number == number)
			e->payload.proto = protos[proto_numbers[i].proto];
	if (!e->payload.proto || at == 0) {
		uint32_t base = tlv_find_u32(u, 2, 0);

		e->payload.proto = NULL;
		e->payload.off = tlv_find_u32(u, 3, 0);
		e->payload.len = tlv_find_u32(u, 4, 0);
		if (base < 1 || base > 4 || e->payload.len == 0 || e->payload.len > 128)
			return false;
		e->payload.base = base - 1;
		return typed(e, TYPE_INTEGER, (uint16_t)e->payload.len, ORDER_BIG);
	}
	const struct field *f = field_by_number(e->payload.proto->fields, at);

	if (!f)
		return false;
	e->payload.field = f;
	e->payload.base = e->payload.proto->base;
	return typed(e, f->type, f->bits,
	             f->order == ORDER_HOST ? ORDER_HOST : ORDER_BIG);
}

static bool read_exthdr(struct userdata u, struct expr *e)
{
	uint32_t number = tlv_find_u32(u, 0, 0), at = tlv_find_u32(u, 1, 0);
	const struct field *f = NULL;

	e->exthdr.op = tlv_find_u32(u, 2, EXTHDR_IPV6);
	if (e->exthdr.op == EXTHDR_IPV6) {
		for (size_t i = 0; i < ARRAY_LEN(exthdr_numbers); i++)
			if (exthdr_numbers[i].number == number)
				e->exthdr.hdr = exthdr_by_name(
					EXTHDR_IPV6, str_from(exthdr_numbers[i].name));
		f = e->exthdr.hdr ? field_by_number(e->exthdr.hdr->fields, at) : NULL;
	} else {
		f = exthdr_field_by_number(e->exthdr.op, (uint8_t)number, at,
		                           &e->exthdr.hdr);
	}
	if (!f)
		return false;
	e->exthdr.field = f;
	return typed(e, f->type, f->bits, ORDER_BIG);
}

static bool read_key(struct expr *e, const struct key *table, uint32_t number)
{
	e->key.key = key_by_number(table, (uint16_t)number);
	e->key.dir = DIR_NONE;
	return e->key.key &&
	       typed(e, e->key.key->type, e->key.key->bits, e->key.key->order);
}

static bool read_ct(struct userdata u, struct expr *e)
{
	uint32_t number = tlv_find_u32(u, 0, 0);
	enum family f = number == NFT_CT_SRC_IP || number == NFT_CT_DST_IP ? FAMILY_IP
	                : number == NFT_CT_SRC_IP6 || number == NFT_CT_DST_IP6
	                        ? FAMILY_IP6
	                        : FAMILY_UNSPEC;

	if (f)
		number = number == NFT_CT_SRC_IP || number == NFT_CT_SRC_IP6 ? NFT_CT_SRC
		                                                             : NFT_CT_DST;
	if (!read_key(e, ct_keys, number))
		return false;
	e->key.nfproto = f;
	e->key.dir = (int)tlv_find_u32(u, 1, (uint32_t)DIR_NONE);
	if (f)
		typed(e, f == FAMILY_IP ? TYPE_IPV4_ADDR : TYPE_IPV6_ADDR,
		      f == FAMILY_IP ? 32 : 128, ORDER_BIG);
	return true;
}

static bool read_concat(struct arena *a, struct userdata u, struct expr *e)
{
	struct userdata part;
	uint8_t type;

	while (tlv_next(&u, &type, &part)) {
		struct expr *item = typeof_read(a, part);

		if (!item || item->kind == EXPR_CONCAT)
			return false;
		expr_list_add(&e->list, a, item);
	}
	return e->list.n > 0 && e->list.n <= PARTS_MAX;
}

static bool read_rt(struct userdata u, struct expr *e)
{
	if (!read_key(e, rt_keys, tlv_find_u32(u, 0, UINT32_MAX)))
		return false;
	e->key.nfproto = e->type->id == TYPE_IPV4_ADDR   ? FAMILY_IP
	                 : e->type->id == TYPE_IPV6_ADDR ? FAMILY_IP6
	                                                 : FAMILY_UNSPEC;
	return true;
}

static bool read_fields(struct arena *a, uint32_t kind, struct userdata u, struct expr *e)
{
	switch (kind) {
	case TYPEOF_PAYLOAD:
		e->kind = EXPR_PAYLOAD;
		return read_payload(u, e);
	case TYPEOF_EXTHDR:
		e->kind = EXPR_EXTHDR;
		return read_exthdr(u, e);
	case TYPEOF_META:
		e->kind = EXPR_META;
		return read_key(e, meta_keys, tlv_find_u32(u, 0, UINT32_MAX));
	case TYPEOF_SOCKET:
		e->kind = EXPR_SOCKET;
		return read_key(e, socket_keys, tlv_find_u32(u, 0, UINT32_MAX));
	case TYPEOF_OSF:
		e->kind = EXPR_OSF;
		return read_key(e, osf_keys, 0);
	case TYPEOF_RT:
		e->kind = EXPR_RT;
		return read_rt(u, e);
	case TYPEOF_CT:
		e->kind = EXPR_CT;
		return read_ct(u, e);
	case TYPEOF_XFRM:
		e->kind = EXPR_IPSEC;
		if (!read_key(e, ipsec_keys, tlv_find_u32(u, 0, UINT32_MAX)))
			return false;
		e->key.arg = tlv_find_u32(u, 1, 0);
		e->key.dir = (int)tlv_find_u32(u, 2, 0);
		e->key.nfproto = e->type->id == TYPE_IPV4_ADDR   ? FAMILY_IP
		                 : e->type->id == TYPE_IPV6_ADDR ? FAMILY_IP6
		                                                 : FAMILY_UNSPEC;
		return true;
	case TYPEOF_FIB:
		e->kind = EXPR_FIB;
		e->fib.result =
			key_by_number(fib_results, (uint16_t)tlv_find_u32(u, 0, 0));
		e->fib.flags = tlv_find_u32(u, 1, 0);
		return e->fib.result && typed(e, e->fib.result->type, e->fib.result->bits,
		                              e->fib.result->order);
	case TYPEOF_NUMGEN:
		e->kind = EXPR_NUMGEN;
		e->numgen.random = tlv_find_u32(u, 0, 0) == NFT_NG_RANDOM;
		e->numgen.mod = tlv_find_u32(u, 1, 1);
		e->numgen.offset = tlv_find_u32(u, 2, 0);
		return typed(e, TYPE_INTEGER, 32, ORDER_HOST);
	case TYPEOF_CONCAT:
		e->kind = EXPR_CONCAT;
		return read_concat(a, u, e);
	default: /* a hash of something, or newer than we know */
		return false;
	}
}

struct expr *typeof_read(struct arena *a, struct userdata u)
{
	struct expr *e = arena_new(a, struct expr);
	struct userdata fields;

	if (!tlv_find(u, 1, &fields) || !read_fields(a, tlv_find_u32(u, 0, 0), fields, e))
		return NULL;
	return e;
}
