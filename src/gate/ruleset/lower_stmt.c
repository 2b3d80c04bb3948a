/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements to instructions; addresses and ports are in lower_nat.c.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

static int32_t verdict_code(enum verdict_kind kind)
{
	static const int32_t codes[] = {
		[VERDICT_ACCEPT] = 1 /* NF_ACCEPT */,
		[VERDICT_DROP] = 0 /* NF_DROP */,
		[VERDICT_CONTINUE] = NFT_CONTINUE,
		[VERDICT_RETURN] = NFT_RETURN,
		[VERDICT_JUMP] = NFT_JUMP,
		[VERDICT_GOTO] = NFT_GOTO,
	};

	return codes[kind];
}

/* The chain's name in `jump NAME`, or all of it where it stands in a variable. */
static struct span chain_span(const struct lower *L, const struct expr *e,
                              struct str name)
{
	struct str text = sources_text(L->sources, e->span);
	size_t at = text.n > name.n ? text.n - name.n : 0;

	if (name.n && at && text.p[text.n - 1] == '"')
		at--;
	if (!at || !str_eq(str_sub(text, at, name.n), name))
		return e->span;
	return (struct span){ e->span.file, e->span.off + (uint32_t)at,
		              (uint32_t)name.n };
}

bool resolve_verdict(struct lower *L, const struct expr *e, struct verdict *out)
{
	struct verdict v = { .code = verdict_code(e->verdict.kind),
		             .chain = e->verdict.chain };

	if (e->verdict.kind == VERDICT_JUMP || e->verdict.kind == VERDICT_GOTO) {
		if (e->verdict.block) {
			if (!L->env->make_chain(L->env->ctx, e->verdict.block, &v))
				return false;
		} else {
			const struct expr *name = e->verdict.chain_expr;

			if (name &&
			    (name->kind == EXPR_SYMBOL || name->kind == EXPR_STRING))
				v.chain = name->word;
			if (!L->env->has_chain(L->env->ctx, v.chain,
			                       chain_span(L, e, v.chain)))
				return false;
		}
	}
	*out = v;
	return true;
}

bool lower_verdict(struct lower *L, const struct stmt *s)
{
	const struct expr *e = s->verdict;

	if (e->kind == EXPR_VERDICT) {
		struct verdict v;

		if (!resolve_verdict(L, e, &v))
			return false;
		struct insn *in = emit(L, INSN_IMMEDIATE);

		in->dreg = REG_VERDICT;
		in->immediate.verdict = v;
		return true;
	}
	struct set_ref ref;
	const struct set_info *info;
	unsigned reg = L->reg;

	if (!type_expr(L, e->pair.left))
		return false;
	if (!deps_write(L, e->pair.left) ||
	    !lookup_set(L, e->pair.left, e->pair.right, NULL, true, &ref, &info) ||
	    !load_key(L, e->pair.left, info, reg))
		return false;
	struct insn *in = emit(L, INSN_LOOKUP);

	in->sreg = (uint8_t)reg;
	in->dreg = REG_VERDICT;
	in->lookup.set = ref;
	return true;
}

static bool lower_counter(struct lower *L, const struct stmt *s, struct insn *in)
{
	(void)L;
	in->counter.packets = s->counter.packets;
	in->counter.bytes = s->counter.bytes;
	return true;
}

static bool lower_limit(struct lower *L, const struct stmt *s, struct insn *in)
{
	if (s->limit.rate == 0)
		return fail(L, "E0250", s->span,
		            "a rate of 0 lets nothing pass: write `drop`");
	in->limit.rate = s->limit.rate;
	in->limit.unit_s = s->limit.unit_s;
	in->limit.type = s->limit.bytes ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS;
	in->limit.burst = s->limit.has_burst ? (uint32_t)s->limit.burst
	                  : s->limit.bytes   ? 0
	                                     : 5;
	in->limit.flags = s->limit.over ? NFT_LIMIT_F_INV : 0;
	return true;
}

static bool lower_quota(struct lower *L, const struct stmt *s, struct insn *in)
{
	(void)L;
	in->quota.bytes = s->quota.bytes;
	in->quota.used = s->quota.used;
	in->quota.flags = s->quota.over ? NFT_QUOTA_F_INV : 0;
	return true;
}

static bool lower_connlimit(struct lower *L, const struct stmt *s, struct insn *in)
{
	(void)L;
	in->connlimit.count = s->connlimit.count;
	in->connlimit.flags = s->connlimit.over ? NFT_CONNLIMIT_F_INV : 0;
	return true;
}

static bool lower_last(struct lower *L, const struct stmt *s, struct insn *in)
{
	(void)L;
	in->last.set = s->last.used;
	in->last.msecs = s->last.used_ms;
	return true;
}

