/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Instructions that are statements, back to statements.
 */
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/lift.h"

/* ---- without registers ---- */

static bool simple_counter(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_COUNTER;
	s->counter.packets = in->counter.packets;
	s->counter.bytes = in->counter.bytes;
	return true;
}

static bool simple_limit(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_LIMIT;
	s->limit.rate = in->limit.rate;
	s->limit.unit_s = in->limit.unit_s;
	s->limit.burst = in->limit.burst;
	s->limit.has_burst = true;
	s->limit.bytes = in->limit.type == NFT_LIMIT_PKT_BYTES;
	s->limit.over = in->limit.flags & NFT_LIMIT_F_INV;
	return true;
}

static bool simple_quota(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_QUOTA;
	s->quota.bytes = in->quota.bytes;
	s->quota.used = in->quota.used;
	s->quota.over = in->quota.flags & NFT_QUOTA_F_INV;
	return true;
}

static bool simple_connlimit(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_CONNLIMIT;
	s->connlimit.count = in->connlimit.count;
	s->connlimit.over = in->connlimit.flags & NFT_CONNLIMIT_F_INV;
	return true;
}

static bool simple_last(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_LAST;
	s->last.used = in->last.set;
	s->last.used_ms = in->last.msecs;
	return true;
}

static bool simple_log(struct arena *a, const struct insn *in, struct stmt *s)
{
	s->kind = STMT_LOG;
	s->log.prefix = arena_str(a, in->log.prefix);
	s->log.has_prefix = in->log.prefix.n > 0;
	s->log.has_group = in->log.has_group;
	s->log.group = in->log.group;
	s->log.has_snaplen = in->log.has_snaplen && in->log.snaplen;
	s->log.snaplen = in->log.snaplen;
	s->log.has_qthreshold = in->log.has_qthreshold && in->log.qthreshold;
	s->log.qthreshold = in->log.qthreshold;
	s->log.has_level =
		in->log.has_level && in->log.level != 4; /* LOG_WARNING: the default */
	s->log.level = in->log.level;
	s->log.flags = in->log.flags;
	return true;
}

static bool simple_notrack(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	(void)in;
	s->kind = STMT_NOTRACK;
	return true;
}

static bool simple_synproxy(struct arena *a, const struct insn *in, struct stmt *s)
{
	(void)a;
	s->kind = STMT_SYNPROXY;
	s->synproxy.mss = in->synproxy.mss;
	s->synproxy.wscale = in->synproxy.wscale;
	s->synproxy.flags = in->synproxy.flags;
	return true;
}

static bool simple_flow(struct arena *a, const struct insn *in, struct stmt *s)
{
	s->kind = STMT_FLOW;
	s->flow.table = arena_str(a, in->flow.table);
	return true;
}

struct expr *lift_verdict(struct arena *a, const struct verdict *v)
{
	static const struct {
		int32_t code;
		enum verdict_kind kind;
	} codes[] = {
		{ 1, VERDICT_ACCEPT },
		{ 0, VERDICT_DROP },
		{ NFT_CONTINUE, VERDICT_CONTINUE },
		{ NFT_RETURN, VERDICT_RETURN },
		{ NFT_JUMP, VERDICT_JUMP },
		{ NFT_GOTO, VERDICT_GOTO },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i].code != v->code)
			continue;
		struct expr *e = arena_new(a, struct expr);

		e->kind = EXPR_VERDICT;
		e->type = datatypes[TYPE_VERDICT];
		e->verdict.kind = codes[i].kind;
		e->verdict.chain = arena_str(a, v->chain);
		return e;
	}
	return NULL;
}

static bool simple_immediate(struct arena *a, const struct insn *in, struct stmt *s)
{
	if (in->dreg != REG_VERDICT)
		return false;
	s->kind = STMT_VERDICT;
	s->verdict = lift_verdict(a, &in->immediate.verdict);
	return s->verdict;
}

