/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `left op right`: comparisons, ranges, prefixes, flag tests and set lookups.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* What one comparison works with: the register, and how constants lie in it. */
struct compare {
	unsigned reg;
	struct part part;
	uint16_t bits;  /* of the loaded bytes */
	unsigned shift; /* constants move left by so much */
	bool string;
};

static void store_constant(const struct compare *c, const struct value *v,
                           enum byteorder order, struct data *out)
{
	struct value moved;

	if (!c->string && (v->bits != c->bits || c->shift)) {
		moved = *v;
		value_resize(&moved, c->bits);
		value_shl(&moved, c->shift);
		v = &moved;
	}
	out->n = (uint8_t)((c->bits + 7) / 8);
	value_store(v, c->string ? ORDER_NONE : order, out->b);
}

static void emit_cmp(struct lower *L, const struct compare *c, uint32_t op,
                     const struct value *v, enum byteorder order)
{
	struct insn *in = emit(L, INSN_CMP);

	in->sreg = (uint8_t)c->reg;
	in->cmp.op = op;
	store_constant(c, v, order, &in->cmp.data);
}

static uint32_t cmp_op(enum relop op)
{
	static const uint32_t ops[] = {
		[REL_IMPLICIT] = NFT_CMP_EQ, [REL_EQ] = NFT_CMP_EQ,
		[REL_NE] = NFT_CMP_NEQ,      [REL_LT] = NFT_CMP_LT,
		[REL_GT] = NFT_CMP_GT,       [REL_LE] = NFT_CMP_LTE,
		[REL_GE] = NFT_CMP_GTE,
	};

	return ops[op];
}

/* Order matters to `<` and ranges: host-order registers are turned first. */
static enum byteorder order_for_ranges(struct lower *L, const struct compare *c)
{
	uint32_t len = (c->bits + 7u) / 8;

	if (c->part.order == ORDER_HOST && len > 1 && !c->string) {
		emit_byteorder(L, NFT_BYTEORDER_HTON, len, c->reg);
		return ORDER_BIG;
	}
	return c->part.order;
}

static bool start_compare(struct lower *L, const struct expr *left, struct compare *c)
{
	const struct expr *inner = left;
	struct value mask;

	while (inner->kind == EXPR_BINARY)
		inner = inner->binary.left;
	c->part = expr_part(left);
	c->shift = 0;
	c->string = type_is(left->type, TYPE_STRING);
	c->bits = (uint16_t)((left->bits + 7) & ~7);
	if (field_mask(L, inner, &mask, &c->shift))
		c->bits = mask.bits;
	c->reg = L->reg;
	return load_expr(L, left, c->reg);
}

/* A prefix on byte borders needs fewer bytes; another one a mask. */
static bool match_prefix(struct lower *L, const struct expr *left, enum relop op,
                         const struct expr *right)
{
	unsigned len = right->prefix.len;
	struct compare c;
	struct value mask;

	if (!start_compare(L, left, &c))
		return false;
	struct insn *in = &L->prog->p[L->prog->n - 1];
	bool whole_bytes = len % 8 == 0 && len > 0 && c.shift == 0 &&
	                   c.bits == left->bits && (left->order == ORDER_BIG || c.string);

	if (whole_bytes) {
		struct value v = right->prefix.base->value;

		if (in->kind == INSN_PAYLOAD) {
			in->payload.is_prefix = len != left->bits;
			in->payload.len = len / 8;
		}
		emit_cmp(L, &c, cmp_op(op), &v, c.part.order);
		L->prog->p[L->prog->n - 1].cmp.data.n = (uint8_t)(len / 8);
		return true;
	}
	value_prefix_mask(&mask, left->bits, len);
	value_resize(&mask, c.bits);
	value_shl(&mask, c.shift);
	in = emit(L, INSN_BITWISE);
	in->sreg = in->dreg = (uint8_t)c.reg;
	in->bitwise.len = c.bits / 8u;
	in->bitwise.mask.n = in->bitwise.xor.n = (uint8_t)in->bitwise.len;
	value_store(&mask, c.part.order, in->bitwise.mask.b);
	emit_cmp(L, &c, cmp_op(op), &right->prefix.base->value, c.part.order);
	return true;
}

