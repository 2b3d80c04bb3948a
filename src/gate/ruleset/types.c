/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Types: what a selector is, and of how many parts. What a word means beside it: values.c.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <string.h>

struct diag *fail_diag(struct lower *L, const char *code, struct span span,
                       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(L->a, fmt, args);
	va_end(args);
	return diag_error(L->diags, code, span, STR_FMT, STR_ARG(text));
}

bool fail(struct lower *L, const char *code, struct span span, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(L->a, fmt, args);
	va_end(args);
	diag_error(L->diags, code, span, STR_FMT, STR_ARG(text));
	return false;
}

uint32_t parts_bytes(const struct parts *parts)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < parts->n; i++) {
		uint32_t bytes = (parts->p[i].bits + 7u) / 8;

		n += parts->n > 1 ? (bytes + 3) & ~3u : bytes;
	}
	return n;
}

uint32_t parts_type_id(const struct parts *parts)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < parts->n; i++)
		id = id << TYPE_BITS | parts->p[i].type->id;
	return id;
}

static enum type_id plain_type(const struct datatype *t)
{
	return t->id == TYPE_BITMASK ? TYPE_INTEGER : t->id;
}

bool parts_same_types(const struct parts *a, const struct parts *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; same && i < a->n; i++)
		same = plain_type(a->p[i].type) == plain_type(b->p[i].type);
	return same;
}

struct str parts_names(struct arena *a, const struct parts *parts)
{
	auto_buf names = { 0 };

	for (unsigned i = 0; i < parts->n; i++)
		buf_fmt(&names, "%s%s", i ? " . " : "", parts->p[i].type->name);
	return arena_str(a, buf_as_str(&names));
}

bool type_is(const struct datatype *t, enum type_id base)
{
	for (; t; t = t->base == t->id ? NULL : datatypes[t->base])
		if (t->id == base)
			return true;
	return false;
}

/* What a function gives at most, or 0: what its bits hold. */
static uint64_t greatest(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_BINARY:
		return greatest(e->binary.left);
	case EXPR_NUMGEN:
		return (uint64_t)e->numgen.mod + e->numgen.offset - 1;
	case EXPR_HASH:
		return (uint64_t)e->hash.mod + e->hash.offset - 1;
	case EXPR_SOCKET:
		return e->key.key->number == NFT_SOCKET_TRANSPARENT ||
		       e->key.key->number == NFT_SOCKET_WILDCARD;
	default: /* anything that fits */
		return 0;
	}
}

bool has_flags(const struct datatype *t)
{
	return t && t->id != TYPE_BITMASK && type_is(t, TYPE_BITMASK);
}

struct part expr_part(const struct expr *e)
{
	return (struct part){ e->type, e->bits, e->order, greatest(e) };
}

struct expr *expr_make(struct arena *a, enum expr_kind kind, struct span span,
                       const struct part *part)
{
	struct expr *e = arena_new(a, struct expr);

	e->kind = kind;
	e->span = span;
	if (part) {
		e->type = part->type;
		e->bits = part->bits;
		e->order = part->order;
	}
	return e;
}

struct expr *expr_value(struct arena *a, struct span span, const struct part *part,
                        const struct value *v)
{
	struct expr *e = expr_make(a, EXPR_VALUE, span, part);

	e->value = *v;
	return e;
}

bool is_constant(const struct expr *e)
{
	return e->kind == EXPR_VALUE || e->kind == EXPR_PREFIX || e->kind == EXPR_RANGE ||
	       e->kind == EXPR_LIST || e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING;
}

static void set_type(struct expr *e, enum type_id id, uint16_t bits, enum byteorder order)
{
	e->type = datatypes[id];
	e->bits = bits ? bits : e->type->bits;
	e->order = order;
}

static void type_payload(struct expr *e)
{
	bool port = !e->payload.field && e->payload.base == PAYLOAD_TH &&
	            e->payload.len == 16 && (e->payload.off == 0 || e->payload.off == 16);

	if (port) { /* as nft, which takes `@th,16,16` for `th dport` */
		e->payload.proto = protos[PROTO_TH];
		e->payload.field =
			field_by_name(protos[PROTO_TH]->fields,
		                      e->payload.off ? STR("dport") : STR("sport"));
	}
	if (e->payload.field) {
		const struct field *f = e->payload.field;

		set_type(e, f->type, f->bits,
		         f->order == ORDER_HOST ? ORDER_HOST : ORDER_BIG);
	} else {
		set_type(e, TYPE_INTEGER, (uint16_t)e->payload.len, ORDER_BIG);
	}
}

