/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Values: what a word means beside a selector of some type, and the bytes it becomes.
 */
#include "gate/ruleset/lower.h"
#include "gate/ruleset/word_error.h"

#include <errno.h>
#include <string.h>

/* A word that ends in `*` for a string: the bytes before it are a prefix. */
static struct expr *resolve_wildcard(struct lower *L, const struct expr *e,
                                     struct str word, const struct part *want)
{
	struct value v = { .bits = want->bits };
	size_t room = want->bits / 8u;

	word.n--;                                   /* the star */
	if (word.n && word.p[word.n - 1] == '\\') { /* `eth\*` is a star in the name */
		char *name = arena_alloc(L->a, word.n + 1);

		memcpy(name, word.p, word.n - 1);
		name[word.n - 1] = '*';
		memcpy(v.b, name, word.n < room ? word.n : room);
		return expr_value(L->a, e->span, want, &v);
	}
	if (word.n == 0) {
		fail(L, "E0131", e->span,
		     "`*` alone matches every name: leave the match out");
		return NULL;
	}
	if (word.n >= room) {
		fail(L, "E0132", e->span, "the name is too long: at most %zu characters",
		     room - 1);
		return NULL;
	}
	memcpy(v.b, word.p, word.n);
	struct expr *p = expr_make(L->a, EXPR_PREFIX, e->span, want);

	p->prefix.base = expr_value(L->a, e->span, want, &v);
	p->prefix.len = (unsigned)word.n * 8;
	return p;
}

static struct expr *resolve_hosts(struct lower *L, const struct expr *e,
                                  const struct part *want)
{
	struct value addrs[64];
	size_t n = 64;
	bool ip6 = want->type->id == TYPE_IPV6_ADDR;

	if (L->names->host(L->names->ctx, str_dup_c(L->a, e->word), ip6, addrs, &n) < 0)
		return NULL;
	struct expr *set = expr_make(L->a, EXPR_SET, e->span, want);

	for (size_t i = 0; i < n; i++) {
		struct expr *elem = expr_make(L->a, EXPR_ELEM, e->span, want);

		elem->elem.key = expr_value(L->a, e->span, want, &addrs[i]);
		expr_list_add(&set->list, L->a, elem);
	}
	return set;
}

static struct expr *resolve_word(struct lower *L, const struct expr *e,
                                 const struct part *want)
{
	struct value v;
	struct str why = { 0 };

	if (want->type->base == TYPE_STRING || want->type->id == TYPE_STRING ||
	    want->type->id == TYPE_IFNAME) {
		if (e->word.n && e->word.p[e->word.n - 1] == '*')
			return resolve_wildcard(L, e, e->word, want);
	}
	int r = datatype_parse(want->type, L->names, e->word, want->bits, L->a, &v, &why);
	if (r == -EMLINK) {
		struct expr *set = resolve_hosts(L, e, want);

		if (set)
			return set;
	}
	if (r < 0) {
		word_error(L, e, want, why);
		return NULL;
	}
	if (want->max && value_to_u64(&v) > want->max) {
		fail(L, "E0244", e->span,
		     "this is always less: the greatest value is %llu",
		     (unsigned long long)want->max);
		return NULL;
	}
	return expr_value(L->a, e->span, want, &v);
}

/* Whether every leaf is a constant: `1 << 3 | 2`. */
static bool is_constant_tree(const struct expr *e)
{
	if (e->kind != EXPR_BINARY)
		return is_constant(e);
	return is_constant_tree(e->binary.left) && is_constant_tree(e->binary.right);
}

static bool fold(struct value *v, enum binop op, const struct value *by)
{
	switch (op) {
	case BINOP_AND:
		value_and(v, by);
		return true;
	case BINOP_OR:
		value_or(v, by);
		return true;
	case BINOP_XOR:
		value_xor(v, by);
		return true;
	case BINOP_SHL:
		value_shl(v, (unsigned)value_to_u64(by));
		return true;
	case BINOP_SHR:
		value_shr(v, (unsigned)value_to_u64(by));
		return true;
	}
	return false;
}

static struct expr *resolve_binary(struct lower *L, const struct expr *e,
                                   const struct part *want)
{
	static const struct part no_type = { 0 };
	struct part count = { datatypes[TYPE_INTEGER], 32, ORDER_HOST, 0 };
	bool is_shift = e->binary.op == BINOP_SHL || e->binary.op == BINOP_SHR;

	if (!is_constant_tree(e)) {
		struct expr *copy = expr_make(L->a, EXPR_BINARY, e->span, &no_type);

		copy->binary = e->binary;
		return type_expr(L, copy) ? copy : NULL;
	}
	const struct value *l = resolve_value(L, e->binary.left, want);
	const struct value *r =
		l ? resolve_value(L, e->binary.right, is_shift ? &count : want) : NULL;
	if (!r)
		return NULL;
	struct value v = *l;

	fold(&v, e->binary.op, r);
	return expr_value(L->a, e->span, want, &v);
}

