/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements that write: into packets, meta data and conntrack, into sets, and into objects.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Where a protocol's checksum is, in bytes; the kernel keeps it right when a field changes. */
static const struct {
	enum proto_id proto;
	uint32_t offset;
} checksums[] = {
	{ PROTO_IP, 10 },     /* RFC 791 section 3.1 */
	{ PROTO_TCP, 16 },    /* RFC 9293 section 3.1 */
	{ PROTO_UDP, 6 },     /* RFC 768 */
	{ PROTO_UDPLITE, 6 }, /* RFC 3828 section 3.1 */
	{ PROTO_ICMP, 2 },    /* RFC 792 */
	{ PROTO_ICMPV6, 2 },  /* RFC 4443 section 2.1 */
	{ PROTO_IGMP, 2 },    /* RFC 2236 section 2 */
};

static bool has_checksum(const struct expr *e, uint32_t *offset)
{
	for (size_t i = 0; e->payload.proto && i < ARRAY_LEN(checksums); i++) {
		if (checksums[i].proto == e->payload.proto->id) {
			*offset = checksums[i].offset;
			return true;
		}
	}
	return false;
}

/* RFC 9293 section 3.1, RFC 8200 section 8.1: what TCP's and UDP's checksums cover too. */
static bool in_pseudo_header(const struct expr *e)
{
	static const struct {
		enum proto_id proto;
		const char *field;
	} fields[] = {
		{ PROTO_IP, "saddr" },    { PROTO_IP, "daddr" },
		{ PROTO_IP, "protocol" }, { PROTO_IP, "length" },
		{ PROTO_IP6, "saddr" },   { PROTO_IP6, "daddr" },
		{ PROTO_IP6, "nexthdr" }, { PROTO_IP6, "length" },
	};

	for (size_t i = 0; e->payload.field && e->payload.proto && i < ARRAY_LEN(fields);
	     i++)
		if (fields[i].proto == e->payload.proto->id &&
		    str_is(str_from(fields[i].field), e->payload.field->name))
			return true;
	return false;
}

static void emit_payload_write(struct lower *L, const struct expr *e, uint32_t off,
                               uint32_t len, unsigned reg)
{
	struct insn *in = emit(L, INSN_PAYLOAD);
	uint32_t csum;

	in->sreg = (uint8_t)reg;
	in->payload.base = e->payload.base;
	in->payload.off = off;
	in->payload.len = len;
	if (e->payload.proto && e->payload.proto->id == PROTO_SCTP) {
		in->payload.csum_type = NFT_PAYLOAD_CSUM_SCTP;
		in->payload.csum_off = 8; /* RFC 9260 section 3.1 */
	}
	if (has_checksum(e, &csum)) {
		in->payload.csum_type = NFT_PAYLOAD_CSUM_INET;
		in->payload.csum_off = csum;
	}
	if (e->payload.base == PAYLOAD_INNER /* as nft does */ || in_pseudo_header(e))
		in->payload.csum_flags = NFT_PAYLOAD_L4CSUM_PSEUDOHDR;
}

/* The bytes to read and write: whole ones, and pairs of them where a checksum is kept. */
static bool write_place(const struct lower *L, const struct expr *e, uint32_t *off,
                        uint32_t *len)
{
	unsigned first = payload_offset(L, e);
	unsigned bits = e->payload.field ? e->payload.field->bits : e->payload.len;
	uint32_t csum;
	unsigned end = (first + bits + 7) / 8;

	*off = first / 8;
	if (has_checksum(e, &csum)) {
		*off &= ~1u;
		end = (end + 1) & ~1u;
	}
	*len = end - *off;
	return *off * 8 == first && *len * 8 == bits;
}

static bool rewrite_bits(struct lower *L, const struct expr *e, const struct value *v,
                         uint32_t off, uint32_t len)
{
	unsigned first = payload_offset(L, e) - off * 8;
	unsigned bits = e->payload.field ? e->payload.field->bits : e->payload.len;
	unsigned shift = len * 8 - first - bits, reg = L->reg;
	struct value mask, moved = *v;
	struct insn *in = emit(L, INSN_PAYLOAD);

	in->dreg = (uint8_t)reg;
	in->payload.base = e->payload.base;
	in->payload.off = off;
	in->payload.len = len;
	value_prefix_mask(&mask, (uint16_t)(len * 8), bits);
	value_shr(&mask, first);
	value_not(&mask);
	value_resize(&moved, (uint16_t)(len * 8));
	value_shl(&moved, shift);
	in = emit(L, INSN_BITWISE);
	in->sreg = in->dreg = (uint8_t)reg;
	in->bitwise.len = len;
	in->bitwise.mask.n = in->bitwise.xor.n = (uint8_t)len;
	value_store(&mask, ORDER_BIG, in->bitwise.mask.b);
	value_store(&moved, ORDER_BIG, in->bitwise.xor.b);
	emit_payload_write(L, e, off, len, reg);
	return true;
}

