/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Applies a transaction's pieces in their order, as nf_tables_api.c does: every piece that fails
 * is noted and the others are tried all the same, then jumps are followed.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/memory/memory.h"

/* ---- the lists ---- */

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

/* Numbers of chains and sets hold within one transaction. */
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

/* Takes one out, and keeps the others' order. */
#define LIST_DROP(list, i)                                  \
	(memmove((list)->p + (i), (list)->p + (i) + 1,      \
	         ((list)->n - (i)-1) * sizeof(*(list)->p)), \
	 (void)(list)->n--)

static bool is_in(uint8_t family, struct str table, uint8_t of_family,
                  struct str of_table)
{
	return family == of_family && str_eq(table, of_table);
}

static size_t table_index(const struct state *s, uint8_t family, struct str name)
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

/* By name, else by number in this transaction, else by handle; chains.n when there is none. */
static size_t chain_index(const struct state *s, const struct prog_chain *c)
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

static size_t obj_index(const struct state *s, const struct prog_obj *o)
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

static size_t flowtable_index(const struct state *s, const struct prog_flowtable *f)
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

static bool drops(const struct piece *p)
{
	return p->op == TX_DELETE || p->op == TX_DESTROY;
}

/* The table's next handle, which its chains, rules, sets and objects share. */
static uint64_t new_handle(struct memory *m, uint8_t family, struct str table)
{
	struct str key = arena_fmt(&m->a, "%u " STR_FMT, family, STR_ARG(table));
	uint64_t *last = map_get(&m->handles, key);

	if (!last) {
		last = arena_new(&m->a, uint64_t);
		map_put(&m->handles, key, last);
	}
	return ++*last;
}

/* What is not there: an error for delete, none for destroy. */
static int missing(struct tx *tx, const struct piece *p, enum tx_part part)
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
	return found ? 0 : missing(tx, p, t->name.n ? PART_TABLE : PART_HANDLE);
}

static int apply_table(struct tx *tx, const struct piece *p)
{
	if (drops(p))
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
	t->handle = ++tx->m->next_table;
	vec_push(&tx->s.tables, t);
	return 0;
}

/* ---- chains ---- */

static bool names_own_set(const struct insn *in, struct str set)
{
	return (in->kind == INSN_LOOKUP && str_eq(in->lookup.set.name, set)) ||
	       (in->kind == INSN_DYNSET && str_eq(in->dynset.set.name, set)) ||
	       (in->kind == INSN_OBJREF && str_eq(in->objref.set.name, set));
}

/* A rule takes the literals that were made for it along. */
static void drop_rule(struct state *s, size_t i)
{
	const struct prog_rule *r = &s->rules.p[i]->rule;

	LIST_DROP(&s->rules, i);
	for (size_t k = s->sets.n; k-- > 0;) {
		const struct prog_set *set = &s->sets.p[k]->set;

		if (!(set->flags & NFT_SET_ANONYMOUS) ||
		    !is_in(set->family, set->table, r->family, r->table))
			continue;
		for (size_t n = 0; n < r->prog.n; n++) {
			if (!names_own_set(&r->prog.p[n], set->name))
				continue;
			LIST_DROP(&s->sets, k);
			break;
		}
	}
}

static int delete_chain(struct tx *tx, const struct piece *p)
{
	size_t i = chain_index(&tx->s, p->chain);

	if (!state_table(&tx->s, p->chain->family, p->chain->table))
		return missing(tx, p, PART_TABLE);
	if (i == tx->s.chains.n)
		return missing(tx, p, p->chain->name.n ? PART_CHAIN : PART_HANDLE);
	const struct prog_chain *c = tx->s.chains.p[i];

	if (chain_is_used(&tx->s, c))
		return tx_fail(tx, EBUSY, PART_CHAIN, 0);
	for (size_t k = tx->s.rules.n; k-- > 0;) {
		const struct prog_rule *r = &tx->s.rules.p[k]->rule;

		if (is_in(r->family, r->table, c->family, c->table) &&
		    str_eq(r->chain, c->name))
			drop_rule(&tx->s, k);
	}
	LIST_DROP(&tx->s.chains, i);
	return 0;
}

