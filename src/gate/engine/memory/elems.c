/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Elements. A set's are sorted by key, but for ranges of concatenations. Plain intervals come
 * and go as two elements, the first value and the one behind the last; here they are one, with
 * the second as its key_end.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "gate/engine/memory/memory.h"

/* The new elements of one piece, each with its number in the text. */
struct item {
	struct prog_elem *e;
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

static bool is_ranges(const struct prog_set *s)
{
	return (s->flags & NFT_SET_INTERVAL) && !is_plain_interval(s);
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
	int r = key_cmp(x->e, y->e);

	return r ? r : x->index < y->index ? -1 : 1;
}

/* The first element of a sorted set whose key is not below; n for none. */
static size_t lower_bound(const struct mem_set *set, const struct prog_elem *e)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key_cmp(set->elems[middle], e) < 0)
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

/* What the new element is to one that is there. */
enum meeting { MEET_NOT, MEET_SAME, MEET_OVER };

static enum meeting meet(const struct prog_set *s, const struct prog_elem *a,
                         const struct prog_elem *b)
{
	if (same_range(a, b))
		return MEET_SAME;
	if (!(s->flags & NFT_SET_INTERVAL))
		return MEET_NOT;
	const struct prog_elem *below = key_cmp(a, b) <= 0 ? a : b,
			       *above = below == a ? b : a;

	return reaches(below, above) ? MEET_OVER : MEET_NOT;
}

/* The one of a sorted set that the new element meets; NULL for none. */
static const struct prog_elem *find_meeting(const struct mem_set *set,
                                            const struct prog_elem *e, enum meeting *how)
{
	size_t at = lower_bound(set, e);

	for (size_t i = at ? at - 1 : 0; i <= at && i < set->n; i++) {
		*how = meet(&set->set, e, set->elems[i]);
		if (*how != MEET_NOT)
			return set->elems[i];
	}
	return NULL;
}

static const struct data *range_end(const struct prog_elem *e)
{
	return e->has_key_end ? &e->key_end : &e->key;
}

/* Whether the ranges of a concatenation hold the key. */
static bool holds(const struct prog_set *s, const struct prog_elem *e,
                  const struct data *key)
{
	const uint8_t *from = e->key.b, *to = range_end(e)->b;
	size_t at = 0;

	if (e->flags & NFT_SET_ELEM_CATCHALL)
		return false;
	for (unsigned i = 0; i < s->n_fields; i++) {
		size_t n = s->field_len[i];

		if (memcmp(key->b + at, from + at, n) < 0 ||
		    memcmp(key->b + at, to + at, n) > 0)
			return false;
		at += (n + 3) / 4 * 4; /* each starts in a register of its own */
	}
	return true;
}

static bool same_ranges(const struct prog_elem *a, const struct prog_elem *b)
{
	return key_cmp(a, b) == 0 && data_cmp(range_end(a), range_end(b)) == 0;
}

/* nft_set_pipapo.c asks for the new element's lowest key and for its highest, no more: around one
 * that is there a wider one may be added. */
static const struct prog_elem *find_ranges(const struct mem_set *set,
                                           const struct prog_elem *e, enum meeting *how)
{
	const struct data *ends[] = { &e->key, range_end(e) };
	bool catchall = e->flags & NFT_SET_ELEM_CATCHALL;

	for (size_t k = 0; k < ARRAY_LEN(ends); k++)
		for (size_t i = 0; i < set->n; i++) {
			const struct prog_elem *have = set->elems[i];

			if (catchall ? !(have->flags & NFT_SET_ELEM_CATCHALL)
			             : !holds(&set->set, have, ends[k]))
				continue;
			*how = same_ranges(e, have) ? MEET_SAME : MEET_OVER;
			return have;
		}
	return NULL;
}

/* ---- from the wire's form ---- */

static bool is_end(const struct prog_elem *e)
{
	return e->flags & NFT_SET_ELEM_INTERVAL_END;
}

/* Where one interval ends the next may begin: the end comes first. */
static int boundary_cmp(const void *a, const void *b)
{
	const struct prog_elem *x = *(struct prog_elem *const *)a;
	const struct prog_elem *y = *(struct prog_elem *const *)b;
	int r = key_cmp(x, y);

	return r ? r : (int)is_end(y) - (int)is_end(x);
}

static bool is_open(const struct prog_elem *e)
{
	return !e->has_key_end && !(e->flags & NFT_SET_ELEM_CATCHALL);
}

static void close_at(struct prog_elem *start, const struct data *end)
{
	start->has_key_end = true;
	start->key_end = *end;
}

