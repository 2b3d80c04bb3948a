/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From what the engine in memory holds to what packets run through. */
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/state.h"
#include "gate/engine/sim/store.h"

/* ---- the parts ---- */

static void put_tables(struct sim_store *s, const struct state *from)
{
	vec_for_each(it, &from->tables) {
		struct sim_table *t = arena_new(&s->a, struct sim_table);

		t->t = **it;
		vec_push(&s->tables, t);
	}
}

static void put_chains(struct sim_store *s, const struct state *from)
{
	vec_for_each(it, &from->chains) {
		struct sim_chain *c = arena_new(&s->a, struct sim_chain);

		c->c = **it;
		c->table = store_table(s, c->c.family, c->c.table);
		if (c->c.is_base)
			c->registered = ++s->registered;
		c->is_route = str_is(c->c.type, "route");
		vec_push(&c->table->chains, c);
	}
}

static void put_objs(struct sim_store *s, const struct state *from)
{
	vec_for_each(it, &from->objs) {
		struct sim_obj *o = arena_new(&s->a, struct sim_obj);

		o->o = **it;
		state_init_obj(&o->o, &o->run.state);
		vec_push(&store_table(s, o->o.family, o->o.table)->objs, o);
	}
}

/* Whose elements come. */
struct filling {
	struct sim_store *s;
	struct sim_set *set;
};

static int put_elem(void *ctx, const struct prog_elem *e)
{
	struct filling *f = ctx;

	set_take(f->s, f->set, e);
	return 0;
}

static void put_sets(struct sim_store *s, const struct state *from)
{
	static const struct dump_ops ops = { .elem = put_elem };

	vec_for_each(it, &from->sets) {
		struct sim_set *set = arena_new(&s->a, struct sim_set);
		struct filling f = { s, set };

		set->set = (*it)->set;
		set->table = store_table(s, set->set.family, set->set.table);
		vec_push(&set->table->sets, set);
		elems_get(*it, NULL, &ops, &f);
	}
}

static struct sim_rule *make_rule(struct sim_store *s, const struct mem_rule *from)
{
	struct sim_rule *rule = arena_new(&s->a, struct sim_rule);
	const struct program *prog = &from->rule.prog;

	rule->r = from->rule;
	rule->tag = from->tag;
	rule->runs = arena_array(&s->a, struct sim_run, prog->n ? prog->n : 1);
	for (size_t i = 0; i < prog->n; i++)
		state_init(&prog->p[i], &rule->runs[i].state);
	return rule;
}

/* Those of a chain mostly stand together. */
static void put_rules(struct sim_store *s, const struct state *from)
{
	struct sim_chain *chain = NULL;

	vec_for_each(it, &from->rules) {
		struct sim_rule *rule = make_rule(s, *it);

		if (!chain || !is_rule_of(&rule->r, &chain->c))
			chain = table_chain(store_table(s, rule->r.family, rule->r.table),
			                    rule->r.chain);
		rule->chain = chain;
		vec_push(&chain->rules, rule);
	}
}

/* ---- links: the engine has seen to it that they lead somewhere ---- */

static void link_insn(const struct sim_table *t, const struct insn *i,
                      struct sim_run *run)
{
	const struct set_ref *set = insn_set(i);
	struct str chain = insn_chain(i);

	if (set)
		run->set = table_set(t, set->name);
	else if (i->kind == INSN_OBJREF)
		run->obj = table_obj(t, i->objref.type, i->objref.name);
	else if (chain.n)
		run->chain = table_chain(t, chain);
}

static void link_elem(const struct sim_table *t, const struct sim_set *set,
                      struct sim_elem *e)
{
	if (e->e.is_verdict && e->e.verdict.chain.n)
		e->chain = table_chain(t, e->e.verdict.chain);
	else if (e->e.obj.n)
		e->obj = table_obj(t, set->set.obj_type, e->e.obj);
}

static void link_table(const struct sim_table *t)
{
	vec_for_each(set, &t->sets) {
		vec_for_each(it, &(*set)->elems)
			link_elem(t, *set, *it);
		if ((*set)->catchall)
			link_elem(t, *set, (*set)->catchall);
	}
	vec_for_each(chain, &t->chains)
		vec_for_each(it, &(*chain)->rules)
			for (size_t i = 0; i < (*it)->r.prog.n; i++)
				link_insn(t, &(*it)->r.prog.p[i], &(*it)->runs[i]);
}

void store_link(struct sim_store *s)
{
	const struct state *from = &s->held.now;

	store_unlink(s);
	put_tables(s, from);
	put_chains(s, from);
	put_objs(s, from);
	put_sets(s, from);
	put_rules(s, from);
	vec_for_each(it, &s->tables)
		link_table(*it);
}
