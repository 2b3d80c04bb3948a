/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * From the program form to netlink's bytes.
 */
#include <errno.h>

#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/rows.h"

uint8_t *codec_data_put(uint8_t *to, uint16_t attr, const struct data *d)
{
	uint16_t n = (uint16_t)attr_space(d->n);
	struct nlattr heads[] = {
		{ NLA_HDRLEN + n, attr | NLA_F_NESTED },
		{ NLA_HDRLEN + d->n, NFTA_DATA_VALUE },
	};

	memcpy(to, heads, sizeof(heads));
	to += sizeof(heads);
	for (size_t i = 0; i < d->n; i += 16) /* by pieces of known length */
		memcpy(to + i, d->b + i, 16);
	memset(to + d->n, 0, 4); /* the padding, and what the last piece had too many */
	return to + n - NLA_HDRLEN;
}

void codec_put_data(struct wire *w, uint16_t attr, const struct data *d)
{
	uint8_t *to = wire_room(w, DATA_ROOM);

	w->buf.n += (size_t)(codec_data_put(to, attr, d) - to);
}

void codec_put_verdict(struct wire *w, uint16_t attr, const struct verdict *v)
{
	size_t nest = wire_nest(w, attr);
	size_t inner = wire_nest(w, NFTA_DATA_VERDICT);

	wire_be32(w, NFTA_VERDICT_CODE, (uint32_t)v->code);
	if (v->chain.n)
		wire_str(w, NFTA_VERDICT_CHAIN, v->chain);
	if (v->chain_id)
		wire_be32(w, NFTA_VERDICT_CHAIN_ID, v->chain_id);
	wire_end(w, inner);
	wire_end(w, nest);
}

static void put_foreign(struct wire *w, const struct insn *i)
{
	wire_str(w, NFTA_EXPR_NAME, i->foreign.name);
	wire_bytes(w, NFTA_EXPR_DATA | NLA_F_NESTED, i->foreign.attrs, i->foreign.n);
}

/* NFTA_EXPR_NAME of each kind as it goes out, in one piece. */
static const struct name_attr {
	struct nlattr h;
	char text[16];
	size_t space; /* what of it counts */
} name_attrs[] = {
#define X(id, name)                                                    \
	[INSN_##id] = { { NLA_HDRLEN + sizeof(name), NFTA_EXPR_NAME }, \
		        name,                                          \
		        (NLA_HDRLEN + sizeof(name) + 3) & ~(size_t)3 },
	INSN_LIST(X)
#undef X
};

static inline void put_known(struct wire *w, const struct insn *i)
{
	static const struct nlattr head = { NLA_HDRLEN, NFTA_EXPR_DATA | NLA_F_NESTED };
	const struct name_attr *name = &name_attrs[i->kind];
	uint8_t *to = wire_room(w, offsetof(struct name_attr, space) + sizeof(head));
	size_t data = w->buf.n + name->space;

	memcpy(to, name, offsetof(struct name_attr, space));
	memcpy(to + name->space, &head, sizeof(head));
	w->buf.n = data + sizeof(head);
	codec_put(w, attrs_insn(i->kind), i);
	wire_end(w, data);
}

/* A list is read only with this flag, and the kernel does not dump it. */
static void put_dynset(struct wire *w, const struct insn *i)
{
	struct insn copy = *i;

	if (i->dynset.n_exprs > 1)
		copy.dynset.flags |= NFT_DYNSET_F_EXPR;
	put_known(w, &copy);
}

void codec_put_insn(struct wire *w, const struct insn *i)
{
	if (i->kind == INSN_FOREIGN)
		put_foreign(w, i);
	else if (i->kind == INSN_DYNSET)
		put_dynset(w, i);
	else
		put_known(w, i);
}

static void put_expr(struct wire *w, uint16_t attr, const struct insn *i)
{
	size_t nest = wire_nest(w, attr);

	codec_put_insn(w, i);
	wire_end(w, nest);
}

void codec_put_exprs(struct wire *w, uint16_t attr, const struct insn *p, size_t n)
{
	size_t nest = wire_nest(w, attr);

	for (size_t i = 0; i < n; i++)
		put_expr(w, NFTA_LIST_ELEM, &p[i]);
	wire_end(w, nest);
}

void codec_put_stateful(struct wire *w, uint16_t one, uint16_t several,
                        const struct program *prog)
{
	if (prog->n == 1)
		put_expr(w, one, &prog->p[0]);
	else if (prog->n > 1)
		codec_put_exprs(w, several, prog->p, prog->n);
}

static void put_dev(struct wire *w, struct str name)
{
	if (str_ends(name, STR("*")))
		wire_str(w, DEVICE_PREFIX, str_sub(name, 0, name.n - 1));
	else
		wire_str(w, NFTA_DEVICE_NAME, name);
}

static void put_devs(struct wire *w, const struct attr_row *row, const void *base)
{
	const struct str *devs = *(struct str *const *)row_member(row, base);
	size_t n = *(const size_t *)(const void *)((const uint8_t *)base + row->has);
	size_t nest;

	if (row->wire == WIRE_DEV) {
		wire_str(w, row->attr, devs[0]);
		return;
	}
	nest = wire_nest(w, row->attr);
	for (size_t i = 0; i < n; i++)
		put_dev(w, devs[i]);
	wire_end_unless_empty(w, nest);
}