static bool match_range(struct lower *L, const struct expr *left, enum relop op,
                        const struct expr *right)
{
	const struct value *from = &right->pair.left->value,
			   *to = &right->pair.right->value;
	struct compare c;

	if (!start_compare(L, left, &c))
		return false;
	enum byteorder order = order_for_ranges(L, &c);

	if (op == REL_NE) {
		struct insn *in = emit(L, INSN_RANGE);

		in->sreg = (uint8_t)c.reg;
		in->range.op = NFT_RANGE_NEQ;
		store_constant(&c, from, order, &in->range.from);
		store_constant(&c, to, order, &in->range.to);
		return true;
	}
	emit_cmp(L, &c, NFT_CMP_GTE, from, order);
	emit_cmp(L, &c, NFT_CMP_LTE, to, order);
	return true;
}

/* Are any (`!= 0`) or none (`== 0`) of the bits set? With `want`: are they just so? */
static bool match_flags(struct lower *L, const struct expr *left,
                        const struct value *mask, uint32_t op, const struct value *want)
{
	struct compare c;
	struct value zero = { .bits = left->bits };

	if (!start_compare(L, left, &c))
		return false;
	struct insn *in = emit(L, INSN_BITWISE);

	in->sreg = in->dreg = (uint8_t)c.reg;
	in->bitwise.len = c.bits / 8u;
	in->bitwise.xor.n = (uint8_t)in->bitwise.len;
	store_constant(&c, mask, c.part.order, &in->bitwise.mask);
	emit_cmp(L, &c, op, want ? want : &zero, c.part.order);
	return true;
}

static bool match_flagcmp(struct lower *L, const struct expr *left, enum relop op,
                          const struct expr *right)
{
	struct part part = expr_part(left);
	const struct value *flags = resolve_value(L, right->pair.left, &part);
	const struct value *mask =
		flags ? resolve_value(L, right->pair.right, &part) : NULL;

	return mask &&
	       match_flags(L, left, mask, op == REL_NE ? NFT_CMP_NEQ : NFT_CMP_EQ, flags);
}

/* `x ^ 5 == 7` is `x == 2`: nft moves the constant over. */
static const struct expr *move_xor(struct lower *L, const struct expr *left,
                                   struct value *v)
{
	while (left->kind == EXPR_BINARY && left->binary.op == BINOP_XOR) {
		struct part part = expr_part(left);
		const struct value *by = resolve_value(L, left->binary.right, &part);

		if (!by)
			return NULL;
		value_xor(v, by);
		left = left->binary.left;
	}
	return left;
}

bool match_value(struct lower *L, const struct expr *left, enum relop op,
                 const struct value *v)
{
	struct value moved;
	struct compare c;

	if (has_flags(left->type) && op == REL_IMPLICIT && left->kind != EXPR_BINARY)
		return match_flags(L, left, v, NFT_CMP_NEQ, NULL);
	if (op <= REL_NE && left->kind == EXPR_BINARY) {
		moved = *v;
		v = &moved;
		left = move_xor(L, left, &moved);
		if (!left)
			return false;
	}
	if (!start_compare(L, left, &c))
		return false;
	enum byteorder order = op > REL_NE ? order_for_ranges(L, &c) : c.part.order;

	emit_cmp(L, &c, cmp_op(op), v, order);
	if (op == REL_IMPLICIT || op == REL_EQ)
		deps_learn(L, left, v);
	return true;
}

