/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lowering into memory and lifting from there: literal sets and chains without a name are kept in
 * lists instead of being sent.
 */
#include "gate/ruleset/normalize.h"

#include <linux/netfilter/nf_tables.h>

#include "gate/ruleset/elem_list.h"

struct memory_set {
	struct set_info info;
	struct elem_list elems;
};

/* The chain of `jump { … }`. */
struct memory_chain {
	struct str name;
	const struct rule **rules;
	size_t n;
};

struct memory {
	struct rule_env env; /* first: the other callbacks of lowering take it */
	struct arena *a;
	VEC(struct memory_set *) sets;
	VEC(struct memory_chain) chains;
	struct lister *lister;
	struct lower_env lower;
	struct lift_env lift;
};

static bool keep_elem(struct memory_set *k, const struct expr *elems, struct lower *L);

static bool memory_make_set(void *ctx, struct set_info *info, const struct expr *set,
                            struct set_ref *ref)
{
	struct memory *m = ctx;
	struct memory_set *k = arena_new(m->a, struct memory_set);
	bool ranges;

	if (!elems_have_ranges(m->env.L, &info->key, set, &ranges))
		return false;
	if (ranges) {
		info->flags |= NFT_SET_INTERVAL | (info->key.n > 1 ? NFT_SET_CONCAT : 0);
		info->auto_merge = true;
	}
	info->name = arena_fmt(m->a, "__memory%zu", m->sets.n);
	k->info = *info;
	elem_list_init(&k->elems, m->a, &k->info);
	vec_push(&m->sets, k);
	ref->name = info->name;
	ref->id = 0;
	return keep_elem(k, set, m->env.L);
}

static void take_elem(void *ctx, const struct prog_elem *e)
{
	elem_list_add(ctx, e);
}

static bool keep_elem(struct memory_set *k, const struct expr *elems, struct lower *L)
{
	struct elem_builder b;
	bool ok = true;

	elem_builder_init(&b, L, &k->info, take_elem, &k->elems);
	for (size_t i = 0; i < elems->list.n; i++)
		ok &= elem_builder_add(&b, elems->list.p[i]);
	ok = ok && elem_builder_finish(&b);
	elem_builder_fini(&b);
	elem_list_sort(&k->elems);
	return ok;
}

static bool memory_make_meter(void *ctx, const struct stmt *st, struct set_info *info,
                              struct set_ref *ref)
{
	struct memory *m = ctx;
	struct memory_set *k = arena_new(m->a, struct memory_set);

	info->size = st->meter.size ? st->meter.size : 65535;
	k->info = *info;
	elem_list_init(&k->elems, m->a, &k->info);
	vec_push(&m->sets, k);
	ref->name = info->name;
	ref->id = 0;
	return true;
}

static bool normal_form(struct memory *m, const struct rule_text *text, struct rule **out,
                        struct program *prog);

static bool memory_make_chain(void *ctx, struct chain_block *block, struct verdict *v)
{
	struct memory *m = ctx;
	struct memory_chain chain = { .name = arena_fmt(m->a, "__memory%zu",
		                                        m->chains.n) };
	struct lower *outer = m->env.L;
	bool ok = true;

	vec_push(&m->chains, chain);
	size_t at = m->chains.n - 1;

	chain.rules = arena_array(m->a, const struct rule *, block->rules.list.n + 1);
	for (size_t i = 0; ok && i < block->rules.list.n; i++) {
		struct rule_text text = rule_texts_get(&block->rules, i);
		struct program prog = { 0 };
		struct rule *rule = NULL;

		ok = normal_form(m, &text, &rule, &prog);
		chain.rules[i] = rule;
	}
	chain.n = ok ? block->rules.list.n : 0;
	m->chains.p[at] = chain;
	m->env.L = outer;
	v->chain = chain.name;
	return ok;
}

static const struct set_info *memory_set(void *ctx, struct str name)
{
	struct memory *m = ctx;
	struct session *s = m->env.s;

	for (size_t i = 0; i < m->sets.n; i++)
		if (str_eq(m->sets.p[i]->info.name, name))
			return &m->sets.p[i]->info;
	const struct set_info *made =
		map_get(&s->sets, session_key(s, m->env.family, m->env.table, name));

	return made ? made : m->lister->env.set(m->lister->env.ctx, name);
}

static struct expr *memory_elems(void *ctx, struct arena *a, const struct set_info *info)
{
	struct memory *m = ctx;
	struct expr *out = expr_make(a, EXPR_SET, SPAN_NONE, NULL), *e;
	size_t at = 0;

