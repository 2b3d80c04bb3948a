/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Taking over what another engine has: each dump becomes one transaction, so that one that begins
 * again takes only its own pieces back. */
#include "gate/engine/memory/memory.h"

struct load {
	struct engine *to;
	struct tx *tx;
	const struct prog_set *set; /* whose elements come */
};

static int take_table(void *ctx, const struct prog_table *t)
{
	struct load *l = ctx;

	l->to->ops->tx_table(l->tx, TX_ADD, t, 0);
	return 0;
}

static int take_chain(void *ctx, const struct prog_chain *c)
{
	struct load *l = ctx;

	l->to->ops->tx_chain(l->tx, TX_ADD, c, 0);
	return 0;
}

static int take_set(void *ctx, const struct prog_set *set)
{
	struct load *l = ctx;

	l->to->ops->tx_set(l->tx, TX_ADD, set, 0);
	return 0;
}

static int take_obj(void *ctx, const struct prog_obj *o)
{
	struct load *l = ctx;

	l->to->ops->tx_obj(l->tx, TX_ADD, o, 0);
	return 0;
}

static int take_flowtable(void *ctx, const struct prog_flowtable *f)
{
	struct load *l = ctx;

	l->to->ops->tx_flowtable(l->tx, TX_ADD, f, 0);
	return 0;
}

static int take_rule(void *ctx, const struct prog_rule *r)
{
	struct load *l = ctx;
	struct prog_rule last = *r;

	last.position = 0; /* a dump says which rule stands before: they come in order */
	l->to->ops->tx_rule(l->tx, TX_ADD, &last, 0);
	return 0;
}

static int take_elem(void *ctx, const struct prog_elem *e)
{
	struct load *l = ctx;

	l->to->ops->tx_elem(l->tx, e);
	return 0;
}

static void begin(struct load *l)
{
	l->to->ops->tx_begin(l->to, 0, &l->tx);
	l->tx->is_load = true;
	if (l->set)
		l->to->ops->tx_elems_begin(l->tx, TX_ADD, l->set, 0);
}

/* The other engine begins, or was interrupted and begins again: what came goes. */
static void restart(void *ctx)
{
	struct load *l = ctx;

	l->to->ops->tx_abort(l->tx);
	begin(l);
}

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
	auto_arena a = { 0 };
	size_t n;

	begin(l);
	int r = from->ops->dump(from, kind, f, &ops, restart, l);
	if (r < 0) {
		l->to->ops->tx_abort(l->tx);
		return r;
	}
	return l->to->ops->tx_commit(l->tx, false, &a, &errors, &n, NULL, NULL);
}

static int load_elems(struct load *l, struct engine *from)
{
	const struct state *now = &((struct memory *)l->to)->now;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < now->sets.n; i++) {
		l->set = &now->sets.p[i]->set;
		const struct dump_filter one = { .family = l->set->family,
			                         .table = l->set->table,
			                         .name = l->set->name };

		r = load_dump(l, from, DUMP_ELEMS, &one);
	}
	l->set = NULL;
	return r;
}

int engine_memory_load(struct engine *memory, struct engine *from)
{
	static const enum dump_kind kinds[] = { DUMP_TABLES, DUMP_CHAINS, DUMP_SETS,
		                                DUMP_OBJS, DUMP_FLOWTABLES };
	static const struct dump_filter all;
	struct load l = { .to = memory };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(kinds); i++)
		r = load_dump(&l, from, kinds[i], &all);
	if (r >= 0)
		r = load_elems(&l, from);
	return r < 0 ? r : load_dump(&l, from, DUMP_RULES, &all);
}
