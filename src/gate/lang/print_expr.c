/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Expressions to text.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/print_parts.h"

static void put_joined(const struct printer *p, const struct expr_list *list,
                       const char *with)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_cstr(p->out, with);
		print_expr(p, list->p[i]);
	}
}

bool is_several_flags(const struct expr *e)
{
	return e->kind == EXPR_VALUE && expr_is_bitmask(e) &&
	       e->type->id != TYPE_BITMASK && e->value.bits <= 64 &&
	       __builtin_popcountll(value_to_u64(&e->value)) > 1;
}

void put_flags_union(const struct printer *p, const struct expr *e)
{
	uint64_t left = value_to_u64(&e->value);

	while (left) {
		struct value flag;

		value_from_u64(&flag, left & -left, e->value.bits);
		datatype_print(e->type, p->names, p->fmt, &flag, p->out);
		left &= left - 1;
		if (left)
			buf_cstr(p->out, " | ");
	}
}

void put_flags_number(const struct printer *p, const struct expr *e)
{
	buf_fmt(p->out, "0x%llx", (unsigned long long)value_to_u64(&e->value));
}

struct format format_numeric(const struct format *fmt)
{
	struct format numeric = *fmt;

	numeric.names_dns = numeric.names_service = numeric.names_guid = false;
	numeric.numeric_all = numeric.numeric_proto = numeric.numeric_time = true;
	return numeric;
}

/* Ranges and prefixes show numbers where single values show names. */
static void put_numeric(const struct printer *p, const struct expr *e)
{
	struct format fmt = format_numeric(p->fmt);
	struct printer numeric = *p;

	if (is_several_flags(e)) {
		put_flags_number(p, e);
		return;
	}
	numeric.fmt = &fmt;
	print_expr(&numeric, e);
}

static void put_set(const struct printer *p, const struct expr *e)
{
	if (e->list.n == 0) {
		buf_cstr(p->out, "{ }");
		return;
	}
	buf_cstr(p->out, "{ ");
	put_joined(p, &e->list, ", ");
	buf_cstr(p->out, " }");
}

static void put_elem(const struct printer *p, const struct expr *e)
{
	print_expr(p, e->elem.key);
	if (e->elem.stmts.n) {
		buf_char(p->out, ' ');
		put_stmts(p, &e->elem.stmts);
	}
	if (e->elem.has_timeout && e->elem.timeout_ms) {
		buf_cstr(p->out, " timeout ");
		put_time(p, e->elem.timeout_ms);
	}
	if (e->elem.has_expires && e->elem.expires_ms && !p->fmt->stateless) {
		buf_cstr(p->out, " expires ");
		put_time(p, e->elem.expires_ms);
	}
	put_comment(p, e->elem.comment);
	if (!e->elem.data)
		return;
	buf_cstr(p->out, " : ");
	print_expr(p, e->elem.data);
}

/* ---- operators --------------------------------------------------------------------- */

static const struct {
	const char *text;
	int level; /* binds tighter when lower */
} binops[] = {
	[BINOP_AND] = { " & ", 2 },  [BINOP_OR] = { " | ", 4 },
	[BINOP_XOR] = { " ^ ", 3 },  [BINOP_SHL] = { " << ", 1 },
	[BINOP_SHR] = { " >> ", 1 },
};

/* Connection labels are flags of more bits than the others; a list of them is no operand. */
static bool is_several_labels(const struct expr *e)
{
	unsigned n = 0;

	if (e->kind != EXPR_VALUE || !e->type || e->type->id != TYPE_CT_LABEL)
		return false;
	for (size_t i = 0; i < (e->value.bits + 7u) / 8; i++)
		n += (unsigned)__builtin_popcount(e->value.b[i]);
	return n > 1;
}

static void put_labels_union(const struct printer *p, const struct expr *e)
{
	const char *separator = "";

	for (size_t i = (e->value.bits + 7u) / 8; i--;)
		for (unsigned left = e->value.b[i]; left; left &= left - 1) {
			struct value one = { .bits = e->value.bits };

			one.b[i] = (uint8_t)(left & -left);
			buf_cstr(p->out, separator);
			datatype_print(e->type, p->names, p->fmt, &one, p->out);
			separator = " | ";
		}
}

