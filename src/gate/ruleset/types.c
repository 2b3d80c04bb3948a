/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Types: what a selector is, and what a word means beside it.
 */
#include "gate/ruleset/lower.h"
#include "gate/ruleset/word_error.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <string.h>

struct diag *fail_diag(struct lower *L, const char *code, struct span span,
                       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(L->a, fmt, args);
	va_end(args);
	return diag_error(L->diags, code, span, STR_FMT, STR_ARG(text));
}

bool fail(struct lower *L, const char *code, struct span span, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(L->a, fmt, args);
	va_end(args);
	diag_error(L->diags, code, span, STR_FMT, STR_ARG(text));
	return false;
}

uint32_t parts_bytes(const struct parts *parts)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < parts->n; i++) {
		uint32_t bytes = (parts->p[i].bits + 7u) / 8;

		n += parts->n > 1 ? (bytes + 3) & ~3u : bytes;
	}
	return n;
}

uint32_t parts_type_id(const struct parts *parts)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < parts->n; i++)
		id = id << TYPE_BITS | parts->p[i].type->id;
	return id;
}

static enum type_id plain_type(const struct datatype *t)
{
	return t->id == TYPE_BITMASK ? TYPE_INTEGER : t->id;
}

bool parts_same_types(const struct parts *a, const struct parts *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; same && i < a->n; i++)
		same = plain_type(a->p[i].type) == plain_type(b->p[i].type);
	return same;
}

struct str parts_names(struct arena *a, const struct parts *parts)
{
	auto_buf names = { 0 };

	for (unsigned i = 0; i < parts->n; i++)
		buf_fmt(&names, "%s%s", i ? " . " : "", parts->p[i].type->name);
	return arena_str(a, buf_as_str(&names));
}

bool type_is(const struct datatype *t, enum type_id base)
{
	for (; t; t = t->base == t->id ? NULL : datatypes[t->base])
		if (t->id == base)
			return true;
	return false;
}

/* What a function gives at most, or 0: what its bits hold. */
static uint64_t greatest(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_BINARY:
		return greatest(e->binary.left);
	case EXPR_NUMGEN:
		return (uint64_t)e->numgen.mod + e->numgen.offset - 1;
	case EXPR_HASH:
		return (uint64_t)e->hash.mod + e->hash.offset - 1;
	case EXPR_SOCKET:
		return e->key.key->number == NFT_SOCKET_TRANSPARENT ||
		       e->key.key->number == NFT_SOCKET_WILDCARD;
	default: /* anything that fits */
		return 0;
	}
}

bool has_flags(const struct datatype *t)
{
	return t && t->id != TYPE_BITMASK && type_is(t, TYPE_BITMASK);
}

struct part expr_part(const struct expr *e)
{
	return (struct part){ e->type, e->bits, e->order, greatest(e) };
}

struct expr *expr_make(struct arena *a, enum expr_kind kind, struct span span,
                       const struct part *part)
{
	struct expr *e = arena_new(a, struct expr);

	e->kind = kind;
	e->span = span;
	if (part) {
		e->type = part->type;
		e->bits = part->bits;
		e->order = part->order;
	}
	return e;
}

struct expr *expr_value(struct arena *a, struct span span, const struct part *part,
                        const struct value *v)
{
	struct expr *e = expr_make(a, EXPR_VALUE, span, part);

	e->value = *v;
	return e;
}

bool is_constant(const struct expr *e)
{
	return e->kind == EXPR_VALUE || e->kind == EXPR_PREFIX || e->kind == EXPR_RANGE ||
	       e->kind == EXPR_LIST || e->kind == EXPR_SYMBOL || e->kind == EXPR_STRING;
}

static void set_type(struct expr *e, enum type_id id, uint16_t bits, enum byteorder order)
{
	e->type = datatypes[id];
	e->bits = bits ? bits : e->type->bits;
	e->order = order;
}

