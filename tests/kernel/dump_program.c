/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Test tool. Prints the ruleset of the current network namespace as `nft --debug=netlink list
 * ruleset` does (sets, then rules); with `reload` it reads everything, deletes it and writes it
 * back through one transaction.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>

#include "base/vec.h"
#include "gate/engine/engine.h"

struct ruleset {
	struct arena arena;
	VEC(struct prog_table) tables;
	VEC(struct prog_chain) chains;
	VEC(struct prog_rule) rules;
	VEC(struct prog_set) sets;
	VEC(struct prog_elem) elems;
	VEC(struct prog_obj) objs;
	VEC(struct prog_flowtable) flowtables;
};

static struct str keep_str(struct ruleset *rs, struct str s)
{
	return arena_str(&rs->arena, s);
}

static struct userdata keep_bytes(struct ruleset *rs, struct userdata u)
{
	return (struct userdata){ arena_copy(&rs->arena, u.p, u.n), u.n };
}

static struct program keep_program(struct ruleset *rs, const struct program *p);

static void keep_insn(struct ruleset *rs, struct insn *i)
{
	struct program inner;

	if (i->kind == INSN_FOREIGN) {
		i->foreign.name = keep_str(rs, i->foreign.name);
		i->foreign.attrs = arena_copy(&rs->arena, i->foreign.attrs, i->foreign.n);
	} else if (i->kind == INSN_IMMEDIATE) {
		i->immediate.verdict.chain = keep_str(rs, i->immediate.verdict.chain);
	} else if (i->kind == INSN_LOOKUP) {
		i->lookup.set.name = keep_str(rs, i->lookup.set.name);
	} else if (i->kind == INSN_DYNSET) {
		inner = (struct program){ i->dynset.exprs, i->dynset.n_exprs,
			                  i->dynset.n_exprs };
		i->dynset.set.name = keep_str(rs, i->dynset.set.name);
		i->dynset.exprs = keep_program(rs, &inner).p;
	} else if (i->kind == INSN_OBJREF) {
		i->objref.name = keep_str(rs, i->objref.name);
		i->objref.set.name = keep_str(rs, i->objref.set.name);
	} else if (i->kind == INSN_LOG) {
		i->log.prefix = keep_str(rs, i->log.prefix);
	} else if (i->kind == INSN_FLOW_OFFLOAD) {
		i->flow.table = keep_str(rs, i->flow.table);
	}
}

static struct program keep_program(struct ruleset *rs, const struct program *p)
{
	struct program kept = { arena_copy(&rs->arena, p->p, p->n * sizeof(*p->p)), p->n,
		                p->n };

	for (size_t i = 0; i < kept.n; i++)
		keep_insn(rs, &kept.p[i]);
	return kept;
}

static const struct str *keep_devs(struct ruleset *rs, const struct str *devs, size_t n)
{
	struct str *kept = arena_array(&rs->arena, struct str, n);

	for (size_t i = 0; i < n; i++)
		kept[i] = keep_str(rs, devs[i]);
	return kept;
}

static int on_table(void *ctx, const struct prog_table *t)
{
	struct ruleset *rs = ctx;
	struct prog_table kept = *t;

	kept.name = keep_str(rs, t->name);
	kept.userdata = keep_bytes(rs, t->userdata);
	vec_push(&rs->tables, kept);
	return 0;
}

static int on_chain(void *ctx, const struct prog_chain *c)
{
	struct ruleset *rs = ctx;
	struct prog_chain kept = *c;

	kept.table = keep_str(rs, c->table);
	kept.name = keep_str(rs, c->name);
	kept.type = keep_str(rs, c->type);
	kept.devs = keep_devs(rs, c->devs, c->n_devs);
	kept.userdata = keep_bytes(rs, c->userdata);
	vec_push(&rs->chains, kept);
	return 0;
}

