/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements to text.
 */
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_synproxy.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/print_parts.h"

/* ---- matches ----------------------------------------------------------------------- */

static bool is_set(const struct expr *e)
{
	return e->kind == EXPR_SET || e->kind == EXPR_SETREF;
}

/* Flags that must be there all, `x == a | b`: fields of headers are listed with a number. */
static bool is_union(const struct stmt *s)
{
	if (s->match.op == REL_IMPLICIT && s->match.left->kind != EXPR_BINARY)
		return false;
	return is_several_flags(s->match.right) && s->match.left->kind != EXPR_PAYLOAD &&
	       s->match.left->kind != EXPR_EXTHDR;
}

/* `==` is written where it means something: all of the flags, or behind an operator. (nft lists
 * `ct state == new,established` without it, and reads that back as either of them.) */
static bool needs_eq(const struct stmt *s)
{
	const struct expr *left = s->match.left, *right = s->match.right;

	if (right->kind == EXPR_FLAGCMP || right->kind == EXPR_NOT)
		return false;
	if (left->kind == EXPR_BINARY)
		return true;
	return s->match.op == REL_EQ && !is_set(right) && expr_is_bitmask(left);
}

static void put_right(const struct printer *p, const struct stmt *s)
{
	if (is_union(s))
		put_flags_union(p, s->match.right);
	else if (s->match.op != REL_IMPLICIT && is_several_flags(s->match.right))
		put_flags_number(p, s->match.right);
	else
		print_expr(p, s->match.right);
}

static void put_match(const struct printer *p, const struct stmt *s)
{
	static const char *const ops[] = {
		[REL_NE] = " != ", [REL_LT] = " < ",  [REL_GT] = " > ",
		[REL_LE] = " <= ", [REL_GE] = " >= ",
	};

	print_expr(p, s->match.left);
	if (s->match.op == REL_IMPLICIT || s->match.op == REL_EQ)
		buf_cstr(p->out, needs_eq(s) ? " == " : " ");
	else
		buf_cstr(p->out, ops[s->match.op]);
	put_right(p, s);
}

static void put_verdict_stmt(const struct printer *p, const struct stmt *s)
{
	const struct expr *e = s->verdict;

	if (e->kind != EXPR_MAP) {
		print_expr(p, e);
		return;
	}
	print_expr(p, e->pair.left);
	buf_cstr(p->out, " vmap ");
	print_expr(p, e->pair.right);
}

/* ---- state ------------------------------------------------------------------------- */

static void put_counter(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "counter");
	if (!p->fmt->stateless)
		buf_fmt(p->out, " packets %llu bytes %llu",
		        (unsigned long long)s->counter.packets,
		        (unsigned long long)s->counter.bytes);
}

static const char *unit_name(uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {
		{ 1, "second" },  { 60, "minute" },   { 3600, "hour" },
		{ 86400, "day" }, { 604800, "week" },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (units[i].seconds == seconds)
			return units[i].name;
	return "error";
}

/* Packets of burst when none are given; nft 1.0.6 does not list them. For bytes it is 0. */
enum { BURST_DEFAULT = 5 };

void put_limit(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, s->limit.over ? "rate over " : "rate ");
	if (s->limit.bytes)
		put_bytes(p, s->limit.rate);
	else
		buf_u64(p->out, s->limit.rate);
	buf_fmt(p->out, "/%s", unit_name(s->limit.unit_s));
	if (!s->limit.has_burst || s->limit.burst == (s->limit.bytes ? 0 : BURST_DEFAULT))
		return;
	buf_cstr(p->out, " burst ");
	if (s->limit.bytes)
		put_bytes(p, s->limit.burst);
	else
		buf_fmt(p->out, "%llu packets", (unsigned long long)s->limit.burst);
}

void put_quota(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, s->quota.over ? "over " : "");
	put_bytes(p, s->quota.bytes);
	if (p->fmt->stateless || s->quota.used == 0)
		return;
	buf_cstr(p->out, " used ");
	put_bytes(p, s->quota.used);
}

static void put_limit_stmt(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "limit ");
	put_limit(p, s);
}

static void put_quota_stmt(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "quota ");
	put_quota(p, s);
}

