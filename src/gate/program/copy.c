/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Deep copies. */
#include "gate/program/copy.h"

#include <linux/netfilter/nf_tables.h>

static void keep(struct arena *a, struct str *s)
{
	*s = s->p ? arena_str(a, *s) : (struct str){ 0 };
}

static void keep_userdata(struct arena *a, struct userdata *u)
{
	u->p = u->n ? arena_copy(a, u->p, u->n) : NULL;
}

/* The slices an instruction holds. */
static void keep_insn(struct arena *a, struct insn *i)
{
	switch (i->kind) {
	case INSN_IMMEDIATE:
		keep(a, &i->immediate.verdict.chain);
		return;
	case INSN_LOOKUP:
		keep(a, &i->lookup.set.name);
		return;
	case INSN_DYNSET: {
		struct program p = { .p = i->dynset.exprs, .n = i->dynset.n_exprs }, copy;

		keep(a, &i->dynset.set.name);
		copy_program(a, &p, &copy);
		i->dynset.exprs = copy.p;
		return;
	}
	case INSN_OBJREF:
		keep(a, &i->objref.name);
		keep(a, &i->objref.set.name);
		return;
	case INSN_LOG:
		keep(a, &i->log.prefix);
		return;
	case INSN_FLOW_OFFLOAD:
		keep(a, &i->flow.table);
		return;
	case INSN_FOREIGN:
		keep(a, &i->foreign.name);
		i->foreign.attrs = i->foreign.n
		                           ? arena_copy(a, i->foreign.attrs, i->foreign.n)
		                           : NULL;
		return;
	case INSN_PAYLOAD:
	case INSN_EXTHDR:
	case INSN_META:
	case INSN_CT:
	case INSN_RT:
	case INSN_FIB:
	case INSN_SOCKET:
	case INSN_OSF:
	case INSN_XFRM:
	case INSN_NUMGEN:
	case INSN_HASH:
	case INSN_TUNNEL:
	case INSN_CMP:
	case INSN_RANGE:
	case INSN_BITWISE:
	case INSN_BYTEORDER:
	case INSN_COUNTER:
	case INSN_LIMIT:
	case INSN_QUOTA:
	case INSN_CONNLIMIT:
	case INSN_LAST:
	case INSN_REJECT:
	case INSN_NAT:
	case INSN_MASQ:
	case INSN_REDIR:
	case INSN_TPROXY:
	case INSN_SYNPROXY:
	case INSN_NOTRACK:
	case INSN_DUP:
	case INSN_FWD:
	case INSN_QUEUE:
		return;
	}
}

void copy_program(struct arena *a, const struct program *from, struct program *to)
{
	struct insn *p =
		from->n ? arena_copy(a, from->p, from->n * sizeof(*from->p)) : NULL;

	for (size_t i = 0; i < from->n; i++)
		keep_insn(a, &p[i]);
	*to = (struct program){ .p = p, .n = from->n, .cap = from->n };
}

struct prog_table copy_table(struct arena *a, const struct prog_table *t)
{
	struct prog_table k = *t;

	keep(a, &k.name);
	keep_userdata(a, &k.userdata);
	return k;
}

static const struct str *copy_devs(struct arena *a, const struct str *devs, size_t n)
{
	struct str *out = arena_array(a, struct str, n ? n : 1);

	for (size_t i = 0; i < n; i++)
		out[i] = arena_str(a, devs[i]);
	return out;
}

struct prog_chain copy_chain(struct arena *a, const struct prog_chain *c)
{
	struct prog_chain k = *c;

	keep(a, &k.table);
	keep(a, &k.name);
	keep(a, &k.new_name);
	keep(a, &k.type);
	k.devs = copy_devs(a, c->devs, c->n_devs);
	keep_userdata(a, &k.userdata);
	return k;
}

struct prog_rule copy_rule(struct arena *a, const struct prog_rule *r)
{
	struct prog_rule k = *r;

	keep(a, &k.table);
	keep(a, &k.chain);
	copy_program(a, &r->prog, &k.prog);
	keep_userdata(a, &k.userdata);
	return k;
}

struct prog_set copy_set(struct arena *a, const struct prog_set *s)
{
	struct prog_set k = *s;

	keep(a, &k.table);
	keep(a, &k.name);
	k.field_len = s->n_fields ? arena_copy(a, s->field_len, s->n_fields) : NULL;
	copy_program(a, &s->exprs, &k.exprs);
	keep_userdata(a, &k.userdata);
	return k;
}

struct prog_elem copy_elem(struct arena *a, const struct prog_elem *e)
{
	struct prog_elem k = *e;

	keep(a, &k.verdict.chain);
	keep(a, &k.obj);
	copy_program(a, &e->exprs, &k.exprs);
	keep_userdata(a, &k.userdata);
	return k;
}

struct prog_obj copy_obj(struct arena *a, const struct prog_obj *o)
{
	struct prog_obj k = *o;

	keep(a, &k.table);
	keep(a, &k.name);
	switch (o->type) {
	case NFT_OBJECT_CT_HELPER:
		keep(a, &k.ct_helper.name);
		break;
	case NFT_OBJECT_SECMARK:
		keep(a, &k.secmark.ctx);
		break;
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_QUOTA:
	case NFT_OBJECT_LIMIT:
	case NFT_OBJECT_CT_TIMEOUT:
	case NFT_OBJECT_CT_EXPECT:
	case NFT_OBJECT_SYNPROXY: /* plain numbers */
		break;
	default:
		keep_userdata(a, &k.foreign);
		break;
	}
	keep_userdata(a, &k.userdata);
	return k;
}

struct prog_flowtable copy_flowtable(struct arena *a, const struct prog_flowtable *f)
{
	struct prog_flowtable k = *f;

	keep(a, &k.table);
	keep(a, &k.name);
	k.devs = copy_devs(a, f->devs, f->n_devs);
	return k;
}
