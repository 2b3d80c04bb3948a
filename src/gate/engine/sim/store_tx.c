/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Transactions on the simulated ruleset. Pieces are kept as they come and applied at the commit,
 * so that what is asked in between is answered from the ruleset before.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "base/oom.h"
#include "gate/engine/sim/copy.h"
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/state.h"

/* One piece. */
struct step {
	enum dump_kind kind;
	enum tx_op op;
	uint32_t tag;
	size_t first, n; /* DUMP_ELEMS: of tx->elems; none: flush when deleting */
	union {
		struct prog_table table;
		struct prog_chain chain;
		struct prog_rule rule;
		struct prog_set set; /* also that of elements */
		struct prog_obj obj;
		struct prog_flowtable flowtable;
	};
};

struct tx {
	struct sim_store *s;
	VEC(struct step) steps;
	VEC(struct prog_elem) elems;
	/* What has only a number inside the transaction, by the number. */
	VEC(struct str) set_names, chain_names;
	struct tx_error error;
};

int store_tx_begin(struct engine *e, uint32_t gen, struct tx **out)
{
	struct tx *tx = base_calloc(1, sizeof(*tx));

	(void)gen; /* nobody else writes */
	tx->s = (struct sim_store *)e;
	*out = tx;
	return 0;
}

static struct step *add_step(struct tx *tx, enum dump_kind kind, enum tx_op op,
                             uint32_t tag)
{
	struct step *step = vec_add(&tx->steps);

	step->kind = kind;
	step->op = op;
	step->tag = tag;
	return step;
}

void store_tx_table(struct tx *tx, enum tx_op op, const struct prog_table *t,
                    uint32_t tag)
{
	add_step(tx, DUMP_TABLES, op, tag)->table = copy_table(&tx->s->a, t);
}

void store_tx_chain(struct tx *tx, enum tx_op op, const struct prog_chain *c,
                    uint32_t tag)
{
	add_step(tx, DUMP_CHAINS, op, tag)->chain = copy_chain(&tx->s->a, c);
}

void store_tx_rule(struct tx *tx, enum tx_op op, const struct prog_rule *r, uint32_t tag)
{
	add_step(tx, DUMP_RULES, op, tag)->rule = copy_rule(&tx->s->a, r);
}

void store_tx_set(struct tx *tx, enum tx_op op, const struct prog_set *s, uint32_t tag)
{
	add_step(tx, DUMP_SETS, op, tag)->set = copy_set(&tx->s->a, s);
}

void store_tx_obj(struct tx *tx, enum tx_op op, const struct prog_obj *o, uint32_t tag)
{
	add_step(tx, DUMP_OBJS, op, tag)->obj = copy_obj(&tx->s->a, o);
}

void store_tx_flowtable(struct tx *tx, enum tx_op op, const struct prog_flowtable *f,
                        uint32_t tag)
{
	add_step(tx, DUMP_FLOWTABLES, op, tag)->flowtable = copy_flowtable(&tx->s->a, f);
}

void store_tx_elems_begin(struct tx *tx, enum tx_op op, const struct prog_set *s,
                          uint32_t tag)
{
	struct step *step = add_step(tx, DUMP_ELEMS, op, tag);

	step->set = copy_set(&tx->s->a, s);
	step->first = tx->elems.n;
}

void store_tx_elem(struct tx *tx, const struct prog_elem *e)
{
	vec_push(&tx->elems, copy_elem(&tx->s->a, e));
	tx->steps.p[tx->steps.n - 1].n++;
}

void store_tx_elems_end(struct tx *tx)
{
	(void)tx;
}

/* ---- applying ---- */

static bool deletes(enum tx_op op)
{
	return op == TX_DELETE || op == TX_DESTROY;
}

/* -ENOENT, but destroying what is not there is fine. */
static int missing(enum tx_op op)
{
	return op == TX_DESTROY ? 0 : -ENOENT;
}