static const struct {
	enum stmt_kind stmt;
	enum insn_kind insn;
	bool (*lower)(struct lower *L, const struct stmt *s, struct insn *in);
} stateful[] = {
	{ STMT_COUNTER, INSN_COUNTER, lower_counter },
	{ STMT_LIMIT, INSN_LIMIT, lower_limit },
	{ STMT_QUOTA, INSN_QUOTA, lower_quota },
	{ STMT_CONNLIMIT, INSN_CONNLIMIT, lower_connlimit },
	{ STMT_LAST, INSN_LAST, lower_last },
};

bool lower_stateful(struct lower *L, const struct stmt *s, struct insn *in)
{
	for (size_t i = 0; i < ARRAY_LEN(stateful); i++) {
		if (stateful[i].stmt == s->kind) {
			in->kind = stateful[i].insn;
			return stateful[i].lower(L, s, in);
		}
	}
	return fail(L, "E0251", s->span,
	            "an element carries only counter, limit, quota, ct count "
	            "and last");
}

bool lower_stateful_list(struct lower *L, const struct stmt_list *stmts,
                         struct program *out)
{
	for (size_t i = 0; i < stmts->n; i++) {
		struct insn *in = program_add(out, L->a, INSN_COUNTER);

		in->place = L->place;
		if (!lower_stateful(L, stmts->p[i], in))
			return false;
	}
	return true;
}

/* Options of which the kernel refuses or ignores one where the other is given. */
static bool check_log_options(struct lower *L, const struct stmt *s)
{
	bool to_program = s->log.has_group || s->log.has_snaplen || s->log.has_qthreshold;
	const char *option = s->log.has_group     ? "group"
	                     : s->log.has_snaplen ? "snaplen"
	                                          : "queue-threshold";

	if (to_program && (s->log.has_level || s->log.flags))
		return fail(L, "E0252", s->span,
		            "`%s` is for the kernel's log and `%s` for a "
		            "program: give one of them",
		            s->log.has_level ? "level" : "flags", option);
	if (s->log.has_level && s->log.level == NFT_LOGLEVEL_AUDIT &&
	    (s->log.has_prefix || s->log.flags))
		return fail(L, "E0252", s->span,
		            "`level audit` writes records of a fixed form: "
		            "`%s` has no effect there",
		            s->log.has_prefix ? "prefix" : "flags");
	return true;
}

static bool lower_log(struct lower *L, const struct stmt *s)
{
	struct insn *in = emit(L, INSN_LOG);

	if (!check_log_options(L, s))
		return false;
	if (s->log.prefix.n > 127)
		return fail(L, "E0253", s->span,
		            "the log prefix has %zu characters; at most 127 fit",
		            s->log.prefix.n);
	in->log.prefix = s->log.has_prefix ? s->log.prefix : (struct str){ 0 };
	in->log.group = s->log.group;
	in->log.has_group = s->log.has_group;
	in->log.snaplen = s->log.snaplen;
	in->log.has_snaplen = s->log.has_snaplen;
	in->log.qthreshold = s->log.qthreshold;
	in->log.has_qthreshold = s->log.has_qthreshold;
	in->log.level = s->log.level;
	in->log.has_level = s->log.has_level;
	in->log.flags = s->log.flags;
	return true;
}

static struct expr *number_match(struct lower *L, struct span span, const struct key *key)
{
	struct expr *e = arena_new(L->a, struct expr);

	e->kind = EXPR_META;
	e->span = span;
	e->key.key = key;
	e->key.dir = DIR_NONE;
	return type_expr(L, e) ? e : NULL;
}

static bool require(struct lower *L, struct span span, uint16_t meta_key, uint64_t n)
{
	struct expr *e = number_match(L, span, key_by_number(meta_keys, meta_key));
	struct stmt s = { .kind = STMT_MATCH, .span = span };
	struct value v;

	if (!e)
		return false;
	struct part part = expr_part(e);

	value_from_u64(&v, n, e->bits);
	s.match.left = e;
	s.match.op = REL_EQ;
	s.match.right = expr_value(L->a, span, &part, &v);
	return lower_match(L, &s);
}

/* Which ICMP a rule of this family sends, when it does not say. */
static bool default_reject(struct lower *L, const struct stmt *s, struct insn *in)
{
	enum family f = L->family;

	(void)s;
	if (f != FAMILY_IP && f != FAMILY_IP6 && L->nh)
		f = L->nh->id == PROTO_IP    ? FAMILY_IP
		    : L->nh->id == PROTO_IP6 ? FAMILY_IP6
		                             : f;
	if (f == FAMILY_IP || f == FAMILY_IP6) {
		in->reject.type = NFT_REJECT_ICMP_UNREACH;
		in->reject.code =
			f == FAMILY_IP ? ICMP_PORT_UNREACH : 4 /* port-unreachable */;
	} else {
		in->reject.type = NFT_REJECT_ICMPX_UNREACH;
		in->reject.code = NFT_REJECT_ICMPX_PORT_UNREACH;
	}
	return true;
}

