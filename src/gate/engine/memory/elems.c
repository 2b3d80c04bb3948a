/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements. A set's are sorted by key. Plain intervals come and go as two elements, the first
 * value and the one behind the last; here they are one, with the second as its key_end.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "gate/engine/memory/memory.h"

/* The new elements of one piece, each with its number in the text. */
struct item {
	struct prog_elem e;
	uint32_t index;
};

struct items {
	struct item *p;
	size_t n;
};

static bool is_plain_interval(const struct prog_set *s)
{
	return (s->flags & NFT_SET_INTERVAL) && s->n_fields < 2;
}

static int data_cmp(const struct data *a, const struct data *b)
{
	int r = memcmp(a->b, b->b, a->n < b->n ? a->n : b->n);

	return r ? r : (int)a->n - (int)b->n;
}

static int key_cmp(const struct prog_elem *a, const struct prog_elem *b)
{
	int flags = (int)(b->flags & NFT_SET_ELEM_CATCHALL) -
	            (int)(a->flags & NFT_SET_ELEM_CATCHALL);

	return flags ? flags : data_cmp(&a->key, &b->key);
}

static int item_cmp(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = key_cmp(&x->e, &y->e);

	return r ? r : x->index < y->index ? -1 : 1;
}

/* The first element whose key is not below; n for none. */
static size_t lower_bound(const struct mem_set *set, const struct prog_elem *e)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key_cmp(&set->elems[middle], e) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- overlaps ---- */

/* Whether `below` reaches into `above`, which starts behind it. */
static bool reaches(const struct prog_elem *below, const struct prog_elem *above)
{
	if ((below->flags | above->flags) & NFT_SET_ELEM_CATCHALL)
		return false;
	return !below->has_key_end || data_cmp(&below->key_end, &above->key) > 0;
}

static bool same_range(const struct prog_elem *a, const struct prog_elem *b)
{
	return key_cmp(a, b) == 0 && a->has_key_end == b->has_key_end &&
	       (!a->has_key_end || data_cmp(&a->key_end, &b->key_end) == 0);
}

static bool same_target(const struct prog_elem *a, const struct prog_elem *b)
{
	if (a->is_verdict || b->is_verdict)
		return a->verdict.code == b->verdict.code &&
		       str_eq(a->verdict.chain, b->verdict.chain);
	return data_cmp(&a->data, &b->data) == 0 && str_eq(a->obj, b->obj);
}

/* Two ranges of a concatenation meet where all their fields do. */
static bool fields_meet(const struct prog_set *s, const struct prog_elem *a,
                        const struct prog_elem *b)
{
	const struct data *a_end = a->has_key_end ? &a->key_end : &a->key;
	const struct data *b_end = b->has_key_end ? &b->key_end : &b->key;
	size_t at = 0;

	if ((a->flags | b->flags) & NFT_SET_ELEM_CATCHALL)
		return a->flags & b->flags & NFT_SET_ELEM_CATCHALL;
	for (unsigned i = 0; i < s->n_fields; i++) {
		size_t n = s->field_len[i];

		if (memcmp(a->key.b + at, b_end->b + at, n) > 0 ||
		    memcmp(b->key.b + at, a_end->b + at, n) > 0)
			return false;
		at += (n + 3) / 4 * 4; /* each starts in a register of its own */
	}
	return true;
}

/* What the new element is to one that is there. */
enum meeting { MEET_NOT, MEET_SAME, MEET_OVER };

static enum meeting meet(const struct prog_set *s, const struct prog_elem *a,
                         const struct prog_elem *b)
{
	if (same_range(a, b))
		return MEET_SAME;
	if (!(s->flags & NFT_SET_INTERVAL))
		return MEET_NOT;
	if (!is_plain_interval(s))
		return fields_meet(s, a, b) ? MEET_OVER : MEET_NOT;
	const struct prog_elem *below = key_cmp(a, b) <= 0 ? a : b,
			       *above = below == a ? b : a;

	return reaches(below, above) ? MEET_OVER : MEET_NOT;
}