static void type_exthdr(struct expr *e)
{
	if (e->exthdr.exists)
		set_type(e, TYPE_BOOLEAN, 8,
		         ORDER_HOST); /* NFT_EXTHDR_F_PRESENT gives one byte */
	else if (e->exthdr.field)
		set_type(e, e->exthdr.field->type, e->exthdr.field->bits, ORDER_BIG);
	else
		set_type(e, TYPE_INTEGER, (uint16_t)e->exthdr.len, ORDER_BIG);
}

static bool type_ct(struct lower *L, struct expr *e)
{
	const struct key *k = e->key.key;
	uint16_t bits = k->bits;
	enum type_id type = k->type;

	if ((k->flags & KEY_DIR_NEEDED) && e->key.dir == DIR_NONE)
		return fail(L, "E0230", e->span,
		            "`ct %s` needs a direction: `ct original %s` or "
		            "`ct reply %s`",
		            k->name, k->name, k->name);
	if (!(k->flags & (KEY_DIR | KEY_DIR_NEEDED)) && e->key.dir != DIR_NONE)
		return fail(L, "E0231", e->span, "`ct %s` has no direction", k->name);
	if (k->number == NFT_CT_SRC || k->number == NFT_CT_DST) {
		enum family f = e->key.nfproto                    ? e->key.nfproto
		                : L->nh && L->nh->id == PROTO_IP6 ? FAMILY_IP6
		                : L->nh                           ? FAMILY_IP
		                                                  : L->family;

		if (f != FAMILY_IP && f != FAMILY_IP6)
			return fail(L, "E0232", e->span,
			            "say which: `ct original ip %s` or "
			            "`ct original ip6 %s`",
			            k->name, k->name);
		type = f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR;
		bits = f == FAMILY_IP6 ? 128 : 32;
	}
	set_type(e, type, bits, k->order);
	return true;
}

static bool type_rt(struct lower *L, struct expr *e)
{
	const struct key *k = e->key.key;

	if (k->number == NFT_RT_NEXTHOP4 || k->number == NFT_RT_NEXTHOP6) {
		enum family f = e->key.nfproto                    ? e->key.nfproto
		                : L->nh && L->nh->id == PROTO_IP6 ? FAMILY_IP6
		                : L->nh                           ? FAMILY_IP
		                                                  : L->family;

		if (f != FAMILY_IP && f != FAMILY_IP6)
			return fail(L, "E0232", e->span,
			            "say which: `rt ip nexthop` or `rt ip6 nexthop`");
		e->key.key = key_by_number(rt_keys, f == FAMILY_IP6 ? NFT_RT_NEXTHOP6
		                                                    : NFT_RT_NEXTHOP4);
		set_type(e, f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR,
		         f == FAMILY_IP6 ? 128 : 32, ORDER_BIG);
		return true;
	}
	set_type(e, k->type, k->bits, k->order);
	return true;
}

static bool type_list(struct lower *L, struct expr *e)
{
	uint32_t bytes = 0;

	for (size_t i = 0; i < e->list.n; i++) {
		if (!type_expr(L, e->list.p[i]))
			return false;
		bytes += ((e->list.p[i]->bits + 7u) / 8 + 3) & ~3u;
	}
	if (bytes > 64 || e->list.n > PARTS_MAX)
		return fail(L, "E0233", e->span,
		            "a concatenation holds at most 64 bytes, this one has %u",
		            bytes);
	e->bits = (uint16_t)(bytes * 8);
	e->type = NULL;
	e->order = ORDER_NONE;
	return true;
}