static int rename_chain(struct tx *tx, const struct prog_chain *c)
{
	const struct prog_chain by_handle = { .family = c->family,
		                              .table = c->table,
		                              .handle = c->handle };
	size_t i = chain_index(&tx->s, &by_handle);

	if (i == tx->s.chains.n)
		return tx_fail(tx, ENOENT, PART_HANDLE, 0);
	if (state_chain(&tx->s, c->family, c->table, c->new_name))
		return tx_fail(tx, EEXIST, PART_NAME, 0);
	struct prog_chain *renamed =
		arena_copy(&tx->m->a, tx->s.chains.p[i], sizeof(*renamed));

	renamed->name = c->new_name;
	tx->s.chains.p[i] = renamed;
	for (size_t k = 0; k < tx->s.rules.n; k++) {
		const struct mem_rule *r = tx->s.rules.p[k];

		if (!is_in(r->rule.family, r->rule.table, c->family, c->table) ||
		    !str_eq(r->rule.chain, c->name))
			continue;
		struct mem_rule *moved = arena_copy(&tx->m->a, r, sizeof(*moved));

		moved->rule.chain = c->new_name;
		tx->s.rules.p[k] = moved;
	}
	return 0;
}

/* A chain that is there takes a new policy, and must be the same in all else. */
static int update_chain(struct tx *tx, const struct piece *p, size_t i)
{
	const struct prog_chain *have = tx->s.chains.p[i], *c = p->chain;

	if (p->op == TX_CREATE)
		return tx_fail(tx, EEXIST, PART_CHAIN, 0);
	if (c->is_base && (!have->is_base || have->hook != c->hook ||
	                   have->priority != c->priority || !str_eq(have->type, c->type)))
		return tx_fail(tx, EEXIST, PART_CHAIN, 0);
	if (!c->has_policy)
		return 0;
	if (!have->is_base)
		return tx_fail(tx, EOPNOTSUPP, PART_POLICY, 0);
	struct prog_chain *changed = arena_copy(&tx->m->a, have, sizeof(*changed));

	changed->has_policy = true;
	changed->policy = c->policy;
	tx->s.chains.p[i] = changed;
	return 0;
}

