/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kinds of things, one row each, and decoding what the kernel says about one.
 */
#include "gate/engine/kernel/message.h"

#include <errno.h>

#include "gate/engine/kernel/codec.h"
#include "gate/engine/kernel/elem.h"
#include "gate/engine/kernel/nf_compat.h"

static const struct message_kind kinds[] = {
	[DUMP_TABLES] = { NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE, 0, NFT_MSG_DELTABLE,
	                  MSG_DESTROYTABLE, &attrs_table },
	[DUMP_CHAINS] = { NFT_MSG_NEWCHAIN, NFT_MSG_GETCHAIN, 0, NFT_MSG_DELCHAIN,
	                  MSG_DESTROYCHAIN, &attrs_chain },
	[DUMP_RULES] = { NFT_MSG_NEWRULE, NFT_MSG_GETRULE, MSG_GETRULE_RESET,
	                 NFT_MSG_DELRULE, MSG_DESTROYRULE, &attrs_rule },
	[DUMP_SETS] = { NFT_MSG_NEWSET, NFT_MSG_GETSET, 0, NFT_MSG_DELSET, MSG_DESTROYSET,
	                &attrs_set },
	[DUMP_ELEMS] = { NFT_MSG_NEWSETELEM, NFT_MSG_GETSETELEM, MSG_GETSETELEM_RESET,
	                 NFT_MSG_DELSETELEM, MSG_DESTROYSETELEM, &attrs_elem_list },
	[DUMP_OBJS] = { NFT_MSG_NEWOBJ, NFT_MSG_GETOBJ, NFT_MSG_GETOBJ_RESET,
	                NFT_MSG_DELOBJ, MSG_DESTROYOBJ, &attrs_obj },
	[DUMP_FLOWTABLES] = { NFT_MSG_NEWFLOWTABLE, NFT_MSG_GETFLOWTABLE, 0,
	                      NFT_MSG_DELFLOWTABLE, MSG_DESTROYFLOWTABLE,
	                      &attrs_flowtable },
};

const struct message_kind *message_kind(enum dump_kind kind)
{
	return &kinds[kind];
}

bool message_kind_of(uint8_t msg, enum dump_kind *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (msg == kinds[i].make || msg == kinds[i].get || msg == kinds[i].del ||
		    msg == kinds[i].destroy ||
		    (kinds[i].reset && msg == kinds[i].reset)) {
			*kind = (enum dump_kind)i;
			return true;
		}
	return false;
}

/* Any of the things, zeroed; which one says the kind. */
union thing {
	struct prog_table table;
	struct prog_chain chain;
	struct prog_rule rule;
	struct prog_set set;
	struct prog_obj obj;
	struct prog_flowtable flowtable;
};

void message_put_filter(struct wire *w, enum dump_kind kind, const struct dump_filter *f)
{
	union thing t = { 0 };

	switch (kind) {
	case DUMP_TABLES:
		t.table.name = f->table;
		break;
	case DUMP_CHAINS:
		t.chain.table = f->table;
		t.chain.name = f->name;
		break;
	case DUMP_RULES:
		t.rule.table = f->table;
		t.rule.chain = f->name;
		t.rule.handle = f->handle;
		break;
	case DUMP_SETS:
	case DUMP_ELEMS:
		t.set.table = f->table;
		t.set.name = f->name;
		break;
	case DUMP_OBJS:
		t.obj.table = f->table;
		t.obj.name = f->name;
		t.obj.type = f->obj_type;
		break;
	case DUMP_FLOWTABLES:
		t.flowtable.table = f->table;
		t.flowtable.name = f->name;
		break;
	}
	if (kind == DUMP_ELEMS)
		codec_put(w, kinds[kind].attrs, &t);
	else
		codec_put_key(w, kinds[kind].attrs, &t);
}

static bool is_asked(struct str wanted, struct str found)
{
	return wanted.n == 0 || str_eq(wanted, found);
}

/* The kernel filters some kinds by some names; this filters all by all. */
static bool passes(const struct dump_filter *f, uint8_t family, struct str table,
                   struct str name)
{
	return !f || ((!f->family || f->family == family) && is_asked(f->table, table) &&
	              is_asked(f->name, name));
}

