/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Applies a transaction's pieces in their order, as nf_tables_api.c does: every piece that fails
 * is noted and the others are tried all the same, then jumps are followed.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/oom.h"
#include "gate/engine/memory/memory.h"

bool piece_drops(const struct piece *p)
{
	return p->op == TX_DELETE || p->op == TX_DESTROY;
}

uint64_t handle_for(struct tx *tx, uint8_t family, struct str table, uint64_t given)
{
	struct memory *m = tx->m;
	struct str key = arena_fmt(&m->a, "%u " STR_FMT, family, STR_ARG(table));
	uint64_t *last = map_get(&m->handles, key);

	if (!last) {
		last = arena_new(&m->a, uint64_t);
		map_put(&m->handles, key, last);
	}
	if (!tx->is_load || !given)
		return ++*last;
	*last = given > *last ? given : *last;
	return given;
}

int piece_missing(struct tx *tx, const struct piece *p, enum tx_part part)
{
	return p->op == TX_DESTROY ? 0 : tx_fail(tx, ENOENT, part, 0);
}

/* ---- tables ---- */

static void empty_table(struct state *s, uint8_t family, struct str table)
{
	for (size_t i = s->rules.n; i-- > 0;)
		if (is_in(s->rules.p[i]->rule.family, s->rules.p[i]->rule.table, family,
		          table))
			LIST_DROP(&s->rules, i);
	for (size_t i = s->chains.n; i-- > 0;)
		if (is_in(s->chains.p[i]->family, s->chains.p[i]->table, family, table))
			LIST_DROP(&s->chains, i);
	for (size_t i = s->sets.n; i-- > 0;)
		if (is_in(s->sets.p[i]->set.family, s->sets.p[i]->set.table, family,
		          table))
			LIST_DROP(&s->sets, i);
	for (size_t i = s->objs.n; i-- > 0;)
		if (is_in(s->objs.p[i]->family, s->objs.p[i]->table, family, table))
			LIST_DROP(&s->objs, i);
	for (size_t i = s->flowtables.n; i-- > 0;)
		if (is_in(s->flowtables.p[i]->family, s->flowtables.p[i]->table, family,
		          table))
			LIST_DROP(&s->flowtables, i);
}

static void drop_table(struct state *s, size_t i)
{
	const struct prog_table *t = s->tables.p[i];

	LIST_DROP(&s->tables, i);
	empty_table(s, t->family, t->name);
}

static int delete_tables(struct tx *tx, const struct piece *p)
{
	const struct prog_table *t = p->table;
	bool all = t->name.n == 0 && t->handle == 0;
	bool found = all;

	for (size_t i = tx->s.tables.n; i-- > 0;) {
		const struct prog_table *have = tx->s.tables.p[i];

		if ((t->family && have->family != t->family) ||
		    (!all && (t->name.n ? !str_eq(have->name, t->name)
		                        : have->handle != t->handle)))
			continue;
		drop_table(&tx->s, i);
		found = true;
	}
	return found ? 0 : piece_missing(tx, p, t->name.n ? PART_TABLE : PART_HANDLE);
}

static int apply_table(struct tx *tx, const struct piece *p)
{
	if (piece_drops(p))
		return delete_tables(tx, p);
	size_t i = table_index(&tx->s, p->table->family, p->table->name);
	struct prog_table *t = arena_copy(&tx->m->a, p->table, sizeof(*t));

	if (i < tx->s.tables.n) {
		if (p->op == TX_CREATE)
			return tx_fail(tx, EEXIST, PART_TABLE, 0);
		t->handle = tx->s.tables.p[i]->handle;
		t->userdata = tx->s.tables.p[i]->userdata;
		tx->s.tables.p[i] = t;
		return 0;
	}
	if (!tx->is_load || !t->handle)
		t->handle = tx->m->next_table + 1;
	if (t->handle > tx->m->next_table)
		tx->m->next_table = t->handle;
	vec_push(&tx->s.tables, t);
	return 0;
}

/* ---- sets, objects, flow tables ---- */

static bool is_same_set(const struct prog_set *a, const struct prog_set *b)
{
	return a->flags == b->flags && a->key_len == b->key_len &&
	       a->key_type == b->key_type && a->data_type == b->data_type &&
	       a->data_len == b->data_len && a->obj_type == b->obj_type &&
	       a->timeout_ms == b->timeout_ms;
}

static int delete_set(struct tx *tx, const struct piece *p)
{
	size_t i = 0;

	if (!state_table(&tx->s, p->set->family, p->set->table))
		return piece_missing(tx, p, PART_TABLE);
	for (; i < tx->s.sets.n; i++) {
		const struct prog_set *have = &tx->s.sets.p[i]->set;

		if (is_in(have->family, have->table, p->set->family, p->set->table) &&
		    (p->set->name.n ? str_eq(have->name, p->set->name)
		                    : have->handle == p->set->handle))
			break;
	}
	if (i == tx->s.sets.n)
		return piece_missing(tx, p, p->set->name.n ? PART_SET : PART_HANDLE);
	if (set_is_used(&tx->s, &tx->s.sets.p[i]->set))
		return tx_fail(tx, EBUSY, PART_SET, 0);
	LIST_DROP(&tx->s.sets, i);
	return 0;
}