static void name_number(struct tx *tx, bool chain, uint32_t id, struct str name)
{
	while (id && (chain ? tx->chain_names.n : tx->set_names.n) <= id) {
		if (chain)
			vec_push(&tx->chain_names, (struct str){ 0 });
		else
			vec_push(&tx->set_names, (struct str){ 0 });
	}
	if (id && chain)
		tx->chain_names.p[id] = name;
	else if (id)
		tx->set_names.p[id] = name;
}

static void resolve_set(const struct tx *tx, struct set_ref *ref)
{
	if (ref->id && ref->id < tx->set_names.n && tx->set_names.p[ref->id].n)
		ref->name = tx->set_names.p[ref->id];
	ref->id = 0;
}

static void resolve_verdict(const struct tx *tx, struct verdict *v)
{
	if (v->chain_id && v->chain_id < tx->chain_names.n)
		v->chain = tx->chain_names.p[v->chain_id];
	v->chain_id = 0;
}

static void drop_tables(struct sim_store *s, const struct prog_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->tables.n; i++) {
		struct sim_table *it = s->tables.p[i];
		bool hit = (!t->family || t->family == it->t.family) &&
		           (!t->name.n || str_eq(t->name, it->t.name)) &&
		           (!t->handle || t->handle == it->t.handle);
		if (hit)
			table_free(it);
		else
			s->tables.p[kept++] = it;
	}
	s->tables.n = kept;
}

static int apply_table(struct tx *tx, const struct step *step)
{
	struct sim_store *s = tx->s;
	struct sim_table *have = store_table(s, step->table.family, step->table.name);

	if (deletes(step->op)) {
		if (!have && step->table.name.n)
			return missing(step->op);
		drop_tables(s, &step->table);
		return 0;
	}
	if (have) {
		have->t.flags = step->table.flags;
		return step->op == TX_CREATE ? -EEXIST : 0;
	}
	struct sim_table *t = arena_new(&s->a, struct sim_table);
	t->t = step->table;
	t->t.handle = ++s->next_handle;
	vec_push(&s->tables, t);
	return 0;
}

static void remove_chain(struct sim_table *t, struct sim_chain *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->chains.n; i++)
		if (t->chains.p[i] != c)
			t->chains.p[kept++] = t->chains.p[i];
	t->chains.n = kept;
	vec_fini(&c->rules);
}

static struct sim_chain *chain_by_handle(const struct sim_table *t, uint64_t handle)
{
	vec_for_each(it, &t->chains)
		if ((*it)->c.handle == handle)
			return *it;
	return NULL;
}

static int delete_chain(struct sim_table *t, const struct step *step)
{
	struct sim_chain *c = step->chain.name.n ? table_chain(t, step->chain.name)
	                                         : chain_by_handle(t, step->chain.handle);

	if (!c)
		return missing(step->op);
	if (c->rules.n && !(c->c.flags & NFT_CHAIN_BINDING))
		return -EBUSY;
	remove_chain(t, c);
	return 0;
}

static int change_chain(struct sim_chain *have, const struct step *step)
{
	if (step->op == TX_CREATE)
		return -EEXIST;
	if (step->chain.is_base &&
	    (!have->c.is_base || have->c.hook != step->chain.hook ||
	     have->c.priority != step->chain.priority ||
	     !str_eq(have->c.type, step->chain.type)))
		return -EEXIST;
	if (step->chain.has_policy) {
		have->c.policy = step->chain.policy;
		have->c.has_policy = true;
	}
	return 0;
}

