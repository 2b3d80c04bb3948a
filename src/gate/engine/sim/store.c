/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The simulated kernel's ruleset: finding, linking, giving back. */
#include "gate/engine/sim/store.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/oom.h"
#include "gate/engine/sim/plan.h"
#include "gate/engine/sim/set.h"
#include "gate/schema/schema.h"

struct sim_store *store_new(void)
{
	struct sim_store *s = base_calloc(1, sizeof(*s));

	s->engine.ops = &store_ops;
	s->generation = 1;
	return s;
}

void table_free(struct sim_table *t)
{
	vec_for_each(it, &t->chains)
		vec_fini(&(*it)->rules);
	vec_for_each(it, &t->sets)
		set_fini(*it);
	vec_fini(&t->chains);
	vec_fini(&t->sets);
	vec_fini(&t->objs);
	vec_fini(&t->flowtables);
}

void store_free(struct sim_store *s)
{
	if (!s)
		return;
	vec_for_each(it, &s->tables)
		table_free(*it);
	plan_free(s);
	vec_fini(&s->tables);
	arena_fini(&s->a);
	free(s);
}

struct sim_table *store_table(const struct sim_store *s, uint8_t family, struct str name)
{
	vec_for_each(it, &s->tables)
		if ((*it)->t.family == family && str_eq((*it)->t.name, name))
			return *it;
	return NULL;
}

struct sim_chain *table_chain(const struct sim_table *t, struct str name)
{
	vec_for_each(it, &t->chains)
		if (str_eq((*it)->c.name, name))
			return *it;
	return NULL;
}

struct sim_set *table_set(const struct sim_table *t, struct str name)
{
	vec_for_each(it, &t->sets)
		if (str_eq((*it)->set.name, name))
			return *it;
	return NULL;
}

struct sim_obj *table_obj(const struct sim_table *t, uint32_t type, struct str name)
{
	vec_for_each(it, &t->objs)
		if ((*it)->o.type == type && str_eq((*it)->o.name, name))
			return *it;
	return NULL;
}

/* ---- links ---- */

static bool jumps(const struct verdict *v)
{
	return v->code == NFT_JUMP || v->code == NFT_GOTO;
}

static bool link_insn(const struct sim_table *t, const struct insn *i,
                      struct sim_run *run)
{
	if (i->kind == INSN_LOOKUP)
		return (run->set = table_set(t, i->lookup.set.name));
	if (i->kind == INSN_DYNSET)
		return (run->set = table_set(t, i->dynset.set.name));
	if (i->kind == INSN_OBJREF && i->objref.set.name.n)
		return (run->set = table_set(t, i->objref.set.name));
	if (i->kind == INSN_OBJREF)
		return (run->obj = table_obj(t, i->objref.type, i->objref.name));
	if (i->kind == INSN_IMMEDIATE && i->dreg == REG_VERDICT &&
	    jumps(&i->immediate.verdict))
		return (run->chain = table_chain(t, i->immediate.verdict.chain));
	return true;
}

static bool link_elem(const struct sim_table *t, const struct sim_set *set,
                      struct sim_elem *e)
{
	if (e->e.is_verdict && jumps(&e->e.verdict))
		return (e->chain = table_chain(t, e->e.verdict.chain));
	if (e->e.obj.n)
		return (e->obj = table_obj(t, set->set.obj_type, e->e.obj));
	return true;
}

static bool link_elems(const struct sim_table *t, struct sim_set *set)
{
	bool ok = !set->catchall || link_elem(t, set, set->catchall);

	vec_for_each(it, &set->elems)
		ok &= link_elem(t, set, *it);
	return ok;
}

static int link_rule(const struct sim_table *t, struct sim_rule *rule, uint32_t *insn)
{
	for (size_t i = 0; i < rule->r.prog.n; i++) {
		if (link_insn(t, &rule->r.prog.p[i], &rule->runs[i]))
			continue;
		*insn = (uint32_t)i;
		return -ENOENT;
	}
	return 0;
}