static void put_connlimit(const struct printer *p, const struct stmt *s)
{
	buf_fmt(p->out, "ct count %s%u", s->connlimit.over ? "over " : "",
	        s->connlimit.count);
}

static void put_last(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "last");
	if (p->fmt->stateless)
		return;
	buf_cstr(p->out, " used ");
	if (s->last.used)
		put_time(p, s->last.used_ms);
	else
		buf_cstr(p->out, "never");
}

static void put_objref(const struct printer *p, const struct stmt *s)
{
	static const struct {
		uint32_t type;
		const char *words;
	} rows[] = {
		{ NFT_OBJECT_COUNTER, "counter name " },
		{ NFT_OBJECT_QUOTA, "quota name " },
		{ NFT_OBJECT_LIMIT, "limit name " },
		{ NFT_OBJECT_SYNPROXY, "synproxy name " },
		{ NFT_OBJECT_CT_HELPER, "ct helper set " },
		{ NFT_OBJECT_CT_TIMEOUT, "ct timeout set " },
		{ NFT_OBJECT_CT_EXPECT, "ct expectation set " },
		{ NFT_OBJECT_SECMARK, "meta secmark set " },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == s->objref.obj_type)
			buf_cstr(p->out, rows[i].words);
	print_expr(p, s->objref.name);
}

/* ---- log, reject ------------------------------------------------------------------- */

static void put_log_flags(const struct printer *p, uint32_t flags)
{
	if ((flags & NF_LOG_MASK) == NF_LOG_MASK) {
		buf_cstr(p->out, " flags all");
		return;
	}
	if (flags & (NF_LOG_TCPSEQ | NF_LOG_TCPOPT))
		buf_fmt(p->out, " flags tcp %s%s%s",
		        flags & NF_LOG_TCPSEQ ? "sequence" : "",
		        (flags & NF_LOG_TCPSEQ) && (flags & NF_LOG_TCPOPT) ? "," : "",
		        flags & NF_LOG_TCPOPT ? "options" : "");
	if (flags & NF_LOG_IPOPT)
		buf_cstr(p->out, " flags ip options");
	if (flags & NF_LOG_UID)
		buf_cstr(p->out, " flags skuid");
	if (flags & NF_LOG_MACDECODE)
		buf_cstr(p->out, " flags ether");
}

static void put_log(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "log");
	if (s->log.has_prefix) {
		buf_cstr(p->out, " prefix ");
		print_string(p->out, s->log.prefix);
	}
	if (s->log.has_group)
		buf_fmt(p->out, " group %u", s->log.group);
	if (s->log.has_snaplen)
		buf_fmt(p->out, " snaplen %u", s->log.snaplen);
	if (s->log.has_qthreshold)
		buf_fmt(p->out, " queue-threshold %u", s->log.qthreshold);
	if (s->log.has_level && s->log.level != NFT_LOGLEVEL_WARNING)
		buf_fmt(p->out, " level %s", symbol_name(log_levels, s->log.level));
	put_log_flags(p, s->log.flags);
}

static void put_reject(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "reject");
	if (s->reject.type == NFT_REJECT_TCP_RST)
		buf_cstr(p->out, " with tcp reset");
	if (s->reject.type < 0 || s->reject.type == NFT_REJECT_TCP_RST || !s->reject.code)
		return;
	if (s->reject.type == NFT_REJECT_ICMPX_UNREACH)
		buf_cstr(p->out, " with icmpx ");
	else
		buf_cstr(p->out, s->reject.family == FAMILY_IP6 ? " with icmpv6 "
		                                                : " with icmp ");
	print_expr(p, s->reject.code);
}

/* ---- where packets go -------------------------------------------------------------- */

/* Every IPv6 address has two colons at least, RFC 4291 section 2.2. */
static bool is_ip6(const struct expr *e)
{
	size_t colons = 0;

	if (e->kind == EXPR_VALUE)
		return e->type && e->type->id == TYPE_IPV6_ADDR;
	for (size_t i = 0; e->kind == EXPR_SYMBOL && i < e->word.n; i++)
		colons += e->word.p[i] == ':';
	return colons >= 2;
}

static void put_bracketed(const struct printer *p, const struct expr *e)
{
	buf_char(p->out, '[');
	print_expr(p, e);
	buf_char(p->out, ']');
}

