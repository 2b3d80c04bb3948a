/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Who still uses what cannot be deleted: rules of the same table are searched. */
#include <linux/netfilter/nf_tables.h>

#include "gate/ruleset/lister.h"

struct use_search {
	struct session *s;
	const struct tag *t;
	struct diag *d;
	struct lister l;
	size_t n;
};

static bool uses_name(const struct insn *in, struct str name)
{
	switch (in->kind) {
	case INSN_IMMEDIATE:
		return in->dreg == REG_VERDICT &&
		       str_eq(in->immediate.verdict.chain, name);
	case INSN_LOOKUP:
		return str_eq(in->lookup.set.name, name);
	case INSN_DYNSET:
		return str_eq(in->dynset.set.name, name);
	case INSN_OBJREF:
		return str_eq(in->objref.name, name) || str_eq(in->objref.set.name, name);
	case INSN_FLOW_OFFLOAD:
		return str_eq(in->flow.table, name);
	default: /* names nothing */
		return false;
	}
}

static int search_rule(void *ctx, const struct prog_rule *r)
{
	struct use_search *u = ctx;

	for (size_t i = 0; i < r->prog.n && u->n < 10; i++) {
		if (!uses_name(&r->prog.p[i], u->t->name))
			continue;
		buf_reset(&u->l.out);
		lister_rule(&u->l, r, &u->l.scratch);
		diag_note(u->s->diags, u->d, "chain `" STR_FMT "`, handle %llu: %.*s",
		          STR_ARG(r->chain), (unsigned long long)r->handle,
		          (int)u->l.out.n, u->l.out.p);
		u->n++;
		break;
	}
	return 0;
}

static void restart(void *ctx)
{
	(void)ctx; /* a note twice does no harm */
}

void explain_uses(struct session *s, const struct tag *t, struct diag *d)
{
	static const struct dump_ops ops = { .rule = search_rule };
	struct use_search u = { .s = s, .t = t, .d = d };
	struct dump_filter f = { .family = (uint8_t)t->family, .table = t->table };

	if (lister_open(&u.l, s, t->family, t->table) >= 0)
		s->engine->ops->dump(s->engine, DUMP_RULES, &f, &ops, restart, &u);
	diag_help(s->diags, d,
	          u.n ? "delete that rule first" : "flush or delete what uses it first");
	lister_close(&u.l);
}