static int make_chain(struct tx *tx, struct sim_table *t, const struct step *step)
{
	struct sim_store *s = tx->s;
	struct sim_chain *c = arena_new(&s->a, struct sim_chain);

	c->c = step->chain;
	c->table = t;
	if (!step->chain.handle)
		c->c.handle = ++s->next_handle;
	if (!c->c.name.n)
		c->c.name = arena_fmt(&s->a, "__chain%u", ++s->next_name);
	name_number(tx, true, c->c.id, c->c.name);
	if (c->c.is_base) {
		c->registered = ++s->registered;
		if (!c->c.has_policy)
			c->c.policy = 1; /* NF_ACCEPT */
		c->c.has_policy = true;
	}
	vec_push(&t->chains, c);
	return 0;
}

static int apply_chain(struct tx *tx, const struct step *step)
{
	struct sim_table *t = store_table(tx->s, step->chain.family, step->chain.table);
	struct sim_chain *have;

	if (!t)
		return missing(step->op);
	if (deletes(step->op))
		return delete_chain(t, step);
	if (step->chain.new_name.n) {
		have = step->chain.handle ? chain_by_handle(t, step->chain.handle)
		                          : table_chain(t, step->chain.name);
		if (!have)
			return -ENOENT;
		have->c.name = step->chain.new_name;
		return 0;
	}
	have = step->chain.name.n ? table_chain(t, step->chain.name) : NULL;
	return have ? change_chain(have, step) : make_chain(tx, t, step);
}

/* Index of the rule with that handle, or -ENOENT. */
static int64_t rule_index(const struct sim_chain *c, uint64_t handle)
{
	for (size_t i = 0; i < c->rules.n; i++)
		if (c->rules.p[i]->r.handle == handle)
			return (int64_t)i;
	return -ENOENT;
}

static void remove_rule(struct sim_chain *c, size_t at)
{
	memmove(c->rules.p + at, c->rules.p + at + 1,
	        (c->rules.n - at - 1) * sizeof(*c->rules.p));
	c->rules.n--;
}

static int delete_rules(struct sim_table *t, const struct step *step)
{
	const struct prog_rule *r = &step->rule;
	bool found = false;

	vec_for_each(it, &t->chains) {
		if (r->chain.n && !str_eq(r->chain, (*it)->c.name))
			continue;
		found = true;
		if (!r->handle) {
			(*it)->rules.n = 0;
			continue;
		}
		int64_t at = rule_index(*it, r->handle);
		if (at < 0)
			return missing(step->op);
		remove_rule(*it, (size_t)at);
	}
	return found || !r->chain.n ? 0 : missing(step->op);
}

static struct sim_rule *make_rule(struct tx *tx, struct sim_chain *c,
                                  const struct step *step)
{
	struct sim_rule *rule = arena_new(&tx->s->a, struct sim_rule);
	struct program *prog;

	rule->r = step->rule;
	rule->chain = c;
	rule->tag = step->tag;
	rule->r.chain = c->c.name;
	/* one that was loaded keeps its own */
	if (step->op == TX_REPLACE || !step->rule.handle)
		rule->r.handle = ++tx->s->next_handle;
	prog = &rule->r.prog;
	rule->runs = arena_array(&tx->s->a, struct sim_run, prog->n ? prog->n : 1);
	for (size_t i = 0; i < prog->n; i++) {
		struct insn *in = &prog->p[i];
		if (in->kind == INSN_LOOKUP)
			resolve_set(tx, &in->lookup.set);
		if (in->kind == INSN_DYNSET)
			resolve_set(tx, &in->dynset.set);
		if (in->kind == INSN_OBJREF)
			resolve_set(tx, &in->objref.set);
		if (in->kind == INSN_IMMEDIATE)
			resolve_verdict(tx, &in->immediate.verdict);
		state_init(in, &rule->runs[i].state);
	}
	return rule;
}

static void insert_rule(struct sim_chain *c, size_t at, struct sim_rule *rule)
{
	vec_push(&c->rules, rule);
	memmove(c->rules.p + at + 1, c->rules.p + at,
	        (c->rules.n - at - 1) * sizeof(*c->rules.p));
	c->rules.p[at] = rule;
}

