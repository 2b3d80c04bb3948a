/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Comparisons back to matches: fields inside bytes, prefixes, flags, ranges, sets.
 */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/lift.h"

static bool has_prefixes(const struct datatype *t)
{
	return t && (t->id == TYPE_IPV4_ADDR || t->id == TYPE_IPV6_ADDR ||
	             t->id == TYPE_MARK || t->id == TYPE_REALM || t->id == TYPE_DEVGROUP);
}

/* Whether the prefix is all there is to compare: bits behind it match nothing, and would be lost
 * when the listing is loaded. */
static bool is_prefix(const struct value *v, const struct value *mask)
{
	struct value within = *v;

	value_and(&within, mask);
	return value_prefix_len(mask) >= 0 && value_cmp(&within, v) == 0;
}

static struct expr *lift_binary(struct lift *L, enum binop op, struct expr *left,
                                const struct value *v)
{
	struct part part = expr_part(left);
	struct expr *e = expr_make(L->a, EXPR_BINARY, SPAN_NONE, &part);
	struct part count = { datatypes[TYPE_INTEGER], 32, ORDER_HOST, 0 };

	e->binary.op = op;
	e->binary.left = left;
	e->binary.right = expr_value(
		L->a, SPAN_NONE, op == BINOP_SHL || op == BINOP_SHR ? &count : &part, v);
	return e;
}

/* Ones without a gap: a field's mask. */
static bool is_run(const struct value *mask, unsigned *shift, unsigned *bits)
{
	struct value m = *mask;

	*shift = *bits = 0;
	if (value_is_zero(mask))
		return false;
	for (; !(m.b[(m.bits + 7) / 8 - 1] & 1); ++*shift)
		value_shr(&m, 1);
	for (; m.b[(m.bits + 7) / 8 - 1] & 1; ++*bits)
		value_shr(&m, 1);
	return value_is_zero(&m);
}

static bool field_of_mask(struct lift *L, struct reg *r, const struct value *mask)
{
	struct expr *e = r->e;
	unsigned shift, bits;

	if ((e->kind != EXPR_PAYLOAD && e->kind != EXPR_EXTHDR) ||
	    !is_run(mask, &shift, &bits))
		return false;
	struct expr *field = arena_copy(L->a, e, sizeof(*e));
	unsigned whole = e->kind == EXPR_PAYLOAD ? e->payload.len : e->exthdr.len;
	unsigned off = (e->kind == EXPR_PAYLOAD ? e->payload.off : e->exthdr.off) +
	               whole - shift - bits;

	if (e->kind == EXPR_PAYLOAD) {
		if (!lift_field(L, field, off, bits))
			return false;
	} else {
		const struct field *f =
			e->exthdr.hdr && !e->exthdr.exists ? e->exthdr.hdr->fields : NULL;

		for (; f && f->name; f++)
			if (f->off == off && f->bits == bits)
				break;
		if (!f || !f->name)
			return false;
		field->exthdr.field = f;
		field->type = datatypes[f->type];
		field->bits = f->bits;
	}
	r->e = field;
	r->shift = shift;
	r->masked = true;
	return true;
}

/* Whether the shift leaves the field's value alone in the bytes it needs: see load_down(); nft
 * leaves several bytes where they are. */
static bool shifts_down(const struct insn *in, const struct reg *r, uint32_t n)
{
	unsigned up = (in->bitwise.len - (r->e->bits + 7u) / 8) * 8;
	int down = in->bitwise.op == NFT_BITWISE_RSHIFT ? (int)n : -(int)n;

	return down == (int)r->shift ||
	       (r->big_endian && down == (int)r->shift - (int)up);
}

static void lift_shift(struct lift *L, const struct insn *in, struct reg *r)
{
	struct value by;
	uint32_t n = 0;

	memcpy(&n, in->bitwise.shift.b, sizeof(n));
	if (r->masked && r->shift && shifts_down(in, r, n)) {
		r->shift = 0; /* the field's value alone */
		return;
	}
	value_from_u64(&by, n, 32);
	r->e = lift_binary(L,
	                   in->bitwise.op == NFT_BITWISE_RSHIFT ? BINOP_SHR : BINOP_SHL,
	                   r->e, &by);
}