/* `reset tcp option X`: an exthdr that neither reads nor writes. */
static bool simple_optstrip(struct arena *a, const struct insn *in, struct stmt *s)
{
	if (in->sreg != REG_NONE || in->dreg != REG_NONE ||
	    in->exthdr.op != EXTHDR_TCPOPT)
		return false;
	s->kind = STMT_OPTSTRIP;
	s->optstrip.opt = arena_new(a, struct expr);
	s->optstrip.opt->kind = EXPR_EXTHDR;
	s->optstrip.opt->exthdr.op = EXTHDR_TCPOPT;
	s->optstrip.opt->exthdr.type = in->exthdr.type;
	s->optstrip.opt->exthdr.hdr = exthdr_by_type(EXTHDR_TCPOPT, in->exthdr.type, 0);
	s->optstrip.opt->exthdr.exists = true;
	return true;
}

static bool simple_objref(struct arena *a, const struct insn *in, struct stmt *s)
{
	if (in->sreg != REG_NONE)
		return false;
	s->kind = STMT_OBJREF;
	s->objref.obj_type = in->objref.type;
	s->objref.name = arena_new(a, struct expr);
	s->objref.name->kind = EXPR_STRING;
	s->objref.name->word = arena_str(a, in->objref.name);
	return true;
}

static const struct {
	enum insn_kind insn;
	bool (*lift)(struct arena *a, const struct insn *in, struct stmt *s);
} simple[] = {
	{ INSN_COUNTER, simple_counter },   { INSN_LIMIT, simple_limit },
	{ INSN_QUOTA, simple_quota },       { INSN_CONNLIMIT, simple_connlimit },
	{ INSN_LAST, simple_last },         { INSN_LOG, simple_log },
	{ INSN_NOTRACK, simple_notrack },   { INSN_SYNPROXY, simple_synproxy },
	{ INSN_FLOW_OFFLOAD, simple_flow }, { INSN_IMMEDIATE, simple_immediate },
	{ INSN_EXTHDR, simple_optstrip },   { INSN_OBJREF, simple_objref },
};

struct stmt *lift_simple(struct arena *a, const struct insn *in)
{
	for (size_t i = 0; i < ARRAY_LEN(simple); i++) {
		if (simple[i].insn != in->kind)
			continue;
		struct stmt *s = arena_new(a, struct stmt);

		return simple[i].lift(a, in, s) ? s : NULL;
	}
	return NULL;
}

/* ---- with registers ---- */

static struct part port_part(void)
{
	return (struct part){ datatypes[TYPE_INET_SERVICE], 16, ORDER_BIG, 0 };
}

static struct part addr_part(uint32_t family)
{
	bool ip6 = family == FAMILY_IP6;

	return (struct part){ datatypes[ip6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR],
		              ip6 ? 128 : 32, ORDER_BIG, 0 };
}

static struct expr *range_of(struct lift *L, unsigned min, unsigned max,
                             const struct part *want)
{
	struct expr *from = lift_reg(L, min, want);
	struct expr *to = max == REG_NONE || max == min ? NULL : lift_reg(L, max, want);

	if (!from || !to || from->kind != EXPR_VALUE || to->kind != EXPR_VALUE)
		return from;
	return lift_range_expr(L->a, want, &from->value, &to->value);
}

/* The family need not be said when the table, or a match in the rule, says it. */
static enum family said_family(const struct lift *L, uint32_t family)
{
	if (L->family != FAMILY_INET && L->family != FAMILY_BRIDGE &&
	    L->family != FAMILY_NETDEV)
		return FAMILY_UNSPEC;
	return family;
}

static void nat_map(struct lift *L, const struct insn *in, struct stmt *s)
{
	const struct expr *e = s->nat.addr;

	if (!e || e->kind != EXPR_MAP)
		return;
	if (in->nat.addr_max != REG_NONE && in->nat.addr_max != in->nat.addr_min)
		s->nat.interval = true;
	if (in->nat.proto_min != REG_NONE && !L->regs[in->nat.proto_min].e &&
	    !L->regs[in->nat.proto_min].imm)
		s->nat.concat = true;
	if ((s->nat.interval || s->nat.concat) && !s->nat.family)
		s->nat.family = in->nat.family;
}