/* The one of the set that the new element meets; NULL for none. */
static const struct prog_elem *find_meeting(const struct mem_set *set,
                                            const struct prog_elem *e, enum meeting *how)
{
	size_t at = lower_bound(set, e), from = at ? at - 1 : 0, to = at + 1;

	if ((set->set.flags & NFT_SET_INTERVAL) && !is_plain_interval(&set->set)) {
		from = 0;
		to = set->n;
	}
	for (size_t i = from; i < to && i < set->n; i++) {
		*how = meet(&set->set, e, &set->elems[i]);
		if (*how != MEET_NOT)
			return &set->elems[i];
	}
	return NULL;
}

/* ---- from the wire's form ---- */

/* Two elements of a plain interval become one; what only marks where nothing is, none. */
static struct items read_items(const struct prog_set *s, const struct piece *p,
                               struct arena *a)
{
	struct items out = { .p = arena_array(a, struct item, p->elems.n + 1) };
	bool pairs = is_plain_interval(s);

	for (size_t i = 0; i < p->elems.n; i++) {
		const struct prog_elem *e = &p->elems.p[i];

		if (pairs && e->flags & NFT_SET_ELEM_INTERVAL_END) {
			struct prog_elem *start = out.n ? &out.p[out.n - 1].e : NULL;

			if (start && !start->has_key_end &&
			    !(start->flags & NFT_SET_ELEM_CATCHALL)) {
				start->has_key_end = true;
				start->key_end = e->key;
			}
			continue;
		}
		out.p[out.n].e = *e;
		out.p[out.n++].index = (uint32_t)i;
	}
	return out;
}

/* ---- changes ---- */

static int check_target(struct tx *tx, const struct mem_set *set, const struct item *it)
{
	const struct prog_set *s = &set->set;

	if (it->e.is_verdict && it->e.verdict.chain.n) {
		const struct prog_chain *c =
			state_chain(&tx->s, s->family, s->table, it->e.verdict.chain);
		if (!c || c->is_base)
			return tx_fail(tx, c ? EOPNOTSUPP : ENOENT, PART_ELEM, it->index);
	}
	if (it->e.obj.n &&
	    !state_obj(&tx->s, s->family, s->table, it->e.obj, s->obj_type))
		return tx_fail(tx, ENOENT, PART_ELEM, it->index);
	return 0;
}

/* Whether it must be put in: 1; there already: 0; -errno when it may not. */
static int judge_new(struct tx *tx, const struct mem_set *set, enum tx_op op,
                     const struct item *it, const struct prog_elem *last)
{
	enum meeting how = MEET_NOT;
	const struct prog_elem *other = find_meeting(set, &it->e, &how);

	if (!other && last) {
		how = meet(&set->set, &it->e, last);
		other = how == MEET_NOT ? NULL : last;
	}
	if (!other)
		return 1;
	if (how == MEET_OVER || op == TX_CREATE || !same_target(&it->e, other))
		return tx_fail(tx, EEXIST, PART_ELEM, it->index);
	return 0;
}

static void merge_sorted(struct arena *a, const struct mem_set *old,
                         const struct items *new, struct mem_set *out)
{
	size_t i = 0, k = 0, n = 0;

	out->elems = arena_array(a, struct prog_elem, old->n + new->n + 1);
	while (i < old->n || k < new->n) {
		bool takes_old = k == new->n || (i < old->n && key_cmp(&old->elems[i],
		                                                       &new->p[k].e) < 0);

		out->elems[n++] = takes_old ? old->elems[i++] : new->p[k++].e;
	}
	out->n = n;
}

static int add_elems(struct tx *tx, const struct piece *p, const struct mem_set *old,
                     struct items *new, struct mem_set *out)
{
	const struct prog_set *s = &old->set;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < new->n; i++)
		r = check_target(tx, old, &new->p[i]);
	if (r < 0)
		return r;
	qsort(new->p, new->n, sizeof(*new->p), item_cmp);
	for (size_t i = 0; i < new->n; i++) {
		int verdict = judge_new(tx, old, p->op, &new->p[i],
		                        kept ? &new->p[kept - 1].e : NULL);

		if (verdict < 0)
			return verdict;
		if (verdict > 0)
			new->p[kept++] = new->p[i];
		if (s->has_size && s->size && !(s->flags & NFT_SET_ANONYMOUS) &&
		    old->n + kept > s->size)
			return tx_fail(tx, ENFILE, PART_ELEM, new->p[i].index);
	}
	new->n = kept;
	merge_sorted(&tx->m->a, old, new, out);
	return 0;
}