void lift_bitwise(struct lift *L, const struct insn *in)
{
	struct reg *r = in->sreg < REG_WORDS ? &L->regs[in->sreg] : NULL;
	struct value mask, xor, or_bits, all;

	if (!r || !r->e || in->dreg >= REG_WORDS || in->bitwise.len > 16) {
		lift_foreign(L, STR("bitwise"));
		return;
	}
	struct reg out = *r;
	uint16_t bits = (uint16_t)(in->bitwise.len * 8);

	if (in->bitwise.op != NFT_BITWISE_BOOL) {
		lift_shift(L, in, &out);
		L->regs[in->dreg] = out;
		return;
	}
	value_load(&mask, bits, out.e->order, in->bitwise.mask.b);
	value_load(&xor, bits, out.e->order, in->bitwise.xor.b);
	value_prefix_mask(&all, bits, bits);
	bool takes_all = value_cmp(&mask, &all) == 0;
	if (value_is_zero(&xor) && !takes_all && field_of_mask(L, &out, &mask)) {
		L->regs[in->dreg] = out;
		return;
	}
	or_bits = mask;
	value_not(&or_bits);
	value_and(&or_bits, &xor);
	value_and(&xor, &mask);
	value_or(&mask, &or_bits);
	if (value_cmp(&mask, &all) != 0)
		out.e = lift_binary(L, BINOP_AND, out.e, &mask);
	if (!value_is_zero(&xor))
		out.e = lift_binary(L, BINOP_XOR, out.e, &xor);
	if (!value_is_zero(&or_bits))
		out.e = lift_binary(L, BINOP_OR, out.e, &or_bits);
	L->regs[in->dreg] = out;
}

static struct stmt *add_match(struct lift *L, struct expr *left, enum relop op,
                              struct expr *right)
{
	struct stmt *s = lift_stmt_add(L, STMT_MATCH);

	if (is_raw(left))
		lift_hex_masks(L->a, left);
	s->match.left = left;
	s->match.op = op;
	s->match.right = right;
	return s;
}

static enum relop lift_op(uint32_t op)
{
	static const enum relop ops[] = {
		[NFT_CMP_EQ] = REL_IMPLICIT, [NFT_CMP_NEQ] = REL_NE,
		[NFT_CMP_LT] = REL_LT,       [NFT_CMP_LTE] = REL_LE,
		[NFT_CMP_GT] = REL_GT,       [NFT_CMP_GTE] = REL_GE,
	};

	return op < ARRAY_LEN(ops) ? ops[op] : REL_EQ;
}

/* Constants as the register holds them, moved down to the field. */
static struct expr *constant(struct lift *L, const struct reg *r, const struct data *d)
{
	struct part part = expr_part(r->e);
	struct value v;

	if (d->n > sizeof(v.b))
		return NULL;
	if (type_is(part.type, TYPE_STRING))
		return lift_value(L, d->b, d->n, &part);
	value_load(&v, (uint16_t)(d->n * 8), r->big_endian ? ORDER_BIG : part.order,
	           d->b);
	value_shr(&v, r->shift);
	if (part.bits && part.bits < v.bits)
		value_resize(&v, part.bits);
	struct expr *e = expr_value(L->a, SPAN_NONE, &part, &v);

	if (is_raw(r->e))
		lift_hex(L->a, e);
	return e;
}

/* Fewer bytes are compared than the value has: a prefix, or a name with a star. */
static struct expr *short_constant(struct lift *L, struct expr *e, const struct data *d)
{
	struct part part = expr_part(e);
	struct value v = { .bits = e->bits };

	if (e->bits > 128 || d->n > sizeof(v.b))
		return NULL;
	if (type_is(part.type, TYPE_STRING)) {
		/* iptables-nft compares a whole name up to its NUL */
		return memchr(d->b, '\0', d->n) ? lift_value(L, d->b, d->n, &part)
		                                : lift_wildcard(L->a, &part, d->b, d->n);
	}
	memcpy(v.b, d->b, d->n);
	struct expr *p = expr_make(L->a, EXPR_PREFIX, SPAN_NONE, &part);

	p->prefix.base = expr_value(L->a, SPAN_NONE, &part, &v);
	p->prefix.len = d->n * 8u;
	return p;
}