static void put_operand(const struct printer *p, const struct expr *e, enum binop outer)
{
	bool is_union = is_several_flags(e), labels = is_several_labels(e),
	     parens = false;

	if (is_union || labels)
		parens = outer != BINOP_OR;
	else if (e->kind == EXPR_BINARY)
		parens = binops[e->binary.op].level > binops[outer].level;
	if (parens)
		buf_char(p->out, '(');
	if (is_union)
		put_flags_union(p, e);
	else if (labels)
		put_labels_union(p, e);
	else
		print_expr(p, e);
	if (parens)
		buf_char(p->out, ')');
}

static void put_binary(const struct printer *p, const struct expr *e)
{
	put_operand(p, e->binary.left, e->binary.op);
	buf_cstr(p->out, binops[e->binary.op].text);
	put_operand(p, e->binary.right, e->binary.op);
}

/* ---- selectors --------------------------------------------------------------------- */

static const char *const base_names[] = {
	[PAYLOAD_LL] = "ll",
	[PAYLOAD_NH] = "nh",
	[PAYLOAD_TH] = "th",
	[PAYLOAD_INNER] = "ih",
};

static void put_payload(const struct printer *p, const struct expr *e)
{
	if (e->payload.proto && e->payload.field) {
		buf_cstr(p->out, e->payload.proto->name);
		buf_char(p->out, ' ');
		buf_cstr(p->out, e->payload.field->name);
	} else {
		buf_fmt(p->out, "@%s,%u,%u", base_names[e->payload.base], e->payload.off,
		        e->payload.len);
	}
}

static const char *const exthdr_heads[] = {
	[EXTHDR_IPV6] = "",
	[EXTHDR_TCPOPT] = "tcp option ",
	[EXTHDR_IPV4] = "ip option ",
	[EXTHDR_SCTP] = "sctp chunk ",
	[EXTHDR_DCCP] = "dccp option ",
};

static void put_exthdr(const struct printer *p, const struct expr *e)
{
	const struct exthdr *hdr = e->exthdr.hdr;
	const struct field *field = e->exthdr.field;

	if (e->exthdr.op == EXTHDR_IPV6 && e->exthdr.exists)
		buf_cstr(p->out, "exthdr ");
	else
		buf_cstr(p->out, exthdr_heads[e->exthdr.op]);
	if (!field && !e->exthdr.exists) {
		buf_fmt(p->out, "@%u,%u,%u", e->exthdr.type, e->exthdr.off,
		        e->exthdr.len);
		return;
	}
	if (hdr)
		buf_cstr(p->out, hdr->name);
	else
		buf_u64(p->out, e->exthdr.type);
	if (e->exthdr.exists)
		return;
	buf_fmt(p->out, " %s", field->name);
}

/* Keys nft lists without `meta` before them. */
static bool is_bare(const struct key *key)
{
	switch (key->number) {
	case NFT_META_IIF:
	case NFT_META_OIF:
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
	case NFT_META_IIFGROUP:
	case NFT_META_OIFGROUP:
		return true;
	default:
		return false;
	}
}

static void put_meta(const struct printer *p, const struct expr *e)
{
	if (!is_bare(e->key.key))
		buf_cstr(p->out, "meta ");
	buf_cstr(p->out, e->key.key->name);
}

static void put_nfproto(const struct printer *p, enum family nfproto)
{
	if (nfproto == FAMILY_IP)
		buf_cstr(p->out, "ip ");
	else if (nfproto == FAMILY_IP6)
		buf_cstr(p->out, "ip6 ");
}

static void put_ct(const struct printer *p, const struct expr *e)
{
	buf_cstr(p->out, "ct ");
	if (e->key.dir == DIR_ORIGINAL)
		buf_cstr(p->out, "original ");
	else if (e->key.dir == DIR_REPLY)
		buf_cstr(p->out, "reply ");
	put_nfproto(p, e->key.nfproto);
	buf_cstr(p->out, e->key.key->name);
}