static void type_payload(struct expr *e)
{
	bool port = !e->payload.field && e->payload.base == PAYLOAD_TH &&
	            e->payload.len == 16 && (e->payload.off == 0 || e->payload.off == 16);

	if (port) { /* as nft, which takes `@th,16,16` for `th dport` */
		e->payload.proto = protos[PROTO_TH];
		e->payload.field =
			field_by_name(protos[PROTO_TH]->fields,
		                      e->payload.off ? STR("dport") : STR("sport"));
	}
	if (e->payload.field) {
		const struct field *f = e->payload.field;

		set_type(e, f->type, f->bits,
		         f->order == ORDER_HOST ? ORDER_HOST : ORDER_BIG);
	} else {
		set_type(e, TYPE_INTEGER, (uint16_t)e->payload.len, ORDER_BIG);
	}
}

static void type_exthdr(struct expr *e)
{
	if (e->exthdr.exists)
		set_type(e, TYPE_BOOLEAN, 8,
		         ORDER_HOST); /* NFT_EXTHDR_F_PRESENT gives one byte */
	else if (e->exthdr.field)
		set_type(e, e->exthdr.field->type, e->exthdr.field->bits, ORDER_BIG);
	else
		set_type(e, TYPE_INTEGER, (uint16_t)e->exthdr.len, ORDER_BIG);
}

static bool type_ct(struct lower *L, struct expr *e)
{
	const struct key *k = e->key.key;
	uint16_t bits = k->bits;
	enum type_id type = k->type;

	if ((k->flags & KEY_DIR_NEEDED) && e->key.dir == DIR_NONE)
		return fail(L, "E0230", e->span,
		            "`ct %s` needs a direction: `ct original %s` or "
		            "`ct reply %s`",
		            k->name, k->name, k->name);
	if (!(k->flags & (KEY_DIR | KEY_DIR_NEEDED)) && e->key.dir != DIR_NONE)
		return fail(L, "E0231", e->span, "`ct %s` has no direction", k->name);
	if (k->number == NFT_CT_SRC || k->number == NFT_CT_DST) {
		enum family f = e->key.nfproto                    ? e->key.nfproto
		                : L->nh && L->nh->id == PROTO_IP6 ? FAMILY_IP6
		                : L->nh                           ? FAMILY_IP
		                                                  : L->family;

		if (f != FAMILY_IP && f != FAMILY_IP6)
			return fail(L, "E0232", e->span,
			            "say which: `ct original ip %s` or "
			            "`ct original ip6 %s`",
			            k->name, k->name);
		type = f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR;
		bits = f == FAMILY_IP6 ? 128 : 32;
	}
	set_type(e, type, bits, k->order);
	return true;
}

static bool type_rt(struct lower *L, struct expr *e)
{
	const struct key *k = e->key.key;

	if (k->number == NFT_RT_NEXTHOP4 || k->number == NFT_RT_NEXTHOP6) {
		enum family f = e->key.nfproto                    ? e->key.nfproto
		                : L->nh && L->nh->id == PROTO_IP6 ? FAMILY_IP6
		                : L->nh                           ? FAMILY_IP
		                                                  : L->family;

		if (f != FAMILY_IP && f != FAMILY_IP6)
			return fail(L, "E0232", e->span,
			            "say which: `rt ip nexthop` or `rt ip6 nexthop`");
		e->key.key = key_by_number(rt_keys, f == FAMILY_IP6 ? NFT_RT_NEXTHOP6
		                                                    : NFT_RT_NEXTHOP4);
		set_type(e, f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR,
		         f == FAMILY_IP6 ? 128 : 32, ORDER_BIG);
		return true;
	}
	set_type(e, k->type, k->bits, k->order);
	return true;
}

static bool type_list(struct lower *L, struct expr *e)
{
	uint32_t bytes = 0;

	for (size_t i = 0; i < e->list.n; i++) {
		if (!type_expr(L, e->list.p[i]))
			return false;
		bytes += ((e->list.p[i]->bits + 7u) / 8 + 3) & ~3u;
	}
	if (bytes > 64 || e->list.n > PARTS_MAX)
		return fail(L, "E0233", e->span,
		            "a concatenation holds at most 64 bytes, this one has %u",
		            bytes);
	e->bits = (uint16_t)(bytes * 8);
	e->type = NULL;
	e->order = ORDER_NONE;
	return true;
}