static bool set_payload(struct lower *L, const struct stmt *s)
{
	struct expr *target = s->set.target;
	struct part part = expr_part(target);
	uint32_t off, len;
	unsigned reg = L->reg;

	if (!deps_write(L, target))
		return false;
	if (write_place(L, target, &off, &len)) {
		if (!load_arg(L, s->set.value, &part, reg))
			return false;
		emit_payload_write(L, target, off, len, reg);
		return true;
	}
	const struct value *v = resolve_value(L, s->set.value, &part);

	return v && rewrite_bits(L, target, v, off, len);
}

static bool set_exthdr(struct lower *L, const struct stmt *s)
{
	const struct expr *e = s->set.target;
	struct part part = expr_part(e);
	unsigned reg = L->reg;
	uint32_t off = e->exthdr.field ? e->exthdr.field->off : e->exthdr.off;

	if (off % 8 || e->bits % 8)
		return fail(L, "E0418", e->span,
		            "this field cannot be written: the kernel writes whole "
		            "bytes of an option");
	if (!deps_write(L, e) || !load_arg(L, s->set.value, &part, reg))
		return false;
	struct insn *in = emit(L, INSN_EXTHDR);

	in->sreg = (uint8_t)reg;
	in->exthdr.op = (uint8_t)e->exthdr.op;
	in->exthdr.type = e->exthdr.hdr ? e->exthdr.hdr->type : e->exthdr.type;
	in->exthdr.off = off / 8;
	in->exthdr.len = e->bits / 8u;
	return true;
}

static bool set_key(struct lower *L, const struct stmt *s)
{
	const struct expr *e = s->set.target;
	struct part part = expr_part(e);
	unsigned reg = L->reg;
	bool is_meta = e->kind == EXPR_META;

	if (!(e->key.key->flags & KEY_SET))
		return fail(L, "E0261", e->span, "`%s %s` cannot be set",
		            is_meta ? "meta" : "ct", e->key.key->name);
	if ((!is_meta && !family_has_ct(L, e->span)) ||
	    !load_arg(L, s->set.value, &part, reg))
		return false;
	struct insn *in = emit(L, is_meta ? INSN_META : INSN_CT);

	in->sreg = (uint8_t)reg;
	if (is_meta) {
		in->meta.key = e->key.key->number;
	} else {
		in->ct.key = e->key.key->number;
		in->ct.dir = (int8_t)e->key.dir;
	}
	return true;
}

bool lower_set_value(struct lower *L, const struct stmt *s)
{
	struct expr *target = s->set.target;

	if (!type_expr(L, target))
		return false;
	switch (target->kind) {
	case EXPR_PAYLOAD:
		return set_payload(L, s);
	case EXPR_EXTHDR:
		return set_exthdr(L, s);
	case EXPR_META:
	case EXPR_CT:
		return set_key(L, s);
	default: /* the parser gives no other */
		return fail(L, "E0261", target->span, "this cannot be set");
	}
}

static bool load_elem_key(struct lower *L, struct expr *key, const struct set_info *info,
                          unsigned *reg, struct parts *parts)
{
	if (!type_expr(L, key) || !deps_write(L, key))
		return false;
	expr_parts(key, parts);
	*reg = reg_alloc(L, parts_bytes(parts));
	struct set_info as_named = *info; /* a meter's set holds plain values too */

	as_named.anonymous = false;
	return load_key(L, key, &as_named, *reg);
}

static bool emit_dynset(struct lower *L, struct set_ref ref,
                        const struct stmt_list *stmts, uint32_t op,
                        const struct expr *elem, unsigned key, unsigned data)
{
	struct program exprs = { 0 };

	if (!lower_stateful_list(L, stmts, &exprs))
		return false;
	struct insn *in = emit(L, INSN_DYNSET);

	in->sreg = (uint8_t)key;
	in->dynset.set = ref;
	in->dynset.op = op;
	in->dynset.sreg_data = (uint8_t)data;
	in->dynset.timeout_ms = elem->elem.has_timeout ? elem->elem.timeout_ms : 0;
	in->dynset.exprs = exprs.p;
	in->dynset.n_exprs = (uint8_t)exprs.n;
	if (exprs.n)
		in->dynset.flags = NFT_DYNSET_F_EXPR;
	return true;
}

