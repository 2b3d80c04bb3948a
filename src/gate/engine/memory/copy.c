/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Deep copies: a piece of a transaction lives only as long as the call that hands it over. */
#include "gate/engine/memory/memory.h"

/* An empty slice that was not given stays one. */
static struct str str_copy(struct arena *a, struct str s)
{
	return s.p ? arena_str(a, s) : s;
}

static struct userdata udata_copy(struct arena *a, struct userdata u)
{
	return (struct userdata){ u.n ? arena_copy(a, u.p, u.n) : NULL, u.n };
}

static const struct str *strs_copy(struct arena *a, const struct str *strs, size_t n)
{
	struct str *out = arena_array(a, struct str, n ? n : 1);

	for (size_t i = 0; i < n; i++)
		out[i] = str_copy(a, strs[i]);
	return out;
}

static void insns_copy(struct arena *a, struct insn *p, size_t n);

static void insn_copy(struct arena *a, struct insn *in)
{
	switch (in->kind) {
	case INSN_IMMEDIATE:
		if (in->dreg == REG_VERDICT)
			in->immediate.verdict.chain =
				str_copy(a, in->immediate.verdict.chain);
		return;
	case INSN_LOOKUP:
		in->lookup.set.name = str_copy(a, in->lookup.set.name);
		return;
	case INSN_DYNSET:
		in->dynset.set.name = str_copy(a, in->dynset.set.name);
		if (in->dynset.n_exprs)
			in->dynset.exprs = arena_copy(a, in->dynset.exprs,
			                              in->dynset.n_exprs *
			                                      sizeof(*in->dynset.exprs));
		insns_copy(a, in->dynset.exprs, in->dynset.n_exprs);
		return;
	case INSN_OBJREF:
		in->objref.name = str_copy(a, in->objref.name);
		in->objref.set.name = str_copy(a, in->objref.set.name);
		return;
	case INSN_LOG:
		in->log.prefix = str_copy(a, in->log.prefix);
		return;
	case INSN_FLOW_OFFLOAD:
		in->flow.table = str_copy(a, in->flow.table);
		return;
	case INSN_FOREIGN:
		in->foreign.name = str_copy(a, in->foreign.name);
		if (in->foreign.n)
			in->foreign.attrs =
				arena_copy(a, in->foreign.attrs, in->foreign.n);
		return;
	default: /* plain numbers */
		return;
	}
}

static void insns_copy(struct arena *a, struct insn *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		insn_copy(a, &p[i]);
}

static struct program program_copy(struct arena *a, const struct program *prog)
{
	struct program out = { .n = prog->n, .cap = prog->n };

	if (prog->n)
		out.p = arena_copy(a, prog->p, prog->n * sizeof(*prog->p));
	insns_copy(a, out.p, out.n);
	return out;
}

const struct prog_table *table_copy(struct arena *a, const struct prog_table *t)
{
	struct prog_table *out = arena_copy(a, t, sizeof(*t));

	out->name = str_copy(a, t->name);
	out->userdata = udata_copy(a, t->userdata);
	return out;
}

struct prog_chain *chain_copy(struct arena *a, const struct prog_chain *c)
{
	struct prog_chain *out = arena_copy(a, c, sizeof(*c));

	out->table = str_copy(a, c->table);
	out->name = str_copy(a, c->name);
	out->new_name = str_copy(a, c->new_name);
	out->type = str_copy(a, c->type);
	out->devs = strs_copy(a, c->devs, c->n_devs);
	out->userdata = udata_copy(a, c->userdata);
	return out;
}

struct prog_rule *rule_copy(struct arena *a, const struct prog_rule *r)
{
	struct prog_rule *out = arena_copy(a, r, sizeof(*r));

	out->table = str_copy(a, r->table);
	out->chain = str_copy(a, r->chain);
	out->prog = program_copy(a, &r->prog);
	out->userdata = udata_copy(a, r->userdata);
	return out;
}

struct prog_set *set_copy(struct arena *a, const struct prog_set *s)
{
	struct prog_set *out = arena_copy(a, s, sizeof(*s));

	out->table = str_copy(a, s->table);
	out->name = str_copy(a, s->name);
	if (s->n_fields)
		out->field_len = arena_copy(a, s->field_len, s->n_fields);
	out->exprs = program_copy(a, &s->exprs);
	out->userdata = udata_copy(a, s->userdata);
	return out;
}

struct prog_elem elem_copy(struct arena *a, const struct prog_elem *e)
{
	struct prog_elem out = *e;

	out.verdict.chain = str_copy(a, e->verdict.chain);
	out.obj = str_copy(a, e->obj);
	out.exprs = program_copy(a, &e->exprs);
	out.userdata = udata_copy(a, e->userdata);
	return out;
}

struct prog_obj *obj_copy(struct arena *a, const struct prog_obj *o)
{
	struct prog_obj *out = arena_copy(a, o, sizeof(*o));

	out->table = str_copy(a, o->table);
	out->name = str_copy(a, o->name);
	out->userdata = udata_copy(a, o->userdata);
	if (o->type == 3) /* NFT_OBJECT_CT_HELPER */
		out->ct_helper.name = str_copy(a, o->ct_helper.name);
	if (o->type == 8) /* NFT_OBJECT_SECMARK */
		out->secmark.ctx = str_copy(a, o->secmark.ctx);
	return out;
}

struct prog_flowtable *flowtable_copy(struct arena *a, const struct prog_flowtable *f)
{
	struct prog_flowtable *out = arena_copy(a, f, sizeof(*f));

	out->table = str_copy(a, f->table);
	out->name = str_copy(a, f->name);
	out->devs = strs_copy(a, f->devs, f->n_devs);
	return out;
}
