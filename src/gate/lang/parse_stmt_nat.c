/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements that send packets elsewhere: snat, dnat, masquerade, redirect, tproxy, dup, fwd,
 * queue, flow and synproxy.
 */
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_synproxy.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_parts.h"

static const struct symbol nat_flags[] = {
	{ "random", NF_NAT_RANGE_PROTO_RANDOM },
	{ "fully-random", NF_NAT_RANGE_PROTO_RANDOM_FULLY },
	{ "persistent", NF_NAT_RANGE_PERSISTENT },
	{ NULL, 0 },
};

static const struct symbol queue_flags[] = {
	{ "bypass", NFT_QUEUE_FLAG_BYPASS },
	{ "fanout", NFT_QUEUE_FLAG_CPU_FANOUT },
	{ NULL, 0 },
};

/* Flags where none need be: `a,b`, or nothing when the next word is no flag. */
static bool parse_trailing_flags(struct parse *p, const struct symbol *table,
                                 uint32_t *flags)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct span span;

	for (const struct symbol *s = table; p->expected && s->name; s++)
		at_any_word(p, s->name);
	if (t->kind != TOKEN_WORD || !symbol_by_name(table, t->text))
		return true;
	return parse_flags(p, table, "a flag", flags, &span);
}

static enum family take_family(struct parse *p)
{
	if (take_word(p, "ip"))
		return FAMILY_IP;
	return take_word(p, "ip6") ? FAMILY_IP6 : FAMILY_UNSPEC;
}

/* `ip` here is the address family when `to` or the like follows, not a selector. */
static enum family take_nat_family(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 1);

	if (t->kind != TOKEN_WORD ||
	    (!str_is(t->text, "to") && !str_is(t->text, "prefix") &&
	     !str_is(t->text, "interval") && !str_is(t->text, "addr")))
		return FAMILY_UNSPEC;
	return take_family(p);
}

static bool parse_addr_dot_port(struct parse *p, struct stmt *s)
{
	if (!take_word(p, "addr"))
		return true;
	s->nat.concat = true;
	if (!expect_punct(p, '.', "."))
		return false;
	if (take_word(p, "port"))
		return true;
	parse_fail(p, "E0001", "expected `addr . port`");
	return false;
}

/* Behind `:`. */
static bool parse_port(struct parse *p, struct expr **port)
{
	*port = parse_expr(p);
	return *port != NULL;
}

/* ADDR, ADDR:PORT or :PORT. */
static bool parse_addr_port(struct parse *p, enum family family, struct expr **addr,
                            struct expr **port)
{
	if (at_punct(p, ':')) {
		if (family != FAMILY_UNSPEC) {
			parse_fail(p, "E0001", "expected an address behind `to`");
			return false;
		}
	} else {
		*addr = parse_expr(p);
		if (!*addr)
			return false;
	}
	return !take_punct(p, ':') || parse_port(p, port);
}

static bool parse_nat(struct parse *p, struct stmt *s, enum nat_kind kind)
{
	bool is_short;

	s->kind = STMT_NAT;
	s->nat.kind = kind;
	s->nat.family = take_nat_family(p);
	s->nat.prefix = take_word(p, "prefix");
	s->nat.interval = take_word(p, "interval");
	if (!parse_addr_dot_port(p, s))
		return false;
	is_short = s->nat.family == FAMILY_UNSPEC && !s->nat.prefix && !s->nat.interval &&
	           !s->nat.concat;
	if (!take_word(p, "to") && !is_short) {
		parse_fail(p, "E0001", "expected `to` and an address");
		return false;
	}
	return parse_addr_port(p, s->nat.family, &s->nat.addr, &s->nat.port) &&
	       parse_trailing_flags(p, nat_flags, &s->nat.flags);
}

bool parse_snat(struct parse *p, struct stmt *s)
{
	return parse_nat(p, s, NAT_SNAT);
}

bool parse_dnat(struct parse *p, struct stmt *s)
{
	return parse_nat(p, s, NAT_DNAT);
}

bool parse_masquerade(struct parse *p, struct stmt *s)
{
	s->kind = STMT_NAT;
	s->nat.kind = NAT_MASQUERADE;
	if (take_word(p, "to") &&
	    (!expect_punct(p, ':', ":PORT") || !parse_port(p, &s->nat.port)))
		return false;
	return parse_trailing_flags(p, nat_flags, &s->nat.flags);
}

bool parse_redirect(struct parse *p, struct stmt *s)
{
	s->kind = STMT_NAT;
	s->nat.kind = NAT_REDIRECT;
	if (take_word(p, "to")) {
		take_punct(p, ':');
		if (!parse_port(p, &s->nat.port))
			return false;
	}
	return parse_trailing_flags(p, nat_flags, &s->nat.flags);
}

