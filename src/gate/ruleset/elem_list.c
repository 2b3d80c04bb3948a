/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Records are: key in network order, last key (ranges in concatenations), value (maps to values of
 * one width), flags, extra. */
#include "gate/ruleset/elem_list.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/vec.h"

enum { NO_EXTRA = UINT32_MAX, DATA_MAX = 64 };

/* Whether nft orders the keys as one number whose last byte is the highest. */
static bool is_turned(const struct set_info *info)
{
	const struct part *first = &info->key.p[0];

	return !(info->flags & NFT_SET_INTERVAL) &&
	       (info->key.n > 1 || first->order == ORDER_HOST ||
	        type_is(first->type, TYPE_STRING));
}

void elem_list_init(struct elem_list *l, struct arena *a, const struct set_info *info)
{
	*l = (struct elem_list){ .a = a, .info = info };
	l->key_n = info->key_len ? info->key_len : parts_bytes(&info->key);
	l->turned = is_turned(info);
	l->data_at = l->key_n * (info->flags & NFT_SET_CONCAT ? 2 : 1);
	if (info->is_map && !info->data_verdict && !info->obj_type &&
	    !info->data_interval)
		l->data_n = parts_bytes(&info->data);
	if (l->data_n > DATA_MAX)
		l->data_n = 0;
	l->rec = l->data_at + l->data_n + 8;
}

void elem_list_fini(struct elem_list *l)
{
	free(l->recs);
	free(l->extras);
}

/* So that memcmp orders keys as nft lists them. */
static void turn_key(const struct elem_list *l, const uint8_t *from, uint8_t *to)
{
	if (l->turned)
		for (size_t i = 0; i < l->key_n; i++)
			to[i] = from[l->key_n - 1 - i];
	else
		memcpy(to, from, l->key_n);
}

static struct userdata copy_udata(struct arena *a, struct userdata u)
{
	return (struct userdata){ u.n ? arena_copy(a, u.p, u.n) : NULL, u.n };
}

static uint32_t add_extra(struct elem_list *l, const struct prog_elem *e)
{
	struct prog_elem *x = arena_copy(l->a, e, sizeof(*e));

	x->userdata = copy_udata(l->a, e->userdata);
	x->verdict.chain = arena_str(l->a, e->verdict.chain);
	x->obj = arena_str(l->a, e->obj);
	x->exprs.p = e->exprs.n ? arena_copy(l->a, e->exprs.p,
	                                     e->exprs.n * sizeof(*e->exprs.p))
	                        : NULL;
	l->extras = vec_grow(l->extras, sizeof(*l->extras), l->n_extras, &l->cap_extras);
	l->extras[l->n_extras] = x;
	return (uint32_t)l->n_extras++;
}

int elem_list_add(void *list, const struct prog_elem *e)
{
	struct elem_list *l = list;
	bool end = e->flags & NFT_SET_ELEM_INTERVAL_END;
	bool plain = (end || (e->has_data ? e->data.n : 0) == l->data_n) &&
	             !e->is_verdict && !e->has_timeout && !e->expiration_ms &&
	             !e->exprs.n && !e->userdata.n && !e->obj.n &&
	             !(e->flags & NFT_SET_ELEM_CATCHALL);
	uint32_t extra = plain ? NO_EXTRA : add_extra(l, e);

	if (e->has_key && e->key.n != l->key_n)
		return 0; /* not as the set says: nothing we could name */
	l->recs = vec_grow(l->recs, l->rec, l->n, &l->cap);
	uint8_t *r = l->recs + l->n++ * l->rec;

	memset(r, 0xff, l->rec);
	if (e->has_key)
		turn_key(l, e->key.b, r);
	if (l->info->flags & NFT_SET_CONCAT)
		memcpy(r + l->key_n, e->has_key_end ? e->key_end.b : e->key.b, l->key_n);
	if (l->data_n && e->has_data)
		memcpy(r + l->data_at, e->data.b, l->data_n);
	memcpy(r + l->rec - 8, &e->flags, 4);
	memcpy(r + l->rec - 4, &extra, 4);
	return 0;
}

static void restart(void *ctx)
{
	struct elem_list *l = ctx;

	l->n = l->n_extras = 0;
}

static uint32_t rec_u32(const struct elem_list *l, const uint8_t *r, size_t from_end)
{
	uint32_t v;

	memcpy(&v, r + l->rec - from_end, 4);
	return v;
}

/* Of records with the same key: where one interval ends and the next starts, the end first. */
static int compare(const void *x, const void *y, void *ctx)
{
	const struct elem_list *l = ctx;
	uint32_t fx = rec_u32(l, x, 8), fy = rec_u32(l, y, 8);

	if ((fx ^ fy) & NFT_SET_ELEM_INTERVAL_END)
		return fx & NFT_SET_ELEM_INTERVAL_END ? -1 : 1;
	if ((fx ^ fy) & NFT_SET_ELEM_CATCHALL)
		return fx & NFT_SET_ELEM_CATCHALL ? 1 : -1;
	return memcmp(x, y, l->rec - 8);
}

/* The lowest bit of a turned key that is set; -1: none. */
static int lowest_bit(const uint8_t *p, size_t n)
{
	for (size_t i = n; i--;)
		if (p[i])
			return (int)((n - 1 - i) * 8) + __builtin_ctz(p[i]);
	return -1;
}