static int place_rule(struct tx *tx, struct sim_chain *c, const struct step *step)
{
	uint64_t handle =
		step->op == TX_REPLACE ? step->rule.handle : step->rule.position;
	int64_t at = handle ? rule_index(c, handle) : -1;

	if (handle && at < 0)
		return -ENOENT;
	struct sim_rule *rule = make_rule(tx, c, step);
	if (step->op == TX_REPLACE)
		c->rules.p[at] = rule;
	else if (step->op == TX_INSERT)
		insert_rule(c, handle ? (size_t)at : 0, rule);
	else
		insert_rule(c, handle ? (size_t)at + 1 : c->rules.n, rule);
	return 0;
}

static int apply_rule(struct tx *tx, const struct step *step)
{
	struct sim_table *t = store_table(tx->s, step->rule.family, step->rule.table);
	struct str name = step->rule.chain;

	if (step->rule.chain_id && step->rule.chain_id < tx->chain_names.n)
		name = tx->chain_names.p[step->rule.chain_id];
	if (!t)
		return missing(step->op);
	if (deletes(step->op))
		return delete_rules(t, step);
	struct sim_chain *c = table_chain(t, name);
	return c ? place_rule(tx, c, step) : -ENOENT;
}

static struct str unique_name(struct sim_store *s, struct str pattern)
{
	size_t percent = str_find(pattern, '%');

	if (percent == pattern.n)
		return pattern;
	return arena_fmt(&s->a, STR_FMT "%u", STR_ARG(str_sub(pattern, 0, percent)),
	                 ++s->next_name);
}

static int delete_set(struct sim_table *t, const struct step *step)
{
	for (size_t i = 0; i < t->sets.n; i++) {
		struct sim_set *s = t->sets.p[i];
		if (step->set.name.n ? !str_eq(step->set.name, s->set.name)
		                     : step->set.handle != s->set.handle)
			continue;
		set_fini(s);
		memmove(t->sets.p + i, t->sets.p + i + 1,
		        (t->sets.n - i - 1) * sizeof(*t->sets.p));
		t->sets.n--;
		return 0;
	}
	return missing(step->op);
}

static int apply_set(struct tx *tx, const struct step *step)
{
	struct sim_table *t = store_table(tx->s, step->set.family, step->set.table);

	if (!t)
		return missing(step->op);
	if (deletes(step->op))
		return delete_set(t, step);
	struct str name = unique_name(tx->s, step->set.name);
	name_number(tx, false, step->set.id, name);
	if (table_set(t, name))
		return step->op == TX_CREATE ? -EEXIST : 0;
	struct sim_set *s = arena_new(&tx->s->a, struct sim_set);
	s->set = step->set;
	s->set.name = name;
	s->set.handle = ++tx->s->next_handle;
	s->set.id = 0;
	s->table = t;
	vec_push(&t->sets, s);
	return 0;
}

static int apply_elem(struct tx *tx, struct sim_set *set, const struct step *step,
                      struct prog_elem *e)
{
	struct sim_elem *made;

	if (deletes(step->op)) {
		int r = set_remove(set, e);
		return r == -ENOENT ? missing(step->op) : r;
	}
	resolve_verdict(tx, &e->verdict);
	return set_add(tx->s, set, e, step->op == TX_CREATE, &made);
}

static int apply_elems(struct tx *tx, const struct step *step)
{
	struct sim_table *t = store_table(tx->s, step->set.family, step->set.table);
	struct set_ref ref = { .name = step->set.name, .id = step->set.id };

	resolve_set(tx, &ref);
	struct sim_set *set = t ? table_set(t, ref.name) : NULL;
	if (!set)
		return missing(step->op);
	if (deletes(step->op) && step->n == 0)
		set_flush(set);
	for (size_t i = 0; i < step->n; i++) {
		int r = apply_elem(tx, set, step, &tx->elems.p[step->first + i]);
		if (r < 0) {
			tx->error.part = PART_ELEM;
			tx->error.index = (uint32_t)i;
			return r;
		}
	}
	return 0;
}

