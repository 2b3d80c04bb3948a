/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The engine's face: dumps, and collecting a transaction's pieces. */
#include "gate/engine/memory/memory.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/oom.h"

static struct memory *memory_of(struct engine *e)
{
	return (struct memory *)e;
}

static void memory_close(struct engine *e)
{
	struct memory *m = memory_of(e);

	map_fini(&m->handles);
	state_fini(&m->now);
	arena_fini(&m->a);
	free(m);
}

static bool memory_destroys(struct engine *e)
{
	(void)e;
	return true;
}

static int memory_generation(struct engine *e, uint32_t *gen)
{
	*gen = memory_of(e)->next_tx;
	return 0;
}

/* ---- dumps ---- */

static bool is_wanted(const struct dump_filter *f, uint8_t family, struct str table,
                      struct str name)
{
	return (f->family == 0 || f->family == family) &&
	       (f->table.n == 0 || str_eq(f->table, table)) &&
	       (f->name.n == 0 || str_eq(f->name, name));
}

/* Every dump counts what it gave, and stops at the first callback that fails. */
struct dumping {
	const struct state *s;
	const struct dump_filter *f;
	const struct dump_ops *ops;
	void *ctx;
	size_t n;
};

static int dump_tables(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->tables.n; i++) {
		const struct prog_table *t = d->s->tables.p[i];

		if (!is_wanted(d->f, t->family, t->name, d->f->name))
			continue;
		d->n++;
		r = d->ops->table ? d->ops->table(d->ctx, t) : 0;
	}
	return r;
}

static int dump_chains(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->chains.n; i++) {
		const struct prog_chain *c = d->s->chains.p[i];

		if (!is_wanted(d->f, c->family, c->table, c->name))
			continue;
		d->n++;
		r = d->ops->chain ? d->ops->chain(d->ctx, c) : 0;
	}
	return r;
}

static int dump_rules(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->rules.n; i++) {
		const struct prog_rule *rule = &d->s->rules.p[i]->rule;

		if (!is_wanted(d->f, rule->family, rule->table, rule->chain) ||
		    (d->f->handle && d->f->handle != rule->handle))
			continue;
		d->n++;
		r = d->ops->rule ? d->ops->rule(d->ctx, rule) : 0;
	}
	return r;
}

static int dump_sets(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->sets.n; i++) {
		const struct prog_set *set = &d->s->sets.p[i]->set;

		if (!is_wanted(d->f, set->family, set->table, set->name))
			continue;
		d->n++;
		r = d->ops->set ? d->ops->set(d->ctx, set) : 0;
	}
	return r;
}

static int dump_elems(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->sets.n; i++) {
		const struct mem_set *set = d->s->sets.p[i];

		if (!is_wanted(d->f, set->set.family, set->set.table, set->set.name))
			continue;
		d->n++;
		if (d->ops->elems)
			r = d->ops->elems(d->ctx, set->set.family, set->set.table,
			                  set->set.name);
		if (r >= 0)
			r = elems_get(set, NULL, d->ops, d->ctx);
	}
	return r;
}

static int dump_objs(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->objs.n; i++) {
		const struct prog_obj *o = d->s->objs.p[i];

		if (!is_wanted(d->f, o->family, o->table, o->name) ||
		    (d->f->obj_type && d->f->obj_type != o->type))
			continue;
		d->n++;
		r = d->ops->obj ? d->ops->obj(d->ctx, o) : 0;
	}
	return r;
}

static int dump_flowtables(struct dumping *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->s->flowtables.n; i++) {
		const struct prog_flowtable *f = d->s->flowtables.p[i];

		if (!is_wanted(d->f, f->family, f->table, f->name))
			continue;
		d->n++;
		r = d->ops->flowtable ? d->ops->flowtable(d->ctx, f) : 0;
	}
	return r;
}

static int dump_kind(struct dumping *d, enum dump_kind kind)
{
	switch (kind) {
	case DUMP_TABLES:
		return dump_tables(d);
	case DUMP_CHAINS:
		return dump_chains(d);
	case DUMP_RULES:
		return dump_rules(d);
	case DUMP_SETS:
		return dump_sets(d);
	case DUMP_ELEMS:
		return dump_elems(d);
	case DUMP_OBJS:
		return dump_objs(d);
	case DUMP_FLOWTABLES:
		return dump_flowtables(d);
	}
	return -EINVAL;
}

static int memory_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                       const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx)
{
	struct dumping d = { .s = &memory_of(e)->now, .f = f, .ops = ops, .ctx = ctx };

	if (restart)
		restart(ctx);
	return dump_kind(&d, kind);
}

static int memory_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                      const struct dump_ops *ops, void *ctx)
{
	struct dumping d = { .s = &memory_of(e)->now, .f = f, .ops = ops, .ctx = ctx };
	int r = dump_kind(&d, kind);

	return r < 0 ? r : d.n ? 0 : -ENOENT;
}

