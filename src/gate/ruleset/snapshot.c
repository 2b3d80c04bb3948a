/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading the ruleset's skeleton. */
#include "gate/ruleset/snapshot.h"

#include <errno.h>

#include "gate/ruleset/sets.h"

static struct userdata keep_udata(struct arena *a, struct userdata u)
{
	return (struct userdata){ u.n ? arena_copy(a, u.p, u.n) : NULL, u.n };
}

static int keep_table(void *ctx, const struct prog_table *t)
{
	struct snapshot *s = ctx;
	struct prog_table k = *t;

	k.name = arena_str(s->a, t->name);
	k.userdata = keep_udata(s->a, t->userdata);
	vec_push(&s->tables, k);
	return 0;
}

static const struct str *keep_devs(struct arena *a, const struct str *devs, size_t n)
{
	struct str *out = arena_array(a, struct str, n ? n : 1);

	for (size_t i = 0; i < n; i++)
		out[i] = arena_str(a, devs[i]);
	return out;
}

static int keep_chain(void *ctx, const struct prog_chain *c)
{
	struct snapshot *s = ctx;
	struct prog_chain k = *c;

	k.table = arena_str(s->a, c->table);
	k.name = arena_str(s->a, c->name);
	k.type = arena_str(s->a, c->type);
	k.devs = keep_devs(s->a, c->devs, c->n_devs);
	k.userdata = keep_udata(s->a, c->userdata);
	vec_push(&s->chains, k);
	return 0;
}

static int keep_set(void *ctx, const struct prog_set *set)
{
	struct snapshot *s = ctx;
	struct snapshot_set *k = arena_new(s->a, struct snapshot_set);

	k->set = *set;
	k->set.table = arena_str(s->a, set->table);
	k->set.name = arena_str(s->a, set->name);
	k->set.userdata = keep_udata(s->a, set->userdata);
	k->set.field_len = NULL;
	k->set.exprs.p = set->exprs.n ? arena_copy(s->a, set->exprs.p,
	                                           set->exprs.n * sizeof(*set->exprs.p))
	                              : NULL;
	k->known = set_info_from_kernel(s->a, &k->set, &k->info) == 0;
	vec_push(&s->sets, k);
	return 0;
}

static int keep_obj(void *ctx, const struct prog_obj *o)
{
	struct snapshot *s = ctx;
	struct prog_obj k = *o;

	k.table = arena_str(s->a, o->table);
	k.name = arena_str(s->a, o->name);
	k.userdata = keep_udata(s->a, o->userdata);
	if (o->type == 3) /* NFT_OBJECT_CT_HELPER */
		k.ct_helper.name = arena_str(s->a, o->ct_helper.name);
	if (o->type == 8) /* NFT_OBJECT_SECMARK */
		k.secmark.ctx = arena_str(s->a, o->secmark.ctx);
	vec_push(&s->objs, k);
	return 0;
}

static int keep_flowtable(void *ctx, const struct prog_flowtable *f)
{
	struct snapshot *s = ctx;
	struct prog_flowtable k = *f;

	k.table = arena_str(s->a, f->table);
	k.name = arena_str(s->a, f->name);
	k.devs = keep_devs(s->a, f->devs, f->n_devs);
	vec_push(&s->flowtables, k);
	return 0;
}

static void restart_tables(void *ctx)
{
	((struct snapshot *)ctx)->tables.n = 0;
}

static void restart_chains(void *ctx)
{
	((struct snapshot *)ctx)->chains.n = 0;
}

static void restart_sets(void *ctx)
{
	((struct snapshot *)ctx)->sets.n = 0;
}

static void restart_objs(void *ctx)
{
	((struct snapshot *)ctx)->objs.n = 0;
}

static void restart_flowtables(void *ctx)
{
	((struct snapshot *)ctx)->flowtables.n = 0;
}

static const struct {
	unsigned kind;
	enum dump_kind dump;
	void (*restart)(void *ctx);
} kinds_of_dump[] = {
	{ 0, DUMP_TABLES, restart_tables },
	{ SNAP_CHAINS, DUMP_CHAINS, restart_chains },
	{ SNAP_SETS, DUMP_SETS, restart_sets },
	{ SNAP_OBJS, DUMP_OBJS, restart_objs },
	{ SNAP_FLOWTABLES, DUMP_FLOWTABLES, restart_flowtables },
};

/* A dump cannot be asked for one name, and puts back whatever it shows. */
static int reset_objs(struct snapshot *s, struct engine *e, const struct dump_filter *f,
                      const struct dump_ops *ops)
{
	int r;

	if (f->name.n == 0)
		return e->ops->dump(e, DUMP_OBJS, f, ops, restart_objs, s);
	r = e->ops->get(e, DUMP_OBJS, f, ops, s);
	return r == -ENOENT ? 0 : r;
}

int snapshot_read(struct snapshot *s, struct arena *a, struct engine *e, uint8_t family,
                  struct str table, unsigned kinds, const struct dump_filter *reset)
{
	static const struct dump_ops ops = { .table = keep_table,
		                             .chain = keep_chain,
		                             .set = keep_set,
		                             .obj = keep_obj,
		                             .flowtable = keep_flowtable };

	*s = (struct snapshot){ .a = a };
	for (size_t i = 0; i < ARRAY_LEN(kinds_of_dump); i++) {
		struct dump_filter f = { .family = family, .table = table };

		if (kinds_of_dump[i].kind && !(kinds & kinds_of_dump[i].kind))
			continue;
		int r = reset && kinds_of_dump[i].kind == SNAP_OBJS
		                ? reset_objs(s, e, reset, &ops)
		                : e->ops->dump(e, kinds_of_dump[i].dump, &f, &ops,
		                               kinds_of_dump[i].restart, s);

		if (r < 0)
			return r;
	}
	return 0;
}

void snapshot_fini(struct snapshot *s)
{
	vec_fini(&s->tables);
	vec_fini(&s->chains);
	vec_fini(&s->sets);
	vec_fini(&s->objs);
	vec_fini(&s->flowtables);
}

const struct snapshot_set *snapshot_find_set(const struct snapshot *s, uint8_t family,
                                             struct str table, struct str name)
{
	for (size_t i = 0; i < s->sets.n; i++) {
		const struct snapshot_set *set = s->sets.p[i];

		if (set->set.family == family && str_eq(set->set.table, table) &&
		    str_eq(set->set.name, name))
			return set;
	}
	return NULL;
}