/* Two elements of a plain interval become one; what only marks where nothing is, none. Where a
 * literal's next interval begins, the end may be left out; a kernel gives the elements in an order
 * of its own. */
static struct items read_items(const struct tx *tx, const struct prog_set *s,
                               const struct piece *p, struct arena *a)
{
	struct items out = { .p = arena_array(a, struct item, p->elems.n + 1) };
	bool pairs = is_plain_interval(s), touch = s->flags & NFT_SET_ANONYMOUS;

	if (pairs && tx->is_load && p->elems.n)
		qsort(p->elems.p, p->elems.n, sizeof(*p->elems.p), boundary_cmp);
	for (size_t i = 0; i < p->elems.n; i++) {
		struct prog_elem *e = p->elems.p[i];
		struct prog_elem *start = pairs && out.n ? out.p[out.n - 1].e : NULL;

		if (start && is_open(start) &&
		    (is_end(e) || (touch && key_cmp(start, e) < 0)))
			close_at(start, &e->key);
		if (!pairs || !is_end(e))
			out.p[out.n++] = (struct item){ e, (uint32_t)i };
	}
	return out;
}

/* ---- changes ---- */

struct mem_set *set_own(struct tx *tx, size_t i)
{
	const struct mem_set *old = tx->s.sets.p[i];
	struct mem_set *own;

	if (old->made_in == tx->number)
		return tx->s.sets.p[i];
	own = arena_copy(&tx->m->a, old, sizeof(*own));
	own->made_in = tx->number;
	own->cap = old->n;
	if (old->n)
		own->elems =
			arena_copy(&tx->m->a, old->elems, old->n * sizeof(*old->elems));
	tx->s.sets.p[i] = own;
	return own;
}

static int check_target(struct tx *tx, const struct mem_set *set, const struct item *it)
{
	const struct prog_set *s = &set->set;

	if (it->e->is_verdict)
		return apply_verdict(tx, s->family, s->table, &it->e->verdict, PART_ELEM,
		                     it->index);
	if (it->e->obj.n &&
	    !state_obj(&tx->s, s->family, s->table, it->e->obj, s->obj_type))
		return tx_fail(tx, ENOENT, PART_ELEM, it->index);
	return 0;
}

/* Whether it must be put in: 1; there already: 0; -errno when it may not. `other`: what it meets. */
static int judge_new(struct tx *tx, enum tx_op op, const struct item *it,
                     const struct prog_elem *other, enum meeting how)
{
	if (!other)
		return 1;
	if (how == MEET_OVER || op == TX_CREATE || !same_target(it->e, other))
		return tx_fail(tx, EEXIST, PART_ELEM, it->index);
	return 0;
}

static bool is_over_size(const struct mem_set *set, size_t more)
{
	const struct prog_set *s = &set->set;

	return s->has_size && s->size && !(s->flags & NFT_SET_ANONYMOUS) &&
	       set->n + more > s->size;
}

static void reserve(struct arena *a, struct mem_set *set, size_t more)
{
	struct prog_elem **old = set->elems;

	if (set->n + more <= set->cap)
		return;
	set->cap = set->n + (more > set->n ? more : set->n);
	set->elems = arena_array(a, struct prog_elem *, set->cap);
	if (set->n)
		memcpy(set->elems, old, set->n * sizeof(struct prog_elem *));
}

/* Ranges: each is judged by all before it. */
static int add_ranges(struct tx *tx, const struct piece *p, size_t at,
                      const struct items *new)
{
	struct mem_set *set = set_own(tx, at);

	reserve(&tx->m->a, set, new->n);
	for (size_t i = 0; i < new->n; i++) {
		enum meeting how = MEET_NOT;
		const struct prog_elem *other =
			tx->is_load ? NULL : find_ranges(set, new->p[i].e, &how);
		int verdict = judge_new(tx, p->op, &new->p[i], other, how);

		if (verdict < 0)
			return verdict;
		if (verdict > 0)
			set->elems[set->n++] = new->p[i].e;
		if (!tx->is_load && is_over_size(set, 0))
			return tx_fail(tx, ENFILE, PART_ELEM, new->p[i].index);
	}
	return 0;
}

/* Keeps those of the new ones, which are sorted, that the set lacks. */
static int judge_sorted(struct tx *tx, const struct piece *p, const struct mem_set *set,
                        struct items *new)
{
	size_t kept = 0;

