/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * From netlink's bytes to the program form. The bytes may be anybody's: lengths, nesting,
 * ranges and repetitions are checked before a member is written.
 */
#include <errno.h>

#include "gate/engine/kernel/codec.h"
#include "gate/engine/kernel/nf_compat.h"

static void *member(const struct attr_row *row, void *base)
{
	return (uint8_t *)base + row->off;
}

static bool store_number(const struct attr_row *row, void *base, uint64_t v)
{
	void *p = member(row, base);
	uint32_t v32 = (uint32_t)v;
	uint16_t v16 = (uint16_t)v;
	uint8_t v8 = (uint8_t)v;

	if (row->size < 8 && v >> (row->size * 8))
		return false;
	switch (row->size) {
	case 1:
		memcpy(p, &v8, sizeof(v8));
		return true;
	case 2:
		memcpy(p, &v16, sizeof(v16));
		return true;
	case 4:
		memcpy(p, &v32, sizeof(v32));
		return true;
	case 8:
		memcpy(p, &v, sizeof(v));
		return true;
	}
	return false;
}

static bool get_number(const struct attr_row *row, const struct attr *a, void *base)
{
	static const uint8_t bytes[] = {
		[WIRE_U8] = 1,   [WIRE_BE16] = 2,   [WIRE_BE32] = 4,
		[WIRE_BE64] = 8, [WIRE_BOOL32] = 4,
	};
	uint64_t v;
	uint32_t host;

	if (row->wire == WIRE_HOST32) {
		if (!attr_host32(a, &host))
			return false;
		v = host;
	} else if (!attr_number(a, bytes[row->wire], &v)) {
		return false;
	}
	if (row->wire == WIRE_BOOL32)
		v = v != 0;
	return store_number(row, base, v);
}

static bool get_reg(const struct attr *a, uint8_t *reg)
{
	uint64_t v;

	return attr_number(a, 4, &v) && reg_by_number((uint32_t)v, reg);
}

static bool get_verdict(struct cursor c, struct verdict *v)
{
	struct attr a;
	uint64_t n = 0;
	bool has_code = false;

	while (attr_next(&c, &a)) {
		if (a.type == NFTA_VERDICT_CODE) {
			if (!attr_number(&a, 4, &n))
				return false;
			v->code = (int32_t)n;
			has_code = true;
		} else if (a.type == NFTA_VERDICT_CHAIN) {
			v->chain = attr_str(&a);
		} else if (a.type == NFTA_VERDICT_CHAIN_ID) {
			if (!attr_number(&a, 4, &n))
				return false;
			v->chain_id = (uint32_t)n;
		}
	}
	return has_code && !c.failed;
}

/* NFTA_DATA_VALUE */
static bool get_value(const struct attr *a, struct data *d)
{
	if (a->type != NFTA_DATA_VALUE || a->n == 0 || a->n > sizeof(d->b))
		return false;
	d->n = (uint8_t)a->n;
	memcpy(d->b, a->p, a->n);
	return true;
}

int codec_get_data(struct cursor c, struct data *d, struct verdict *v, bool *is_verdict)
{
	struct attr a;

	if (!attr_next(&c, &a))
		return -EBADMSG;
	if (a.type == NFTA_DATA_VERDICT && v) {
		*is_verdict = true;
		return get_verdict(attr_cursor(&a), v) ? 0 : -EBADMSG;
	}
	if (is_verdict)
		*is_verdict = false;
	return get_value(&a, d) ? 0 : -EBADMSG;
}

bool codec_data_get(const struct attr *at, struct data *d)
{
	struct cursor c = attr_cursor(at);
	struct attr a;

	return attr_next(&c, &a) && get_value(&a, d);
}

static bool get_immediate(const struct attr *a, struct insn *i)
{
	bool is_verdict;

	if (codec_get_data(attr_cursor(a), &i->immediate.data, &i->immediate.verdict,
	                   &is_verdict) < 0)
		return false;
	return is_verdict ==
	       (i->dreg == REG_VERDICT); /* the kernel names the register first */
}

/* Enough for every kernel; keeps a hostile list from growing. */
enum { EXPRS_MAX = 1024 };