static int tell(enum dump_kind kind, union thing *t, uint8_t family,
                const struct dump_filter *f, const struct dump_ops *ops, void *ctx)
{
	static const struct str none = { 0 };

	switch (kind) {
	case DUMP_TABLES:
		t->table.family = family;
		if (ops->table && passes(f, family, t->table.name, f ? f->name : none))
			return ops->table(ctx, &t->table);
		return 0;
	case DUMP_CHAINS:
		t->chain.family = family;
		if (ops->chain && passes(f, family, t->chain.table, t->chain.name))
			return ops->chain(ctx, &t->chain);
		return 0;
	case DUMP_RULES:
		t->rule.family = family;
		if (ops->rule && passes(f, family, t->rule.table, t->rule.chain) &&
		    (!f || !f->handle || f->handle == t->rule.handle))
			return ops->rule(ctx, &t->rule);
		return 0;
	case DUMP_SETS:
		t->set.family = family;
		if (ops->set && passes(f, family, t->set.table, t->set.name))
			return ops->set(ctx, &t->set);
		return 0;
	case DUMP_OBJS:
		t->obj.family = family;
		if (ops->obj && passes(f, family, t->obj.table, t->obj.name) &&
		    (!f || !f->obj_type || f->obj_type == t->obj.type))
			return ops->obj(ctx, &t->obj);
		return 0;
	case DUMP_FLOWTABLES:
		t->flowtable.family = family;
		if (ops->flowtable &&
		    passes(f, family, t->flowtable.table, t->flowtable.name))
			return ops->flowtable(ctx, &t->flowtable);
		return 0;
	case DUMP_ELEMS:
		return 0; /* get_elems() */
	}
	return 0;
}

static struct str attr_text(const struct attr *at)
{
	struct cursor c = attr_cursor(at);
	const char *p = (const char *)c.at;

	return (struct str){ p, strnlen(p, (size_t)(c.end - c.at)) };
}

/* Tells the set the elements of a message belong to. */
static int tell_set(struct cursor c, uint8_t family, const struct dump_ops *ops,
                    void *ctx)
{
	struct str table = { 0 }, set = { 0 };
	struct attr at;

	while (attr_next(&c, &at)) {
		if (at.type == NFTA_SET_ELEM_LIST_TABLE)
			table = attr_text(&at);
		if (at.type == NFTA_SET_ELEM_LIST_SET)
			set = attr_text(&at);
	}
	return ops->elems(ctx, family, table, set);
}

static int get_elems(struct cursor c, uint8_t family, struct arena *a,
                     const struct dump_ops *ops, void *ctx)
{
	struct attr at, item;

	if (ops->elems) {
		int r = tell_set(c, family, ops, ctx);
		if (r < 0)
			return r;
	}

	while (attr_next(&c, &at)) {
		struct cursor list = attr_cursor(&at);
		if (at.type != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		while (attr_next(&list, &item)) {
			struct prog_elem e;
			int r = elem_get(attr_cursor(&item), a, &e);
			if (r == 0)
				r = ops->elem(ctx, &e);
			if (r < 0)
				return r;
		}
		if (list.failed)
			return -EBADMSG;
	}
	return c.failed ? -EBADMSG : 0;
}

int message_get(struct cursor c, const struct dump_filter *f, struct arena *a,
                const struct dump_ops *ops, void *ctx)
{
	union thing t = { 0 };
	struct nlmsghdr h;
	struct nfgenmsg g;
	enum dump_kind kind;
	int r;

	cursor_copy(&c, &h, sizeof(h));
	cursor_copy(&c, &g, sizeof(g));
	if (c.failed)
		return -EBADMSG;
	if (h.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    !message_kind_of((uint8_t)h.nlmsg_type, &kind) ||
	    (uint8_t)h.nlmsg_type != kinds[kind].make)
		return 0;
	if (kind == DUMP_ELEMS)
		return ops->elem ? get_elems(c, g.nfgen_family, a, ops, ctx) : 0;
	r = codec_get(kinds[kind].attrs, c, false, a, &t);
	if (r < 0)
		return r;
	return tell(kind, &t, g.nfgen_family, f, ops, ctx);
}