/* An address that a port follows. */
static void put_addr(const struct printer *p, const struct expr *e)
{
	if (is_ip6(e)) {
		put_bracketed(p, e);
	} else if (e->kind == EXPR_RANGE && is_ip6(e->pair.left)) {
		put_bracketed(p, e->pair.left);
		buf_char(p->out, '-');
		put_bracketed(p, e->pair.right);
	} else {
		print_expr(p, e);
	}
}

/* ` ADDR`, ` ADDR:PORT` or ` :PORT`. */
static void put_addr_port(const struct printer *p, const struct expr *addr,
                          const struct expr *port)
{
	buf_char(p->out, ' ');
	if (addr && port)
		put_addr(p, addr);
	else if (addr)
		print_expr(p, addr);
	if (!port)
		return;
	buf_char(p->out, ':');
	print_expr(p, port);
}

static void put_nat_flags(const struct printer *p, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} rows[] = {
		{ NF_NAT_RANGE_PROTO_RANDOM, "random" },
		{ NF_NAT_RANGE_PROTO_RANDOM_FULLY, "fully-random" },
		{ NF_NAT_RANGE_PERSISTENT, "persistent" },
	};
	char with = ' ';

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!(flags & rows[i].flag))
			continue;
		buf_char(p->out, with);
		buf_cstr(p->out, rows[i].word);
		with = ',';
	}
}

static void put_family(const struct printer *p, enum family family)
{
	if (family == FAMILY_IP || family == FAMILY_IP6)
		buf_fmt(p->out, " %s", family_name(family));
}

static void put_nat(const struct printer *p, const struct stmt *s)
{
	static const char *const words[] = {
		[NAT_SNAT] = "snat",
		[NAT_DNAT] = "dnat",
		[NAT_MASQUERADE] = "masquerade",
		[NAT_REDIRECT] = "redirect",
	};

	buf_cstr(p->out, words[s->nat.kind]);
	if (s->nat.addr || s->nat.port) {
		put_family(p, s->nat.family);
		buf_cstr(p->out, s->nat.prefix ? " prefix to" : " to");
		put_addr_port(p, s->nat.addr, s->nat.port);
	}
	put_nat_flags(p, s->nat.flags);
}

static void put_tproxy(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "tproxy");
	put_family(p, s->tproxy.family);
	buf_cstr(p->out, " to");
	if (s->tproxy.addr && !s->tproxy.port) {
		buf_char(p->out, ' ');
		put_addr(p, s->tproxy.addr);
		return;
	}
	put_addr_port(p, s->tproxy.addr, s->tproxy.port);
}

static void put_dup(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "dup to ");
	print_expr(p, s->dup.to);
	if (!s->dup.dev)
		return;
	buf_cstr(p->out, " device ");
	print_expr(p, s->dup.dev);
}

static void put_fwd(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "fwd");
	put_family(p, s->fwd.family);
	buf_cstr(p->out, " to ");
	if (s->fwd.to) {
		print_expr(p, s->fwd.to);
		buf_cstr(p->out, " device ");
	}
	print_expr(p, s->fwd.dev);
}

static void put_queue(const struct printer *p, const struct stmt *s)
{
	bool bypass = s->queue.flags & NFT_QUEUE_FLAG_BYPASS;
	bool fanout = s->queue.flags & NFT_QUEUE_FLAG_CPU_FANOUT;

	buf_cstr(p->out, "queue");
	if (bypass || fanout)
		buf_fmt(p->out, " flags %s%s%s", bypass ? "bypass" : "",
		        bypass && fanout ? "," : "", fanout ? "fanout" : "");
	buf_cstr(p->out, " to ");
	if (s->queue.num)
		print_expr(p, s->queue.num);
	else
		buf_char(p->out, '0');
}

static void put_synproxy(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "synproxy");
	if (s->synproxy.flags &
	    (NF_SYNPROXY_OPT_MSS | NF_SYNPROXY_OPT_WSCALE)) /* as nft: both */
		buf_fmt(p->out, " mss %u wscale %u", s->synproxy.mss, s->synproxy.wscale);
	if (s->synproxy.flags & NF_SYNPROXY_OPT_TIMESTAMP)
		buf_cstr(p->out, " timestamp");
	if (s->synproxy.flags & NF_SYNPROXY_OPT_SACK_PERM)
		buf_cstr(p->out, " sack-perm");
}