static void put_fields(struct wire *w, uint16_t attr, const struct prog_set *s)
{
	size_t list = wire_nest(w, attr);

	for (size_t i = 0; i < s->n_fields; i++) {
		size_t field = wire_nest(w, NFTA_LIST_ELEM);
		wire_be32(w, NFTA_SET_FIELD_LEN, s->field_len[i]);
		wire_end(w, field);
	}
	wire_end_unless_empty(w, list);
}

static void put_timeouts(struct wire *w, uint16_t attr, const struct prog_obj *o)
{
	size_t nest = wire_nest(w, attr);

	for (size_t i = 0; i < ARRAY_LEN(o->ct_timeout.timeout); i++)
		if (o->ct_timeout.present & 1u << i)
			wire_be32(w, (uint16_t)(i + 1), o->ct_timeout.timeout[i]);
	wire_end(w, nest);
}

static void put_object(struct wire *w, uint16_t attr, const struct prog_obj *o)
{
	const struct attr_table *t = attrs_object(o->type);
	size_t nest;

	if (!t) {
		wire_bytes(w, attr | NLA_F_NESTED, o->foreign.p, o->foreign.n);
		return;
	}
	nest = wire_nest(w, attr);
	codec_put(w, t, o);
	wire_end(w, nest);
}

static void put_nest(struct wire *w, const struct attr_row *row, const void *base)
{
	size_t nest = wire_nest(w, row->attr);

	codec_put(w, row->nest, base);
	wire_end_unless_empty(w, nest);
}

static void put_immediate(struct wire *w, uint16_t attr, const struct insn *i)
{
	if (i->dreg == REG_VERDICT)
		codec_put_verdict(w, attr, &i->immediate.verdict);
	else
		codec_put_data(w, attr, &i->immediate.data);
}

static void put_number(struct wire *w, const struct attr_row *row, uint64_t v)
{
	if (row->wire == WIRE_U8)
		wire_u8(w, row->attr, (uint8_t)v);
	else if (row->wire == WIRE_BE16)
		wire_be16(w, row->attr, (uint16_t)v);
	else if (row->wire == WIRE_BE64)
		wire_be64(w, row->attr, v);
	else if (row->wire == WIRE_HOST32)
		wire_host32(w, row->attr, (uint32_t)v);
	else
		wire_be32(w, row->attr, (uint32_t)v);
}

void codec_put_row(struct wire *w, const struct attr_row *row, const void *base)
{
	const void *p = row_member(row, base);
	const struct userdata *bytes = p;
	const struct program *prog = p;
	const struct insn *i = base;

	switch ((enum wire_type)row->wire) {
	case WIRE_U8:
	case WIRE_BE16:
	case WIRE_BE32:
	case WIRE_BE64:
	case WIRE_HOST32:
	case WIRE_BOOL32:
		put_number(w, row, row_number(row, base));
		return;
	case WIRE_REG:
		wire_be32(w, row->attr, reg_number(*(const uint8_t *)p));
		return;
	case WIRE_STR:
		wire_str(w, row->attr, *(const struct str *)p);
		return;
	case WIRE_BYTES:
		wire_bytes(w, row->attr, bytes->p, bytes->n);
		return;
	case WIRE_DATA:
		codec_put_data(w, row->attr, p);
		return;
	case WIRE_IMMEDIATE:
		put_immediate(w, row->attr, i);
		return;
	case WIRE_EXPRS:
		codec_put_exprs(w, row->attr, prog->p, prog->n);
		return;
	case WIRE_EXPR:
		if (prog->n == 1)
			put_expr(w, row->attr, &prog->p[0]);
		return;
	case WIRE_EXPR_LIST:
		if (prog->n > 1)
			codec_put_exprs(w, row->attr, prog->p, prog->n);
		return;
	case WIRE_DYN_EXPR:
		if (i->dynset.n_exprs == 1)
			put_expr(w, row->attr, &i->dynset.exprs[0]);
		return;
	case WIRE_DYN_EXPRS:
		if (i->dynset.n_exprs > 1)
			codec_put_exprs(w, row->attr, i->dynset.exprs, i->dynset.n_exprs);
		return;
	case WIRE_DEV:
	case WIRE_DEVS:
		put_devs(w, row, base);
		return;
	case WIRE_FIELDS:
		put_fields(w, row->attr, base);
		return;
	case WIRE_TIMEOUTS:
		put_timeouts(w, row->attr, base);
		return;
	case WIRE_NEST:
		put_nest(w, row, base);
		return;
	case WIRE_OBJECT:
		put_object(w, row->attr, base);
		return;
	case WIRE_IGNORE:
		return;
	}
}

static void put_if_wanted(struct wire *w, const struct attr_row *row, const void *base)
{
	if (row_is_wanted(row, base))
		codec_put_row(w, row, base);
}

void codec_put_rows(struct wire *w, const struct attr_table *t, const void *base)
{
	for (size_t i = 0; i < t->n; i++)
		put_if_wanted(w, &t->rows[i], base);
}

void codec_put_key(struct wire *w, const struct attr_table *t, const void *base)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].key)
			put_if_wanted(w, &t->rows[i], base);
}

void codec_put_one(struct wire *w, const struct attr_table *t, uint16_t attr,
                   const void *base)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].attr == attr)
			put_if_wanted(w, &t->rows[i], base);
}