static bool stmt_nat(struct lift *L, const struct insn *in)
{
	struct part addr = addr_part(in->nat.family), port = port_part();
	struct stmt *s = arena_new(L->a, struct stmt);

	s->kind = STMT_NAT;
	s->nat.kind = in->kind == INSN_MASQ          ? NAT_MASQUERADE
	              : in->kind == INSN_REDIR       ? NAT_REDIRECT
	              : in->nat.type == NFT_NAT_SNAT ? NAT_SNAT
	                                             : NAT_DNAT;
	s->nat.flags =
		in->nat.flags & ~(uint32_t)(NF_NAT_RANGE_PROTO_SPECIFIED |
	                                    NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_NETMAP);
	s->nat.prefix = in->nat.flags & NF_NAT_RANGE_NETMAP;
	if (in->kind == INSN_NAT) {
		s->nat.family = said_family(L, in->nat.family);
		if (in->nat.addr_min != REG_NONE)
			s->nat.addr =
				range_of(L, in->nat.addr_min, in->nat.addr_max, &addr);
	}
	nat_map(L, in, s);
	L->deps[PAYLOAD_TH].there =
		false; /* the port's map does not say which protocol it is for */
	if (in->nat.proto_min != REG_NONE && !s->nat.concat)
		s->nat.port = range_of(L, in->nat.proto_min, in->nat.proto_max, &port);
	stmt_list_add(&L->rule->stmts, L->a, s);
	return true;
}

static bool stmt_reject(struct lift *L, const struct insn *in)
{
	struct stmt *s = arena_new(L->a, struct stmt);
	bool ip6 = L->nh && L->nh->id == PROTO_IP6;
	struct part part = { datatypes[TYPE_ICMPX_CODE], 8, ORDER_BIG, 0 };
	struct value v;

	s->kind = STMT_REJECT;
	s->reject.type = (int)in->reject.type;
	value_from_u64(&v, in->reject.code, 8);
	if (in->reject.type == NFT_REJECT_ICMP_UNREACH) {
		if (!L->nh)
			return false;
		part.type = datatypes[ip6 ? TYPE_ICMPV6_CODE : TYPE_ICMP_CODE];
		s->reject.family = ip6 ? FAMILY_IP6 : FAMILY_IP;
		bool plain = in->reject.code == (ip6 ? 4 : 3);

		if (plain && (L->family == FAMILY_IP || L->family == FAMILY_IP6))
			s->reject.type = -1;
		struct dep *d = &L->deps[PAYLOAD_NH];

		if (s->reject.type >= 0 && d->there && d->proto == L->nh) {
			lift_stmt_drop(L, d->stmt);
			d->there = false;
		}
	}
	if (in->reject.type == NFT_REJECT_TCP_RST &&
	    (L->family == FAMILY_IP || L->family == FAMILY_IP6) &&
	    L->deps[PAYLOAD_TH].there) {
		lift_stmt_drop(L, L->deps[PAYLOAD_TH].stmt);
		L->deps[PAYLOAD_TH].there = false;
	}
	if (in->reject.type == NFT_REJECT_ICMPX_UNREACH &&
	    in->reject.code == NFT_REJECT_ICMPX_PORT_UNREACH)
		s->reject.type = -1;
	s->reject.code = expr_value(L->a, SPAN_NONE, &part, &v);
	stmt_list_add(&L->rule->stmts, L->a, s);
	return true;
}

static bool stmt_set_key(struct lift *L, const struct insn *in)
{
	struct expr *target = arena_new(L->a, struct expr);
	bool is_meta = in->kind == INSN_META;
	const struct key *k =
		key_by_number(is_meta ? meta_keys : ct_keys,
	                      (uint16_t)(is_meta ? in->meta.key : in->ct.key));

	if (!k || in->sreg == REG_NONE)
		return false;
	target->kind = is_meta ? EXPR_META : EXPR_CT;
	target->key.key = k;
	target->key.dir = is_meta ? DIR_NONE : in->ct.dir;
	target->type = datatypes[k->type];
	target->bits = k->bits;
	target->order = k->order;
	struct part part = expr_part(target);
	struct expr *value = lift_reg(L, in->sreg, &part);

	if (!value)
		return false;
	struct stmt *s = lift_stmt_add(L, STMT_SET_VALUE);

	s->set.target = target;
	s->set.value = value;
	return true;
}