	for (size_t i = 0; i < m->sets.n; i++) {
		if (!str_eq(m->sets.p[i]->info.name, info->name))
			continue;
		while ((e = elem_list_next(&m->sets.p[i]->elems, &at, a)))
			expr_list_add(&out->list, a, e);
		return out;
	}
	return m->lister->env.elems(m->lister->env.ctx, a, info);
}

static bool memory_rules(void *ctx, struct str chain, const struct rule *const **rules,
                         size_t *n)
{
	struct memory *m = ctx;

	for (size_t i = 0; i < m->chains.n; i++) {
		if (!str_eq(m->chains.p[i].name, chain))
			continue;
		*rules = m->chains.p[i].rules;
		*n = m->chains.p[i].n;
		return true;
	}
	return false;
}

static bool normal_form(struct memory *m, const struct rule_text *text, struct rule **out,
                        struct program *prog)
{
	struct session *s = m->env.s;
	struct lower L;
	struct rule *rule;

	if (parse_rule(s->parser, text, m->a, &rule) < 0)
		return false;
	struct str comment = rule->comment;

	session_lower(s, &m->env, &L, prog, m->a);
	L.env = &m->lower;
	if (!lower_rule(&L, rule))
		return false;
	*out = arena_new(m->a, struct rule);
	lift_rule(m->a, &m->lift, m->env.family, prog, *out);
	(*out)->comment = comment;
	return true;
}

static void memory_init(struct memory *m, struct session *s, struct lister *l)
{
	struct program unused = { 0 };
	struct lower L;

	m->lister = l;
	m->a = &s->scratch;
	session_lower(s, &m->env, &L, &unused, m->a);
	m->lower = *L.env;
	m->lower.make_set = memory_make_set;
	m->lower.make_chain = memory_make_chain;
	m->lower.make_meter = memory_make_meter;
	m->lift = (struct lift_env){ .ctx = m, .set = memory_set, .elems = memory_elems };
}

bool rule_normalize(struct session *s, enum family family, struct str table,
                    const struct rule_text *text, struct lister *l,
                    struct normal_rule *out)
{
	struct memory m = { .env = { .family = family, .table = table } };
	struct program prog = { 0 };
	struct printer p = l->printer;
	struct rule *rule;
	auto_buf buf = { 0 };

	memory_init(&m, s, l);
	p.out = &buf;
	p.anonymous = memory_rules;
	p.ctx = &m;
	bool ok = normal_form(&m, text, &rule, &prog);

	if (ok) {
		print_rule(&p, rule);
		out->text = arena_str(m.a, buf_as_str(&buf));
		out->code = program_code(m.a, &prog);
	}
	for (size_t i = 0; i < m.sets.n; i++)
		elem_list_fini(&m.sets.p[i]->elems);
	vec_fini(&m.sets);
	vec_fini(&m.chains);
	return ok;
}

/* ---- byte code to compare ---- */

/* The kernel and we number literals as they come. */
static void forget_name(struct str *name)
{
	if (str_starts(*name, STR("__")))
		*name = STR("__");
}

static void forget_state(struct insn *in)
{
	switch (in->kind) {
	case INSN_COUNTER:
		in->counter.packets = in->counter.bytes = 0;
		return;
	case INSN_QUOTA:
		in->quota.used = 0;
		return;
	case INSN_LAST:
		in->last.set = false;
		in->last.msecs = 0;
		return;
	case INSN_LOOKUP:
		in->lookup.has_flags = false; /* the kernel says a 0 too */
		forget_name(&in->lookup.set.name);
		return;
	case INSN_OBJREF:
		forget_name(&in->objref.set.name);
		return;
	case INSN_IMMEDIATE:
		if (in->dreg == REG_VERDICT)
			forget_name(&in->immediate.verdict.chain);
		return;
	default: /* holds neither state nor a literal */
		return;
	}
}

struct str program_code(struct arena *a, const struct program *prog)
{
	struct program copy = { .n = prog->n, .cap = prog->n };
	auto_buf out = { 0 };

	copy.p = arena_copy(a, prog->p, prog->n * sizeof(*prog->p));
	for (size_t i = 0; i < copy.n; i++) {
		struct insn *in = &copy.p[i];

		forget_state(in);
		if (in->kind != INSN_DYNSET)
			continue;
		in->dynset.has_timeout = in->dynset.timeout_ms != 0;
		if (in->dynset.n_exprs == 0)
			continue;
		in->dynset.exprs =
			arena_copy(a, in->dynset.exprs,
		                   in->dynset.n_exprs * sizeof(*in->dynset.exprs));
		for (unsigned k = 0; k < in->dynset.n_exprs; k++)
			forget_state(&in->dynset.exprs[k]);
	}
	program_dump(&copy, &out);
	return arena_str(a, buf_as_str(&out));
}