static int apply_obj(struct tx *tx, const struct step *step)
{
	struct sim_table *t = store_table(tx->s, step->obj.family, step->obj.table);
	struct sim_obj *have = t ? table_obj(t, step->obj.type, step->obj.name) : NULL;

	if (!t || (deletes(step->op) && !have))
		return missing(step->op);
	if (deletes(step->op)) {
		for (size_t i = 0; i < t->objs.n; i++)
			if (t->objs.p[i] == have)
				t->objs.p[i] = t->objs.p[t->objs.n - 1];
		t->objs.n--;
		return 0;
	}
	if (have)
		return step->op == TX_CREATE ? -EEXIST : 0;
	struct sim_obj *o = arena_new(&tx->s->a, struct sim_obj);
	o->o = step->obj;
	o->o.handle = ++tx->s->next_handle;
	state_init_obj(&o->o, &o->run.state);
	vec_push(&t->objs, o);
	return 0;
}

static int apply_flowtable(struct tx *tx, const struct step *step)
{
	struct sim_table *t =
		store_table(tx->s, step->flowtable.family, step->flowtable.table);
	struct prog_flowtable *f;

	if (!t)
		return missing(step->op);
	for (size_t i = 0; i < t->flowtables.n; i++) {
		if (!str_eq(t->flowtables.p[i]->name, step->flowtable.name))
			continue;
		if (deletes(step->op)) {
			t->flowtables.p[i] = t->flowtables.p[t->flowtables.n - 1];
			t->flowtables.n--;
		}
		return step->op == TX_CREATE ? -EEXIST : 0;
	}
	if (deletes(step->op))
		return missing(step->op);
	f = arena_copy(&tx->s->a, &step->flowtable, sizeof(*f));
	f->handle = ++tx->s->next_handle;
	vec_push(&t->flowtables, f);
	return 0;
}

static int apply(struct tx *tx, const struct step *step)
{
	switch (step->kind) {
	case DUMP_TABLES:
		return apply_table(tx, step);
	case DUMP_CHAINS:
		return apply_chain(tx, step);
	case DUMP_RULES:
		return apply_rule(tx, step);
	case DUMP_SETS:
		return apply_set(tx, step);
	case DUMP_ELEMS:
		return apply_elems(tx, step);
	case DUMP_OBJS:
		return apply_obj(tx, step);
	case DUMP_FLOWTABLES:
		return apply_flowtable(tx, step);
	}
	return 0;
}

static int apply_all(struct tx *tx)
{
	struct sim_rule *rule = NULL;
	uint32_t insn = 0;

	vec_for_each(step, &tx->steps) {
		int r = apply(tx, step);
		if (r == 0)
			continue;
		tx->error.tag = step->tag;
		return r;
	}
	int r = store_link(tx->s, &rule, &insn);
	if (r < 0 && rule) {
		tx->error.tag = rule->tag;
		tx->error.part = PART_INSN;
		tx->error.index = insn;
	}
	return r;
}

void store_tx_abort(struct tx *tx)
{
	vec_fini(&tx->steps);
	vec_fini(&tx->elems);
	vec_fini(&tx->set_names);
	vec_fini(&tx->chain_names);
	free(tx);
}

int store_tx_commit(struct tx *tx, bool check, struct arena *a, struct tx_error **errors,
                    size_t *n_errors, const struct dump_ops *echo, void *ctx)
{
	/* Nobody asks a simulated kernel to check only, or for an echo of handles nobody uses. */
	(void)check;
	(void)echo;
	(void)ctx;
	int r = apply_all(tx);

	tx->s->generation++;
	if (r < 0) {
		tx->error.err = -r;
		*errors = arena_copy(a, &tx->error, sizeof(tx->error));
		*n_errors = 1;
	}
	store_tx_abort(tx);
	return r;
}
