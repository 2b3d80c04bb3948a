/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The ruleset packets run through: its life, and finding in it. */
#include "gate/engine/sim/store.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/oom.h"
#include "gate/engine/sim/plan.h"
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/xt.h"

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

/* ---- life ---- */

/* What packets added is there, and what they took or what has run out is not. */
static int get_elems(struct engine *e, const struct prog_set *set,
                     const struct prog_elem *keys, size_t n, bool reset,
                     const struct dump_ops *ops, void *ctx, size_t *bad)
{
	struct sim_store *s = (struct sim_store *)e;
	const struct sim_table *t = store_table(s, set->family, set->table);
	struct sim_set *found = t ? table_set(t, set->name) : NULL;
	int r = found ? 0 : -ENOENT;

	(void)reset; /* elements' counters are read, not kept elsewhere */
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct sim_elem *elem = set_find(found, keys[i].key.b, s->now_ns);
		*bad = i;
		if (!elem)
			return -ENOENT;
		r = ops->elem ? ops->elem(ctx, &elem->e) : 0;
	}
	return r;
}

static void store_close(struct engine *e)
{
	store_free((struct sim_store *)e);
}

struct sim_store *store_new(void)
{
	struct sim_store *s = base_calloc(1, sizeof(*s));

	memory_init(&s->held);
	s->ops = *s->engine.ops;
	s->ops.name = "sim";
	s->ops.close = store_close;
	s->ops.get_elems = get_elems;
	s->engine.ops = &s->ops;
	return s;
}

static void free_table(struct sim_table *t)
{
	vec_for_each(it, &t->chains)
		vec_fini(&(*it)->rules);
	vec_for_each(it, &t->sets)
		set_fini(*it);
	vec_fini(&t->chains);
	vec_fini(&t->sets);
	vec_fini(&t->objs);
}

void store_unlink(struct sim_store *s)
{
	vec_for_each(it, &s->tables)
		free_table(*it);
	vec_fini(&s->tables);
	plan_free(s);
	arena_fini(&s->a);
	s->xt_lists = NULL;
	s->registered = 0;
	s->now_ns = 0;
}

void store_free(struct sim_store *s)
{
	if (!s)
		return;
	store_unlink(s);
	memory_fini(&s->held);
	free(s);
}

/* ---- questions ---- */

/* What makes the kernel track connections (measured on 6.18): `notrack` and a chain of type nat
 * alone are not among it, and an object is whether a rule uses it or not. */
static bool insn_tracks(const struct insn *i)
{
	if (i->kind == INSN_DYNSET)
		for (size_t k = 0; k < i->dynset.n_exprs; k++)
			if (i->dynset.exprs[k].kind == INSN_CONNLIMIT)
				return true;
	return i->kind == INSN_CT || i->kind == INSN_NAT || i->kind == INSN_MASQ ||
	       i->kind == INSN_REDIR || i->kind == INSN_CONNLIMIT ||
	       i->kind == INSN_SYNPROXY || i->kind == INSN_FLOW_OFFLOAD || xt_tracks(i);
}

static bool program_tracks(const struct program *prog)
{
	for (size_t i = 0; i < prog->n; i++)
		if (insn_tracks(&prog->p[i]))
			return true;
	return false;
}

static bool object_tracks(const struct sim_obj *o)
{
	return o->o.type == NFT_OBJECT_CT_HELPER || o->o.type == NFT_OBJECT_CT_TIMEOUT ||
	       o->o.type == NFT_OBJECT_CT_EXPECT || o->o.type == NFT_OBJECT_SYNPROXY;
}

static bool set_tracks(const struct sim_set *s)
{
	if (program_tracks(&s->set.exprs))
		return true;
	vec_for_each(it, &s->elems)
		if (program_tracks(&(*it)->e.exprs))
			return true;
	return false;
}

static bool table_tracks(const struct sim_table *t)
{
	vec_for_each(it, &t->objs)
		if (object_tracks(*it))
			return true;
	vec_for_each(it, &t->sets)
		if (set_tracks(*it))
			return true;
	vec_for_each(chain, &t->chains)
		vec_for_each(rule, &(*chain)->rules)
			if (program_tracks(&(*rule)->r.prog))
				return true;
	return false;
}

bool store_tracks(const struct sim_store *s, uint8_t family)
{
	bool ip = family == NFPROTO_IPV4 || family == NFPROTO_IPV6;

	vec_for_each(it, &s->tables) {
		uint8_t f = (*it)->t.family;
		bool both = f == NFPROTO_INET || f == NFPROTO_BRIDGE;
		if ((f == family || (both && ip)) && table_tracks(*it))
			return true;
	}
	return false;
}

static bool insn_counts(const struct insn *i)
{
	return i->kind == INSN_CT &&
	       (i->ct.key == NFT_CT_BYTES || i->ct.key == NFT_CT_PKTS ||
	        i->ct.key == NFT_CT_AVGPKT);
}

bool store_counts(const struct sim_store *s)
{
	vec_for_each(table, &s->tables)
		vec_for_each(chain, &(*table)->chains)
			vec_for_each(rule, &(*chain)->rules)
				for (size_t i = 0; i < (*rule)->r.prog.n; i++)
					if (insn_counts(&(*rule)->r.prog.p[i]))
						return true;
	return false;
}