static bool match_concat(struct lower *L, const struct expr *left, enum relop op,
                         const struct expr *right)
{
	struct parts parts;
	struct key_range key;
	unsigned reg = L->reg;

	expr_parts(left, &parts);
	if (op > REL_NE)
		return fail(L, "E0237", right->span,
		            "a concatenation is only equal or not equal");
	if (!resolve_key(L, right, &parts, false, &key))
		return false;
	if (key.is_range)
		return fail(L, "E0238", right->span,
		            "ranges in a concatenation need a set: { ... }");
	if (!deps_write(L, left) || !load_expr(L, left, reg))
		return false;
	struct insn *in = emit(L, INSN_CMP);

	in->sreg = (uint8_t)reg;
	in->cmp.op = cmp_op(op);
	in->cmp.data = key.from;
	return true;
}

/* Elements of a literal set for a field inside a byte: moved to where the bits are. */
static struct expr *shifted_set(struct lower *L, const struct expr *set,
                                struct part *part, unsigned shift, uint16_t bits)
{
	struct expr *out = expr_make(L->a, EXPR_SET, set->span, part);
	struct part wide = { part->type, bits, part->order, 0 };

	for (size_t i = 0; i < set->list.n; i++) {
		struct expr *elem = arena_copy(L->a, set->list.p[i], sizeof(*elem));
		struct expr *key = resolve(L, elem->elem.key, part);
		struct value from, to;

		if (!key)
			return NULL;
		bool single = key->kind == EXPR_VALUE;

		value_bounds(key, &from, &to);
		value_resize(&from, bits);
		value_resize(&to, bits);
		value_shl(&from, shift);
		value_shl(&to, shift);
		elem->elem.key = expr_value(L->a, key->span, &wide, &from);
		if (!single) {
			struct expr *range =
				expr_make(L->a, EXPR_RANGE, key->span, &wide);

			range->pair.left = elem->elem.key;
			range->pair.right = expr_value(L->a, key->span, &wide, &to);
			elem->elem.key = range;
		}
		expr_list_add(&out->list, L->a, elem);
	}
	part->bits = bits;
	return out;
}

bool key_fits(struct lower *L, const struct set_info *set, const struct parts *key,
              struct span at)
{
	bool same = parts_same_types(&set->key, key);

	if (same && parts_bytes(&set->key) == parts_bytes(key))
		return true;
	struct diag *d =
		fail_diag(L, "E0522", at, "set `" STR_FMT "` holds another type of key",
	                  STR_ARG(set->name));
	if (!span_is_none(set->span))
		diag_related(L->diags, d, set->span, "made here");
	if (same)
		diag_note(L->diags, d, "its keys have %u bytes, and this has %u",
		          parts_bytes(&set->key), parts_bytes(key));
	else
		diag_note(L->diags, d,
		          "it holds `" STR_FMT "`, and this is `" STR_FMT "`",
		          STR_ARG(parts_names(L->a, &set->key)),
		          STR_ARG(parts_names(L->a, key)));
	return false;
}

/* `data`: what a map is to give; n 0: whatever it gives; NULL: no map of values. */
static bool known_set(struct lower *L, const struct expr *set, const struct parts *key,
                      const struct parts *data, bool verdicts, struct set_ref *ref,
                      const struct set_info **info)
{
	const struct set_info *known =
		L->env->find_set(L->env->ctx, set->word, set->span);

	if (!known)
		return false;
	if (known->is_map != (data || verdicts))
		return fail(L, "E0103", set->span, "`" STR_FMT "` is a %s",
		            STR_ARG(set->word),
		            known->is_map ? "map: write `vmap @…` or `map @…`"
		                          : "set, not a map");
	if (verdicts && !known->data_verdict)
		return fail(L, "E0104", set->span, "map `" STR_FMT "` gives no verdicts",
		            STR_ARG(set->word));
	if (!key_fits(L, known, key, set->span))
		return false;
	if (data && data->n && !parts_same_types(&known->data, data))
		return fail(L, "E0522", set->span,
		            "map `" STR_FMT "` gives `" STR_FMT "`, and `" STR_FMT
		            "` is wanted here",
		            STR_ARG(set->word), STR_ARG(parts_names(L->a, &known->data)),
		            STR_ARG(parts_names(L->a, data)));
	ref->name = known->name;
	ref->id = known->id;
	*info = known;
	return true;
}