static int on_rule(void *ctx, const struct prog_rule *r)
{
	struct ruleset *rs = ctx;
	struct prog_rule kept = *r;

	kept.table = keep_str(rs, r->table);
	kept.chain = keep_str(rs, r->chain);
	kept.prog = keep_program(rs, &r->prog);
	kept.userdata = keep_bytes(rs, r->userdata);
	vec_push(&rs->rules, kept);
	return 0;
}

static int on_set(void *ctx, const struct prog_set *s)
{
	struct ruleset *rs = ctx;
	struct prog_set kept = *s;

	kept.table = keep_str(rs, s->table);
	kept.name = keep_str(rs, s->name);
	kept.field_len = arena_copy(&rs->arena, s->field_len, s->n_fields);
	kept.exprs = keep_program(rs, &s->exprs);
	kept.userdata = keep_bytes(rs, s->userdata);
	vec_push(&rs->sets, kept);
	return 0;
}

static int on_elem(void *ctx, const struct prog_elem *e)
{
	struct ruleset *rs = ctx;
	struct prog_elem kept = *e;

	kept.verdict.chain = keep_str(rs, e->verdict.chain);
	kept.obj = keep_str(rs, e->obj);
	kept.exprs = keep_program(rs, &e->exprs);
	kept.userdata = keep_bytes(rs, e->userdata);
	vec_push(&rs->elems, kept);
	return 0;
}

static int on_obj(void *ctx, const struct prog_obj *o)
{
	struct ruleset *rs = ctx;
	struct prog_obj kept = *o;

	kept.table = keep_str(rs, o->table);
	kept.name = keep_str(rs, o->name);
	if (o->type == NFT_OBJECT_CT_HELPER)
		kept.ct_helper.name = keep_str(rs, o->ct_helper.name);
	else if (o->type == NFT_OBJECT_SECMARK)
		kept.secmark.ctx = keep_str(rs, o->secmark.ctx);
	else if (o->type == NFT_OBJECT_TUNNEL || o->type == NFT_OBJECT_CONNLIMIT)
		kept.foreign = keep_bytes(rs, o->foreign);
	kept.userdata = keep_bytes(rs, o->userdata);
	vec_push(&rs->objs, kept);
	return 0;
}

static int on_flowtable(void *ctx, const struct prog_flowtable *f)
{
	struct ruleset *rs = ctx;
	struct prog_flowtable kept = *f;

	kept.table = keep_str(rs, f->table);
	kept.name = keep_str(rs, f->name);
	kept.devs = keep_devs(rs, f->devs, f->n_devs);
	vec_push(&rs->flowtables, kept);
	return 0;
}

static const struct dump_ops keep = {
	.table = on_table,
	.chain = on_chain,
	.rule = on_rule,
	.set = on_set,
	.elem = on_elem,
	.obj = on_obj,
	.flowtable = on_flowtable,
};

static void restart_all(void *ctx)
{
	struct ruleset *rs = ctx;

	rs->tables.n = rs->chains.n = rs->rules.n = rs->sets.n = rs->objs.n =
		rs->flowtables.n = 0;
}

static void restart_elems(void *ctx)
{
	((struct ruleset *)ctx)->elems.n = 0;
}

static int dump(struct engine *e, struct ruleset *rs, enum dump_kind kind,
                struct dump_filter *f)
{
	int r = e->ops->dump(e, kind, f, &keep, kind == DUMP_ELEMS ? restart_elems : NULL,
	                     rs);

	if (r < 0)
		fprintf(stderr, "dump %d: %s\n", kind, strerror(-r));
	return r;
}

static int dump_all(struct engine *e, struct ruleset *rs)
{
	static const enum dump_kind kinds[] = {
		DUMP_TABLES, DUMP_CHAINS, DUMP_SETS,
		DUMP_RULES,  DUMP_OBJS,   DUMP_FLOWTABLES
	};
	struct dump_filter all = { 0 };
	int r = 0;

	restart_all(rs);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(kinds); i++)
		r = dump(e, rs, kinds[i], &all);
	return r;
}

static int dump_elems(struct engine *e, struct ruleset *rs, const struct prog_set *s)
{
	struct dump_filter f = { .family = s->family,
		                 .table = s->table,
		                 .name = s->name };

	return dump(e, rs, DUMP_ELEMS, &f);
}