/* A load that is shorter than the field that starts there: `ip saddr 10.0.0.0/8`. */
static struct expr *prefix_field(struct lift *L, const struct expr *e)
{
	static const unsigned sizes[] = { 32, 48, 128 };
	struct expr *wide = arena_copy(L->a, e, sizeof(*e));

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (sizes[i] > e->payload.len &&
		    lift_field(L, wide, e->payload.off, sizes[i]))
			return wide;
	return NULL;
}

/* Several fields loaded at once become one match each. */
static bool split_fields(struct lift *L, const struct expr *e, enum relop op,
                         const struct data *d)
{
	unsigned at = 0;
	const struct proto *last = NULL;

	if (op != REL_IMPLICIT || e->payload.len != d->n * 8u)
		return false;
	while (at < e->payload.len) {
		struct expr *field = arena_copy(L->a, e, sizeof(*e));
		unsigned len = 8;

		while (at + len <= e->payload.len &&
		       !lift_field(L, field, e->payload.off + at, len))
			len += 8;
		if (at + len > e->payload.len || (at == 0 && len == e->payload.len))
			return false;
		struct part part = expr_part(field);
		struct expr *v = lift_value(L, d->b + at / 8, len / 8, &part);

		lift_use(L, field);
		add_match(L, field, REL_IMPLICIT, v);
		lift_learn(L, field, &v->value, L->rule->stmts.n - 1);
		at += len;
		last = field->payload.proto;
	}
	return last != NULL;
}

static bool can_split(struct lift *L, const struct expr *e)
{
	unsigned at = 0, n = 0;

	while (at < e->payload.len) {
		struct expr field = *e;
		unsigned len = 8;

		while (at + len <= e->payload.len &&
		       !lift_field(L, &field, e->payload.off + at, len))
			len += 8;
		if (at + len > e->payload.len)
			return false;
		at += len;
		n++;
	}
	return n > 1;
}

static bool has_several_bits(const struct value *v)
{
	struct value less = *v;

	if (!value_decrement(&less))
		return false;
	value_and(&less, v);
	return !value_is_zero(&less);
}

/* `x & mask OP value`: flags and prefixes have forms of their own. */
static bool match_masked(struct lift *L, struct expr *left, enum relop op,
                         struct expr *right)
{
	struct expr *of = left->binary.left;
	const struct value *mask = &left->binary.right->value, *v = &right->value;
	struct part part = expr_part(of);

	if (left->binary.op != BINOP_AND || right->kind != EXPR_VALUE || is_raw(of) ||
	    of->kind == EXPR_BINARY)
		return false;
	if (has_prefixes(of->type) && is_prefix(v, mask) && op <= REL_NE) {
		struct expr *p = expr_make(L->a, EXPR_PREFIX, SPAN_NONE, &part);

		p->prefix.base = right;
		p->prefix.len = (unsigned)value_prefix_len(mask);
		add_match(L, of, op, p);
		return true;
	}
	if (!has_flags(of->type) || op > REL_NE)
		return false;
	struct expr *flags = expr_value(L->a, SPAN_NONE, &part, mask);

	if (value_is_zero(v)) {
		if (op == REL_NE) {
			add_match(L, of, REL_IMPLICIT, flags);
			return true;
		}
		struct expr *no = expr_make(L->a, EXPR_NOT, SPAN_NONE, &part);

		no->pair.left = flags;
		add_match(L, of, REL_IMPLICIT, no);
		return true;
	}
	bool several = has_several_bits(mask), labels = of->type->id == TYPE_CT_LABEL;

	if (labels && !several && !has_several_bits(v))
		return false; /* `1 / 5` would be read for a prefix */
	if (labels || value_cmp(mask, v) != 0 || (of->kind == EXPR_PAYLOAD && several)) {
		struct expr *cmp = expr_make(L->a, EXPR_FLAGCMP, SPAN_NONE, &part);

		cmp->pair.left = right;
		cmp->pair.right = flags;
		add_match(L, of, op, cmp);
		return true;
	}
	return false;
}

static bool finish_range(struct lift *L, const struct reg *r, enum relop op,
                         struct expr *right)
{
	struct stmt_list *stmts = &L->rule->stmts;

	if (op != REL_LE || L->ranged != r->e || stmts->n == 0)
		return false;
	struct stmt *s = stmts->p[stmts->n - 1];