/* The number of a set whose name is `head` and it; false for other names. */
static bool name_number(struct str name, struct str head, size_t *number)
{
	struct str digits = str_sub(name, head.n, name.n);
	uint64_t n;

	if (!str_starts(name, head) || str_to_u64(digits, 10, &n) < 0)
		return false;
	*number = n;
	return true;
}

/* `__set%d` becomes the first such name that is free. */
static struct str free_name(struct tx *tx, const struct prog_set *s)
{
	size_t percent = str_find(s->name, '%'), n, free = 0;
	struct str head = str_sub(s->name, 0, percent);
	auto_free bool *taken = NULL;

	if (percent == s->name.n)
		return s->name;
	taken = base_calloc(tx->s.sets.n + 1, sizeof(*taken));
	for (size_t i = 0; i < tx->s.sets.n; i++) {
		const struct prog_set *have = &tx->s.sets.p[i]->set;

		if (is_in(have->family, have->table, s->family, s->table) &&
		    name_number(have->name, head, &n) && n < tx->s.sets.n)
			taken[n] = true;
	}
	while (taken[free])
		free++;
	return arena_fmt(&tx->m->a, STR_FMT "%zu", STR_ARG(head), free);
}

static int apply_set(struct tx *tx, const struct piece *p)
{
	if (piece_drops(p))
		return delete_set(tx, p);
	if (!state_table(&tx->s, p->set->family, p->set->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	size_t i = state_set(&tx->s, p->set->family, p->set->table, p->set->name, 0);

	if (i < tx->s.sets.n && !(p->set->flags & NFT_SET_ANONYMOUS)) {
		if (p->op == TX_CREATE || !is_same_set(&tx->s.sets.p[i]->set, p->set))
			return tx_fail(tx, EEXIST, PART_SET, 0);
		return 0;
	}
	struct mem_set *set = arena_new(&tx->m->a, struct mem_set);

	set->made_in = tx->number;
	set->set = *p->set;
	set->set.name = free_name(tx, p->set);
	set->set.handle =
		handle_for(tx, set->set.family, set->set.table, set->set.handle);
	vec_push(&tx->s.sets, set);
	return 0;
}

static int apply_obj(struct tx *tx, const struct piece *p)
{
	size_t i = obj_index(&tx->s, p->obj);

	if (!state_table(&tx->s, p->obj->family, p->obj->table))
		return piece_drops(p) ? piece_missing(tx, p, PART_TABLE)
		                      : tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (piece_drops(p)) {
		if (i == tx->s.objs.n)
			return piece_missing(tx, p,
			                     p->obj->name.n ? PART_OBJ : PART_HANDLE);
		if (obj_is_used(&tx->s, tx->s.objs.p[i]))
			return tx_fail(tx, EBUSY, PART_OBJ, 0);
		LIST_DROP(&tx->s.objs, i);
		return 0;
	}
	if (i < tx->s.objs.n)
		return p->op == TX_CREATE ? tx_fail(tx, EEXIST, PART_OBJ, 0) : 0;
	struct prog_obj *o = arena_copy(&tx->m->a, p->obj, sizeof(*o));

	o->handle = handle_for(tx, o->family, o->table, o->handle);
	vec_push(&tx->s.objs, o);
	return 0;
}

static int apply_flowtable(struct tx *tx, const struct piece *p)
{
	const struct prog_flowtable *f = p->flowtable;
	size_t i = flowtable_index(&tx->s, f);

	if (!state_table(&tx->s, f->family, f->table))
		return piece_drops(p) ? piece_missing(tx, p, PART_TABLE)
		                      : tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (piece_drops(p)) {
		if (i == tx->s.flowtables.n)
			return piece_missing(tx, p,
			                     f->name.n ? PART_FLOWTABLE : PART_HANDLE);
		if (flowtable_is_used(&tx->s, tx->s.flowtables.p[i]))
			return tx_fail(tx, EBUSY, PART_FLOWTABLE, 0);
		LIST_DROP(&tx->s.flowtables, i);
		return 0;
	}
	if (i < tx->s.flowtables.n)
		return p->op == TX_CREATE ? tx_fail(tx, EEXIST, PART_FLOWTABLE, 0) : 0;
	struct prog_flowtable *made = arena_copy(&tx->m->a, f, sizeof(*made));

	made->handle = handle_for(tx, made->family, made->table, made->handle);
	vec_push(&tx->s.flowtables, made);
	return 0;
}

static int apply_piece(struct tx *tx, const struct piece *p)
{
	switch (p->kind) {
	case DUMP_TABLES:
		return apply_table(tx, p);
	case DUMP_CHAINS:
		return apply_chain(tx, p);
	case DUMP_RULES:
		return apply_rule(tx, p);
	case DUMP_SETS:
		return apply_set(tx, p);
	case DUMP_ELEMS:
		return apply_elems(tx, p);
	case DUMP_OBJS:
		return apply_obj(tx, p);
	case DUMP_FLOWTABLES:
		return apply_flowtable(tx, p);
	}
	return -EINVAL;
}

int tx_apply(struct tx *tx)
{
	int r = 0;

	for (size_t i = 0; i < tx->pieces.n; i++) {
		tx->piece = &tx->pieces.p[i];
		int err = apply_piece(tx, tx->piece);

		if (r >= 0)
			r = err;
	}
	tx->piece = NULL;
	return r < 0 ? r : jumps_check(tx);
}
