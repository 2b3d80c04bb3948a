/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `describe`: the schema, as nft prints it.
 */
#include "gate/ruleset/describe.h"

static const char *kind_name(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_PAYLOAD:
		return "payload";
	case EXPR_EXTHDR:
		return "exthdr";
	case EXPR_META:
		return "meta";
	case EXPR_CT:
		return "ct";
	case EXPR_RT:
		return "rt";
	case EXPR_SOCKET:
		return "socket";
	case EXPR_OSF:
		return "osf";
	case EXPR_IPSEC:
		return "xfrm";
	case EXPR_FIB:
		return "fib";
	case EXPR_NUMGEN:
		return "numgen";
	case EXPR_HASH:
		return "hash";
	default: /* nothing else can be described */
		return NULL;
	}
}

static void describe_bases(const struct datatype *t, struct buf *out)
{
	const char *sep = "(basetype ";

	for (const struct datatype *b = t; b->base && b->base != b->id; sep = ", ") {
		b = datatypes[b->base];
		buf_fmt(out, "%s%s", sep, b->desc);
	}
	if (*sep == ',')
		buf_cstr(out, "), ");
}

static void describe_symbols(const struct datatype *t, uint16_t bits, struct buf *out)
{
	if (!t->symbols ||
	    t->id == TYPE_INET_SERVICE) /* hundreds of ports: nft leaves them out too */
		return;
	static const bool hex_ids[TYPE_COUNT] = {
		[TYPE_ARP_OP] = true,     [TYPE_DCCP_PKTTYPE] = true,
		[TYPE_DSCP] = true,       [TYPE_ECN] = true,
		[TYPE_ETHER_TYPE] = true, [TYPE_IFACE_TYPE] = true,
	};
	bool hex = t->hex || hex_ids[t->id] || type_is(t, TYPE_BITMASK);

	if (t->id == TYPE_INET_PROTO) { /* nft takes these from /etc/protocols */
		for (const struct symbol *s = t->symbols; s->name; s++)
			if (symbol_name(t->symbols, s->value) == s->name)
				buf_fmt(out, "\t%-30s\t%llu\n", s->name,
				        (unsigned long long)s->value);
		return;
	}
	buf_fmt(out, "\npre-defined symbolic constants (in %s):\n",
	        hex ? "hexadecimal" : "decimal");
	for (const struct symbol *s = t->symbols; s->name; s++) {
		if (hex)
			buf_fmt(out, "\t%-30s\t0x%0*llx\n", s->name,
			        (int)(bits + 7) / 8 * 2, (unsigned long long)s->value);
		else
			buf_fmt(out, "\t%-30s\t%20llu\n", s->name,
			        (unsigned long long)s->value);
	}
}

static void no_such_type(struct session *s, const struct command *c)
{
	struct diag *d =
		diag_error(s->diags, "E0245", c->type_span,
	                   "there is no type `" STR_FMT "`", STR_ARG(c->type_name));
	struct str names[TYPE_COUNT], near;
	size_t n = 0;

	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (datatypes[i])
			names[n++] = str_from(datatypes[i]->name);
	near = str_nearest(c->type_name, names, n);
	if (near.n)
		diag_help(s->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

static bool describe_type(struct session *s, const struct command *c, struct buf *out)
{
	const struct datatype *t = datatype_by_name(c->type_name);

	if (!t) {
		no_such_type(s, c);
		return false;
	}
	buf_fmt(out, "datatype %s (%s)", t->name, t->desc);
	buf_cstr(out, t->base && t->base != t->id ? " " : ", ");
	describe_bases(t, out);
	buf_fmt(out, "%u bits\n", t->bits);
	describe_symbols(t, t->bits, out);
	return true;
}

static bool describe_expr(struct session *s, const struct command *c, struct buf *out)
{
	struct rule_env env = { .family = FAMILY_INET };
	struct program unused = { 0 };
	struct lower L;
	const char *kind = kind_name(c->expr);

	session_lower(s, &env, &L, &unused, &s->scratch);
	if (!kind || !type_expr(&L, c->expr)) {
		if (!kind)
			diag_error(s->diags, "E0246", c->span,
			           "only a type or a single expression, such as "
			           "`tcp dport`, can be described");
		return false;
	}
	const struct datatype *t = c->expr->type;

	buf_fmt(out, "%s expression, datatype %s (%s)", kind, t->name, t->desc);
	if (c->expr->kind == EXPR_PAYLOAD && !c->expr->payload.field)
		buf_cstr(
			out,
			" (basetype integer), "); /* to nft these are a type of their own */
	else
		buf_cstr(out, t->base && t->base != t->id ? " " : ", ");
	describe_bases(t, out);
	if (type_is(t, TYPE_STRING) && c->expr->bits)
		buf_fmt(out, "%u characters\n", c->expr->bits / 8);
	else
		buf_fmt(out, "%u bits\n", c->expr->bits);
	describe_symbols(t, c->expr->bits, out);
	return true;
}

bool describe(struct session *s, const struct command *c)
{
	auto_buf out = { 0 };
	bool ok = c->expr ? describe_expr(s, c, &out) : describe_type(s, c, &out);

	if (ok)
		session_write(s, &out);
	return ok;
}