int codec_get_exprs(struct cursor c, struct arena *a, struct program *prog)
{
	struct attr at;

	while (attr_next(&c, &at)) {
		int r;
		if (at.type != NFTA_LIST_ELEM || prog->n >= EXPRS_MAX)
			return -EBADMSG;
		r = codec_get_insn(attr_cursor(&at), a, program_room(prog, a));
		if (r < 0)
			return r;
	}
	return c.failed ? -EBADMSG : 0;
}

static bool get_stateful(const struct attr_row *row, const struct attr *at,
                         struct arena *a, struct program *prog)
{
	if (row->wire == WIRE_EXPR || row->wire == WIRE_DYN_EXPR)
		return codec_get_insn(attr_cursor(at), a, program_room(prog, a)) == 0;
	return codec_get_exprs(attr_cursor(at), a, prog) == 0;
}

static bool is_dynset(struct cursor c)
{
	struct attr at;

	while (attr_next(&c, &at))
		if (at.type == NFTA_EXPR_NAME &&
		    str_is(attr_str(&at), insn_name(INSN_DYNSET)))
			return true;
	return false;
}

/* Looked for before anything is decoded: no nesting without end. */
static bool holds_dynset(const struct attr_row *row, const struct attr *at)
{
	struct cursor c = attr_cursor(at);
	struct attr inner;

	if (row->wire == WIRE_DYN_EXPR)
		return is_dynset(c);
	while (attr_next(&c, &inner))
		if (is_dynset(attr_cursor(&inner)))
			return true;
	return false;
}

static bool get_dyn_exprs(const struct attr_row *row, const struct attr *at,
                          struct arena *a, struct insn *i)
{
	struct program prog = { 0 };

	if (holds_dynset(row, at) || !get_stateful(row, at, a, &prog) ||
	    prog.n > UINT8_MAX)
		return false;
	i->dynset.exprs = prog.p;
	i->dynset.n_exprs = (uint8_t)prog.n;
	return true;
}

static bool get_devs(const struct attr_row *row, const struct attr *at, struct arena *a,
                     void *base)
{
	struct cursor c = attr_cursor(at);
	size_t *n = (size_t *)(void *)((uint8_t *)base + row->has);
	struct str **devs = member(row, base);
	struct str *list = arena_array(a, struct str, at->n / NLA_HDRLEN + 1);
	size_t count = 0;
	struct attr dev;

	if (row->wire == WIRE_DEV) {
		if (*n)
			return true; /* NFTA_HOOK_DEVS says it too */
		list[count++] = attr_str(at);
		c.at = c.end;
	}
	while (attr_next(&c, &dev)) {
		struct str name = attr_str(&dev);
		if (dev.type == DEVICE_PREFIX)
			name = arena_fmt(a, STR_FMT "*", STR_ARG(name));
		list[count++] = name;
	}
	*devs = list;
	*n = count;
	return !c.failed;
}

static bool get_fields(const struct attr *at, struct arena *a, struct prog_set *s)
{
	struct cursor c = attr_cursor(at);
	uint8_t len[16]; /* NFT_REG32_COUNT */
	struct attr field, inner;
	uint64_t v;

	s->n_fields = 0;
	while (attr_next(&c, &field)) {
		struct cursor in = attr_cursor(&field);
		if (!attr_next(&in, &inner) || inner.type != NFTA_SET_FIELD_LEN ||
		    !attr_number(&inner, 4, &v) || v > UINT8_MAX ||
		    s->n_fields == sizeof(len))
			return false;
		len[s->n_fields++] = (uint8_t)v;
	}
	s->field_len = arena_copy(a, len, s->n_fields);
	return !c.failed;
}

static bool get_timeouts(const struct attr *at, struct prog_obj *o)
{
	struct cursor c = attr_cursor(at);
	struct attr a;
	uint64_t v;

	while (attr_next(&c, &a)) {
		if (!a.type || a.type > ARRAY_LEN(o->ct_timeout.timeout) ||
		    !attr_number(&a, 4, &v))
			return false;
		o->ct_timeout.timeout[a.type - 1] = (uint32_t)v;
		o->ct_timeout.present |= (uint16_t)(1u << (a.type - 1));
	}
	return !c.failed;
}