/* The field a set is asked about, when it lies inside a byte: its mask and shift. */
static bool partial_key(const struct lower *L, const struct expr *left,
                        struct value *mask, unsigned *shift)
{
	while (left->kind == EXPR_BINARY)
		left = left->binary.left;
	return field_mask(L, left, mask, shift) && *shift;
}

bool lookup_set(struct lower *L, const struct expr *left, const struct expr *set,
                const struct parts *data, bool verdicts, struct set_ref *ref,
                const struct set_info **info)
{
	struct set_info *made = arena_new(L->a, struct set_info);
	struct value mask;
	unsigned shift = 0;

	expr_parts(left, &made->key);
	if (!data && !verdicts && left->kind != EXPR_CONCAT)
		made->key.p[0].max = expr_part(left).max;
	if (set->kind == EXPR_SETREF)
		return known_set(L, set, &made->key, data, verdicts, ref, info);
	bool masked = field_mask(L, left, &mask, &shift);

	if (partial_key(L, left, &mask, &shift)) {
		set = shifted_set(L, set, &made->key.p[0], shift, mask.bits);
		if (!set)
			return false;
	}
	made->anonymous = true;
	made->flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT;
	if ((!data && !verdicts && !L->map_obj) || left->kind == EXPR_CONCAT)
		made->key_expr = masked ? NULL : typeof_of(L->a, left); /* as nft */
	made->span = set->span;
	if (data || verdicts) {
		made->is_map = true;
		made->obj_type = L->map_obj;
		made->flags |= L->map_obj ? NFT_SET_OBJECT : NFT_SET_MAP;
		made->data_verdict = verdicts;
		made->data_interval = L->map_data_interval;
		if (data)
			made->data = *data;
	}
	*info = made;
	return L->env->make_set(L->env->ctx, made, set, ref);
}

static bool match_set(struct lower *L, const struct expr *left, enum relop op,
                      const struct expr *right)
{
	const struct set_info *info = NULL;
	struct set_ref ref;
	unsigned reg = L->reg;

	if (op > REL_NE)
		return fail(L, "E0239", right->span,
		            "a set is only compared with `==` and `!=`");
	if (!deps_write(L, left) ||
	    !lookup_set(L, left, right, NULL, false, &ref, &info) ||
	    !load_key(L, left, info, reg))
		return false;
	struct insn *in = emit(L, INSN_LOOKUP);

	in->sreg = (uint8_t)reg;
	in->lookup.set = ref;
	in->lookup.flags = op == REL_NE ? NFT_LOOKUP_F_INV : 0;
	if (op != REL_NE && right->kind == EXPR_SET)
		deps_learn_set(L, left, right);
	if (left->type && left->type->id == TYPE_INET_PROTO)
		L->th_known = true;
	return true;
}

/* `fib … oif exists` asks for presence, not for the number. */
static void fib_presence(struct lower *L, struct expr *left, const struct expr *right)
{
	bool asks = right->kind == EXPR_SYMBOL &&
	            (str_is(right->word, "exists") || str_is(right->word, "missing"));

	(void)L;
	if (left->kind == EXPR_FIB && asks) {
		left->type = datatypes[TYPE_BOOLEAN];
		left->bits = 32; /* nft_fib stores a whole word */
		left->order = ORDER_HOST;
	}
}

/* Hours are stored in UTC, and a range of them may pass midnight there or as written: then it
 * is what does not lie between. */
