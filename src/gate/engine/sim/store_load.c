/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Taking over what another engine has: a dump becomes one transaction. */
#include "gate/engine/sim/store.h"

#include "gate/engine/sim/copy.h"

/* One load: the sets are kept until their elements are asked for. */
struct load {
	struct sim_store *s;
	struct tx *tx;
	struct arena a;
	VEC(struct prog_set) sets;
	const struct prog_set *set; /* whose elements come */
	enum dump_kind kind;
};

static int take_table(void *ctx, const struct prog_table *t)
{
	store_tx_table(((struct load *)ctx)->tx, TX_ADD, t, 0);
	return 0;
}

static int take_chain(void *ctx, const struct prog_chain *c)
{
	store_tx_chain(((struct load *)ctx)->tx, TX_ADD, c, 0);
	return 0;
}

static int take_set(void *ctx, const struct prog_set *set)
{
	struct load *l = ctx;

	store_tx_set(l->tx, TX_ADD, set, 0);
	vec_push(&l->sets, copy_set(&l->a, set));
	return 0;
}

static int take_obj(void *ctx, const struct prog_obj *o)
{
	store_tx_obj(((struct load *)ctx)->tx, TX_ADD, o, 0);
	return 0;
}

static int take_flowtable(void *ctx, const struct prog_flowtable *f)
{
	store_tx_flowtable(((struct load *)ctx)->tx, TX_ADD, f, 0);
	return 0;
}

static int take_rule(void *ctx, const struct prog_rule *r)
{
	struct prog_rule last = *r;

	last.position = 0; /* a dump says which rule stands before: they come in order */
	store_tx_rule(((struct load *)ctx)->tx, TX_ADD, &last, 0);
	return 0;
}

static int take_elem(void *ctx, const struct prog_elem *e)
{
	store_tx_elem(((struct load *)ctx)->tx, e);
	return 0;
}

/* The engine begins, or was interrupted and begins again: what came goes. */
static void restart(void *ctx)
{
	struct load *l = ctx;

	store_tx_abort(l->tx);
	store_tx_begin(&l->s->engine, 0, &l->tx);
	if (l->set)
		store_tx_elems_begin(l->tx, TX_ADD, l->set, 0);
	else if (l->kind == DUMP_SETS)
		l->sets.n = 0;
}

/* Each dump is a transaction of its own, so that one that begins again takes only its own pieces
 * back. */
static int load_dump(struct load *l, struct engine *from, enum dump_kind kind,
                     const struct dump_filter *f)
{
	static const struct dump_ops ops = { .table = take_table,
		                             .chain = take_chain,
		                             .rule = take_rule,
		                             .set = take_set,
		                             .obj = take_obj,
		                             .flowtable = take_flowtable,
		                             .elem = take_elem };
	struct tx_error *errors;
	size_t n;
	int r;

	l->kind = kind;
	store_tx_begin(&l->s->engine, 0, &l->tx);
	r = from->ops->dump(from, kind, f, &ops, restart, l);
	if (r < 0) {
		store_tx_abort(l->tx);
		return r;
	}
	return store_tx_commit(l->tx, false, &l->a, &errors, &n, NULL, NULL);
}

int store_load(struct sim_store *s, struct engine *from)
{
	static const enum dump_kind kinds[] = { DUMP_TABLES, DUMP_CHAINS, DUMP_SETS,
		                                DUMP_OBJS, DUMP_FLOWTABLES };
	static const struct dump_filter all;
	struct load l = { .s = s };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(kinds); i++)
		r = load_dump(&l, from, kinds[i], &all);
	for (size_t i = 0; r == 0 && i < l.sets.n; i++) {
		struct dump_filter f = { .family = l.sets.p[i].family,
			                 .table = l.sets.p[i].table,
			                 .name = l.sets.p[i].name };
		l.set = &l.sets.p[i];
		r = load_dump(&l, from, DUMP_ELEMS, &f);
		l.set = NULL;
	}
	struct load rules = { .s = s };
	if (r == 0)
		r = load_dump(&rules, from, DUMP_RULES, &all);
	arena_fini(&rules.a);
	vec_fini(&l.sets);
	arena_fini(&l.a);
	return r;
}
