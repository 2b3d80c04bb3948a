/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Userdata of tables, chains, rules, elements and sets; typeof expressions are in
 * udata_typeof.c.
 */
#include "gate/ruleset/udata.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/udata_typeof.h"

enum {
	SET_KEY_ORDER = 0,
	SET_DATA_ORDER = 1,
	SET_MERGE = 2,
	SET_KEY_TYPEOF = 3,
	SET_DATA_TYPEOF = 4,
	SET_DATA_INTERVAL = 6,
};

void tlv_put(struct tlv *t, uint8_t type, const void *p, size_t n)
{
	if (t->failed || n > 255 || t->n + 2 + n > sizeof(t->b)) {
		t->failed = true;
		return;
	}
	t->b[t->n] = type;
	t->b[t->n + 1] = (uint8_t)n;
	if (n)
		memcpy(t->b + t->n + 2, p, n);
	t->n += 2 + n;
}

void tlv_u32(struct tlv *t, uint8_t type, uint32_t v)
{
	tlv_put(t, type, &v, sizeof(v));
}

bool tlv_next(struct userdata *rest, uint8_t *type, struct userdata *value)
{
	if (rest->n < 2 || rest->n - 2 < rest->p[1])
		return false;
	*type = rest->p[0];
	value->p = rest->p + 2;
	value->n = rest->p[1];
	rest->p += 2 + value->n;
	rest->n -= 2 + value->n;
	return true;
}

bool tlv_find(struct userdata u, uint8_t type, struct userdata *value)
{
	uint8_t t;

	while (tlv_next(&u, &t, value))
		if (t == type)
			return true;
	return false;
}

uint32_t tlv_find_u32(struct userdata u, uint8_t type, uint32_t otherwise)
{
	struct userdata v;
	uint32_t n;

	if (!tlv_find(u, type, &v) || v.n != sizeof(n))
		return otherwise;
	memcpy(&n, v.p, sizeof(n));
	return n;
}

static struct userdata tlv_done(struct arena *a, const struct tlv *t)
{
	if (t->failed || t->n == 0)
		return (struct userdata){ 0 };
	return (struct userdata){ arena_copy(a, t->b, t->n), t->n };
}

static void put_comment(struct tlv *t, uint8_t type, struct str comment)
{
	uint8_t text[256] = { 0 };

	if (!comment.p || comment.n > 254)
		return;
	memcpy(text, comment.p, comment.n);
	tlv_put(t, type, text, comment.n + 1);
}

struct userdata udata_comment(struct arena *a, struct str comment)
{
	struct tlv t = { 0 };

	put_comment(&t, UDATA_COMMENT, comment);
	return tlv_done(a, &t);
}

struct str udata_get_comment(struct userdata u, unsigned type)
{
	struct userdata v;

	if (!tlv_find(u, (uint8_t)type, &v) || v.n == 0)
		return (struct str){ 0 };
	return (struct str){ (const char *)v.p, strnlen((const char *)v.p, v.n) };
}

struct userdata udata_elem(struct arena *a, struct str comment, uint32_t flags)
{
	struct tlv t = { 0 };

	put_comment(&t, UDATA_COMMENT, comment);
	if (flags)
		tlv_u32(&t, UDATA_ELEM_FLAGS, flags);
	return tlv_done(a, &t);
}

/* To nft strings are of host order. */
static uint32_t parts_order(const struct parts *parts)
{
	static const uint32_t numbers[] = {
		[ORDER_NONE] = 0, [ORDER_HOST] = 1, [ORDER_BIG] = 2
	};

	if (parts->n != 1)
		return 0;
	return type_is(parts->p[0].type, TYPE_STRING) ? 1 : numbers[parts->p[0].order];
}

static bool is_interval_literal(const struct set_info *info)
{
	return info->anonymous && !info->is_map && (info->flags & NFT_SET_INTERVAL);
}

/* A byte that a literal's intervals were compared by counts as turned. */
static uint32_t key_order(const struct set_info *info)
{
	bool turned = is_interval_literal(info) && info->key.n == 1 &&
	              info->key.p[0].bits <= 8 &&
	              !type_is(info->key.p[0].type, TYPE_STRING);

	return turned ? 2 : parts_order(&info->key);
}

/* What nft keeps of a literal's concatenation: the parts before the first that is turned. */
static struct expr kept_parts(const struct set_info *info)
{
	struct expr cut = *info->key_expr;
	bool turns = is_interval_literal(info) && cut.kind == EXPR_CONCAT;

	for (size_t i = 0; turns && i < cut.list.n; i++)
		if (cut.list.p[i]->order == ORDER_HOST &&
		    !type_is(cut.list.p[i]->type, TYPE_STRING))
			cut.list.n = i;
	return cut;
}

static void put_typeof(struct tlv *t, uint8_t type, const struct expr *e, bool concat)
{
	struct tlv nest = { 0 };

	if (e)
		typeof_put(&nest, e);
	else if (concat)
		typeof_put_empty(&nest, TYPEOF_CONCAT);
	if (nest.n && !nest.failed)
		tlv_put(t, type, nest.b, nest.n);
}

struct userdata udata_set(struct arena *a, const struct set_info *info,
                          struct str comment)
{
	struct tlv t = { 0 };

	struct expr key = info->key_expr ? kept_parts(info) : (struct expr){ 0 };

	tlv_u32(&t, SET_KEY_ORDER, key_order(info));
	if (info->is_map && !info->obj_type)
		tlv_u32(&t, SET_DATA_ORDER,
		        info->data_verdict ? 0 : parts_order(&info->data));
	if (info->auto_merge)
		tlv_u32(&t, SET_MERGE, 1);
	put_typeof(&t, SET_KEY_TYPEOF, info->key_expr ? &key : NULL, info->key.n > 1);
	if (info->is_map && !info->obj_type) {
		if (info->data_verdict && (info->anonymous || info->key_expr)) {
			struct tlv nest = { 0 };

			typeof_put_empty(&nest, TYPEOF_VERDICT);
			tlv_put(&t, SET_DATA_TYPEOF, nest.b, nest.n);
		} else {
			put_typeof(&t, SET_DATA_TYPEOF, info->data_expr,
			           info->data.n > 1 && !info->anonymous);
		}
	}
	if (info->is_map)
		tlv_u32(&t, SET_DATA_INTERVAL, info->data_interval);
	put_comment(&t, UDATA_SET_COMMENT, comment);
	return tlv_done(a, &t);
}

void udata_set_read(struct arena *a, struct userdata u, struct udata_set *out)
{
	struct userdata v;

	*out = (struct udata_set){ 0 };
	out->key_order = tlv_find_u32(u, SET_KEY_ORDER, 0);
	out->data_order = tlv_find_u32(u, SET_DATA_ORDER, 0);
	out->auto_merge = tlv_find_u32(u, SET_MERGE, 0);
	out->data_interval = tlv_find_u32(u, SET_DATA_INTERVAL, 0);
	out->comment = udata_get_comment(u, UDATA_SET_COMMENT);
	if (tlv_find(u, SET_KEY_TYPEOF, &v))
		out->key_expr = typeof_read(a, v);
	if (tlv_find(u, SET_DATA_TYPEOF, &v))
		out->data_expr = typeof_read(a, v);
}
