/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Expressions into registers.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/selector.h"

unsigned reg_alloc(struct lower *L, uint32_t bytes)
{
	unsigned at = L->reg;
	unsigned words = bytes <= 16 ? 4 : ((bytes + 15) / 16) * 4;

	if (at + words > REG_WORDS) {
		L->out_of_registers = true; /* lower_stmt() refuses */
		return 0;
	}
	L->reg += words;
	return at;
}

struct insn *emit(struct lower *L, enum insn_kind kind)
{
	struct insn *in = program_add(L->prog, L->a, kind);

	in->place = L->place;
	return in;
}

void load_data(struct lower *L, const uint8_t *p, size_t n, unsigned reg)
{
	struct insn *in = emit(L, INSN_IMMEDIATE);

	in->dreg = (uint8_t)reg;
	memcpy(in->immediate.data.b, p, n);
	in->immediate.data.n = (uint8_t)n;
}

static void load_constant(struct lower *L, const struct expr *e, const struct value *v,
                          unsigned reg)
{
	uint8_t bytes[16];

	value_store(v, type_is(e->type, TYPE_STRING) ? ORDER_NONE : e->order, bytes);
	load_data(L, bytes, (v->bits + 7u) / 8, reg);
}

static unsigned field_bytes(unsigned off, unsigned bits)
{
	return (off + bits + 7) / 8 - off / 8;
}

static void field_place(const struct lower *L, const struct expr *e, unsigned *off,
                        unsigned *bits)
{
	if (e->kind == EXPR_PAYLOAD) {
		*off = payload_offset(L, e);
		*bits = e->payload.field ? e->payload.field->bits : e->payload.len;
	} else {
		*off = e->exthdr.field ? e->exthdr.field->off : e->exthdr.off;
		*bits = e->exthdr.field ? e->exthdr.field->bits : e->exthdr.len;
	}
}

bool field_mask(const struct lower *L, const struct expr *e, struct value *mask,
                unsigned *shift)
{
	unsigned off, bits;

	if (e->kind != EXPR_PAYLOAD && (e->kind != EXPR_EXTHDR || e->exthdr.exists))
		return false;
	field_place(L, e, &off, &bits);
	if (off % 8 == 0 && bits % 8 == 0)
		return false;
	unsigned whole = field_bytes(off, bits) * 8;

	*shift = whole - off % 8 - bits;
	value_prefix_mask(mask, (uint16_t)whole, bits);
	value_shr(mask, off % 8);
	return true;
}

static void emit_mask(struct lower *L, const struct value *mask, enum byteorder order,
                      unsigned reg)
{
	struct insn *in = emit(L, INSN_BITWISE);

	in->sreg = in->dreg = (uint8_t)reg;
	in->bitwise.len = (mask->bits + 7u) / 8;
	in->bitwise.mask.n = in->bitwise.xor.n = (uint8_t)in->bitwise.len;
	value_store(mask, order, in->bitwise.mask.b);
}

static void emit_shift(struct lower *L, uint32_t op, uint32_t by, uint32_t len,
                       unsigned reg)
{
	struct insn *in = emit(L, INSN_BITWISE);

	in->sreg = in->dreg = (uint8_t)reg;
	in->bitwise.op = op;
	in->bitwise.len = len;
	in->bitwise.shift.n = 4;
	memcpy(in->bitwise.shift.b, &by, 4);
}

static void load_payload(struct lower *L, const struct expr *e, unsigned reg)
{
	struct insn *in = emit(L, INSN_PAYLOAD);
	unsigned off, bits, shift;
	struct value mask;

	field_place(L, e, &off, &bits);
	in->dreg = (uint8_t)reg;
	in->payload.base = e->payload.base;
	in->payload.off = off / 8;
	in->payload.len = field_bytes(off, bits);
	if (field_mask(L, e, &mask, &shift))
		emit_mask(L, &mask, ORDER_BIG, reg);
}

