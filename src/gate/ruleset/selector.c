/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Selectors and the one instruction each of them is: `lower` writes it, `lift` reads it.
 */
#include "gate/ruleset/selector.h"

#include <linux/netfilter/nf_tables.h>

struct row {
	enum expr_kind kind;
	enum insn_kind insn;
	void (*lower)(const struct expr *e, struct insn *in);
	bool (*lift)(const struct insn *in, struct expr *e);
};

static bool take_key(struct expr *e, const struct key *table, uint32_t number)
{
	e->key.key = key_by_number(table, (uint16_t)number);
	e->key.dir = DIR_NONE;
	if (!e->key.key)
		return false;
	e->type = datatypes[e->key.key->type];
	e->bits = e->key.key->bits;
	e->order = e->key.key->order;
	return true;
}

static void lower_meta(const struct expr *e, struct insn *in)
{
	in->meta.key = e->key.key->number;
}

static bool lift_meta(const struct insn *in, struct expr *e)
{
	return take_key(e, meta_keys, in->meta.key);
}

/* `ct original ip saddr` is a key of its own in the kernel (5.0), so that the length is known. */
static void lower_ct(const struct expr *e, struct insn *in)
{
	uint32_t key = e->key.key->number;

	if (key == NFT_CT_SRC && e->key.nfproto)
		key = e->bits == 128 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP;
	if (key == NFT_CT_DST && e->key.nfproto)
		key = e->bits == 128 ? NFT_CT_DST_IP6 : NFT_CT_DST_IP;
	in->ct.key = key;
	in->ct.dir = (int8_t)e->key.dir;
}

static bool lift_ct(const struct insn *in, struct expr *e)
{
	static const struct {
		uint32_t number, key;
		enum family family;
	} addrs[] = {
		{ NFT_CT_SRC_IP, NFT_CT_SRC, FAMILY_IP },
		{ NFT_CT_DST_IP, NFT_CT_DST, FAMILY_IP },
		{ NFT_CT_SRC_IP6, NFT_CT_SRC, FAMILY_IP6 },
		{ NFT_CT_DST_IP6, NFT_CT_DST, FAMILY_IP6 },
	};
	uint32_t key = in->ct.key;

	e->key.nfproto = FAMILY_UNSPEC;
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++) {
		if (addrs[i].number == in->ct.key) {
			key = addrs[i].key;
			e->key.nfproto = addrs[i].family;
		}
	}
	if (!take_key(e, ct_keys, key))
		return false;
	e->key.dir = (int)in->ct.dir;
	if (e->key.nfproto) {
		e->type = datatypes[e->key.nfproto == FAMILY_IP6 ? TYPE_IPV6_ADDR
		                                                 : TYPE_IPV4_ADDR];
		e->bits = e->type->bits;
		e->order = ORDER_BIG;
	}
	return true;
}

static void lower_rt(const struct expr *e, struct insn *in)
{
	in->rt.key = e->key.key->number;
}

static bool lift_rt(const struct insn *in, struct expr *e)
{
	e->key.nfproto = in->rt.key == NFT_RT_NEXTHOP4   ? FAMILY_IP
	                 : in->rt.key == NFT_RT_NEXTHOP6 ? FAMILY_IP6
	                                                 : FAMILY_UNSPEC;
	if (!take_key(e, rt_keys, in->rt.key))
		return false;
	if (e->key.nfproto) {
		e->type = datatypes[e->key.nfproto == FAMILY_IP6 ? TYPE_IPV6_ADDR
		                                                 : TYPE_IPV4_ADDR];
		e->bits = e->type->bits;
		e->order = ORDER_BIG;
	}
	return true;
}

static void lower_socket(const struct expr *e, struct insn *in)
{
	in->socket.key = e->key.key->number;
	in->socket.level = e->key.arg;
}

static bool lift_socket(const struct insn *in, struct expr *e)
{
	e->key.arg = in->socket.level;
	return take_key(e, socket_keys, in->socket.key);
}