static bool type_map(struct lower *L, struct expr *e)
{
	struct expr *set = e->pair.right;

	if (!type_expr(L, e->pair.left))
		return false;
	if (set->kind != EXPR_SETREF) {
		if (L->map_data) { /* `map { … }` gives what the statement wants */
			e->type = L->map_data->type;
			e->bits = L->map_data->bits;
			e->order = L->map_data->order;
		}
		return true;
	}
	const struct set_info *info = L->env->find_set(L->env->ctx, set->word, set->span);

	if (!info)
		return false;
	if (!info->is_map)
		return fail(L, "E0103", set->span, "`" STR_FMT "` is a set, not a map",
		            STR_ARG(set->word));
	if (info->data.n == 1) {
		e->type = info->data.p[0].type;
		e->bits = info->data.p[0].bits;
		e->order = info->data.p[0].order;
	} else if (info->data.n > 1) {
		e->bits = (uint16_t)(parts_bytes(&info->data) * 8);
	}
	return true;
}

static bool type_binary(struct lower *L, struct expr *e)
{
	if (is_constant(e->binary.left))
		return true; /* typed with the other side */
	if (!type_expr(L, e->binary.left))
		return false;
	struct part p = expr_part(e->binary.left);

	e->type = p.type;
	e->bits = p.bits;
	e->order = p.order;
	return true;
}

static bool type_hash(struct lower *L, struct expr *e)
{
	set_type(e, TYPE_INTEGER, 32, ORDER_HOST);
	return e->hash.sym || type_expr(L, e->hash.of);
}

/* fib `oif` with `exists`/`missing` tests presence; the key's own type otherwise. */
static void type_fib(struct expr *e)
{
	const struct key *k = e->fib.result;

	set_type(e, k->type, k->bits, k->order);
}

bool type_expr(struct lower *L, struct expr *e)
{
	if (e->type && e->kind != EXPR_MAP && e->kind != EXPR_BINARY)
		return true;
	switch (e->kind) {
	case EXPR_PAYLOAD:
		type_payload(e);
		return true;
	case EXPR_EXTHDR:
		type_exthdr(e);
		return true;
	case EXPR_META:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC: /* the parser took the key of the right family */
		set_type(e, e->key.key->type, e->key.key->bits, e->key.key->order);
		return true;
	case EXPR_CT:
		return type_ct(L, e);
	case EXPR_RT:
		return type_rt(L, e);
	case EXPR_FIB:
		type_fib(e);
		return true;
	case EXPR_NUMGEN:
		set_type(e, TYPE_INTEGER, 32, ORDER_HOST);
		return true;
	case EXPR_HASH:
		return type_hash(L, e);
	case EXPR_CONCAT:
		return type_list(L, e);
	case EXPR_MAP:
		return type_map(L, e);
	case EXPR_BINARY:
		return type_binary(L, e);
	case EXPR_SYMBOL:
	case EXPR_STRING:
	case EXPR_VALUE:
	case EXPR_PREFIX:
	case EXPR_RANGE:
	case EXPR_LIST:
	case EXPR_SET:
	case EXPR_ELEM:
	case EXPR_SETREF:
	case EXPR_CATCHALL:
	case EXPR_NOT:
	case EXPR_FLAGCMP:
	case EXPR_VERDICT:
	case EXPR_FOREIGN:
		break;
	}
	return fail(L, "E0234", e->span,
	            "this is a value; a match starts with what it looks at, "
	            "such as `ip saddr` or `tcp dport`");
}

struct expr *typeof_of(struct arena *a, const struct expr *left)
{
	switch (left->kind) {
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
	case EXPR_CONCAT:
		return arena_copy(a, left, sizeof(*left));
	default: /* an operation has a type, but no typeof */
		return NULL;
	}
}

void expr_parts(const struct expr *e, struct parts *out)
{
	out->n = 0;
	if (e->kind != EXPR_CONCAT) {
		out->p[out->n++] = expr_part(e);
		out->p[0].max = 0;
		return;
	}
	for (size_t i = 0; i < e->list.n && out->n < PARTS_MAX; i++) {
		out->p[out->n] = expr_part(e->list.p[i]);
		out->p[out->n++].max = 0;
	}
}

/* ---- values ---- */

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