/* Which bits of the written bytes change: `(old & mask) ^ new`. */
static bool rewritten_field(struct lift *L, const struct insn *in, struct expr *target,
                            struct expr **value)
{
	struct reg *r = &L->regs[in->sreg];
	const struct expr *e = r->e, *right;
	struct value keep, put, field;
	unsigned bits = in->payload.len * 8;

	if (!e || bits > 128)
		return false;
	value_prefix_mask(&keep, (uint16_t)bits, bits);
	if (r->masked) { /* the rest is cleared: only this field stays */
		value_prefix_mask(&keep, e->bits, e->bits);
		value_resize(&keep, (uint16_t)bits);
		value_shl(&keep, r->shift);
	}
	put = (struct value){ .bits = (uint16_t)bits };
	while (e->kind == EXPR_BINARY) {
		right = e->binary.right;
		struct value v = right->value;

		value_resize(&v, (uint16_t)bits);
		if (e->binary.op == BINOP_AND)
			value_and(&keep, &v);
		else if (e->binary.op == BINOP_OR || e->binary.op == BINOP_XOR)
			value_or(&put, &v);
		else
			return false;
		e = e->binary.left;
	}
	field = keep;
	value_not(&field);      /* what is cleared … */
	value_or(&field, &put); /* … and what is set */
	for (const struct field *f = target->payload.proto ? target->payload.proto->fields
	                                                   : NULL;
	     f && f->name; f++) {
		unsigned start =
			in->payload.off * 8 +
			(target->payload.proto->id == PROTO_VLAN ? 0u - L->ll_bits : 0u);
		struct value mask;

		if (f->off < start || f->off + f->bits > start + bits)
			continue;
		unsigned shift = start + bits - f->off - f->bits;

		value_prefix_mask(&mask, (uint16_t)bits, f->bits);
		value_shr(&mask, f->off - start);
		struct value outside = mask;

		value_not(&outside);
		value_and(&outside, &field);
		if (!value_is_zero(&outside))
			continue;
		target->payload.field = f;
		target->type = datatypes[f->type];
		target->bits = f->bits;
		target->order = ORDER_BIG;
		struct part part = expr_part(target);

		value_shr(&put, shift);
		value_resize(&put, f->bits);
		*value = expr_value(L->a, SPAN_NONE, &part, &put);
		return true;
	}
	return false;
}

static const struct proto *target_proto(const struct lift *L, uint8_t base)
{
	switch ((enum payload_base)base) {
	case PAYLOAD_LL:
		return L->ll;
	case PAYLOAD_NH:
		return L->nh;
	case PAYLOAD_TH:
		return L->th;
	case PAYLOAD_INNER:
		return NULL;
	}
	return NULL;
}

static bool stmt_set_payload(struct lift *L, const struct insn *in)
{
	struct expr *target = arena_new(L->a, struct expr), *value = NULL;

	if (in->sreg >= REG_WORDS)
		return false;
	target->kind = EXPR_PAYLOAD;
	target->payload.base = in->payload.base;
	target->payload.off = in->payload.off * 8;
	target->payload.len = in->payload.len * 8;
	target->type = datatypes[TYPE_INTEGER];
	target->bits = (uint16_t)target->payload.len;
	target->order = ORDER_BIG;
	bool whole = lift_field(L, target, target->payload.off, target->payload.len);

	if (!whole) {
		target->payload.proto = target_proto(L, in->payload.base);
		if (!rewritten_field(L, in, target, &value))
			target->payload.proto = NULL;
	}
	if (!value) {
		struct part part = expr_part(target);

		value = lift_reg(L, in->sreg, &part);
	}
	if (!value)
		return false;
	if (is_raw(target))
		lift_hex(L->a, value);
	lift_use(L, target);
	struct stmt *s = lift_stmt_add(L, STMT_SET_VALUE);

	s->set.target = target;
	s->set.value = value;
	return true;
}