static void load_exthdr(struct lower *L, const struct expr *e, unsigned reg)
{
	struct insn *in = emit(L, INSN_EXTHDR);
	unsigned off, bits, shift;
	struct value mask;

	field_place(L, e, &off, &bits);
	in->dreg = (uint8_t)reg;
	in->exthdr.type = e->exthdr.hdr ? e->exthdr.hdr->type : e->exthdr.type;
	in->exthdr.op = (uint8_t)e->exthdr.op;
	if (e->exthdr.exists) {
		in->exthdr.len = 1;
		in->exthdr.flags = NFT_EXTHDR_F_PRESENT;
		return;
	}
	in->exthdr.off = off / 8;
	in->exthdr.len = field_bytes(off, bits);
	if (field_mask(L, e, &mask, &shift))
		emit_mask(L, &mask, ORDER_BIG, reg);
}

static void turn_host(struct lower *L, const struct expr *e, unsigned reg)
{
	uint32_t len = (e->bits + 7u) / 8;

	if (e->order == ORDER_HOST && len > 1 && !type_is(e->type, TYPE_STRING))
		emit_byteorder(L, NFT_BYTEORDER_HTON, len, reg);
}

/* nft turns single bytes too, which does nothing. */
static void turn_part(struct lower *L, const struct expr *e, unsigned reg)
{
	if (e->order == ORDER_HOST && e->bits <= 8 && !type_is(e->type, TYPE_STRING))
		emit_byteorder(L, NFT_BYTEORDER_HTON, 1, reg);
	else
		turn_host(L, e, reg);
}

/* A field that ends inside a byte becomes its value alone, in the bytes the value needs: what
 * sets hold. Registers shift as numbers, so several bytes are turned for it, and back. */
static void load_down(struct lower *L, const struct expr *e, unsigned reg)
{
	struct value mask;
	unsigned shift;

	if (!field_mask(L, e, &mask, &shift) || shift == 0)
		return;
	unsigned len = (mask.bits + 7u) / 8, up = (len - (e->bits + 7u) / 8) * 8;

	if (len > 1)
		emit_byteorder(L, NFT_BYTEORDER_NTOH, len, reg);
	if (shift != up)
		emit_shift(L, shift > up ? NFT_BITWISE_RSHIFT : NFT_BITWISE_LSHIFT,
		           shift > up ? shift - up : up - shift, len, reg);
	if (len > 1)
		emit_byteorder(L, NFT_BYTEORDER_HTON, len, reg);
}

/* Each part starts at the next free word. */
static bool load_concat(struct lower *L, const struct expr *e, bool turn, unsigned reg)
{
	for (size_t i = 0; i < e->list.n; i++) {
		const struct expr *part = e->list.p[i];

		if (part->type && !part->type->bits && part->type->id != TYPE_INTEGER)
			return fail(L, "E0248", part->span,
			            "%s has no fixed width and cannot be a part of a "
			            "concatenation",
			            part->type->desc);
		if (!load_expr(L, part, reg))
			return false;
		load_down(L, part, reg);
		if (turn)
			turn_part(L, part, reg);
		reg += ((part->bits + 7u) / 8 + 3) / 4;
	}
	return true;
}

static bool load_hash(struct lower *L, const struct expr *e, unsigned reg)
{
	unsigned saved = L->reg, sreg = 0;
	uint32_t len = 0;

	if (!e->hash.sym) {
		struct parts parts;

		expr_parts(e->hash.of, &parts);
		len = parts_bytes(&parts);
		if (L->reg < reg + 4)
			L->reg = reg + 4;
		sreg = reg_alloc(L, len);
		if (!load_expr(L, e->hash.of, sreg))
			return false;
	}
	struct insn *in = emit(L, INSN_HASH);

	in->dreg = (uint8_t)reg;
	in->sreg = e->hash.sym ? REG_NONE : (uint8_t)sreg;
	in->hash.type = e->hash.sym ? NFT_HASH_SYM : NFT_HASH_JENKINS;
	in->hash.len = len;
	in->hash.modulus = e->hash.mod;
	in->hash.seed = e->hash.seed;
	in->hash.has_seed = e->hash.has_seed;
	in->hash.offset = e->hash.offset;
	L->reg = saved;
	return true;
}

/* & | ^ with constants from `inner` outwards become one mask and xor. */
static bool fold_masks(struct lower *L, const struct expr *e, const struct expr *inner,
                       const struct part *part, unsigned shift, struct value *mask,
                       struct value * xor)
{
	if (e == inner)
		return true;
	if (!fold_masks(L, e->binary.left, inner, part, shift, mask, xor))
		return false;
	const struct value *c = resolve_value(L, e->binary.right, part);
	struct value v, inverse;