static bool reject_code(struct lower *L, const struct stmt *s, uint8_t *code)
{
	const struct datatype *t =
		datatypes[s->reject.type == NFT_REJECT_ICMPX_UNREACH ? TYPE_ICMPX_CODE
	                  : s->reject.family == FAMILY_IP6           ? TYPE_ICMPV6_CODE
	                                                             : TYPE_ICMP_CODE];
	struct part part = { t, 8, ORDER_BIG, 0 };

	if (!s->reject.code) {
		*code = s->reject.type == NFT_REJECT_ICMPX_UNREACH
		                ? NFT_REJECT_ICMPX_PORT_UNREACH
		        : s->reject.family == FAMILY_IP6 ? 4
		                                         : ICMP_PORT_UNREACH;
		return true;
	}
	const struct value *v = resolve_value(L, s->reject.code, &part);

	if (v)
		*code = (uint8_t)value_to_u64(v);
	return v;
}

static bool reject_conflict(struct lower *L, const struct stmt *s)
{
	bool want6 = s->reject.family == FAMILY_IP6;
	bool have6 = L->nh && L->nh->id == PROTO_IP6,
	     have4 = L->nh && L->nh->id == PROTO_IP;

	if ((want6 && have4) || (!want6 && have6))
		return fail(L, "E0303", s->span,
		            "this rule only sees %s, and `reject with %s` answers "
		            "%s",
		            have4 ? "IPv4" : "IPv6", want6 ? "icmpv6" : "icmp",
		            want6 ? "IPv6" : "IPv4");
	return true;
}

static bool lower_reject(struct lower *L, const struct stmt *s)
{
	size_t from = L->prog->n;
	struct insn *in;
	uint8_t code = 0;

	if (L->nh && L->nh->id == PROTO_ARP)
		return fail(L, "E0301", s->span,
		            "this rule only sees ARP, which has no answer that "
		            "rejects");
	if (s->reject.type < 0) {
		in = emit(L, INSN_REJECT);
		return default_reject(L, s, in);
	}
	if (s->reject.type == NFT_REJECT_TCP_RST) {
		if (L->th && L->th->id != PROTO_TCP)
			return fail(L, "E0304", s->span,
			            "only TCP can be reset; this rule sees %s",
			            L->th->name);
		if (!L->th && !require(L, s->span, NFT_META_L4PROTO, IPPROTO_TCP))
			return false;
	} else if (s->reject.type == NFT_REJECT_ICMPX_UNREACH &&
	           (L->family == FAMILY_IP || L->family == FAMILY_IP6)) {
		return fail(L, "E0309", s->span,
		            "`icmpx` is for tables with IPv4 and IPv6; here it is "
		            "`reject with %s …`",
		            L->family == FAMILY_IP ? "icmp" : "icmpv6");
	} else if (!reject_code(L, s, &code)) {
		return false;
	}
	if (s->reject.type == NFT_REJECT_ICMP_UNREACH) {
		if (!reject_conflict(L, s))
			return false;
		bool ip6 = s->reject.family == FAMILY_IP6;

		if (!L->nh && L->family == FAMILY_INET &&
		    !require(L, s->span, NFT_META_NFPROTO, ip6 ? FAMILY_IP6 : FAMILY_IP))
			return false;
		if (!L->nh &&
		    (L->family == FAMILY_BRIDGE || L->family == FAMILY_NETDEV) &&
		    !require(L, s->span, NFT_META_PROTOCOL, ip6 ? 0x86dd : 0x0800))
			return false;
	}
	deps_to_front(L, from);
	in = emit(L, INSN_REJECT);
	in->reject.type = (uint32_t)s->reject.type;
	in->reject.code = code;
	return true;
}

static bool lower_notrack(struct lower *L, const struct stmt *s)
{
	(void)s;
	emit(L, INSN_NOTRACK);
	return true;
}

static bool lower_synproxy(struct lower *L, const struct stmt *s)
{
	struct insn *in = emit(L, INSN_SYNPROXY);

	in->synproxy.mss = s->synproxy.mss;
	in->synproxy.wscale = s->synproxy.wscale;
	in->synproxy.flags = s->synproxy.flags;
	return true;
}

static bool lower_flow(struct lower *L, const struct stmt *s)
{
	struct insn *in = emit(L, INSN_FLOW_OFFLOAD);

	in->flow.table = s->flow.table;
	return true;
}