static int link_table(const struct sim_table *t, struct sim_rule **rule, uint32_t *insn)
{
	vec_for_each(set, &t->sets) {
		if (!link_elems(t, *set)) {
			*rule = NULL;
			return -ENOENT;
		}
	}
	vec_for_each(chain, &t->chains) {
		vec_for_each(it, &(*chain)->rules) {
			*rule = *it;
			int r = link_rule(t, *it, insn);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int store_link(struct sim_store *s, struct sim_rule **rule, uint32_t *insn)
{
	vec_for_each(it, &s->tables) {
		int r = link_table(*it, rule, insn);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool insn_tracks(const struct insn *i)
{
	return i->kind == INSN_CT || i->kind == INSN_NAT || i->kind == INSN_MASQ ||
	       i->kind == INSN_REDIR || i->kind == INSN_NOTRACK ||
	       i->kind == INSN_CONNLIMIT || i->kind == INSN_SYNPROXY ||
	       i->kind == INSN_FLOW_OFFLOAD;
}

static bool table_tracks(const struct sim_table *t)
{
	vec_for_each(chain, &t->chains) {
		if (str_is((*chain)->c.type, "nat"))
			return true;
		vec_for_each(rule, &(*chain)->rules)
			for (size_t i = 0; i < (*rule)->r.prog.n; i++)
				if (insn_tracks(&(*rule)->r.prog.p[i]))
					return true;
	}
	return false;
}

bool store_tracks(const struct sim_store *s, uint8_t family)
{
	vec_for_each(it, &s->tables) {
		uint8_t f = (*it)->t.family;
		bool ip = family == NFPROTO_IPV4 || family == NFPROTO_IPV6;
		if ((f == family || (f == NFPROTO_INET && ip)) && table_tracks(*it))
			return true;
	}
	return false;
}

/* ---- giving back ---- */

static bool wanted(const struct dump_filter *f, const struct sim_table *t)
{
	return (!f->family || f->family == t->t.family) &&
	       (!f->table.n || str_eq(f->table, t->t.name));
}

static bool named(const struct dump_filter *f, struct str name)
{
	return !f->name.n || str_eq(f->name, name);
}

static int dump_rules(const struct sim_table *t, const struct dump_filter *f,
                      const struct dump_ops *ops, void *ctx)
{
	int r = 0;

	vec_for_each(chain, &t->chains) {
		if (!named(f, (*chain)->c.name))
			continue;
		vec_for_each(it, &(*chain)->rules) {
			if (f->handle && (*it)->r.handle != f->handle)
				continue;
			r = ops->rule ? ops->rule(ctx, &(*it)->r) : 0;
			if (r < 0)
				return r;
		}
	}
	return r;
}

static int dump_elems(const struct sim_table *t, const struct dump_filter *f,
                      const struct dump_ops *ops, void *ctx)
{
	int r = 0;

	vec_for_each(set, &t->sets) {
		if (!named(f, (*set)->set.name))
			continue;
		if (ops->elems)
			r = ops->elems(ctx, t->t.family, t->t.name, (*set)->set.name);
		vec_for_each(it, &(*set)->elems) {
			if (r >= 0 && !(*it)->dead && ops->elem)
				r = ops->elem(ctx, &(*it)->e);
		}
		if (r >= 0 && (*set)->catchall && ops->elem)
			r = ops->elem(ctx, &(*set)->catchall->e);
		if (r < 0)
			return r;
	}
	return r;
}

static int dump_named(const struct sim_table *t, enum dump_kind kind,
                      const struct dump_filter *f, const struct dump_ops *ops, void *ctx)
{
	int r = 0;

	if (kind == DUMP_CHAINS && ops->chain)
		vec_for_each(it, &t->chains)
			r = r < 0 || !named(f, (*it)->c.name)
			            ? r
			            : ops->chain(ctx, &(*it)->c);
	if (kind == DUMP_SETS && ops->set)
		vec_for_each(it, &t->sets)
			r = r < 0 || !named(f, (*it)->set.name)
			            ? r
			            : ops->set(ctx, &(*it)->set);
	if (kind == DUMP_OBJS && ops->obj)
		vec_for_each(it, &t->objs)
			r = r < 0 || !named(f, (*it)->o.name) ||
			                    (f->obj_type && f->obj_type != (*it)->o.type)
			            ? r
			            : ops->obj(ctx, &(*it)->o);
	if (kind == DUMP_FLOWTABLES && ops->flowtable)
		vec_for_each(it, &t->flowtables)
			r = r < 0 || !named(f, (*it)->name) ? r
			                                    : ops->flowtable(ctx, *it);
	return r;
}

static int dump_table(const struct sim_table *t, enum dump_kind kind,
                      const struct dump_filter *f, const struct dump_ops *ops, void *ctx)
{
	switch (kind) {
	case DUMP_TABLES:
		return ops->table ? ops->table(ctx, &t->t) : 0;
	case DUMP_RULES:
		return dump_rules(t, f, ops, ctx);
	case DUMP_ELEMS:
		return dump_elems(t, f, ops, ctx);
	case DUMP_CHAINS:
	case DUMP_SETS:
	case DUMP_OBJS:
	case DUMP_FLOWTABLES:
		return dump_named(t, kind, f, ops, ctx);
	}
	return 0;
}

int store_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx)
{
	static const struct dump_filter all;
	struct sim_store *s = (struct sim_store *)e;
	int r = 0;

	if (restart)
		restart(ctx);
	f = f ? f : &all;
	vec_for_each(it, &s->tables) {
		if (wanted(f, *it))
			r = dump_table(*it, kind, f, ops, ctx);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_there(const struct sim_store *s, enum dump_kind kind,
                     const struct dump_filter *f)
{
	const struct sim_table *t = store_table(s, f->family, f->table);

	if (!t)
		return false;
	switch (kind) {
	case DUMP_TABLES:
		return true;
	case DUMP_CHAINS:
	case DUMP_RULES:
		return table_chain(t, f->name) != NULL;
	case DUMP_SETS:
	case DUMP_ELEMS:
		return table_set(t, f->name) != NULL;
	case DUMP_OBJS:
		return table_obj(t, f->obj_type, f->name) != NULL;
	case DUMP_FLOWTABLES:
		vec_for_each(it, &t->flowtables)
			if (str_eq((*it)->name, f->name))
				return true;
		return false;
	}
	return false;
}

int store_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
              const struct dump_ops *ops, void *ctx)
{
	if (!is_there((struct sim_store *)e, kind, f))
		return -ENOENT;
	return store_dump(e, kind, f, ops, NULL, ctx);
}

int store_get_elems(struct engine *e, const struct prog_set *set,
                    const struct prog_elem *keys, size_t n, bool reset,
                    const struct dump_ops *ops, void *ctx, size_t *bad)
{
	struct sim_store *s = (struct sim_store *)e;
	const struct sim_table *t = store_table(s, set->family, set->table);
	struct sim_set *found = t ? table_set(t, set->name) : NULL;
	int r = 0;

	(void)reset; /* elements' counters are read, not kept elsewhere */
	for (size_t i = 0; found && r >= 0 && i < n; i++) {
		const struct sim_elem *elem = set_find(found, keys[i].key.b, s->now_ns);
		*bad = i;
		if (!elem)
			return -ENOENT;
		r = ops->elem ? ops->elem(ctx, &elem->e) : 0;
	}
	return found ? r : -ENOENT;
}

static void store_close(struct engine *e)
{
	store_free((struct sim_store *)e);
}

static bool store_destroys(struct engine *e)
{
	(void)e;
	return true;
}

static int store_generation(struct engine *e, uint32_t *gen)
{
	*gen = ((struct sim_store *)e)->generation;
	return 0;
}

const struct engine_ops store_ops = {
	.name = "sim",
	.close = store_close,
	.destroys = store_destroys,
	.generation = store_generation,
	.dump = store_dump,
	.get = store_get,
	.get_elems = store_get_elems,
	.tx_begin = store_tx_begin,
	.tx_table = store_tx_table,
	.tx_chain = store_tx_chain,
	.tx_rule = store_tx_rule,
	.tx_set = store_tx_set,
	.tx_obj = store_tx_obj,
	.tx_flowtable = store_tx_flowtable,
	.tx_elems_begin = store_tx_elems_begin,
	.tx_elem = store_tx_elem,
	.tx_elems_end = store_tx_elems_end,
	.tx_commit = store_tx_commit,
	.tx_abort = store_tx_abort,
};