	if (!c)
		return false;
	v = *c;
	value_resize(&v, mask->bits);
	value_shl(&v, shift);
	inverse = v;
	value_not(&inverse);
	switch (e->binary.op) {
	case BINOP_AND:
		value_and(mask, &v);
		value_and(xor, &v);
		break;
	case BINOP_OR:
		value_and(mask, &inverse);
		value_and(xor, &inverse);
		value_or(xor, &v);
		break;
	case BINOP_XOR:
		value_xor(xor, &v);
		break;
	case BINOP_SHL:
	case BINOP_SHR:
		break; /* not collected */
	}
	return true;
}

static bool load_shift(struct lower *L, const struct expr *e, unsigned reg)
{
	struct part count = { datatypes[TYPE_INTEGER], 32, ORDER_HOST, 0 };
	const struct value *by = resolve_value(L, e->binary.right, &count);
	uint32_t len = (e->bits + 7u) / 8;

	if (!by || !load_expr(L, e->binary.left, reg))
		return false;
	if (e->order == ORDER_BIG && len > 1)
		emit_byteorder(L, NFT_BYTEORDER_NTOH, len, reg);
	emit_shift(L, e->binary.op == BINOP_SHL ? NFT_BITWISE_LSHIFT : NFT_BITWISE_RSHIFT,
	           (uint32_t)value_to_u64(by), len, reg);
	if (e->order == ORDER_BIG && len > 1)
		emit_byteorder(L, NFT_BYTEORDER_HTON, len, reg);
	return true;
}

static bool load_binary(struct lower *L, const struct expr *e, unsigned reg)
{
	struct part part = expr_part(e);
	const struct expr *inner;
	struct value mask, xor = { 0 }, field;
	unsigned shift = 0;

	if (e->binary.op == BINOP_SHL || e->binary.op == BINOP_SHR)
		return load_shift(L, e, reg);
	for (inner = e; inner->kind == EXPR_BINARY && inner->binary.op != BINOP_SHL &&
	                inner->binary.op != BINOP_SHR;)
		inner = inner->binary.left;
	if (!load_expr(L, inner, reg))
		return false;
	bool partial = field_mask(L, inner, &field, &shift);
	uint16_t bits = partial ? field.bits : (uint16_t)((e->bits + 7) & ~7);

	value_prefix_mask(&mask, bits, bits);
	xor.bits = bits;
	if (!fold_masks(L, e, inner, &part, shift, &mask, &xor))
		return false;
	if (partial) { /* one mask for the field and the operation */
		value_and(&mask, &field);
		L->prog->n--;
	}
	emit_mask(L, &mask, e->order, reg);
	value_store(&xor, e->order, L->prog->p[L->prog->n - 1].bitwise.xor.b);
	return true;
}

void emit_byteorder(struct lower *L, uint32_t op, uint32_t len, unsigned reg)
{
	struct insn *in = emit(L, INSN_BYTEORDER);

	in->sreg = in->dreg = (uint8_t)reg;
	in->byteorder.op = op;
	in->byteorder.len = len;
	in->byteorder.size = len % 8 == 0 ? 8 : len % 4 == 0 ? 4 : 2;
}

static bool load_map(struct lower *L, const struct expr *e, unsigned reg)
{
	struct parts data = { .n = 0 };
	struct set_ref ref;
	const struct set_info *info;
	struct part single = expr_part(e);

	if (e->type) {
		data.n = 1;
		data.p[0] = single;
	}
	if (!lookup_set(L, e->pair.left, e->pair.right, &data, false, &ref, &info) ||
	    !load_key(L, e->pair.left, info, reg))
		return false;
	struct insn *in = emit(L, INSN_LOOKUP);

	in->sreg = in->dreg = (uint8_t)reg;
	in->lookup.set = ref;
	return true;
}

bool load_key(struct lower *L, const struct expr *e, const struct set_info *info,
              unsigned reg)
{
	bool turn = info->flags & NFT_SET_INTERVAL;

	if (e->kind == EXPR_CONCAT)
		return load_concat(L, e, turn, reg);
	if (!load_expr(L, e, reg))
		return false;
	if (!info->anonymous) /* a literal's elements are moved up instead */
		load_down(L, e, reg);
	if (turn)
		turn_host(L, e, reg);
	return true;
}