static struct expr *resolve_prefix(struct lower *L, const struct expr *e,
                                   const struct part *want)
{
	struct expr *base = resolve(L, e->prefix.base, want);
	struct value mask;

	if (!base)
		return NULL;
	if (base->kind != EXPR_VALUE) {
		fail(L, "E0224", e->prefix.base->span,
		     "only one address can stand before `/`");
		return NULL;
	}
	if (e->prefix.len > want->bits) {
		struct diag *d = fail_diag(L, "E0225", e->span,
		                           "a prefix of %u bits is too long: %s has %u",
		                           e->prefix.len, want->type->desc, want->bits);
		if (!type_is(want->type, TYPE_IPV4_ADDR) &&
		    !type_is(want->type, TYPE_IPV6_ADDR))
			diag_help(L->diags, d, "a mask is written `& MASK == VALUE`");
		return NULL;
	}
	value_prefix_mask(&mask, want->bits, e->prefix.len);
	struct expr *p = expr_make(L->a, EXPR_PREFIX, e->span, want);

	value_and(&base->value, &mask);
	p->prefix.base = base;
	p->prefix.len = e->prefix.len;
	return p;
}

static struct expr *resolve_range(struct lower *L, const struct expr *e,
                                  const struct part *want)
{
	struct expr *l = resolve(L, e->pair.left, want);
	struct expr *r = l ? resolve(L, e->pair.right, want) : NULL;

	if (!r)
		return NULL;
	if (l->kind != EXPR_VALUE || r->kind != EXPR_VALUE) {
		fail(L, "E0226", e->span, "both ends of a range must be single values");
		return NULL;
	}
	if (value_cmp(&l->value, &r->value) > 0) {
		struct diag *d =
			fail_diag(L, "E0227", e->span, "the range ends before it starts");

		if (want->type->id == TYPE_TIME_HOUR)
			diag_help(
				L->diags, d,
				"hours are kept in UTC, and this range passes midnight there or "
				"as written: write it without braces, or as two ranges");
		else if (e->pair.left->word.n && e->pair.right->word.n)
			diag_help(L->diags, d, STR_FMT "-" STR_FMT,
			          STR_ARG(e->pair.right->word),
			          STR_ARG(e->pair.left->word));
		else
			diag_help(L->diags, d, "write the smaller value first");
		return NULL;
	}
	struct expr *range = expr_make(L->a, EXPR_RANGE, e->span, want);

	range->pair.left = l;
	range->pair.right = r;
	return range;
}

/* Trees from variables are read more than once: what gets a type is a copy. */
static struct expr *own(struct lower *L, const struct expr *e)
{
	return arena_copy(L->a, e, sizeof(*e));
}

static struct expr *resolve_list(struct lower *L, const struct expr *e,
                                 const struct part *want)
{
	struct expr *list = expr_make(L->a, EXPR_LIST, e->span, want);

	if (!has_flags(want->type)) {
		struct diag *d = fail_diag(
			L, "E0203", e->span, "a list of %s needs braces",
			want->type->id == TYPE_INET_SERVICE ? "ports" : "values");
		auto_buf text = { 0 };

		for (size_t i = 0; i < e->list.n; i++) {
			const struct expr *item = e->list.p[i];

			if (item->kind == EXPR_SYMBOL || item->kind == EXPR_STRING)
				buf_fmt(&text, "%s" STR_FMT, i ? ", " : "",
				        STR_ARG(item->word));
		}
		diag_help(L->diags, d, "write { " STR_FMT " }", (int)text.n,
		          text.p ? text.p : "");
		return NULL;
	}
	for (size_t i = 0; i < e->list.n; i++) {
		const struct expr *given = e->list.p[i];
		struct expr *word = own(L, given);

		if (given->kind ==
		    EXPR_META) { /* `mark` is a flag here, not the packet's mark */
			word->kind = EXPR_SYMBOL;
			word->word = str_from(given->key.key->name);
		}
		struct expr *item = resolve(L, word, want);

		if (!item)
			return NULL;
		if (item->kind != EXPR_VALUE) {
			fail(L, "E0229", given->span, "a single value is wanted here");
			return NULL;
		}
		expr_list_add(&list->list, L->a, item);
	}
	return list;
}

static struct expr *resolve_concat(struct lower *L, const struct expr *e,
                                   const struct part *want)
{
	fail(L, "E0235", e->span, "a concatenation does not fit: one %s is wanted here",
	     want->type ? want->type->desc : "value");
	return NULL;
}