/* What an element would carry, and the kernel keeps in sets of these flags only. */
static bool check_set_takes(struct lower *L, const struct set_info *info,
                            const struct stmt *s, const struct stmt_list *stmts)
{
	struct span at = s->dynset.set->span;
	struct diag *d;
	const char *what, *flag;

	for (size_t i = 0; i < stmts->n; i++)
		if (stmts->p[i]->kind == STMT_CONNLIMIT && info->flags & NFT_SET_TIMEOUT)
			return fail(
				L, "E0514", at,
				"set `" STR_FMT "` has `flags timeout`: elements with "
				"`ct count` go with their connections, and cannot have a timeout",
				STR_ARG(info->name));
	if (info->flags & (NFT_SET_CONSTANT | NFT_SET_INTERVAL)) {
		what = info->flags & NFT_SET_CONSTANT ? "is constant" : "holds intervals";
		return fail(L, "E0514", at,
		            "set `" STR_FMT "` %s: rules cannot change it",
		            STR_ARG(info->name), what);
	}
	if (s->dynset.key->elem.has_timeout && !(info->flags & NFT_SET_TIMEOUT)) {
		what = "a timeout";
		flag = info->flags & NFT_SET_EVAL ? "dynamic,timeout" : "timeout";
	} else if (stmts->n && !(info->flags & NFT_SET_EVAL)) {
		what = "statements";
		flag = info->flags & NFT_SET_TIMEOUT ? "dynamic,timeout" : "dynamic";
	} else {
		return true;
	}
	d = fail_diag(L, "E0514", at, "elements of set `" STR_FMT "` cannot have %s",
	              STR_ARG(info->name), what);
	diag_help(L->diags, d, "declare the set with `flags %s`", flag);
	return false;
}

bool lower_dynset(struct lower *L, const struct stmt *s)
{
	struct expr *elem = s->dynset.key;
	const struct set_info *info =
		L->env->find_set(L->env->ctx, s->dynset.set->word, s->dynset.set->span);
	unsigned key, data = REG_NONE;
	struct parts parts;

	if (!info)
		return false;
	L->env->make_dynamic(L->env->ctx, info);
	if (s->dynset.data && !info->is_map)
		return fail(L, "E0103", s->dynset.set->span,
		            "`" STR_FMT "` is a set, not a map", STR_ARG(info->name));
	if (!load_elem_key(L, elem->elem.key, info, &key, &parts))
		return false;
	if (parts.n == 1 && info->key.n == 1 && parts.p[0].type->id == TYPE_INTEGER)
		parts.p[0].type = info->key.p[0].type; /* a bare number may be anything */
	if (!key_fits(L, info, &parts, elem->span))
		return false;
	if (s->dynset.data) {
		data = reg_alloc(L, parts_bytes(&info->data));
		if (!load_arg(L, s->dynset.data, &info->data.p[0], data))
			return false;
	}
	struct set_ref ref = { info->name, info->id };
	const struct stmt_list *stmts =
		s->dynset.stmts.n ? &s->dynset.stmts : &elem->elem.stmts;

	return check_set_takes(L, info, s, stmts) &&
	       emit_dynset(L, ref, stmts, s->dynset.op, elem, key, data);
}

bool lower_meter(struct lower *L, const struct stmt *s)
{
	struct expr *elem = s->meter.key;
	struct set_info *info = arena_new(L->a, struct set_info);
	struct set_ref ref;
	unsigned key;

	info->anonymous = true;
	info->name = s->meter.name;
	info->flags = NFT_SET_ANONYMOUS | NFT_SET_EVAL |
	              (elem->elem.has_timeout ? NFT_SET_TIMEOUT : 0);
	if (!type_expr(L, elem->elem.key))
		return false;
	expr_parts(elem->elem.key, &info->key);
	if (!deps_write(L, elem->elem.key) ||
	    !L->env->make_meter(L->env->ctx, s, info, &ref) ||
	    !load_elem_key(L, elem->elem.key, info, &key, &info->key))
		return false;
	return emit_dynset(L, ref, &s->meter.stmts,
	                   elem->elem.has_timeout ? NFT_DYNSET_OP_UPDATE
	                                          : NFT_DYNSET_OP_ADD,
	                   elem, key, REG_NONE);
}

bool lower_objref(struct lower *L, const struct stmt *s)
{
	struct expr *e = s->objref.name;

	if (e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING) {
		struct insn *in = emit(L, INSN_OBJREF);

		in->objref.type = s->objref.obj_type;
		in->objref.name = e->word;
		return true;
	}
	if (e->kind != EXPR_MAP)
		return fail(L, "E0262", e->span,
		            "an object's name or a map to one is wanted here");
	struct set_ref ref;
	const struct set_info *info;
	unsigned reg = L->reg;

	if (!type_expr(L, e->pair.left))
		return false;
	L->map_obj = s->objref.obj_type;
	bool ok = deps_write(L, e->pair.left) &&
	          lookup_set(L, e->pair.left, e->pair.right, &(struct parts){ .n = 0 },
	                     false, &ref, &info);
	L->map_obj = 0;
	if (!ok || !load_key(L, e->pair.left, info, reg))
		return false;
	struct insn *in = emit(L, INSN_OBJREF);

	in->sreg = (uint8_t)reg;
	in->objref.type = s->objref.obj_type;
	in->objref.set = ref;
	return true;
}