static int delete_elems(struct tx *tx, const struct piece *p, const struct mem_set *old,
                        const struct items *gone, struct mem_set *out)
{
	auto_free bool *drop = base_calloc(old->n + 1, sizeof(*drop));

	for (size_t i = 0; i < gone->n; i++) {
		size_t at = lower_bound(old, &gone->p[i].e);
		bool found = false;

		for (; !found && at < old->n &&
		       key_cmp(&old->elems[at], &gone->p[i].e) == 0;
		     at++)
			if (!drop[at] && same_range(&old->elems[at], &gone->p[i].e))
				found = drop[at] = true;
		if (!found && p->op != TX_DESTROY)
			return tx_fail(tx, ENOENT, PART_ELEM, gone->p[i].index);
	}
	out->elems = arena_array(&tx->m->a, struct prog_elem, old->n + 1);
	out->n = 0;
	for (size_t i = 0; i < old->n; i++)
		if (!drop[i])
			out->elems[out->n++] = old->elems[i];
	return 0;
}

int elems_apply(struct tx *tx, const struct piece *p)
{
	const struct prog_set *s = p->set;
	size_t at = state_set(&tx->s, s->family, s->table, s->name, s->id);
	bool deletes = p->op == TX_DELETE || p->op == TX_DESTROY;
	auto_arena scratch = { 0 };

	if (!state_table(&tx->s, s->family, s->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (at == tx->s.sets.n)
		return tx_fail(tx, ENOENT, PART_SET, 0);
	const struct mem_set *old = tx->s.sets.p[at];
	struct mem_set *out = arena_copy(&tx->m->a, old, sizeof(*out));
	struct items items = read_items(&old->set, p, &scratch);
	int r = 0;

	if (deletes && p->elems.n == 0)
		out->n = 0;
	else if (deletes)
		r = delete_elems(tx, p, old, &items, out);
	else
		r = add_elems(tx, p, old, &items, out);
	if (r >= 0)
		tx->s.sets.p[at] = out;
	return r;
}

/* ---- to the wire's form ---- */

static int give(const struct mem_set *set, const struct prog_elem *e, bool start,
                bool end, const struct dump_ops *ops, void *ctx)
{
	bool pair = is_plain_interval(&set->set);
	struct prog_elem out = *e;
	int r = 0;

	if (!ops->elem)
		return 0;
	if (pair) {
		out.has_key_end = false;
		out.key_end = (struct data){ 0 };
	}
	if (start)
		r = ops->elem(ctx, &out);
	if (r < 0 || !end || !pair || !e->has_key_end)
		return r;
	out = (struct prog_elem){ .has_key = true,
		                  .key = e->key_end,
		                  .flags = NFT_SET_ELEM_INTERVAL_END };
	return ops->elem(ctx, &out);
}

int elems_get(const struct mem_set *set, const struct prog_elem *key,
              const struct dump_ops *ops, void *ctx)
{
	bool wants_end = key && key->flags & NFT_SET_ELEM_INTERVAL_END;
	int r = 0;

	if (!key) {
		for (size_t i = 0; r >= 0 && i < set->n; i++)
			r = give(set, &set->elems[i], true, true, ops, ctx);
		return r;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct prog_elem *e = &set->elems[i];
		bool inside = same_range(key, e) || (key->flags & NFT_SET_ELEM_CATCHALL &&
		                                     e->flags & NFT_SET_ELEM_CATCHALL);

		if (is_plain_interval(&set->set) && !(e->flags & NFT_SET_ELEM_CATCHALL))
			inside =
				data_cmp(&e->key, &key->key) <= 0 &&
				(!e->has_key_end || data_cmp(&key->key, &e->key_end) < 0);
		else if (set->set.n_fields > 1)
			inside = fields_meet(&set->set, key, e);
		if (inside)
			return give(set, e, !wants_end, wants_end, ops, ctx);
	}
	return -ENOENT;
}