static int apply_chain(struct tx *tx, const struct piece *p)
{
	if (drops(p))
		return delete_chain(tx, p);
	if (!state_table(&tx->s, p->chain->family, p->chain->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (p->chain->new_name.n)
		return rename_chain(tx, p->chain);
	size_t i = p->chain->name.n ? chain_index(&tx->s, p->chain) : tx->s.chains.n;

	if (i < tx->s.chains.n)
		return update_chain(tx, p, i);
	if (p->chain->has_policy && !p->chain->is_base)
		return tx_fail(tx, EOPNOTSUPP, PART_POLICY, 0);
	struct prog_chain *c = arena_copy(&tx->m->a, p->chain, sizeof(*c));

	c->handle = new_handle(tx->m, c->family, c->table);
	if (c->is_base && !c->has_policy) {
		c->has_policy = true;
		c->policy = 1; /* NF_ACCEPT */
	}
	if (c->name.n == 0)
		c->name = arena_fmt(&tx->m->a, "__chain%llu",
		                    (unsigned long long)c->handle);
	vec_push(&tx->s.chains, c);
	return 0;
}

/* ---- rules ---- */

static int resolve_verdict(struct tx *tx, const struct prog_rule *r, struct insn *in,
                           uint32_t n)
{
	struct verdict *v = &in->immediate.verdict;
	const struct prog_chain by_id = { .family = r->family,
		                          .table = r->table,
		                          .id = v->chain_id };

	if (v->chain_id) {
		size_t i = chain_index(&tx->s, &by_id);

		if (i == tx->s.chains.n)
			return tx_fail(tx, ENOENT, PART_INSN, n);
		v->chain = tx->s.chains.p[i]->name;
		v->chain_id = 0;
		return 0;
	}
	if (v->chain.n == 0)
		return 0;
	const struct prog_chain *c = state_chain(&tx->s, r->family, r->table, v->chain);

	if (!c)
		return tx_fail(tx, ENOENT, PART_INSN, n);
	return c->is_base ? tx_fail(tx, EOPNOTSUPP, PART_INSN, n) : 0;
}

static int resolve_set(struct tx *tx, const struct prog_rule *r, struct set_ref *ref,
                       uint32_t n)
{
	size_t i = state_set(&tx->s, r->family, r->table, ref->name, ref->id);

	if (i == tx->s.sets.n)
		return tx_fail(tx, ENOENT, PART_INSN, n);
	ref->name = tx->s.sets.p[i]->set.name; /* a literal's was a pattern */
	ref->id = 0;
	return 0;
}

/* Names of what the rule needs are looked for, and numbers of this transaction become names. */
static int resolve_insn(struct tx *tx, const struct prog_rule *r, struct insn *in,
                        uint32_t n)
{
	switch (in->kind) {
	case INSN_IMMEDIATE:
		return in->dreg == REG_VERDICT ? resolve_verdict(tx, r, in, n) : 0;
	case INSN_LOOKUP:
		return resolve_set(tx, r, &in->lookup.set, n);
	case INSN_DYNSET:
		return resolve_set(tx, r, &in->dynset.set, n);
	case INSN_OBJREF:
		if (in->objref.set.name.n)
			return resolve_set(tx, r, &in->objref.set, n);
		if (state_obj(&tx->s, r->family, r->table, in->objref.name,
		              in->objref.type))
			return 0;
		return tx_fail(tx, ENOENT, PART_INSN, n);
	case INSN_FLOW_OFFLOAD:
		if (state_flowtable(&tx->s, r->family, r->table, in->flow.table))
			return 0;
		return tx_fail(tx, ENOENT, PART_INSN, n);
	default: /* names nothing */
		return 0;
	}
}

static bool is_rule_of(const struct prog_rule *r, const struct prog_chain *c)
{
	return is_in(r->family, r->table, c->family, c->table) &&
	       str_eq(r->chain, c->name);
}

/* The rule of that handle, or of that number in this transaction; rules.n for none. */
static size_t rule_index(const struct tx *tx, const struct prog_chain *c, uint64_t handle,
                         uint32_t id)
{
	size_t i = 0;

	for (; i < tx->s.rules.n; i++) {
		const struct mem_rule *r = tx->s.rules.p[i];

		if (is_rule_of(&r->rule, c) &&
		    (id ? r->made_in == tx->number && r->rule.id == id
		        : r->rule.handle == handle))
			break;
	}
	return i;
}

static const struct prog_chain *chain_of(const struct tx *tx, const struct prog_rule *r)
{
	const struct prog_chain want = { .family = r->family,
		                         .table = r->table,
		                         .name = r->chain,
		                         .id = r->chain_id };
	size_t i = chain_index(&tx->s, &want);

	return i < tx->s.chains.n ? tx->s.chains.p[i] : NULL;
}

static int delete_one_rule(struct tx *tx, const struct piece *p,
                           const struct prog_chain *c)
{
	const struct prog_rule *r = p->rule;
	size_t i = rule_index(tx, c, r->handle, r->id);

	if (i == tx->s.rules.n)
		return missing(tx, p, PART_HANDLE);
	drop_rule(&tx->s, i);
	return 0;
}

static int delete_rules(struct tx *tx, const struct piece *p)
{
	const struct prog_rule *r = p->rule;
	const struct prog_chain *c = r->chain.n ? chain_of(tx, r) : NULL;

	if (!state_table(&tx->s, r->family, r->table))
		return missing(tx, p, PART_TABLE);
	if (r->chain.n && !c)
		return missing(tx, p, PART_CHAIN);
	if (c && (r->handle || r->id))
		return delete_one_rule(tx, p, c);
	for (size_t i = tx->s.rules.n; i-- > 0;) {
		const struct prog_rule *have = &tx->s.rules.p[i]->rule;

		if (c ? is_rule_of(have, c)
		      : is_in(have->family, have->table, r->family, r->table))
			drop_rule(&tx->s, i);
	}
	return 0;
}

/* Where the new rule goes in the list of all; -errno after a report. */
static long place_rule(struct tx *tx, const struct piece *p, const struct prog_chain *c)
{
	const struct prog_rule *r = p->rule;
	size_t at = tx->s.rules.n;

	if (r->position || r->position_id) {
		at = rule_index(tx, c, r->position, r->position_id);
		if (at == tx->s.rules.n)
			return tx_fail(tx, ENOENT, PART_POSITION, 0);
		return (long)(p->op == TX_INSERT ? at : at + 1);
	}
	if (p->op != TX_INSERT)
		return (long)at;
	for (at = 0; at < tx->s.rules.n && !is_rule_of(&tx->s.rules.p[at]->rule, c);)
		at++;
	return (long)at;
}

static int put_rule(struct tx *tx, const struct piece *p, const struct prog_chain *c,
                    struct mem_rule *r)
{
	if (p->op == TX_REPLACE) {
		size_t i = rule_index(tx, c, p->rule->handle, 0);

		if (i == tx->s.rules.n)
			return tx_fail(tx, ENOENT, PART_HANDLE, 0);
		tx->s.rules.p[i] = r;
		return 0;
	}
	long at = place_rule(tx, p, c);

	if (at < 0)
		return (int)at;
	vec_push(&tx->s.rules, r);
	for (size_t i = tx->s.rules.n - 1; i > (size_t)at; i--)
		tx->s.rules.p[i] = tx->s.rules.p[i - 1];
	tx->s.rules.p[at] = r;
	return 0;
}

static int apply_rule(struct tx *tx, const struct piece *p)
{
	if (drops(p))
		return delete_rules(tx, p);
	const struct prog_chain *c = chain_of(tx, p->rule);
	struct mem_rule *r = arena_new(&tx->m->a, struct mem_rule);

	if (!state_table(&tx->s, p->rule->family, p->rule->table))
		return tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (!c)
		return tx_fail(tx, ENOENT, PART_CHAIN, 0);
	*r = (struct mem_rule){ .rule = *p->rule, .tag = p->tag, .made_in = tx->number };
	r->rule.chain = c->name;
	r->rule.chain_id = 0;
	r->rule.handle = new_handle(tx->m, r->rule.family, r->rule.table);
	r->rule.position = 0;
	for (size_t i = 0; i < r->rule.prog.n; i++) {
		int err = resolve_insn(tx, &r->rule, &r->rule.prog.p[i], (uint32_t)i);

		if (err < 0)
			return err;
	}
	return put_rule(tx, p, c, r);
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
		return missing(tx, p, PART_TABLE);
	for (; i < tx->s.sets.n; i++) {
		const struct prog_set *have = &tx->s.sets.p[i]->set;

		if (is_in(have->family, have->table, p->set->family, p->set->table) &&
		    (p->set->name.n ? str_eq(have->name, p->set->name)
		                    : have->handle == p->set->handle))
			break;
	}
	if (i == tx->s.sets.n)
		return missing(tx, p, p->set->name.n ? PART_SET : PART_HANDLE);
	if (set_is_used(&tx->s, &tx->s.sets.p[i]->set))
		return tx_fail(tx, EBUSY, PART_SET, 0);
	LIST_DROP(&tx->s.sets, i);
	return 0;
}

/* `__set%d` becomes the first such name that is free. */
static struct str free_name(struct tx *tx, const struct prog_set *s)
{
	size_t percent = str_find(s->name, '%');
	struct str head = str_sub(s->name, 0, percent), name = s->name;

	for (unsigned i = 0; percent < s->name.n; i++) {
		name = arena_fmt(&tx->m->a, STR_FMT "%u", STR_ARG(head), i);
		if (state_set(&tx->s, s->family, s->table, name, 0) == tx->s.sets.n)
			break;
	}
	return name;
}

static int apply_set(struct tx *tx, const struct piece *p)
{
	if (drops(p))
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

	set->set = *p->set;
	set->set.name = free_name(tx, p->set);
	set->set.handle = new_handle(tx->m, set->set.family, set->set.table);
	vec_push(&tx->s.sets, set);
	return 0;
}

static int apply_obj(struct tx *tx, const struct piece *p)
{
	size_t i = obj_index(&tx->s, p->obj);

	if (!state_table(&tx->s, p->obj->family, p->obj->table))
		return drops(p) ? missing(tx, p, PART_TABLE)
		                : tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (drops(p)) {
		if (i == tx->s.objs.n)
			return missing(tx, p, p->obj->name.n ? PART_OBJ : PART_HANDLE);
		if (obj_is_used(&tx->s, tx->s.objs.p[i]))
			return tx_fail(tx, EBUSY, PART_OBJ, 0);
		LIST_DROP(&tx->s.objs, i);
		return 0;
	}
	if (i < tx->s.objs.n)
		return p->op == TX_CREATE ? tx_fail(tx, EEXIST, PART_OBJ, 0) : 0;
	struct prog_obj *o = arena_copy(&tx->m->a, p->obj, sizeof(*o));

	o->handle = new_handle(tx->m, o->family, o->table);
	vec_push(&tx->s.objs, o);
	return 0;
}

static int apply_flowtable(struct tx *tx, const struct piece *p)
{
	const struct prog_flowtable *f = p->flowtable;
	size_t i = flowtable_index(&tx->s, f);

	if (!state_table(&tx->s, f->family, f->table))
		return drops(p) ? missing(tx, p, PART_TABLE)
		                : tx_fail(tx, ENOENT, PART_TABLE, 0);
	if (drops(p)) {
		if (i == tx->s.flowtables.n)
			return missing(tx, p, f->name.n ? PART_FLOWTABLE : PART_HANDLE);
		if (flowtable_is_used(&tx->s, tx->s.flowtables.p[i]))
			return tx_fail(tx, EBUSY, PART_FLOWTABLE, 0);
		LIST_DROP(&tx->s.flowtables, i);
		return 0;
	}
	if (i < tx->s.flowtables.n)
		return p->op == TX_CREATE ? tx_fail(tx, EEXIST, PART_FLOWTABLE, 0) : 0;
	struct prog_flowtable *made = arena_copy(&tx->m->a, f, sizeof(*made));

	made->handle = new_handle(tx->m, made->family, made->table);
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
		return elems_apply(tx, p);
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