static void put_flow(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "flow add @");
	print_name(p, s->flow.table);
}

/* ---- sets -------------------------------------------------------------------------- */

/* What a new element gets; its numbers would be those of the rule, so none are shown. */
static void put_template(const struct printer *p, const struct stmt_list *stmts)
{
	struct format fmt = *p->fmt;
	struct printer stateless = *p;

	if (stmts->n == 0)
		return;
	fmt.stateless = true;
	stateless.fmt = &fmt;
	buf_char(p->out, ' ');
	put_stmts(&stateless, stmts);
}

static void put_dynset(const struct printer *p, const struct stmt *s)
{
	static const char *const words[] = {
		[NFT_DYNSET_OP_ADD] = "add ",
		[NFT_DYNSET_OP_UPDATE] = "update ",
		[NFT_DYNSET_OP_DELETE] = "delete ",
	};

	buf_cstr(p->out, words[s->dynset.op]);
	print_expr(p, s->dynset.set);
	buf_cstr(p->out, " { ");
	print_expr(p, s->dynset.key);
	put_template(p, &s->dynset.stmts);
	if (s->dynset.data) {
		buf_cstr(p->out, " : ");
		print_expr(p, s->dynset.data);
	}
	buf_cstr(p->out, " }");
}

static void put_meter(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "meter ");
	print_name(p, s->meter.name);
	if (s->meter.size)
		buf_fmt(p->out, " size %u", s->meter.size);
	buf_cstr(p->out, " { ");
	print_expr(p, s->meter.key);
	put_template(p, &s->meter.stmts);
	buf_cstr(p->out, " }");
}

static void put_set_value(const struct printer *p, const struct stmt *s)
{
	print_expr(p, s->set.target);
	buf_cstr(p->out, " set ");
	if (s->set.target->kind == EXPR_PAYLOAD && is_several_flags(s->set.value))
		put_flags_union(p, s->set.value);
	else
		print_expr(p, s->set.value);
}

static void put_optstrip(const struct printer *p, const struct stmt *s)
{
	buf_cstr(p->out, "reset ");
	print_expr(p, s->optstrip.opt);
}

static void put_notrack(const struct printer *p, const struct stmt *s)
{
	(void)s;
	buf_cstr(p->out, "notrack");
}

static void put_foreign(const struct printer *p, const struct stmt *s)
{
	if (s->foreign.xt.n) {
		buf_fmt(p->out, "xt " STR_FMT " ", STR_ARG(s->foreign.name));
		print_string(p->out, s->foreign.xt);
		return;
	}
	buf_cstr(p->out, "unknown ");
	print_string(p->out, s->foreign.name);
}

static void (*const puts_by_kind[])(const struct printer *p, const struct stmt *s) = {
	[STMT_MATCH] = put_match,
	[STMT_VERDICT] = put_verdict_stmt,
	[STMT_COUNTER] = put_counter,
	[STMT_LIMIT] = put_limit_stmt,
	[STMT_QUOTA] = put_quota_stmt,
	[STMT_CONNLIMIT] = put_connlimit,
	[STMT_LAST] = put_last,
	[STMT_OBJREF] = put_objref,
	[STMT_LOG] = put_log,
	[STMT_REJECT] = put_reject,
	[STMT_SET_VALUE] = put_set_value,
	[STMT_OPTSTRIP] = put_optstrip,
	[STMT_NAT] = put_nat,
	[STMT_NOTRACK] = put_notrack,
	[STMT_DUP] = put_dup,
	[STMT_FWD] = put_fwd,
	[STMT_QUEUE] = put_queue,
	[STMT_TPROXY] = put_tproxy,
	[STMT_SYNPROXY] = put_synproxy,
	[STMT_FLOW] = put_flow,
	[STMT_DYNSET] = put_dynset,
	[STMT_METER] = put_meter,
	[STMT_FOREIGN] = put_foreign,
};

_Static_assert(ARRAY_LEN(puts_by_kind) == STMT_FOREIGN + 1,
               "a printer for each statement");

void print_stmt(const struct printer *p, const struct stmt *s)
{
	puts_by_kind[s->kind](p, s);
}