static bool get_object(const struct attr *at, struct arena *a, struct prog_obj *o)
{
	const struct attr_table *t = attrs_object(o->type);

	if (!o->type)
		return false; /* the kernel names the type first */
	if (t)
		return codec_get(t, attr_cursor(at), false, a, o) == 0;
	o->foreign = (struct userdata){ at->p, at->n };
	return true;
}

bool codec_get_row(const struct attr_row *row, const struct attr *at, bool strict,
                   struct arena *a, void *base)
{
	void *p = member(row, base);

	switch ((enum wire_type)row->wire) {
	case WIRE_U8:
	case WIRE_BE16:
	case WIRE_BE32:
	case WIRE_BE64:
	case WIRE_HOST32:
	case WIRE_BOOL32:
		return get_number(row, at, base);
	case WIRE_REG:
		return get_reg(at, p);
	case WIRE_STR:
		*(struct str *)p = attr_str(at);
		return true;
	case WIRE_BYTES:
		*(struct userdata *)p = (struct userdata){ at->p, at->n };
		return true;
	case WIRE_DATA:
		return codec_data_get(at, p);
	case WIRE_IMMEDIATE:
		return get_immediate(at, base);
	case WIRE_EXPRS:
	case WIRE_EXPR:
	case WIRE_EXPR_LIST:
		return get_stateful(row, at, a, p);
	case WIRE_DYN_EXPR:
	case WIRE_DYN_EXPRS:
		return get_dyn_exprs(row, at, a, base);
	case WIRE_DEV:
	case WIRE_DEVS:
		return get_devs(row, at, a, base);
	case WIRE_FIELDS:
		return get_fields(at, a, base);
	case WIRE_TIMEOUTS:
		return get_timeouts(at, base);
	case WIRE_NEST:
		return codec_get(row->nest, attr_cursor(at), strict, a, base) == 0;
	case WIRE_OBJECT:
		return get_object(at, a, base);
	case WIRE_IGNORE:
		return true;
	}
	return false;
}

/* The kernel writes attributes in the rows' order: the search starts behind the row found
 * last, *hint. */
static inline const struct attr_row *find_row(const struct attr_table *t, uint16_t attr,
                                              size_t *hint)
{
	for (size_t i = *hint; i < t->n; i++)
		if (t->rows[i].attr == attr) {
			*hint = i + 1;
			return &t->rows[i];
		}
	for (size_t i = 0; i < *hint; i++)
		if (t->rows[i].attr == attr)
			return &t->rows[i];
	return NULL;
}

int codec_get_rows(const struct attr_table *t, struct cursor c, bool strict,
                   struct arena *a, void *base)
{
	uint64_t seen = 0;
	size_t hint = 0;
	struct attr at;

	while (attr_next(&c, &at)) {
		const struct attr_row *row = find_row(t, at.type, &hint);
		if (!row && strict)
			return -EBADMSG;
		if (!row || row->wire == WIRE_IGNORE)
			continue;
		if (seen & UINT64_C(1) << at.type)
			return -EBADMSG;
		if (!codec_get_row(row, &at, strict, a, base))
			return -EBADMSG;
		seen |= UINT64_C(1) << at.type;
		if (row->when == WHEN_HAS || row->when == WHEN_SET_TELL)
			*(bool *)((uint8_t *)base + row->has) = true;
	}
	return c.failed ? -EBADMSG : 0;
}

int codec_get_insn(struct cursor c, struct arena *a, struct insn *i)
{
	struct str name = { 0 };
	struct attr at, data = { 0 };
	enum insn_kind kind;

	while (attr_next(&c, &at)) {
		if (at.type == NFTA_EXPR_NAME)
			name = attr_str(&at);
		else if (at.type == NFTA_EXPR_DATA)
			data = at;
	}
	if (c.failed || !name.n)
		return -EBADMSG;
	kind = insn_by_name(name);
	if (kind != INSN_FOREIGN) {
		insn_init(i, kind);
		if (codec_get(attrs_insn(kind), attr_cursor(&data), true, a, i) == 0)
			return 0;
	}
	insn_init(i, INSN_FOREIGN);
	i->foreign.name = name;
	i->foreign.attrs = data.p;
	i->foreign.n = data.n;
	return 0;
}