static bool stmt_set_exthdr(struct lift *L, const struct insn *in)
{
	struct expr *target = arena_new(L->a, struct expr);
	const struct exthdr *h =
		exthdr_by_type(in->exthdr.op, in->exthdr.type, in->exthdr.off * 8);

	if (in->sreg >= REG_WORDS)
		return false;
	target->kind = EXPR_EXTHDR;
	target->exthdr.op = in->exthdr.op;
	target->exthdr.type = in->exthdr.type;
	target->exthdr.hdr = h;
	target->exthdr.off = in->exthdr.off * 8;
	target->exthdr.len = in->exthdr.len * 8;
	target->type = datatypes[TYPE_INTEGER];
	target->bits = (uint16_t)(in->exthdr.len * 8);
	target->order = ORDER_BIG;
	for (const struct field *f = h ? h->fields : NULL; f && f->name; f++) {
		if (f->off == in->exthdr.off * 8 && f->bits == in->exthdr.len * 8) {
			target->exthdr.field = f;
			target->type = datatypes[f->type];
			break;
		}
	}
	struct part part = expr_part(target);
	struct expr *value = lift_reg(L, in->sreg, &part);

	if (!value)
		return false;
	struct stmt *s = lift_stmt_add(L, STMT_SET_VALUE);

	s->set.target = target;
	s->set.value = value;
	return true;
}

static bool stmt_objref_map(struct lift *L, const struct insn *in)
{
	const struct set_info *info = L->env->set(L->env->ctx, in->objref.set.name);
	struct expr *key = info ? lift_key(L, in->sreg, info, true) : NULL;
	struct expr *set =
		key && info->anonymous ? L->env->elems(L->env->ctx, L->a, info) : NULL;

	if (!key)
		return false;
	if (!set) {
		set = expr_make(L->a, EXPR_SETREF, SPAN_NONE, NULL);
		set->word = arena_str(L->a, in->objref.set.name);
	}
	struct stmt *s = lift_stmt_add(L, STMT_OBJREF);

	s->objref.obj_type = info->obj_type;
	s->objref.name = expr_make(L->a, EXPR_MAP, SPAN_NONE, NULL);
	s->objref.name->pair.left = key;
	s->objref.name->pair.right = set;
	return true;
}

static bool stmt_dup(struct lift *L, const struct insn *in)
{
	struct part dev = { datatypes[TYPE_IFACE_INDEX], 32, ORDER_HOST, 0 };
	struct part addr = addr_part(in->kind == INSN_FWD ? in->dup.family : L->family);
	struct expr *d = in->dup.dev == REG_NONE ? NULL : lift_reg(L, in->dup.dev, &dev);
	struct expr *to =
		in->dup.addr == REG_NONE ? NULL : lift_reg(L, in->dup.addr, &addr);
	struct stmt *s = lift_stmt_add(L, in->kind == INSN_FWD ? STMT_FWD : STMT_DUP);

	if (in->kind == INSN_FWD) {
		s->fwd.to = to;
		s->fwd.dev = d;
		s->fwd.family = to ? in->dup.family : FAMILY_UNSPEC;
	} else {
		s->dup.to = to ? to : d;
		s->dup.dev = to ? d : NULL;
	}
	return true;
}

static bool stmt_tproxy(struct lift *L, const struct insn *in)
{
	struct part addr = addr_part(in->tproxy.family), port = port_part();
	struct stmt *s = arena_new(L->a, struct stmt);

	s->kind = STMT_TPROXY;
	s->tproxy.family = L->family == FAMILY_INET ? in->tproxy.family : FAMILY_UNSPEC;
	if (in->tproxy.addr != REG_NONE)
		s->tproxy.addr = lift_reg(L, in->tproxy.addr, &addr);
	if (in->tproxy.port != REG_NONE)
		s->tproxy.port = lift_reg(L, in->tproxy.port, &port);
	stmt_list_add(&L->rule->stmts, L->a, s);
	return true;
}

