/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a set is: from its block, from the kernel, and as the kernel wants it.
 */
#include "gate/ruleset/sets.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/udata.h"

/* linux/netfilter/nf_tables.h: NFT_DATA_VERDICT is what verdict maps have for a type. */
#define DATA_TYPE_VERDICT 0xffffff00u

static bool parts_from_types(struct lower *L, const struct datatype *const *types,
                             unsigned n, struct span span, struct parts *out)
{
	out->n = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct datatype *t = types[i];

		if (t->bits == 0) {
			struct diag *d = fail_diag(L, "E0511", span,
			                           "`%s` has no fixed width, so it "
			                           "cannot be a set's type",
			                           t->name);

			diag_help(L->diags, d,
			          "use `typeof` with an expression, such as "
			          "`typeof ip length`");
			return false;
		}
		out->p[out->n++] = (struct part){ t, t->bits, t->order, 0 };
	}
	return true;
}

static bool parts_from_typeof(struct lower *L, struct expr *e, struct parts *out)
{
	if (!type_expr(L, e))
		return false;
	expr_parts(e, out);
	return true;
}

static bool read_types(struct lower *L, const struct set_block *b, struct set_info *info)
{
	if (b->key_typeof) {
		info->key_expr = b->key_typeof;
		if (!parts_from_typeof(L, b->key_typeof, &info->key))
			return false;
	} else if (!parts_from_types(L, b->key_types, b->n_key_types, b->key_type_span,
	                             &info->key)) {
		return false;
	}
	if (info->key.n == 0)
		return fail(L, "E0512", b->span,
		            "%s `" STR_FMT "` needs a `type` or `typeof`",
		            b->is_map ? "map" : "set", STR_ARG(b->ref.name));
	if (!b->is_map || b->data_verdict || b->data_obj)
		return true;
	if (b->data_typeof) {
		info->data_expr = b->data_typeof;
		return parts_from_typeof(L, b->data_typeof, &info->data);
	}
	if (b->n_data_types == 0)
		return fail(L, "E0512", b->span,
		            "map `" STR_FMT "` needs the type of what it gives: "
		            "`type a : b`",
		            STR_ARG(b->ref.name));
	return parts_from_types(L, b->data_types, b->n_data_types, b->key_type_span,
	                        &info->data);
}

static bool check_flags(struct lower *L, const struct set_block *b)
{
	if ((b->flags & NFT_SET_INTERVAL) && (b->flags & NFT_SET_EVAL)) {
		struct diag *d =
			fail_diag(L, "E0510", b->flags_span,
		                  "a set cannot be both `interval` and `dynamic`");

		diag_note(L->diags, d, "elements added by rules are single addresses");
		diag_help(L->diags, d,
		          "use two sets: `flags dynamic,timeout` for the rule, `flags "
		          "interval` for the list");
		return false;
	}
	if (b->auto_merge && !(b->flags & NFT_SET_INTERVAL))
		return fail(L, "E0513", b->span, "`auto-merge` needs `flags interval`");
	return true;
}

bool set_info_from_block(struct lower *L, const struct set_block *b,
                         struct set_info *info)
{
	*info = (struct set_info){ .name = b->ref.name, .span = b->ref.name_span };
	info->is_map = b->is_map;
	info->data_verdict = b->data_verdict;
	info->data_interval = b->data_interval;
	info->auto_merge = b->auto_merge;
	info->obj_type = b->data_obj;
	info->flags = b->flags;
	if (!read_types(L, b, info) || !check_flags(L, b))
		return false;
	if (b->is_map)
		info->flags |= b->data_obj ? NFT_SET_OBJECT : NFT_SET_MAP;
	if (b->has_timeout)
		info->flags |= NFT_SET_TIMEOUT;
	if (info->key.n > 1 && (info->flags & NFT_SET_INTERVAL))
		info->flags |= NFT_SET_CONCAT;
	if (parts_bytes(&info->key) > 64)
		return fail(L, "E0233", b->span,
		            "a key holds at most 64 bytes, this one has %u",
		            parts_bytes(&info->key));
	return true;
}