/* Flags are listed by the lowest bit, then by the others. */
static int compare_flags(const void *x, const void *y, void *ctx)
{
	const struct elem_list *l = ctx;
	int low_x = lowest_bit(x, l->key_n), low_y = lowest_bit(y, l->key_n);

	if (low_x != low_y &&
	    !((rec_u32(l, x, 8) ^ rec_u32(l, y, 8)) & NFT_SET_ELEM_CATCHALL))
		return low_x - low_y;
	int c = memcmp(x, y, l->key_n);

	return c ? c : compare(x, y, ctx);
}

void elem_list_sort(struct elem_list *l)
{
	bool flags = l->info->key.n == 1 && !(l->info->flags & NFT_SET_INTERVAL) &&
	             has_flags(l->info->key.p[0].type);

	if (l->n < 2 || (l->info->flags & NFT_SET_CONCAT))
		return; /* nft keeps the dump's order of these */
	if (flags)
		qsort_r(l->recs, l->n, l->rec, compare_flags, l);
	else
		sort_records(l->recs, l->n, l->rec, l->key_n, compare, l);
}

int elem_list_read(struct elem_list *l, struct engine *e, const struct prog_set *set,
                   bool reset)
{
	static const struct dump_ops ops = { .elem = elem_list_add };
	struct dump_filter f = { .family = set->family,
		                 .table = set->table,
		                 .name = set->name,
		                 .reset = reset };
	int r = e->ops->dump(e, DUMP_ELEMS, &f, &ops, restart, l);

	if (r < 0)
		return r;
	elem_list_sort(l);
	return 0;
}

static bool is_end(const struct elem_list *l, const uint8_t *r)
{
	return rec_u32(l, r, 8) & NFT_SET_ELEM_INTERVAL_END;
}

/* Last key of the interval that starts at record `at`. */
static void interval_end(const struct elem_list *l, size_t *at, uint8_t *to)
{
	if (*at + 1 >= l->n ||
	    rec_u32(l, l->recs + (*at + 1) * l->rec, 8) & NFT_SET_ELEM_CATCHALL) {
		const struct parts *parts = &l->info->key;

		memset(to, 0xff, l->key_n);
		uint8_t top = (uint8_t)((1u << parts->p[0].bits % 8) - 1);

		if (parts->n == 1 && top && l->key_n == (parts->p[0].bits + 7u) / 8 &&
		    l->recs[*at * l->rec] <= top)
			to[0] = top; /* where a field of less than its bytes ends */
		return;
	}
	const uint8_t *next = l->recs + (*at + 1) * l->rec;

	memcpy(to, next, l->key_n);
	key_before(to, l->key_n);
	if (is_end(l, next))
		++*at;
}

struct expr *elem_list_next(const struct elem_list *l, size_t *at, struct arena *a)
{
	bool interval =
		(l->info->flags & NFT_SET_INTERVAL) && !(l->info->flags & NFT_SET_CONCAT);
	uint8_t to[64];

	while (*at < l->n && interval && is_end(l, l->recs + *at * l->rec))
		++*at;
	if (*at >= l->n)
		return NULL;
	const uint8_t *r = l->recs + *at * l->rec;
	uint32_t extra = rec_u32(l, r, 4);
	struct prog_elem e = { .has_key = true };

	if (extra != NO_EXTRA) {
		e = *l->extras[extra];
	} else {
		e.key.n = (uint8_t)l->key_n;
		turn_key(l, r, e.key.b);
		if (l->info->flags & NFT_SET_CONCAT) {
			e.has_key_end = true;
			memcpy(e.key_end.b, r + l->key_n, l->key_n);
		}
		e.has_data = l->data_n != 0;
		e.data.n = (uint8_t)l->data_n;
		memcpy(e.data.b, r + l->data_at, l->data_n);
	}
	if (interval && !(e.flags & NFT_SET_ELEM_CATCHALL))
		interval_end(l, at, to);
	++*at;
	return lift_elem(a, l->info, &e,
	                 interval && !(e.flags & NFT_SET_ELEM_CATCHALL) ? to : NULL);
}

/* Types whose values print by themselves, whatever stands around. */
static bool is_bare(const struct parts *parts)
{
	return parts->n == 1 && !type_is(parts->p[0].type, TYPE_STRING) &&
	       !type_is(parts->p[0].type, TYPE_BITMASK);
}

bool elem_list_is_bare(const struct elem_list *l)
{
	const struct set_info *info = l->info;

	return is_bare(&info->key) && !(info->flags & NFT_SET_CONCAT) &&
	       (!info->is_map || (l->data_n && is_bare(&info->data)));
}

bool elem_list_next_bare(const struct elem_list *l, size_t *at, struct bare_elem *e)
{
	const struct part *key = &l->info->key.p[0], *data = &l->info->data.p[0];
	bool interval = l->info->flags & NFT_SET_INTERVAL;
	size_t i = *at;
	uint8_t end[64];

	while (i < l->n && interval && is_end(l, l->recs + i * l->rec))
		i++;
	*at = i;
	if (i >= l->n || rec_u32(l, l->recs + i * l->rec, 4) != NO_EXTRA)
		return false;
	const uint8_t *r = l->recs + i * l->rec;

	value_load(&e->from, key->bits, ORDER_BIG, r); /* records are in network order */
	e->len = key->bits;
	if (interval) {
		interval_end(l, &i, end);
		value_load(&e->to, key->bits, ORDER_BIG, end);
		e->len = lift_prefix_len(&e->from, &e->to);
		if (e->len < 0 ||
		    (e->len < key->bits && key->type->id != TYPE_IPV4_ADDR &&
		     key->type->id != TYPE_IPV6_ADDR))
			return false;
	}
	if (l->data_n)
		value_load(&e->data, data->bits, data->order, r + l->data_at);
	*at = i + 1;
	return true;
}