struct expr *resolve(struct lower *L, const struct expr *e, const struct part *want)
{
	switch (e->kind) {
	case EXPR_SYMBOL:
	case EXPR_STRING:
		if (!want->type) {
			fail(L, "E0235", e->span,
			     "a concatenation `a . b` is wanted here");
			return NULL;
		}
		return resolve_word(L, e, want);
	case EXPR_VALUE:
	case EXPR_SETREF:
	case EXPR_SET:
	case EXPR_VERDICT:
	case EXPR_CATCHALL:
	case EXPR_ELEM:
		return own(L, e);
	case EXPR_PREFIX:
		return e->type ? own(L, e) : resolve_prefix(L, e, want);
	case EXPR_RANGE:
		return e->type ? own(L, e) : resolve_range(L, e, want);
	case EXPR_LIST:
		return e->type ? own(L, e) : resolve_list(L, e, want);
	case EXPR_CONCAT:
		return resolve_concat(L, e, want);
	case EXPR_BINARY:
		return resolve_binary(L, e, want);
	case EXPR_MAP:
	case EXPR_NOT:
	case EXPR_FLAGCMP:
	case EXPR_PAYLOAD:
	case EXPR_EXTHDR:
	case EXPR_META:
	case EXPR_CT:
	case EXPR_RT:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC:
	case EXPR_FIB:
	case EXPR_NUMGEN:
	case EXPR_HASH:
	case EXPR_FOREIGN:
		break;
	}
	struct expr *copy = own(L, e);

	return type_expr(L, copy) ? copy : NULL;
}

const struct value *resolve_value(struct lower *L, const struct expr *e,
                                  const struct part *want)
{
	struct expr *r = resolve(L, e, want);

	if (!r)
		return NULL;
	if (r->kind == EXPR_VALUE)
		return &r->value;
	if (r->kind == EXPR_LIST) {
		struct value *v = arena_new(L->a, struct value);

		v->bits = want->bits;
		for (size_t i = 0; i < r->list.n; i++)
			value_or(v, &r->list.p[i]->value);
		return v;
	}
	if (r->kind == EXPR_SET && r->list.n > 1) {
		auto_buf text = { 0 };

		for (size_t i = 0; i < r->list.n; i++) {
			buf_cstr(&text, i ? ", " : "");
			datatype_print(want->type, NULL, NULL,
			               &r->list.p[i]->elem.key->value, &text);
		}
		struct diag *d =
			fail_diag(L, "E0228", e->span,
		                  "this name has several addresses; one is wanted here");

		diag_note(L->diags, d, "they are %.*s", (int)text.n, text.p);
		return NULL;
	}
	fail(L, "E0229", e->span, "a single value is wanted here");
	return NULL;
}

void value_bounds(const struct expr *e, struct value *from, struct value *to)
{
	struct value mask;

	switch (e->kind) {
	case EXPR_PREFIX:
		*from = *to = e->prefix.base->value;
		value_prefix_mask(&mask, from->bits, e->prefix.len);
		value_not(&mask);
		value_or(to, &mask);
		return;
	case EXPR_RANGE:
		*from = e->pair.left->value;
		*to = e->pair.right->value;
		return;
	default: /* a VALUE: resolve() gives nothing else to set keys */
		*from = *to = e->value;
		return;
	}
}

static size_t store_part(const struct value *v, const struct part *part, bool big_endian,
                         bool padded, uint8_t *to)
{
	size_t n = (part->bits + 7u) / 8;
	enum byteorder order = big_endian && part->order == ORDER_HOST &&
	                                       !type_is(part->type, TYPE_STRING)
	                               ? ORDER_BIG
	                               : part->order;

	value_store(v, type_is(part->type, TYPE_STRING) ? ORDER_NONE : order, to);
	return padded ? (n + 3) & ~(size_t)3 : n;
}

bool resolve_key(struct lower *L, const struct expr *e, const struct parts *parts,
                 bool big_endian, struct key_range *out)
{
	bool padded = parts->n > 1;
	size_t n = e->kind == EXPR_CONCAT ? e->list.n : 1;
	struct key_range k = { 0 };

	if (n != parts->n)
		return fail(L, "E0520", e->span,
		            "the key has %zu part%s, the set wants %u", n,
		            n == 1 ? "" : "s", parts->n);
	for (size_t i = 0; i < n; i++) {
		const struct expr *item = e->kind == EXPR_CONCAT ? e->list.p[i] : e;
		struct expr *r = resolve(L, item, &parts->p[i]);
		struct value from, to;

		if (!r)
			return false;
		if (r->kind == EXPR_LIST) {
			const struct value *v = resolve_value(L, r, &parts->p[i]);

			r = expr_value(L->a, r->span, &parts->p[i], v);
		}
		if (r->kind == EXPR_SET && r->list.n == 1)
			r = r->list.p[0]->elem.key;
		if (r->kind != EXPR_VALUE && r->kind != EXPR_PREFIX &&
		    r->kind != EXPR_RANGE)
			return fail(L, "E0521", item->span,
			            "an element needs a constant here");
		value_bounds(r, &from, &to);
		k.is_range |= r->kind != EXPR_VALUE;
		store_part(&from, &parts->p[i], big_endian, padded, k.from.b + k.from.n);
		k.from.n += (uint8_t)store_part(&to, &parts->p[i], big_endian, padded,
		                                k.to.b + k.from.n);
	}
	k.to.n = k.from.n;
	*out = k;
	return true;
}