static bool expect_to(struct parse *p, const char *what)
{
	if (take_word(p, "to"))
		return true;
	parse_fail(p, "E0001", "expected `to` and %s", what);
	return false;
}

bool parse_tproxy(struct parse *p, struct stmt *s)
{
	s->kind = STMT_TPROXY;
	s->tproxy.family = take_family(p);
	return expect_to(p, "an address or :PORT") &&
	       parse_addr_port(p, FAMILY_UNSPEC, &s->tproxy.addr, &s->tproxy.port);
}

static bool parse_device(struct parse *p, struct expr **dev)
{
	*dev = parse_expr(p);
	return *dev != NULL;
}

bool parse_dup(struct parse *p, struct stmt *s)
{
	s->kind = STMT_DUP;
	if (!expect_to(p, "an address or a device"))
		return false;
	s->dup.to = parse_expr(p);
	if (!s->dup.to)
		return false;
	return !take_word(p, "device") || parse_device(p, &s->dup.dev);
}

/* `fwd to DEVICE` or `fwd ip to ADDR device DEVICE`. */
bool parse_fwd(struct parse *p, struct stmt *s)
{
	s->kind = STMT_FWD;
	s->fwd.family = take_family(p);
	if (!expect_to(p, "a device"))
		return false;
	if (s->fwd.family == FAMILY_UNSPEC)
		return parse_device(p, &s->fwd.dev);
	s->fwd.to = parse_expr(p);
	if (!s->fwd.to)
		return false;
	if (take_word(p, "device"))
		return parse_device(p, &s->fwd.dev);
	parse_fail(p, "E0001", "expected `device` and a device behind the address");
	return false;
}

/* `queue [flags bypass,fanout] to 1-3`, or in older words `queue num 1-3 bypass`. */
bool parse_queue(struct parse *p, struct stmt *s)
{
	bool is_old, has_flags = take_word(p, "flags");
	uint32_t flags = 0;
	struct span span;

	s->kind = STMT_QUEUE;
	if (has_flags && !parse_flags(p, queue_flags, "a queue's flag", &flags, &span))
		return false;
	is_old = !take_word(p, "to");
	if (is_old && !take_word(p, "num")) {
		if (!has_flags)
			return true;
		parse_fail(p, "E0001", "expected `to` and a queue's number");
		return false;
	}
	s->queue.num = parse_expr(p);
	if (!s->queue.num || (is_old && !parse_trailing_flags(p, queue_flags, &flags)))
		return false;
	s->queue.flags = (uint16_t)flags;
	return true;
}

bool parse_flow(struct parse *p, struct stmt *s)
{
	struct span span;

	if (take_word(p, "table"))
		return parse_meter(p, s);
	s->kind = STMT_FLOW;
	if (!take_word(p, "add") && !take_word(p, "offload")) {
		parse_fail(p, "E0001", "expected `add @flowtable` behind `flow`");
		return false;
	}
	return expect_punct(p, '@', "@") &&
	       parse_name(p, "a flow table's name", &s->flow.table, &span);
}

static bool parse_synproxy_mss(struct parse *p, struct stmt *s)
{
	uint64_t n;

	if (!parse_u64(p, UINT16_MAX, "a segment size", &n))
		return false;
	s->synproxy.mss = (uint16_t)n;
	s->synproxy.flags |= NF_SYNPROXY_OPT_MSS;
	return true;
}

static bool parse_synproxy_wscale(struct parse *p, struct stmt *s)
{
	uint64_t n;

	if (!parse_u64(p, 14, "a window scale", &n)) /* RFC 7323 section 2.3 */
		return false;
	s->synproxy.wscale = (uint8_t)n;
	s->synproxy.flags |= NF_SYNPROXY_OPT_WSCALE;
	return true;
}

bool parse_synproxy(struct parse *p, struct stmt *s)
{
	if (take_word(p, "name"))
		return parse_objref(p, s, NFT_OBJECT_SYNPROXY);
	s->kind = STMT_SYNPROXY;
	for (;;) {
		if (take_word(p, "timestamp"))
			s->synproxy.flags |= NF_SYNPROXY_OPT_TIMESTAMP;
		else if (take_word(p, "sack-perm"))
			s->synproxy.flags |= NF_SYNPROXY_OPT_SACK_PERM;
		else if (take_word(p, "mss")) {
			if (!parse_synproxy_mss(p, s))
				return false;
		} else if (take_word(p, "wscale")) {
			if (!parse_synproxy_wscale(p, s))
				return false;
		} else {
			return true;
		}
	}
}