static bool turn_hours(struct lower *L, const struct part *part,
                       const struct expr **right, enum relop *op)
{
	struct expr *from, *to;

	if (part->type->id != TYPE_TIME_HOUR || (*right)->kind != EXPR_RANGE)
		return true;
	from = resolve(L, (*right)->pair.left, part);
	to = from ? resolve(L, (*right)->pair.right, part) : NULL;
	if (!to)
		return false;
	if (from->kind != EXPR_VALUE || to->kind != EXPR_VALUE ||
	    value_cmp(&from->value, &to->value) <= 0)
		return true;
	struct expr *turned = expr_make(L->a, EXPR_RANGE, (*right)->span, part);

	turned->pair.left = to;
	turned->pair.right = from;
	*right = turned;
	*op = *op == REL_NE ? REL_IMPLICIT : REL_NE;
	return true;
}

static bool match_constant(struct lower *L, struct expr *left, enum relop op,
                           const struct expr *right)
{
	struct part part = expr_part(left);

	if (!turn_hours(L, &part, &right, &op))
		return false;
	struct expr *r = resolve(L, right, &part);

	if (!r)
		return false;
	if (r->kind == EXPR_SET && r->list.n == 1)
		r = r->list.p[0]->elem.key;
	if (r->kind == EXPR_SET)
		return match_set(L, left, op, r);
	if (op > REL_NE && r->kind != EXPR_VALUE)
		return fail(L, "E0240", right->span,
		            "`<` and `>` compare with a single value");
	if (!deps_write(L, left))
		return false;
	switch (r->kind) {
	case EXPR_VALUE:
		return match_value(L, left, op, &r->value);
	case EXPR_PREFIX:
		return match_prefix(L, left, op, r);
	case EXPR_RANGE:
		return match_range(L, left, op, r);
	case EXPR_LIST: {
		const struct value *v = resolve_value(L, r, &part);

		if (op == REL_IMPLICIT)
			return match_flags(L, left, v, NFT_CMP_NEQ, NULL);
		return match_value(L, left, op, v);
	}
	default:
		return fail(L, "E0241", right->span, "the right side must be a constant");
	}
}

bool lower_match(struct lower *L, const struct stmt *s)
{
	struct expr *left = s->match.left;
	const struct expr *right = s->match.right;
	enum relop op = s->match.op;

	if (!type_expr(L, left))
		return false;
	if (!left->type && left->kind != EXPR_CONCAT)
		return fail(L, "E0242", left->span,
		            "this map gives no single value to compare");
	fib_presence(L, left, right);
	/* A literal of one element is that element. */
	if (right->kind == EXPR_SET && right->list.n == 1 &&
	    !right->list.p[0]->elem.data &&
	    right->list.p[0]->elem.key->kind != EXPR_CATCHALL &&
	    right->list.p[0]->elem.key->kind != EXPR_CONCAT &&
	    right->list.p[0]->elem.stmts.n == 0 && left->kind != EXPR_CONCAT)
		right = right->list.p[0]->elem.key;
	switch (right->kind) {
	case EXPR_SET:
	case EXPR_SETREF:
		return match_set(L, left, op, right);
	case EXPR_FLAGCMP:
		return deps_write(L, left) && match_flagcmp(L, left, op, right);
	case EXPR_NOT: {
		struct part part = expr_part(left);
		const struct value *v = resolve_value(L, right->pair.left, &part);

		if (v && !has_flags(left->type)) {
			struct diag *d =
				fail_diag(L, "E0243", right->span,
			                  "`!` tests flags; for values it is `!=`");

			diag_help(L->diags, d, "write `!=` instead of `!`");
			return false;
		}
		return v && deps_write(L, left) &&
		       match_flags(L, left, v, NFT_CMP_EQ, NULL);
	}
	case EXPR_CONCAT:
		if (left->kind == EXPR_CONCAT)
			return match_concat(L, left, op, right);
		break;
	default: /* constants of all kinds */
		break;
	}
	if (left->kind == EXPR_CONCAT)
		return fail(L, "E0235", right->span,
		            "a concatenation `a . b` or a set is wanted here");
	return match_constant(L, left, op, right);
}
