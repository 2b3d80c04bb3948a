/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Giving back what is held. */
#include <errno.h>

#include "gate/engine/memory/memory.h"

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

int memory_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx)
{
	struct dumping d = {
		.s = &((struct memory *)e)->now, .f = f, .ops = ops, .ctx = ctx
	};

	if (restart)
		restart(ctx);
	return dump_kind(&d, kind);
}

int memory_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void *ctx)
{
	struct dumping d = {
		.s = &((struct memory *)e)->now, .f = f, .ops = ops, .ctx = ctx
	};
	int r = dump_kind(&d, kind);

	return r < 0 ? r : d.n ? 0 : -ENOENT;
}

int memory_get_elems(struct engine *e, const struct prog_set *set,
                     const struct prog_elem *keys, size_t n, bool reset,
                     const struct dump_ops *ops, void *ctx, size_t *bad)
{
	const struct state *s = &((struct memory *)e)->now;
	size_t at = state_set(s, set->family, set->table, set->name, 0);
	int r = at < s->sets.n ? 0 : -ENOENT;

	(void)reset; /* no packet ever counts here */
	for (size_t i = 0; r >= 0 && i < n; i++) {
		*bad = i;
		r = elems_get(s->sets.p[at], &keys[i], ops, ctx);
	}
	return r;
}