static int print(struct engine *e, struct ruleset *rs)
{
	auto_buf out = { 0 };

	vec_for_each(s, &rs->sets) {
		if (dump_elems(e, rs, s) < 0)
			return 1;
		prog_set_dump(s, &out);
		vec_for_each(el, &rs->elems) {
			prog_elem_dump(el, &out);
			buf_char(&out, '\n');
		}
	}
	vec_for_each(r, &rs->rules)
		prog_rule_dump(r, &out);
	fwrite(out.p, 1, out.n, stdout);
	return 0;
}

static int report(int r, const struct tx_error *errors, size_t n)
{
	if (r < 0)
		fprintf(stderr, "commit: %s\n", strerror(-r));
	for (size_t i = 0; i < n; i++)
		fprintf(stderr,
		        "tag %u: %s part %d index %u text '" STR_FMT "' missing '" STR_FMT
		        "'\n",
		        errors[i].tag, strerror(errors[i].err), (int)errors[i].part,
		        errors[i].index, STR_ARG(errors[i].text),
		        STR_ARG(errors[i].missing));
	return r < 0;
}

/* Sets first, each with an id, then what may refer to them. */
static int reload(struct engine *e, struct ruleset *rs)
{
	const struct engine_ops *ops = e->ops;
	struct tx_error *errors = NULL;
	size_t n = 0;
	uint32_t gen, tag = 0, id = 0;
	struct tx *tx = NULL;
	int r = ops->generation(e, &gen);

	if (r == 0)
		r = ops->tx_begin(e, gen, &tx);
	if (r < 0)
		return report(r, NULL, 0);
	vec_for_each(t, &rs->tables)
		ops->tx_table(tx, TX_DELETE, t, ++tag);
	vec_for_each(t, &rs->tables)
		ops->tx_table(tx, TX_CREATE, t, ++tag);
	vec_for_each(c, &rs->chains)
		ops->tx_chain(tx, TX_ADD, c, ++tag);
	vec_for_each(o, &rs->objs)
		ops->tx_obj(tx, TX_CREATE, o, ++tag);
	vec_for_each(f, &rs->flowtables)
		ops->tx_flowtable(tx, TX_ADD, f, ++tag);
	vec_for_each(s, &rs->sets) {
		struct prog_set fresh = *s;
		fresh.id = ++id;
		ops->tx_set(tx, TX_CREATE, &fresh, ++tag);
		if (dump_elems(e, rs, s) < 0)
			return 1;
		ops->tx_elems_begin(tx, TX_ADD, &fresh, ++tag);
		vec_for_each(el, &rs->elems)
			ops->tx_elem(tx, el);
		ops->tx_elems_end(tx);
	}
	vec_for_each(rule, &rs->rules) {
		struct prog_rule fresh = *rule;
		fresh.handle = fresh.position = 0;
		ops->tx_rule(tx, TX_ADD, &fresh, ++tag);
	}
	r = ops->tx_commit(tx, false, &rs->arena, &errors, &n, NULL, NULL);
	return report(r, errors, n);
}

static void ruleset_fini(struct ruleset *rs)
{
	vec_fini(&rs->tables);
	vec_fini(&rs->chains);
	vec_fini(&rs->rules);
	vec_fini(&rs->sets);
	vec_fini(&rs->elems);
	vec_fini(&rs->objs);
	vec_fini(&rs->flowtables);
	arena_fini(&rs->arena);
}

int main(int argc, char **argv)
{
	struct ruleset rs = { 0 };
	struct engine *e;
	int r = engine_kernel_open(&e);

	if (r < 0) {
		fprintf(stderr, "open: %s\n", strerror(-r));
		return 2;
	}
	r = dump_all(e, &rs) < 0;
	if (r == 0)
		r = argc > 1 && strcmp(argv[1], "reload") == 0 ? reload(e, &rs)
		                                               : print(e, &rs);
	ruleset_fini(&rs);
	e->ops->close(e);
	return r;
}
