/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The lists of a state, and finding in them. */
#include "gate/engine/memory/memory.h"

#define LIST_COPY(to, from)                            \
	do {                                           \
		for (size_t i = 0; i < (from)->n; i++) \
			vec_push((to), (from)->p[i]);  \
	} while (0)

void state_copy(struct state *to, const struct state *from)
{
	LIST_COPY(&to->tables, &from->tables);
	LIST_COPY(&to->chains, &from->chains);
	LIST_COPY(&to->rules, &from->rules);
	LIST_COPY(&to->sets, &from->sets);
	LIST_COPY(&to->objs, &from->objs);
	LIST_COPY(&to->flowtables, &from->flowtables);
}

void state_fini(struct state *s)
{
	vec_fini(&s->tables);
	vec_fini(&s->chains);
	vec_fini(&s->rules);
	vec_fini(&s->sets);
	vec_fini(&s->objs);
	vec_fini(&s->flowtables);
}

void state_forget_ids(struct state *s, struct arena *a)
{
	for (size_t i = 0; i < s->chains.n; i++) {
		if (s->chains.p[i]->id) {
			struct prog_chain *c = arena_copy(a, s->chains.p[i], sizeof(*c));
			c->id = 0;
			s->chains.p[i] = c;
		}
	}
	for (size_t i = 0; i < s->sets.n; i++) {
		if (s->sets.p[i]->set.id) {
			struct mem_set *set = arena_copy(a, s->sets.p[i], sizeof(*set));
			set->set.id = 0;
			s->sets.p[i] = set;
		}
	}
}

bool is_in(uint8_t family, struct str table, uint8_t of_family, struct str of_table)
{
	return family == of_family && str_eq(table, of_table);
}

size_t table_index(const struct state *s, uint8_t family, struct str name)
{
	size_t i = 0;

	while (i < s->tables.n &&
	       !is_in(s->tables.p[i]->family, s->tables.p[i]->name, family, name))
		i++;
	return i;
}

const struct prog_table *state_table(const struct state *s, uint8_t family,
                                     struct str name)
{
	size_t i = table_index(s, family, name);

	return i < s->tables.n ? s->tables.p[i] : NULL;
}

size_t chain_index(const struct state *s, const struct prog_chain *c)
{
	for (size_t i = 0; i < s->chains.n; i++) {
		const struct prog_chain *have = s->chains.p[i];

		if (!is_in(have->family, have->table, c->family, c->table))
			continue;
		if (c->name.n ? str_eq(have->name, c->name)
		    : c->id   ? have->id == c->id
		              : c->handle && have->handle == c->handle)
			return i;
	}
	return s->chains.n;
}

const struct prog_chain *state_chain(const struct state *s, uint8_t family,
                                     struct str table, struct str name)
{
	const struct prog_chain c = { .family = family, .table = table, .name = name };
	size_t i = chain_index(s, &c);

	return i < s->chains.n ? s->chains.p[i] : NULL;
}

size_t state_set(const struct state *s, uint8_t family, struct str table, struct str name,
                 uint32_t id)
{
	for (size_t i = s->sets.n; id && i-- > 0;)
		if (s->sets.p[i]->set.id == id)
			return i;
	for (size_t i = 0; i < s->sets.n; i++) {
		const struct prog_set *set = &s->sets.p[i]->set;

		if (is_in(set->family, set->table, family, table) &&
		    str_eq(set->name, name))
			return i;
	}
	return s->sets.n;
}

size_t obj_index(const struct state *s, const struct prog_obj *o)
{
	size_t i = 0;

	for (; i < s->objs.n; i++) {
		const struct prog_obj *have = s->objs.p[i];

		if (is_in(have->family, have->table, o->family, o->table) &&
		    have->type == o->type &&
		    (o->name.n ? str_eq(have->name, o->name) : have->handle == o->handle))
			break;
	}
	return i;
}

const struct prog_obj *state_obj(const struct state *s, uint8_t family, struct str table,
                                 struct str name, uint32_t type)
{
	const struct prog_obj o = {
		.family = family, .table = table, .name = name, .type = type
	};
	size_t i = obj_index(s, &o);

	return i < s->objs.n ? s->objs.p[i] : NULL;
}

size_t flowtable_index(const struct state *s, const struct prog_flowtable *f)
{
	size_t i = 0;

	for (; i < s->flowtables.n; i++) {
		const struct prog_flowtable *have = s->flowtables.p[i];

		if (is_in(have->family, have->table, f->family, f->table) &&
		    (f->name.n ? str_eq(have->name, f->name) : have->handle == f->handle))
			break;
	}
	return i;
}

const struct prog_flowtable *state_flowtable(const struct state *s, uint8_t family,
                                             struct str table, struct str name)
{
	const struct prog_flowtable f = { .family = family,
		                          .table = table,
		                          .name = name };
	size_t i = flowtable_index(s, &f);

	return i < s->flowtables.n ? s->flowtables.p[i] : NULL;
}