static void set_fields(struct arena *a, const struct set_info *info, struct prog_set *out)
{
	uint8_t *len = arena_array(a, uint8_t, PARTS_MAX);

	if (!(info->flags & NFT_SET_CONCAT))
		return;
	for (unsigned i = 0; i < info->key.n; i++)
		len[i] = (uint8_t)((info->key.p[i].bits + 7) / 8);
	out->field_len = len;
	out->n_fields = info->key.n;
}

void set_to_program(struct arena *a, const struct set_info *info, struct str comment,
                    struct prog_set *out)
{
	out->name = info->name;
	out->id = info->id;
	out->flags = info->flags;
	out->key_type = parts_type_id(&info->key);
	out->key_len = parts_bytes(&info->key);
	out->obj_type = info->obj_type;
	if (info->data_verdict) {
		out->data_type = DATA_TYPE_VERDICT;
	} else if (info->is_map && !info->obj_type) {
		out->data_type = parts_type_id(&info->data);
		out->data_len = parts_bytes(&info->data) * (info->data_interval ? 2 : 1);
	}
	set_fields(a, info, out);
	out->userdata = udata_set(a, info, comment);
}

/* ---- from the kernel ---- */

static int parts_from_id(uint32_t id, uint32_t bytes, uint32_t order, struct parts *out)
{
	enum type_id ids[PARTS_MAX];
	unsigned n = 0;

	for (; id; id >>= TYPE_BITS) {
		uint32_t one = id & ((1u << TYPE_BITS) - 1);

		if (one == 0 || one >= TYPE_COUNT || !datatypes[one] || n == PARTS_MAX)
			return -EOPNOTSUPP;
		ids[n++] = one;
	}
	if (n == 0)
		return -EOPNOTSUPP;
	out->n = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		const struct datatype *t = datatypes[ids[n - 1 - i]];

		out->p[i] = (struct part){ t, t->bits, t->order, 0 };
		if (n == 1) {
			out->p[i].bits = (uint16_t)(bytes * 8);
			if (t->bits && (t->bits + 7u) / 8 == bytes)
				out->p[i].bits = t->bits;
			if (order && !type_is(t, TYPE_STRING))
				out->p[i].order = order == 1 ? ORDER_HOST : ORDER_BIG;
		}
	}
	return 0;
}

/* Bytes of no known field are listed in hexadecimal, which a mask without names is. */
static void parts_of_key(const struct expr *key, struct parts *out)
{
	expr_parts(key, out);
	for (unsigned i = 0; i < out->n; i++) {
		const struct expr *e = key->kind == EXPR_CONCAT ? key->list.p[i] : key;

		if (e->kind == EXPR_PAYLOAD && !e->payload.field)
			out->p[i].type = datatypes[TYPE_BITMASK];
	}
}

int set_info_from_kernel(struct arena *a, const struct prog_set *s, struct set_info *info)
{
	struct udata_set u;
	int r = 0;

	*info = (struct set_info){ .name = arena_str(a, s->name), .flags = s->flags };
	udata_set_read(a, s->userdata, &u);
	info->auto_merge = u.auto_merge;
	info->data_interval = u.data_interval;
	info->obj_type = s->obj_type;
	info->size = s->size;
	info->key_len = s->key_len;
	info->is_map = (s->flags & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0;
	info->data_verdict =
		(s->flags & NFT_SET_MAP) && s->data_type == DATA_TYPE_VERDICT;
	info->anonymous = s->flags & NFT_SET_ANONYMOUS;
	info->key_expr = u.key_expr;
	info->data_expr = u.data_expr;
	if (u.key_expr)
		parts_of_key(u.key_expr, &info->key);
	if (!u.key_expr || parts_bytes(&info->key) != s->key_len) {
		info->key_expr = NULL;
		r = parts_from_id(s->key_type, s->key_len, u.key_order, &info->key);
		if (r < 0)
			return r;
	}
	if (!(s->flags & NFT_SET_MAP) || info->data_verdict)
		return 0;
	uint32_t data_len = u.data_interval ? s->data_len / 2 : s->data_len;

	if (u.data_expr) {
		expr_parts(u.data_expr, &info->data);
		if (parts_bytes(&info->data) == data_len)
			return 0;
	}
	info->data_expr = NULL;
	return parts_from_id(s->data_type, data_len, u.data_order, &info->data);
}