static bool lower_optstrip(struct lower *L, const struct stmt *s)
{
	const struct expr *e = s->optstrip.opt;
	struct insn *in = emit(L, INSN_EXTHDR);

	in->exthdr.op = EXTHDR_TCPOPT;
	in->exthdr.type = e->exthdr.hdr ? e->exthdr.hdr->type : e->exthdr.type;
	return true;
}

static bool lower_counted(struct lower *L, const struct stmt *s)
{
	struct insn *in = emit(L, INSN_COUNTER);

	return lower_stateful(L, s, in);
}

static bool refuse_foreign(struct lower *L, const struct stmt *s)
{
	return fail(L, "E0901", s->span,
	            "`unknown \"" STR_FMT "\"` stands for an expression gate "
	            "does not know; it cannot be loaded",
	            STR_ARG(s->foreign.name));
}

/* One row per kind, in the order of enum stmt_kind. */
static bool (*const lower_fns[])(struct lower *L, const struct stmt *s) = {
	[STMT_MATCH] = lower_match,
	[STMT_VERDICT] = lower_verdict,
	[STMT_COUNTER] = lower_counted,
	[STMT_LIMIT] = lower_counted,
	[STMT_QUOTA] = lower_counted,
	[STMT_CONNLIMIT] = lower_counted,
	[STMT_LAST] = lower_counted,
	[STMT_OBJREF] = lower_objref,
	[STMT_LOG] = lower_log,
	[STMT_REJECT] = lower_reject,
	[STMT_SET_VALUE] = lower_set_value,
	[STMT_OPTSTRIP] = lower_optstrip,
	[STMT_NAT] = lower_nat,
	[STMT_NOTRACK] = lower_notrack,
	[STMT_DUP] = lower_dup,
	[STMT_FWD] = lower_fwd,
	[STMT_QUEUE] = lower_queue,
	[STMT_TPROXY] = lower_tproxy,
	[STMT_SYNPROXY] = lower_synproxy,
	[STMT_FLOW] = lower_flow,
	[STMT_DYNSET] = lower_dynset,
	[STMT_METER] = lower_meter,
	[STMT_FOREIGN] = refuse_foreign,
};

/* Nothing after it in the rule can run. */
static bool ends_rule(const struct stmt *s)
{
	switch (s->kind) {
	case STMT_VERDICT:
		return s->verdict->kind == EXPR_VERDICT &&
		       s->verdict->verdict.kind != VERDICT_CONTINUE;
	case STMT_REJECT:
	case STMT_NAT:
	case STMT_QUEUE:
	case STMT_FWD:
		return true;
	default: /* the packet goes on */
		return false;
	}
}

static uint16_t add_place(struct lower *L, struct span span)
{
	if (L->n_places == L->cap_places) {
		L->cap_places = L->cap_places ? L->cap_places * 2 : 16;
		struct span *more = arena_array(L->a, struct span, L->cap_places);

		if (L->n_places)
			memcpy(more, L->places, L->n_places * sizeof(*more));
		L->places = more;
	}
	L->places[L->n_places] = span;
	return L->n_places++;
}

bool lower_stmt(struct lower *L, const struct stmt *s)
{
	if (L->ended) {
		struct diag *d = fail_diag(L, "E0254", s->span,
		                           "nothing after the verdict can run");

		diag_related(L->diags, d, L->ended->span, "the rule ends here");
		return false;
	}
	L->place = add_place(L, s->span);
	L->reg = 0;
	L->out_of_registers = false;
	if (!lower_fns[s->kind](L, s))
		return false;
	if (L->out_of_registers)
		return fail(L, "E0263", s->span,
		            "this asks for more at once than the kernel's registers "
		            "hold, %u bytes",
		            REG_WORDS * 4);
	if (ends_rule(s))
		L->ended = s;
	return true;
}

static void start_protocols(struct lower *L)
{
	L->icmp_type = -1;
	L->icmp_types = NULL;
	L->ll_bits = 0;
	L->ll = NULL;
	L->th = NULL;
	L->nh = L->family == FAMILY_IP    ? protos[PROTO_IP]
	        : L->family == FAMILY_IP6 ? protos[PROTO_IP6]
	        : L->family == FAMILY_ARP ? protos[PROTO_ARP]
	                                  : NULL;
}

bool lower_rule(struct lower *L, const struct rule *rule)
{
	size_t start = 0;

	start_protocols(L);
	L->ended = NULL;
	for (size_t i = 0; i < rule->stmts.n; i++) {
		const struct stmt *s = rule->stmts.p[i];

		if (!lower_stmt(L, s))
			return false;
		if (s->kind != STMT_MATCH) {
			merge_payloads(L->prog, start);
			start = L->prog->n;
		}
	}
	merge_payloads(L->prog, start);
	return true;
}