static bool stmt_queue(struct lift *L, const struct insn *in)
{
	struct part num = { datatypes[TYPE_INTEGER], 16, ORDER_HOST, 0 };
	struct stmt *s = arena_new(L->a, struct stmt);
	struct value from, to;

	s->kind = STMT_QUEUE;
	s->queue.flags = in->queue.flags;
	if (in->queue.sreg_from != REG_NONE) {
		s->queue.num = lift_reg(L, in->queue.sreg_from, &num);
	} else {
		value_from_u64(&from, in->queue.num, 16);
		value_from_u64(&to,
		               in->queue.num +
		                       (in->queue.total ? in->queue.total - 1u : 0u),
		               16);
		s->queue.num = expr_value(L->a, SPAN_NONE, &num, &from);
		if (in->queue.total > 1) {
			struct expr *range = expr_make(L->a, EXPR_RANGE, SPAN_NONE, &num);

			range->pair.left = s->queue.num;
			range->pair.right = expr_value(L->a, SPAN_NONE, &num, &to);
			s->queue.num = range;
		}
	}
	stmt_list_add(&L->rule->stmts, L->a, s);
	return true;
}

static bool stmt_dynset(struct lift *L, const struct insn *in)
{
	const struct set_info *info = L->env->set(L->env->ctx, in->dynset.set.name);
	struct expr *key = info ? lift_key(L, in->sreg, info, true) : NULL;
	struct expr *elem = expr_make(L->a, EXPR_ELEM, SPAN_NONE, NULL);
	struct stmt_list stmts = { 0 };

	if (!key)
		return false;
	elem->elem.key = key;
	elem->elem.has_timeout = in->dynset.timeout_ms != 0;
	elem->elem.timeout_ms = in->dynset.timeout_ms;
	for (unsigned i = 0; i < in->dynset.n_exprs; i++) {
		struct stmt *st = lift_simple(L->a, &in->dynset.exprs[i]);

		if (!st)
			return false;
		stmt_list_add(&stmts, L->a, st);
	}
	if (info->anonymous && (info->flags & NFT_SET_EVAL)) {
		struct stmt *m = lift_stmt_add(L, STMT_METER);

		m->meter.name = arena_str(L->a, in->dynset.set.name);
		m->meter.key = elem;
		m->meter.size = info->size;
		m->meter.stmts = stmts;
		return true;
	}
	struct stmt *s = lift_stmt_add(L, STMT_DYNSET);

	s->dynset.set = expr_make(L->a, EXPR_SETREF, SPAN_NONE, NULL);
	s->dynset.set->word = arena_str(L->a, in->dynset.set.name);
	s->dynset.key = elem;
	s->dynset.op = in->dynset.op;
	s->dynset.stmts = stmts;
	if (in->dynset.sreg_data < REG_WORDS && info->data.n)
		s->dynset.data = lift_reg(L, in->dynset.sreg_data, &info->data.p[0]);
	return true;
}

static const struct {
	enum insn_kind insn;
	bool (*lift)(struct lift *L, const struct insn *in);
} with_registers[] = {
	{ INSN_NAT, stmt_nat },
	{ INSN_MASQ, stmt_nat },
	{ INSN_REDIR, stmt_nat },
	{ INSN_REJECT, stmt_reject },
	{ INSN_META, stmt_set_key },
	{ INSN_CT, stmt_set_key },
	{ INSN_PAYLOAD, stmt_set_payload },
	{ INSN_EXTHDR, stmt_set_exthdr },
	{ INSN_OBJREF, stmt_objref_map },
	{ INSN_DUP, stmt_dup },
	{ INSN_FWD, stmt_dup },
	{ INSN_TPROXY, stmt_tproxy },
	{ INSN_QUEUE, stmt_queue },
	{ INSN_DYNSET, stmt_dynset },
};

bool lift_stmt(struct lift *L, const struct insn *in)
{
	for (size_t i = 0; i < ARRAY_LEN(with_registers); i++)
		if (with_registers[i].insn == in->kind)
			return with_registers[i].lift(L, in);
	return false;
}
