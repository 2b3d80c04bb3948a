/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `typeof` expressions inside a set's userdata, and the TLV helpers both files use. */
#pragma once

#include "gate/ruleset/udata.h"

/* A builder with a sticky error: userdata holds at most 256 bytes (NFT_USERDATA_MAXLEN). */
struct tlv {
	uint8_t b[256];
	size_t n;
	bool failed;
};
void tlv_put(struct tlv *t, uint8_t type, const void *p, size_t n);
void tlv_u32(struct tlv *t, uint8_t type, uint32_t v);
/* Takes the next one off `rest`; false at the end or where the lengths lie. */
bool tlv_next(struct userdata *rest, uint8_t *type, struct userdata *value);
bool tlv_find(struct userdata u, uint8_t type, struct userdata *value);
uint32_t tlv_find_u32(struct userdata u, uint8_t type, uint32_t otherwise);

/* nft's numbers for kinds of expressions. */
enum {
	TYPEOF_VERDICT = 1,
	TYPEOF_PAYLOAD = 7,
	TYPEOF_EXTHDR = 8,
	TYPEOF_META = 9,
	TYPEOF_SOCKET = 10,
	TYPEOF_OSF = 11,
	TYPEOF_CT = 12,
	TYPEOF_CONCAT = 13,
	TYPEOF_NUMGEN = 23,
	TYPEOF_HASH = 24,
	TYPEOF_RT = 25,
	TYPEOF_FIB = 26,
	TYPEOF_XFRM = 27,
};
void typeof_put(struct tlv *t, const struct expr *e);
void typeof_put_empty(struct tlv *t, uint32_t kind);
/* NULL when it is damaged or names something unknown. Typed. */
struct expr *typeof_read(struct arena *a, struct userdata u);