static void lower_osf(const struct expr *e, struct insn *in)
{
	in->osf.ttl = (uint8_t)e->key.arg;
	in->osf.flags = e->key.key->number;
}

static bool lift_osf(const struct insn *in, struct expr *e)
{
	e->key.arg = in->osf.ttl;
	return take_key(e, osf_keys, in->osf.flags);
}

static void lower_ipsec(const struct expr *e, struct insn *in)
{
	in->xfrm.key = e->key.key->number;
	in->xfrm.dir = (uint8_t)e->key.dir;
	in->xfrm.spnum = e->key.arg;
}

static bool lift_ipsec(const struct insn *in, struct expr *e)
{
	if (!take_key(e, ipsec_keys, in->xfrm.key))
		return false;
	e->key.dir = in->xfrm.dir;
	e->key.arg = in->xfrm.spnum;
	if (e->type->id == TYPE_IPV4_ADDR || e->type->id == TYPE_IPV6_ADDR)
		e->key.nfproto = e->type->id == TYPE_IPV4_ADDR ? FAMILY_IP : FAMILY_IP6;
	return true;
}

static void lower_fib(const struct expr *e, struct insn *in)
{
	in->fib.result = e->fib.result->number;
	in->fib.flags = e->fib.flags;
	if (e->type->id == TYPE_BOOLEAN)
		in->fib.flags |= NFTA_FIB_F_PRESENT;
}

static bool lift_fib(const struct insn *in, struct expr *e)
{
	const struct key *k = key_by_number(fib_results, (uint16_t)in->fib.result);

	if (!k)
		return false;
	e->fib.result = k;
	e->fib.flags = in->fib.flags & ~(uint32_t)NFTA_FIB_F_PRESENT;
	e->type = datatypes[k->type];
	e->bits = k->bits;
	e->order = k->order;
	if (in->fib.flags & NFTA_FIB_F_PRESENT) {
		e->type = datatypes[TYPE_BOOLEAN];
		e->bits = 32;
	}
	return true;
}

static void lower_numgen(const struct expr *e, struct insn *in)
{
	in->numgen.type = e->numgen.random ? NFT_NG_RANDOM : NFT_NG_INCREMENTAL;
	in->numgen.modulus = e->numgen.mod;
	in->numgen.offset = e->numgen.offset;
}

static bool lift_numgen(const struct insn *in, struct expr *e)
{
	e->numgen.random = in->numgen.type == NFT_NG_RANDOM;
	e->numgen.mod = in->numgen.modulus;
	e->numgen.offset = in->numgen.offset;
	e->type = datatypes[TYPE_INTEGER];
	e->bits = 32;
	e->order = ORDER_HOST;
	return true;
}

static const struct row rows[] = {
	// clang-format off
	{ EXPR_META,   INSN_META,   lower_meta,   lift_meta },
	{ EXPR_CT,     INSN_CT,     lower_ct,     lift_ct },
	{ EXPR_RT,     INSN_RT,     lower_rt,     lift_rt },
	{ EXPR_SOCKET, INSN_SOCKET, lower_socket, lift_socket },
	{ EXPR_OSF,    INSN_OSF,    lower_osf,    lift_osf },
	{ EXPR_IPSEC,  INSN_XFRM,   lower_ipsec,  lift_ipsec },
	{ EXPR_FIB,    INSN_FIB,    lower_fib,    lift_fib },
	{ EXPR_NUMGEN, INSN_NUMGEN, lower_numgen, lift_numgen },
	// clang-format on
};

void emit_selector(struct lower *L, const struct expr *e, unsigned reg)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind == e->kind) {
			struct insn *in = emit(L, rows[i].insn);

			in->dreg = (uint8_t)reg;
			rows[i].lower(e, in);
			return;
		}
	}
}

struct expr *lift_selector(struct arena *a, const struct insn *in)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].insn != in->kind)
			continue;
		struct expr *e = arena_new(a, struct expr);

		e->kind = rows[i].kind;
		return rows[i].lift(in, e) ? e : NULL;
	}
	return NULL;
}