static void put_rt(const struct printer *p, const struct expr *e)
{
	buf_cstr(p->out, "rt ");
	put_nfproto(p, e->key.nfproto);
	buf_cstr(p->out, e->key.key->name);
}

static void put_socket(const struct printer *p, const struct expr *e)
{
	buf_fmt(p->out, "socket %s", e->key.key->name);
	if (e->key.key->type == TYPE_CGROUPV2)
		buf_fmt(p->out, " level %u", e->key.arg);
}

static void put_osf(const struct printer *p, const struct expr *e)
{
	static const char *const ttl[] = { "", "ttl loose ", "ttl skip " };

	buf_fmt(p->out, "osf %s%s", e->key.arg < ARRAY_LEN(ttl) ? ttl[e->key.arg] : "",
	        e->key.key->name);
}

static void put_ipsec(const struct printer *p, const struct expr *e)
{
	buf_fmt(p->out, "ipsec %s ", e->key.dir ? "out" : "in");
	if (e->key.arg)
		buf_fmt(p->out, "spnum %u ", e->key.arg);
	put_nfproto(p, e->key.nfproto);
	buf_cstr(p->out, e->key.key->name);
}

static void put_fib(const struct printer *p, const struct expr *e)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ NFTA_FIB_F_SADDR, "saddr" }, { NFTA_FIB_F_DADDR, "daddr" },
		{ NFTA_FIB_F_MARK, "mark" },   { NFTA_FIB_F_IIF, "iif" },
		{ NFTA_FIB_F_OIF, "oif" },
	};
	const char *with = "fib ";

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!(e->fib.flags & flags[i].flag))
			continue;
		buf_cstr(p->out, with);
		buf_cstr(p->out, flags[i].name);
		with = " . ";
	}
	buf_fmt(p->out, " %s", e->fib.result->name);
}

static void put_offset(const struct printer *p, uint32_t offset)
{
	if (offset)
		buf_fmt(p->out, " offset %u", offset);
}

static void put_numgen(const struct printer *p, const struct expr *e)
{
	buf_fmt(p->out, "numgen %s mod %u", e->numgen.random ? "random" : "inc",
	        e->numgen.mod);
	put_offset(p, e->numgen.offset);
}

static void put_hash(const struct printer *p, const struct expr *e)
{
	if (e->hash.sym) {
		buf_fmt(p->out, "symhash mod %u", e->hash.mod);
	} else {
		buf_cstr(p->out, "jhash ");
		print_expr(p, e->hash.of);
		buf_fmt(p->out, " mod %u", e->hash.mod);
		if (e->hash.has_seed)
			buf_fmt(p->out, " seed 0x%x", e->hash.seed);
	}
	put_offset(p, e->hash.offset);
}

/* ---- verdicts ---------------------------------------------------------------------- */

static const char *const verdict_words[] = {
	[VERDICT_ACCEPT] = "accept",     [VERDICT_DROP] = "drop",
	[VERDICT_CONTINUE] = "continue", [VERDICT_RETURN] = "return",
	[VERDICT_JUMP] = "jump ",        [VERDICT_GOTO] = "goto ",
};

/* The rules in the braces of `jump { … }`, one tab deeper than a chain's. */
static void put_anonymous(const struct printer *p, const struct rule *const *rules,
                          size_t n)
{
	struct printer inner = *p;

	inner.depth++;
	buf_cstr(p->out, "{\n");
	for (size_t i = 0; i < n; i++) {
		buf_repeat(p->out, '\t', inner.depth + 2);
		print_rule(&inner, rules[i]);
		buf_char(p->out, '\n');
	}
	buf_repeat(p->out, '\t', p->depth + 2);
	buf_char(p->out, '}');
}

static void put_verdict(const struct printer *p, const struct expr *e)
{
	const struct rule *const *rules;
	size_t n;

	buf_cstr(p->out, verdict_words[e->verdict.kind]);
	if (e->verdict.kind != VERDICT_JUMP && e->verdict.kind != VERDICT_GOTO)
		return;
	if (e->verdict.chain_expr)
		print_expr(p, e->verdict.chain_expr);
	else if (p->anonymous && p->anonymous(p->ctx, e->verdict.chain, &rules, &n))
		put_anonymous(p, rules, n);
	else
		print_name(p, e->verdict.chain);
}