	if (s->kind != STMT_MATCH || s->match.left != r->e || s->match.op != REL_GE)
		return false;
	struct part part = expr_part(r->e);
	struct expr *range = expr_make(L->a, EXPR_RANGE, SPAN_NONE, &part);

	range->pair.left = s->match.right;
	range->pair.right = right;
	s->match.op = REL_IMPLICIT;
	s->match.right = range;
	L->ranged = NULL;
	return true;
}

static bool cmp_payload(struct lift *L, const struct reg *r, enum relop op,
                        const struct data *d)
{
	struct expr *e = r->e;

	if (e->kind != EXPR_PAYLOAD || e->payload.field || r->masked)
		return false;
	if (can_split(L, e) && split_fields(L, e, op, d))
		return true;
	struct expr *wide = prefix_field(L, e);

	if (!wide || op > REL_NE)
		return false;
	struct expr *right = short_constant(L, wide, d);

	lift_use(L, wide);
	add_match(L, wide, op, right);
	return true;
}

/* cmp over several registers: `ip saddr . tcp dport 1.2.3.4 . 22` without a set. */
static bool cmp_concat(struct lift *L, const struct insn *in, enum relop op)
{
	struct expr *left = arena_new(L->a, struct expr),
		    *right = arena_new(L->a, struct expr);
	unsigned reg = in->sreg, at = 0;

	left->kind = right->kind = EXPR_CONCAT;
	while (at < in->cmp.data.n) {
		struct expr *part = reg < REG_WORDS ? L->regs[reg].e : NULL;

		if (!part || part->bits == 0)
			return false;
		unsigned n = (part->bits + 7u) / 8, padded = (n + 3) & ~3u;
		struct part p = expr_part(part);

		if (at + n > in->cmp.data.n)
			return false;
		expr_list_add(&left->list, L->a, part);
		expr_list_add(&right->list, L->a,
		              lift_value(L, in->cmp.data.b + at, n, &p));
		at += padded;
		reg += padded / 4;
	}
	lift_use(L, left);
	add_match(L, left, op, right);
	return true;
}

void lift_cmp(struct lift *L, const struct insn *in)
{
	struct reg *r = in->sreg < REG_WORDS ? &L->regs[in->sreg] : NULL;
	enum relop op = lift_op(in->cmp.op);

	if (!r || !r->e) {
		lift_foreign(L, STR("cmp"));
		return;
	}
	unsigned width = (r->e->bits + 7u) / 8;

	if (cmp_payload(L, r, op, &in->cmp.data))
		return;
	if (!r->masked && r->e->kind != EXPR_BINARY && width && in->cmp.data.n > width &&
	    cmp_concat(L, in, op))
		return;
	struct expr *right =
		!r->masked && in->cmp.data.n < width && r->e->kind != EXPR_BINARY
			? short_constant(L, r->e, &in->cmp.data)
			: constant(L, r, &in->cmp.data);

	if (!right) {
		lift_foreign(L, STR("cmp"));
		return;
	}
	lift_use(L, r->e);
	if (finish_range(L, r, op, right))
		return;
	if (r->e->kind == EXPR_BINARY && match_masked(L, r->e, op, right))
		return;
	if (op == REL_IMPLICIT &&
	    (r->e->kind == EXPR_BINARY || (has_flags(r->e->type) && !r->masked)))
		op = REL_EQ; /* without it, flags would mean `any of` */
	if (op > REL_NE && r->big_endian && right->kind == EXPR_VALUE &&
	    !has_flags(right->type) && right->type->symbols)
		right->type = datatypes
			[TYPE_INTEGER]; /* what is less than a name is a number */
	add_match(L, r->e, op, right);
	L->ranged = op == REL_GE ? r->e : NULL;
	if (op <= REL_EQ && right->kind == EXPR_VALUE)
		lift_learn(L, r->e, &right->value, L->rule->stmts.n - 1);
}