static bool type_map(struct lower *L, struct expr *e)
{
	struct expr *set = e->pair.right;

	if (!type_expr(L, e->pair.left))
		return false;
	if (set->kind != EXPR_SETREF) {
		if (L->map_data) { /* `map { … }` gives what the statement wants */
			e->type = L->map_data->type;
			e->bits = L->map_data->bits;
			e->order = L->map_data->order;
		}
		return true;
	}
	const struct set_info *info = L->env->find_set(L->env->ctx, set->word, set->span);

	if (!info)
		return false;
	if (!info->is_map)
		return fail(L, "E0103", set->span, "`" STR_FMT "` is a set, not a map",
		            STR_ARG(set->word));
	if (info->data.n == 1) {
		e->type = info->data.p[0].type;
		e->bits = info->data.p[0].bits;
		e->order = info->data.p[0].order;
	} else if (info->data.n > 1) {
		e->bits = (uint16_t)(parts_bytes(&info->data) * 8);
	}
	return true;
}

static bool type_binary(struct lower *L, struct expr *e)
{
	if (is_constant(e->binary.left))
		return true; /* typed with the other side */
	if (!type_expr(L, e->binary.left))
		return false;
	struct part p = expr_part(e->binary.left);

	e->type = p.type;
	e->bits = p.bits;
	e->order = p.order;
	return true;
}

static bool type_hash(struct lower *L, struct expr *e)
{
	set_type(e, TYPE_INTEGER, 32, ORDER_HOST);
	return e->hash.sym || type_expr(L, e->hash.of);
}

/* fib `oif` with `exists`/`missing` tests presence; the key's own type otherwise. */
static void type_fib(struct expr *e)
{
	const struct key *k = e->fib.result;

	set_type(e, k->type, k->bits, k->order);
}

bool type_expr(struct lower *L, struct expr *e)
{
	if (e->type && e->kind != EXPR_MAP && e->kind != EXPR_BINARY)
		return true;
	switch (e->kind) {
	case EXPR_PAYLOAD:
		type_payload(e);
		return true;
	case EXPR_EXTHDR:
		type_exthdr(e);
		return true;
	case EXPR_META:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC: /* the parser took the key of the right family */
		set_type(e, e->key.key->type, e->key.key->bits, e->key.key->order);
		return true;
	case EXPR_CT:
		return type_ct(L, e);
	case EXPR_RT:
		return type_rt(L, e);
	case EXPR_FIB:
		type_fib(e);
		return true;
	case EXPR_NUMGEN:
		set_type(e, TYPE_INTEGER, 32, ORDER_HOST);
		return true;
	case EXPR_HASH:
		return type_hash(L, e);
	case EXPR_CONCAT:
		return type_list(L, e);
	case EXPR_MAP:
		return type_map(L, e);
	case EXPR_BINARY:
		return type_binary(L, e);
	case EXPR_SYMBOL:
	case EXPR_STRING:
	case EXPR_VALUE:
	case EXPR_PREFIX:
	case EXPR_RANGE:
	case EXPR_LIST:
	case EXPR_SET:
	case EXPR_ELEM:
	case EXPR_SETREF:
	case EXPR_CATCHALL:
	case EXPR_NOT:
	case EXPR_FLAGCMP:
	case EXPR_VERDICT:
	case EXPR_FOREIGN:
		break;
	}
	return fail(L, "E0234", e->span,
	            "this is a value; a match starts with what it looks at, "
	            "such as `ip saddr` or `tcp dport`");
}

struct expr *typeof_of(struct arena *a, const struct expr *left)
{
	switch (left->kind) {
	case EXPR_PAYLOAD:
	case EXPR_EXTHDR:
	case EXPR_META:
	case EXPR_CT:
	case EXPR_RT:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC:
	case EXPR_FIB:
	case EXPR_NUMGEN:
	case EXPR_HASH:
	case EXPR_CONCAT:
		return arena_copy(a, left, sizeof(*left));
	default: /* an operation has a type, but no typeof */
		return NULL;
	}
}

void expr_parts(const struct expr *e, struct parts *out)
{
	out->n = 0;
	if (e->kind != EXPR_CONCAT) {
		out->p[out->n++] = expr_part(e);
		out->p[0].max = 0;
		return;
	}
	for (size_t i = 0; i < e->list.n && out->n < PARTS_MAX; i++) {
		out->p[out->n] = expr_part(e->list.p[i]);
		out->p[out->n++].max = 0;
	}
}