/* ---- values and what holds several -------------------------------------------------- */

static void put_symbol(const struct printer *p, const struct expr *e)
{
	buf_str(p->out, e->word);
}

static void put_string(const struct printer *p, const struct expr *e)
{
	print_string(p->out, e->word);
}

static void put_value(const struct printer *p, const struct expr *e)
{
	datatype_print(e->type, p->names, p->fmt, &e->value, p->out);
}

static void put_prefix(const struct printer *p, const struct expr *e)
{
	put_numeric(p, e->prefix.base);
	buf_char(p->out, '/');
	buf_u64(p->out, e->prefix.len);
}

/* Whether `-` right behind it would go on with the word: a name, not a number or address. */
static bool is_name(const struct expr *e)
{
	return e->kind == EXPR_SYMBOL && e->word.n && (e->word.p[0] | 0x20) >= 'a' &&
	       str_find(e->word, ':') == e->word.n;
}

static void put_range(const struct printer *p, const struct expr *e)
{
	put_numeric(p, e->pair.left);
	buf_cstr(p->out, is_name(e->pair.left) ? " - " : "-");
	put_numeric(p, e->pair.right);
}

static void put_list(const struct printer *p, const struct expr *e)
{
	put_joined(p, &e->list, ",");
}

static void put_concat(const struct printer *p, const struct expr *e)
{
	put_joined(p, &e->list, " . ");
}

static void put_setref(const struct printer *p, const struct expr *e)
{
	buf_char(p->out, '@');
	print_name(p, e->word);
}

static void put_catchall(const struct printer *p, const struct expr *e)
{
	(void)e;
	buf_char(p->out, '*');
}

static void put_map(const struct printer *p, const struct expr *e)
{
	print_expr(p, e->pair.left);
	buf_cstr(p->out, " map ");
	print_expr(p, e->pair.right);
}

static void put_not(const struct printer *p, const struct expr *e)
{
	buf_cstr(p->out, "! ");
	print_expr(p, e->pair.left);
}

static void put_flagcmp(const struct printer *p, const struct expr *e)
{
	print_expr(p, e->pair.left);
	buf_cstr(p->out, " / ");
	print_expr(p, e->pair.right);
}

static void put_foreign(const struct printer *p, const struct expr *e)
{
	buf_cstr(p->out, "unknown ");
	print_string(p->out, e->foreign.name);
}

static void (*const puts_by_kind[])(const struct printer *p, const struct expr *e) = {
	[EXPR_SYMBOL] = put_symbol,
	[EXPR_STRING] = put_string,
	[EXPR_VALUE] = put_value,
	[EXPR_PREFIX] = put_prefix,
	[EXPR_RANGE] = put_range,
	[EXPR_LIST] = put_list,
	[EXPR_CONCAT] = put_concat,
	[EXPR_SET] = put_set,
	[EXPR_ELEM] = put_elem,
	[EXPR_SETREF] = put_setref,
	[EXPR_CATCHALL] = put_catchall,
	[EXPR_MAP] = put_map,
	[EXPR_BINARY] = put_binary,
	[EXPR_NOT] = put_not,
	[EXPR_FLAGCMP] = put_flagcmp,
	[EXPR_PAYLOAD] = put_payload,
	[EXPR_EXTHDR] = put_exthdr,
	[EXPR_META] = put_meta,
	[EXPR_CT] = put_ct,
	[EXPR_RT] = put_rt,
	[EXPR_SOCKET] = put_socket,
	[EXPR_OSF] = put_osf,
	[EXPR_IPSEC] = put_ipsec,
	[EXPR_FIB] = put_fib,
	[EXPR_NUMGEN] = put_numgen,
	[EXPR_HASH] = put_hash,
	[EXPR_VERDICT] = put_verdict,
	[EXPR_FOREIGN] = put_foreign,
};

_Static_assert(ARRAY_LEN(puts_by_kind) == EXPR_FOREIGN + 1,
               "a printer for each expression");

void print_expr(const struct printer *p, const struct expr *e)
{
	puts_by_kind[e->kind](p, e);
}