void lift_range(struct lift *L, const struct insn *in)
{
	struct reg *r = in->sreg < REG_WORDS ? &L->regs[in->sreg] : NULL;
	struct expr *from = r && r->e ? constant(L, r, &in->range.from) : NULL;
	struct expr *to = from ? constant(L, r, &in->range.to) : NULL;

	if (!to) {
		lift_foreign(L, STR("range"));
		return;
	}
	struct part part = expr_part(r->e);
	struct expr *range = expr_make(L->a, EXPR_RANGE, SPAN_NONE, &part);

	range->pair.left = from;
	range->pair.right = to;
	lift_use(L, r->e);
	add_match(L, r->e, in->range.op == NFT_RANGE_NEQ ? REL_NE : REL_IMPLICIT, range);
}

/* Elements of a literal for a field inside a byte lie where the bits are: move them down. */
static void unshift_elems(struct expr *set, const struct expr *field, unsigned shift)
{
	for (size_t i = 0; i < set->list.n; i++) {
		struct expr *key = set->list.p[i]->elem.key;
		struct expr *ends[2] = { key, NULL };

		if (key->kind == EXPR_RANGE) {
			ends[0] = key->pair.left;
			ends[1] = key->pair.right;
		}
		for (unsigned k = 0; k < 2 && ends[k]; k++) {
			if (ends[k]->kind != EXPR_VALUE)
				continue;
			value_shr(&ends[k]->value, shift);
			value_resize(&ends[k]->value, field->bits);
			ends[k]->bits = field->bits;
			ends[k]->type = field->type;
		}
		if (ends[0] && ends[1] && ends[0]->kind == EXPR_VALUE &&
		    ends[1]->kind == EXPR_VALUE &&
		    value_cmp(&ends[0]->value, &ends[1]->value) == 0)
			set->list.p[i]->elem.key = ends[0]; /* the highest value alone */
	}
}

static struct expr *set_operand(struct lift *L, const struct set_ref *ref,
                                const struct set_info *info, const struct reg *r)
{
	if (info->anonymous) {
		struct expr *set = L->env->elems(L->env->ctx, L->a, info);

		if (set && r->masked)
			unshift_elems(set, r->e, r->shift);
		if (set && r->e && is_raw(r->e))
			lift_hex(L->a, set);
		if (set)
			return set;
	}
	struct expr *e = expr_make(L->a, EXPR_SETREF, SPAN_NONE, NULL);

	e->word = arena_str(L->a, ref->name);
	return e;
}

/* The value may fill several words (`address . port`), and what they held is gone. */
static void set_map_regs(struct lift *L, unsigned reg, struct expr *map,
                         const struct set_info *info)
{
	size_t words = parts_bytes(&info->data) / 4;

	for (size_t i = 0; i == 0 || i < words; i++)
		if (reg + i < REG_WORDS)
			L->regs[reg + i] = (struct reg){ .e = i == 0 ? map : NULL };
}

void lift_lookup(struct lift *L, const struct insn *in)
{
	const struct set_info *info = L->env->set(L->env->ctx, in->lookup.set.name);

	if (info && info->anonymous && in->sreg < REG_WORDS)
		info = lift_literal(L, in->sreg, info);
	/* A map's key is used where its value is. */
	bool is_match = in->dreg == REG_NONE || in->dreg == REG_VERDICT;
	struct expr *key = info && in->sreg < REG_WORDS
	                           ? lift_key(L, in->sreg, info, is_match)
	                           : NULL;

	if (!key) {
		lift_foreign(L, STR("lookup"));
		return;
	}
	struct expr *set = set_operand(L, &in->lookup.set, info, &L->regs[in->sreg]);

	if (in->dreg == REG_NONE) {
		enum relop op = in->lookup.flags & NFT_LOOKUP_F_INV ? REL_NE
		                : key->kind == EXPR_BINARY && set->kind == EXPR_SET
		                        ? REL_EQ
		                        : REL_IMPLICIT;

		add_match(L, key, op, set);
		return;
	}
	struct expr *map = expr_make(L->a, EXPR_MAP, SPAN_NONE, NULL);

	if (is_raw(key))
		lift_hex_masks(L->a, key);
	map->pair.left = key;
	map->pair.right = set;
	if (in->dreg == REG_VERDICT) {
		lift_stmt_add(L, STMT_VERDICT)->verdict = map;
		return;
	}
	if (info->data.n == 1) {
		map->type = info->data.p[0].type;
		map->bits = info->data.p[0].bits;
		map->order = info->data.p[0].order;
	}
	set_map_regs(L, in->dreg, map, info);
}