static int memory_get_elems(struct engine *e, const struct prog_set *set,
                            const struct prog_elem *keys, size_t n, bool reset,
                            const struct dump_ops *ops, void *ctx, size_t *bad)
{
	const struct state *s = &memory_of(e)->now;
	size_t at = state_set(s, set->family, set->table, set->name, 0);
	int r = at < s->sets.n ? 0 : -ENOENT;

	(void)reset; /* no packet ever counts here */
	for (size_t i = 0; r >= 0 && i < n; i++) {
		*bad = i;
		r = elems_get(s->sets.p[at], &keys[i], ops, ctx);
	}
	return r;
}

/* ---- a transaction ---- */

static int memory_tx_begin(struct engine *e, uint32_t gen, struct tx **out)
{
	struct tx *tx = base_calloc(1, sizeof(*tx));

	(void)gen; /* nobody else changes it */
	tx->m = memory_of(e);
	tx->number = ++tx->m->next_tx;
	*out = tx;
	return 0;
}

static struct piece *add_piece(struct tx *tx, enum dump_kind kind, enum tx_op op,
                               uint32_t tag)
{
	struct piece *p = vec_add(&tx->pieces);

	p->kind = kind;
	p->op = op;
	p->tag = tag;
	return p;
}

static void memory_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                            uint32_t tag)
{
	add_piece(tx, DUMP_TABLES, op, tag)->table = table_copy(&tx->m->a, t);
}

static void memory_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                            uint32_t tag)
{
	add_piece(tx, DUMP_CHAINS, op, tag)->chain = chain_copy(&tx->m->a, c);
}

static void memory_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r,
                           uint32_t tag)
{
	add_piece(tx, DUMP_RULES, op, tag)->rule = rule_copy(&tx->m->a, r);
}

static void memory_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s,
                          uint32_t tag)
{
	add_piece(tx, DUMP_SETS, op, tag)->set = set_copy(&tx->m->a, s);
}

static void memory_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o,
                          uint32_t tag)
{
	add_piece(tx, DUMP_OBJS, op, tag)->obj = obj_copy(&tx->m->a, o);
}

static void memory_tx_flowtable(struct tx *tx, enum tx_op op,
                                const struct prog_flowtable *f, uint32_t tag)
{
	add_piece(tx, DUMP_FLOWTABLES, op, tag)->flowtable = flowtable_copy(&tx->m->a, f);
}

static void memory_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                                  uint32_t tag)
{
	add_piece(tx, DUMP_ELEMS, op, tag)->set = set_copy(&tx->m->a, s);
}

static void memory_tx_elem(struct tx *tx, const struct prog_elem *e)
{
	struct piece *p = &tx->pieces.p[tx->pieces.n - 1];

	vec_push(&p->elems, elem_copy(&tx->m->a, e));
}

static void memory_tx_elems_end(struct tx *tx)
{
	(void)tx;
}

static void memory_tx_abort(struct tx *tx)
{
	for (size_t i = 0; i < tx->pieces.n; i++)
		vec_fini(&tx->pieces.p[i].elems);
	vec_fini(&tx->pieces);
	vec_fini(&tx->errors);
	state_fini(&tx->s);
	free(tx);
}

int tx_fail(struct tx *tx, int err, enum tx_part part, uint32_t index)
{
	vec_push(&tx->errors, (struct tx_error){ .tag = tx->piece ? tx->piece->tag : 0,
	                                         .err = err,
	                                         .part = part,
	                                         .index = index });
	return -err;
}

static int memory_tx_commit(struct tx *tx, bool check, struct arena *a,
                            struct tx_error **errors, size_t *n_errors,
                            const struct dump_ops *echo, void *ctx)
{
	struct memory *m = tx->m;

	(void)echo; /* nobody listens: a check adds nothing, a state is given */
	(void)ctx;
	state_copy(&tx->s, &m->now);
	int r = tx_apply(tx);
	*n_errors = tx->errors.n;
	if (tx->errors.n)
		*errors =
			arena_copy(a, tx->errors.p, tx->errors.n * sizeof(*tx->errors.p));
	if (r >= 0 && !check) {
		state_forget_ids(&tx->s, &m->a);
		struct state old = m->now;
		m->now = tx->s;
		tx->s = old;
	}
	memory_tx_abort(tx);
	return r;
}

static const struct engine_ops memory_ops = {
	.name = "memory",
	.close = memory_close,
	.destroys = memory_destroys,
	.generation = memory_generation,
	.dump = memory_dump,
	.get = memory_get,
	.get_elems = memory_get_elems,
	.tx_begin = memory_tx_begin,
	.tx_table = memory_tx_table,
	.tx_chain = memory_tx_chain,
	.tx_rule = memory_tx_rule,
	.tx_set = memory_tx_set,
	.tx_obj = memory_tx_obj,
	.tx_flowtable = memory_tx_flowtable,
	.tx_elems_begin = memory_tx_elems_begin,
	.tx_elem = memory_tx_elem,
	.tx_elems_end = memory_tx_elems_end,
	.tx_commit = memory_tx_commit,
	.tx_abort = memory_tx_abort,
};

struct engine *engine_memory_new(void)
{
	struct memory *m = base_calloc(1, sizeof(*m));

	m->engine.ops = &memory_ops;
	return &m->engine;
}