bool family_has_ct(struct lower *L, struct span at)
{
	if (L->family == FAMILY_NETDEV || L->family == FAMILY_ARP)
		return fail(L, "E0411", at,
		            "connections are not tracked where %s chains are: `ct` does "
		            "not work there",
		            family_name(L->family));
	return true;
}

bool load_expr(struct lower *L, const struct expr *e, unsigned reg)
{
	switch (e->kind) {
	case EXPR_VALUE:
		load_constant(L, e, &e->value, reg);
		return true;
	case EXPR_LIST: {
		struct part part = expr_part(e);
		const struct value *v = resolve_value(L, e, &part);

		if (v)
			load_constant(L, e, v, reg);
		return v;
	}
	case EXPR_PAYLOAD:
		load_payload(L, e, reg);
		return true;
	case EXPR_EXTHDR:
		load_exthdr(L, e, reg);
		return true;
	case EXPR_CONCAT:
		return load_concat(L, e, false, reg);
	case EXPR_HASH:
		return load_hash(L, e, reg);
	case EXPR_BINARY:
		return load_binary(L, e, reg);
	case EXPR_MAP:
		return load_map(L, e, reg);
	case EXPR_ELEM:
		return load_expr(L, e->elem.key, reg);
	case EXPR_CT:
		if (!family_has_ct(L, e->span))
			return false;
		emit_selector(L, e, reg);
		return true;
	case EXPR_META:
	case EXPR_RT:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC:
	case EXPR_FIB:
	case EXPR_NUMGEN:
		emit_selector(L, e, reg);
		return true;
	default: /* SYMBOL and the like: resolve() has not been asked */
		return fail(L, "E0236", e->span,
		            "this cannot stand here: a single value or something "
		            "to look at is wanted");
	}
}

static const char *article(const char *noun)
{
	return strchr("AEIOUaeiou", *noun) ? "an" : "a";
}

bool check_type(struct lower *L, const struct expr *e, const struct part *want)
{
	if (!e->type || !want->type || e->type == want->type ||
	    e->type->id == TYPE_INTEGER ||
	    (want->type->id == TYPE_INTEGER && is_constant(e)))
		return true;
	const char *is = e->type->desc, *wanted = want->type->desc;

	return fail(L, "E0260", e->span, "this is %s %s, and %s %s is wanted here",
	            article(is), is, article(wanted), wanted);
}

/* Numbers that are loaded must fill what they are for: the kernel copies as many bytes. */
static bool check_width(struct lower *L, const struct expr *e, const struct part *want)
{
	if (!e->type || e->type->id != TYPE_INTEGER || e->kind == EXPR_MAP ||
	    e->bits == want->bits)
		return true;
	return fail(L, "E0260", e->span, "this has %u bits, and %u are wanted here",
	            e->bits, want->bits);
}

bool load_arg(struct lower *L, struct expr *e, const struct part *want, unsigned reg)
{
	struct part saved_want = *want, *saved = L->map_data;
	struct expr *r;
	bool ok;

	L->map_data = &saved_want;
	r = resolve(L, e, want);
	if (!r || r->kind == EXPR_SET || r->kind == EXPR_PREFIX ||
	    r->kind == EXPR_RANGE) {
		L->map_data = saved;
		return r && (r->kind == EXPR_SET ? resolve_value(L, e, want) != NULL
		                                 : fail(L, "E0229", e->span,
		                                        "a single value is wanted here"));
	}
	bool constant = r->kind == EXPR_VALUE || r->kind == EXPR_LIST;

	ok = check_type(L, r, want) &&
	     (constant || (check_width(L, r, want) && deps_write(L, r))) &&
	     load_expr(L, r, reg);
	L->map_data = saved;
	if (!ok || constant || r->kind == EXPR_MAP)
		return ok;
	uint32_t len = (r->bits + 7u) / 8;

	if (len > 1 && r->order == ORDER_HOST && want->order == ORDER_BIG)
		emit_byteorder(L, NFT_BYTEORDER_HTON, len, reg);
	if (len > 1 && r->order == ORDER_BIG && want->order == ORDER_HOST)
		emit_byteorder(L, NFT_BYTEORDER_NTOH, len, reg);
	return true;
}