	for (size_t i = 0; i < new->n; i++) {
		const struct prog_elem *last = kept ? new->p[kept - 1].e : NULL;
		enum meeting how = MEET_NOT;
		const struct prog_elem *other = find_meeting(set, new->p[i].e, &how);

		if (!other && last) {
			how = meet(&set->set, new->p[i].e, last);
			other = how == MEET_NOT ? NULL : last;
		}
		int verdict = judge_new(tx, p->op, &new->p[i], other, how);
		if (verdict < 0)
			return verdict;
		if (verdict > 0)
			new->p[kept++] = new->p[i];
		if (is_over_size(set, kept))
			return tx_fail(tx, ENFILE, PART_ELEM, new->p[i].index);
	}
	new->n = kept;
	return 0;
}

/* From the back, so that what comes in order moves nothing. */
static void merge(struct mem_set *set, const struct items *new)
{
	size_t i = set->n, k = new->n, at = i + k;

	while (k > 0) {
		bool takes_old = i > 0 && key_cmp(set->elems[i - 1], new->p[k - 1].e) > 0;

		set->elems[--at] = takes_old ? set->elems[--i] : new->p[--k].e;
	}
	set->n += new->n;
}

static int add_sorted(struct tx *tx, const struct piece *p, size_t at, struct items *new)
{
	int r = 0;

	if (new->n)
		qsort(new->p, new->n, sizeof(*new->p), item_cmp);
	if (!tx->is_load)
		r = judge_sorted(tx, p, tx->s.sets.p[at], new);
	if (r < 0)
		return r;
	struct mem_set *set = set_own(tx, at);
	reserve(&tx->m->a, set, new->n);
	merge(set, new);
	return 0;
}

static int add_elems(struct tx *tx, const struct piece *p, size_t at, struct items *new)
{
	const struct mem_set *set = tx->s.sets.p[at];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < new->n; i++)
		r = check_target(tx, set, &new->p[i]);
	if (r < 0)
		return r;
	return is_ranges(&set->set) ? add_ranges(tx, p, at, new)
	                            : add_sorted(tx, p, at, new);
}

static size_t find_same(const struct mem_set *set, const struct prog_elem *e,
                        const bool *gone)
{
	bool sorted = !is_ranges(&set->set);

	for (size_t i = sorted ? lower_bound(set, e) : 0; i < set->n; i++) {
		if (sorted && key_cmp(set->elems[i], e) != 0)
			break;
		if (!gone[i] && (sorted ? same_range(set->elems[i], e)
		                        : same_ranges(set->elems[i], e)))
			return i;
	}
	return set->n;
}

static int delete_elems(struct tx *tx, const struct piece *p, size_t at,
                        const struct items *items)
{
	const struct mem_set *old = tx->s.sets.p[at];
	auto_free bool *gone = base_calloc(old->n + 1, sizeof(*gone));
	size_t kept = 0;

	for (size_t i = 0; i < items->n; i++) {
		size_t found = find_same(old, items->p[i].e, gone);

		if (found == old->n && p->op != TX_DESTROY)
			return tx_fail(tx, ENOENT, PART_ELEM, items->p[i].index);
		gone[found] = true;
	}
	struct mem_set *set = set_own(tx, at);
	for (size_t i = 0; i < set->n; i++)
		if (!gone[i])
			set->elems[kept++] = set->elems[i];
	set->n = kept;
	return 0;
}

int apply_elems(struct tx *tx, const struct piece *p)
{
	const struct prog_set *s = p->set;
	size_t at = state_set(&tx->s, s->family, s->table, s->name, s->id);
	auto_arena scratch = { 0 };

	if (!state_table(&tx->s, s->family, s->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (at == tx->s.sets.n)
		return tx_fail(tx, ENOENT, PART_SET, 0);
	struct items items = read_items(tx, &tx->s.sets.p[at]->set, p, &scratch);

	if (!piece_drops(p))
		return add_elems(tx, p, at, &items);
	if (p->elems.n)
		return delete_elems(tx, p, at, &items);
	set_own(tx, at)->n = 0;
	return 0;
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
			r = give(set, set->elems[i], true, true, ops, ctx);
		return r;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct prog_elem *e = set->elems[i];
		bool inside = same_range(key, e) || (key->flags & NFT_SET_ELEM_CATCHALL &&
		                                     e->flags & NFT_SET_ELEM_CATCHALL);

		if (is_plain_interval(&set->set) && !(e->flags & NFT_SET_ELEM_CATCHALL))
			inside =
				data_cmp(&e->key, &key->key) <= 0 &&
				(!e->has_key_end || data_cmp(&key->key, &e->key_end) < 0);
		else if (set->set.n_fields > 1)
			inside |= holds(&set->set, e, &key->key);
		if (inside)
			return give(set, e, !wants_end, wants_end, ops, ctx);
	}
	return -ENOENT;
}
