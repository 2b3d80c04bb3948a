/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements of sets back to EXPR_ELEM.
 */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/lift.h"
#include "gate/ruleset/udata.h"

static void load_part(const struct part *part, bool big_endian, const uint8_t *p,
                      struct value *v)
{
	size_t n = (part->bits + 7u) / 8;
	bool string = type_is(part->type, TYPE_STRING);
	enum byteorder order = string                                    ? ORDER_NONE
	                       : big_endian && part->order == ORDER_HOST ? ORDER_BIG
	                                                                 : part->order;

	value_load(v, (uint16_t)(n * 8), order, p);
}

int lift_prefix_len(const struct value *from, const struct value *to)
{
	unsigned n = (from->bits + 7u) / 8, i = 0;

	while (i < n && from->b[i] == to->b[i])
		i++;
	if (i == n)
		return from->bits;
	unsigned diff = from->b[i] ^ to->b[i], low_bits = 8 * (n - 1 - i);

	if ((diff & (diff + 1)) || (from->b[i] & diff))
		return -1; /* not zeros in one and ones in the other, up to the end */
	while (++i < n)
		if (from->b[i] != 0 || to->b[i] != 0xff)
			return -1;
	return from->bits - __builtin_popcount(diff) - (int)low_bits;
}

struct expr *lift_wildcard(struct arena *a, const struct part *part, const uint8_t *p,
                           size_t n)
{
	struct expr *e = expr_make(a, EXPR_STRING, SPAN_NONE, part);

	e->word = arena_fmt(a, "%.*s%s*", (int)n, (const char *)p,
	                    n && p[n - 1] == '*' ? "\\" : "");
	return e;
}

/* In a set `a,b` would be two elements: several bits are `a | b`, the highest first. */
static struct expr *lift_bits(struct arena *a, const struct part *part,
                              const struct value *v)
{
	struct expr *all = NULL;

	for (unsigned bit = v->bits; bit-- > 0;) {
		struct value one = { .bits = v->bits };

		one.b[(v->bits + 7) / 8 - 1 - bit / 8] = (uint8_t)(1u << bit % 8);
		struct value rest = *v;

		value_and(&rest, &one);
		if (value_is_zero(&rest))
			continue;
		struct expr *e = expr_value(a, SPAN_NONE, part, &one);

		if (all) {
			struct expr *both = expr_make(a, EXPR_BINARY, SPAN_NONE, part);

			both->binary.op = BINOP_OR;
			both->binary.left = e;
			both->binary.right = all;
			all = both;
		} else {
			all = e;
		}
	}
	return all ? all : expr_value(a, SPAN_NONE, part, v);
}

struct expr *lift_range_expr(struct arena *a, const struct part *part,
                             const struct value *from, const struct value *to)
{
	bool address = part->type->id == TYPE_IPV4_ADDR ||
	               part->type->id == TYPE_IPV6_ADDR || part->type->id == TYPE_MARK;
	bool string = type_is(part->type, TYPE_STRING);
	int len = address || string ? lift_prefix_len(from, to) : -1;
	struct expr *e;

	if (value_cmp(from, to) == 0)
		return has_flags(part->type) ? lift_bits(a, part, from)
		                             : expr_value(a, SPAN_NONE, part, from);
	if (string && len > 0)
		return lift_wildcard(a, part, from->b, (size_t)len / 8);
	if (len >= 0) {
		e = expr_make(a, EXPR_PREFIX, SPAN_NONE, part);
		e->prefix.base = expr_value(a, SPAN_NONE, part, from);
		e->prefix.len = (unsigned)len;
		return e;
	}
	e = expr_make(a, EXPR_RANGE, SPAN_NONE, part);
	e->pair.left = expr_value(a, SPAN_NONE, part, from);
	e->pair.right = expr_value(a, SPAN_NONE, part, to);
	return e;
}

struct expr *lift_elem_key(struct arena *a, const struct parts *parts, bool big_endian,
                           const uint8_t *from, const uint8_t *to)
{
	struct expr *concat =
		parts->n > 1 ? expr_make(a, EXPR_CONCAT, SPAN_NONE, NULL) : NULL;
	size_t at = 0;

	for (unsigned i = 0; i < parts->n; i++) {
		const struct part *part = &parts->p[i];
		struct value lo, hi;

		load_part(part, big_endian, from + at, &lo);
		hi = lo;
		if (to)
			load_part(part, big_endian, to + at, &hi);
		struct expr *e = lift_range_expr(a, part, &lo, &hi);

		if (!concat)
			return e;
		expr_list_add(&concat->list, a, e);
		at += ((part->bits + 7u) / 8 + 3) & ~3u;
	}
	return concat;
}

static struct expr *lift_data(struct arena *a, const struct set_info *info,
                              const struct prog_elem *e)
{
	if (info->data_verdict)
		return lift_verdict(a, &e->verdict);
	if (info->obj_type) {
		struct expr *name = expr_make(a, EXPR_STRING, SPAN_NONE, NULL);

		name->word = arena_str(a, e->obj);
		return name;
	}
	if (!e->has_data ||
	    e->data.n < parts_bytes(&info->data) * (info->data_interval ? 2u : 1u))
		return NULL;
	return lift_elem_key(a, &info->data, false, e->data.b,
	                     info->data_interval ? e->data.b + parts_bytes(&info->data)
	                                         : NULL);
}

struct expr *lift_elem(struct arena *a, const struct set_info *info,
                       const struct prog_elem *e, const uint8_t *to)
{
	struct expr *out = expr_make(a, EXPR_ELEM, SPAN_NONE, NULL);
	bool interval = info->flags & NFT_SET_INTERVAL;

	if (e->flags & NFT_SET_ELEM_CATCHALL)
		out->elem.key = expr_make(a, EXPR_CATCHALL, SPAN_NONE, NULL);
	else
		out->elem.key = lift_elem_key(a, &info->key, interval, e->key.b,
		                              to               ? to
		                              : e->has_key_end ? e->key_end.b
		                                               : NULL);
	if (info->is_map)
		out->elem.data = lift_data(a, info, e);
	out->elem.has_timeout = e->has_timeout && e->timeout_ms;
	out->elem.timeout_ms = e->timeout_ms;
	out->elem.has_expires = e->expiration_ms != 0;
	out->elem.expires_ms = e->expiration_ms;
	struct str comment = udata_get_comment(e->userdata, UDATA_COMMENT);

	if (comment.p)
		out->elem.comment = arena_str(a, comment);
	for (size_t i = 0; i < e->exprs.n; i++) {
		struct stmt *s = lift_simple(a, &e->exprs.p[i]);

		if (s)
			stmt_list_add(&out->elem.stmts, a, s);
	}
	return out;
}
