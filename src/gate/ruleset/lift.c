/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The driver of lifting: registers, loads, and which headers are known.
 */
#include "gate/ruleset/lift.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/cursor.h"
#include "gate/ruleset/deps.h"
#include "gate/ruleset/selector.h"

struct stmt *lift_stmt_add(struct lift *L, enum stmt_kind kind)
{
	struct stmt *s = arena_new(L->a, struct stmt);

	s->kind = kind;
	stmt_list_add(&L->rule->stmts, L->a, s);
	return s;
}

static void drop_dep(struct dep *d, size_t at)
{
	if (d->there && d->stmt == at)
		d->there = false;
	else if (d->there && d->stmt > at)
		d->stmt--;
}

void lift_stmt_drop(struct lift *L, size_t at)
{
	struct stmt_list *l = &L->rule->stmts;

	memmove(&l->p[at], &l->p[at + 1], (l->n - at - 1) * sizeof(l->p[0]));
	l->n--;
	for (size_t i = 0; i < ARRAY_LEN(L->deps); i++)
		drop_dep(&L->deps[i], at);
	drop_dep(&L->iiftype, at);
	drop_dep(&L->vlan, at);
	drop_dep(&L->icmp, at);
}

/* What a statement did, it did to the packets that the matches before it let through: none of
 * these may move behind it, where what follows would imply them. */
static void keep_before_effects(struct lift *L)
{
	const struct stmt_list *l = &L->rule->stmts;

	if (l->n == 0 || l->p[l->n - 1]->kind == STMT_MATCH)
		return;
	for (size_t i = 0; i < ARRAY_LEN(L->deps); i++)
		L->deps[i].there = false;
	L->iiftype.there = L->vlan.there = L->icmp.there = false;
}

struct stmt *lift_foreign(struct lift *L, struct str name)
{
	struct stmt *s = lift_stmt_add(L, STMT_FOREIGN);

	s->foreign.name = arena_str(L->a, name);
	L->foreign = true;
	return s;
}

/* ---- registers ---- */

static struct reg *set_reg(struct lift *L, unsigned reg, struct expr *e)
{
	L->regs[reg] = (struct reg){ .e = e };
	return &L->regs[reg];
}

struct expr *lift_value(struct lift *L, const uint8_t *p, size_t n,
                        const struct part *part)
{
	struct value v = { 0 };
	uint16_t bits = (uint16_t)(n * 8);
	bool string = type_is(part->type, TYPE_STRING);

	if (n > sizeof(v.b))
		return NULL;
	value_load(&v, bits, string ? ORDER_NONE : part->order, p);
	if (part->bits && part->bits < bits && !string)
		value_resize(&v, part->bits);
	return expr_value(L->a, SPAN_NONE, part, &v);
}

struct expr *lift_reg(struct lift *L, unsigned reg, const struct part *want)
{
	if (reg >= REG_WORDS)
		return NULL;
	struct reg *r = &L->regs[reg];

	if (r->imm)
		return lift_value(L, r->imm->b, r->imm->n, want);
	if (r->e)
		lift_use(L, r->e);
	return r->e;
}

/* ---- headers ---- */

static const struct proto *base_proto(const struct lift *L, enum payload_base base)
{
	switch (base) {
	case PAYLOAD_LL:
		return L->ll;
	case PAYLOAD_NH:
		return L->nh;
	case PAYLOAD_TH:
		return L->th ? L->th : protos[PROTO_TH];
	case PAYLOAD_INNER:
		return NULL;
	}
	return NULL;
}

/* Fields of ICMP share places: the type that was asked for before says which one it is. */
static bool fits_icmp_type(const struct lift *L, const struct proto *p,
                           const struct field *f)
{
	const struct icmp_need *need = icmp_need(p, f);

	if (!need || L->icmp_type < 0)
		return true;
	return need->types[0] == L->icmp_type ||
	       (need->n > 1 && need->types[1] == L->icmp_type);
}

static bool take_field(const struct lift *L, struct expr *e, const struct proto *p,
                       unsigned off, unsigned bits)
{
	for (const struct field *f = p->fields; f->name; f++) {
		if (f->off != off || f->bits != bits || !fits_icmp_type(L, p, f))
			continue;
		e->payload.proto = p;
		e->payload.field = f;
		e->type = datatypes[f->type];
		e->bits = f->bits;
		e->order = f->order == ORDER_HOST ? ORDER_HOST : ORDER_BIG;
		return true;
	}
	return false;
}

bool lift_field(struct lift *L, struct expr *e, unsigned off, unsigned bits)
{
	const struct proto *p = base_proto(L, e->payload.base);

	if (!p)
		return false;
	if (p->id == PROTO_VLAN) {
		if (off >= L->ll_bits && take_field(L, e, p, off - L->ll_bits, bits))
			return true;
		p = protos[PROTO_ETHER];
	}
	return take_field(L, e, p, off, bits);
}

static void kill_dep(struct lift *L, struct dep *d)
{
	if (d->there)
		lift_stmt_drop(L, d->stmt);
	d->there = false;
}

static void use_network(struct lift *L, const struct proto *proto)
{
	struct dep *d = &L->deps[PAYLOAD_NH];

	if (d->there && d->proto == proto)
		kill_dep(L, d);
}

/* A selector says by itself which headers are there: the match that said so may go. */
void lift_use(struct lift *L, const struct expr *e)
{
	struct dep *d;

	switch (e->kind) {
	case EXPR_PAYLOAD:
		if (!e->payload.proto)
			return;
		if (e->payload.base == PAYLOAD_LL) {
			kill_dep(L, &L->iiftype);
			if (e->payload.proto->id == PROTO_VLAN && e->payload.field &&
			    (!str_is(str_from(e->payload.field->name), "type") ||
			     L->family == FAMILY_IP || L->family == FAMILY_IP6))
				kill_dep(L, &L->vlan);
		} else if (e->payload.base == PAYLOAD_NH) {
			use_network(L, e->payload.proto);
		} else if (e->payload.base == PAYLOAD_TH) {
			d = &L->deps[PAYLOAD_TH];
			bool after = !d->there || !L->deps[PAYLOAD_NH].there ||
			             L->deps[PAYLOAD_NH].stmt < d->stmt;
			if (d->there && d->proto == e->payload.proto &&
			    (!d->by_payload || L->family == FAMILY_IP ||
			     L->family == FAMILY_IP6))
				kill_dep(L, d);
			if (e->payload.proto->id == PROTO_ICMP && !d->there && after)
				use_network(L, protos[PROTO_IP]);
			if (e->payload.proto->id == PROTO_ICMPV6 && !d->there && after)
				use_network(L, protos[PROTO_IP6]);
			const struct icmp_need *need =
				icmp_need(e->payload.proto, e->payload.field);

			if (need && need->n == 1)
				kill_dep(L, &L->icmp);
		}
		return;
	case EXPR_EXTHDR:
		if (e->exthdr.op == EXTHDR_IPV6)
			use_network(L, protos[PROTO_IP6]);
		if (e->exthdr.op == EXTHDR_IPV4)
			use_network(L, protos[PROTO_IP]);
		return;
	case EXPR_CONCAT:
		for (size_t i = 0; i < e->list.n; i++)
			lift_use(L, e->list.p[i]);
		return;
	case EXPR_BINARY:
		lift_use(L, e->binary.left);
		return;
	case EXPR_MAP:
		lift_use(L, e->pair.left);
		return;
	case EXPR_HASH:
		if (!e->hash.sym)
			lift_use(L, e->hash.of);
		return;
	default: /* reads no header */
		return;
	}
}

static void note_dep(struct dep *d, size_t stmt, const struct proto *proto,
                     bool by_payload)
{
	*d = (struct dep){
		.stmt = stmt, .there = true, .by_payload = by_payload, .proto = proto
	};
}

static void learn_network(struct lift *L, const struct proto *p, size_t stmt,
                          bool by_payload)
{
	if (!p)
		return;
	if (p->id == PROTO_VLAN) {
		bool inner = L->ll == p; /* a second tag: nothing else implies it */

		L->ll_bits += inner ? p->bits : protos[PROTO_ETHER]->bits;
		L->ll = p;
		note_dep(&L->vlan, stmt, p, true);
		L->vlan.there = !inner;
		return;
	}
	if (L->family == FAMILY_IP || L->family == FAMILY_IP6 || L->family == FAMILY_ARP)
		return;
	L->nh = p;
	note_dep(&L->deps[PAYLOAD_NH], stmt, p, by_payload);
}

static void learn_meta(struct lift *L, uint32_t key, uint64_t n, size_t stmt)
{
	switch (key) {
	case NFT_META_NFPROTO:
		if (L->family == FAMILY_INET)
			learn_network(L,
			              n == FAMILY_IP    ? protos[PROTO_IP]
			              : n == FAMILY_IP6 ? protos[PROTO_IP6]
			                                : NULL,
			              stmt, false);
		return;
	case NFT_META_PROTOCOL:
		if (L->family == FAMILY_BRIDGE || L->family == FAMILY_NETDEV)
			learn_network(L, proto_by_ethertype((uint16_t)n), stmt, false);
		return;
	case NFT_META_L4PROTO:
		L->th = proto_by_l4((uint8_t)n);
		if (L->th)
			note_dep(&L->deps[PAYLOAD_TH], stmt, L->th, false);
		return;
	case NFT_META_IIFTYPE:
		if (n == ARPHRD_ETHER && !L->ll) {
			L->ll = protos[PROTO_ETHER];
			note_dep(&L->iiftype, stmt, L->ll, false);
		}
		return;
	default: /* says nothing about headers */
		return;
	}
}

void lift_learn(struct lift *L, const struct expr *left, const struct value *v,
                size_t stmt)
{
	uint64_t n = value_to_u64(v);

	if (left->kind == EXPR_META) {
		learn_meta(L, left->key.key->number, n, stmt);
		return;
	}
	if (left->kind != EXPR_PAYLOAD || !left->payload.field)
		return;
	const struct proto *p = left->payload.proto;
	struct str name = str_from(left->payload.field->name);

	if ((p->id == PROTO_ETHER || p->id == PROTO_VLAN) && str_is(name, "type"))
		learn_network(L, proto_by_ethertype((uint16_t)n), stmt, true);
	if ((p->id == PROTO_IP && str_is(name, "protocol")) ||
	    (p->id == PROTO_IP6 && str_is(name, "nexthdr"))) {
		L->th = proto_by_l4((uint8_t)n);
		if (L->th)
			note_dep(&L->deps[PAYLOAD_TH], stmt, L->th, true);
	}
	if ((p->id == PROTO_ICMP || p->id == PROTO_ICMPV6) && str_is(name, "type")) {
		L->icmp_type = (int)n;
		note_dep(&L->icmp, stmt, p, true);
	}
}

/* ---- loads ---- */

static void load_payload(struct lift *L, const struct insn *in)
{
	struct expr *e = arena_new(L->a, struct expr);

	e->kind = EXPR_PAYLOAD;
	e->payload.base = in->payload.base;
	e->payload.off = in->payload.off * 8;
	e->payload.len = in->payload.len * 8;
	e->type = datatypes[TYPE_INTEGER];
	e->bits = (uint16_t)e->payload.len;
	e->order = ORDER_BIG;
	lift_field(L, e, e->payload.off, e->payload.len);
	set_reg(L, in->dreg, e);
}

static void load_exthdr(struct lift *L, const struct insn *in)
{
	struct expr *e = arena_new(L->a, struct expr);
	const struct exthdr *h =
		exthdr_by_type(in->exthdr.op, in->exthdr.type, in->exthdr.off * 8);

	e->kind = EXPR_EXTHDR;
	e->exthdr.hdr = h;
	e->exthdr.op = in->exthdr.op;
	e->exthdr.type = in->exthdr.type;
	e->exthdr.off = in->exthdr.off * 8;
	e->exthdr.len = in->exthdr.len * 8;
	e->type = datatypes[TYPE_INTEGER];
	e->bits = (uint16_t)e->exthdr.len;
	e->order = ORDER_BIG;
	if (in->exthdr.flags & NFT_EXTHDR_F_PRESENT) {
		e->exthdr.exists = true;
		e->type = datatypes[TYPE_BOOLEAN];
		e->bits = 8;
		e->order = ORDER_HOST;
	}
	for (const struct field *f = h && !e->exthdr.exists ? h->fields : NULL;
	     f && f->name; f++) {
		if (f->off == e->exthdr.off && f->bits == e->exthdr.len) {
			e->exthdr.field = f;
			e->type = datatypes[f->type];
			break;
		}
	}
	set_reg(L, in->dreg, e);
}

const struct set_info *lift_literal(struct lift *L, unsigned reg,
                                    const struct set_info *info)
{
	struct set_info *own = arena_copy(L->a, info, sizeof(*info));
	uint32_t bytes = 0;

	own->key.n = 0;
	while (bytes < info->key_len) {
		const struct expr *part = reg < REG_WORDS ? L->regs[reg].e : NULL;

		if (!part || !part->bits || own->key.n == PARTS_MAX)
			return info;
		uint32_t padded = ((part->bits + 7u) / 8 + 3) & ~3u;

		own->key.p[own->key.n++] = expr_part(part);
		bytes += padded;
		reg += padded / 4;
	}
	return bytes == info->key_len && own->key.n > 1 ? own : info;
}

static struct expr *key_part(struct lift *L, unsigned reg, bool use)
{
	struct part integer = { datatypes[TYPE_INTEGER], 0, ORDER_BIG, 0 };

	if (use || reg >= REG_WORDS || L->regs[reg].imm)
		return lift_reg(L, reg, &integer);
	return L->regs[reg].e;
}

struct expr *lift_key(struct lift *L, unsigned reg, const struct set_info *info, bool use)
{
	if (info->key.n == 1)
		return key_part(L, reg, use);
	struct expr *concat = arena_new(L->a, struct expr);

	concat->kind = EXPR_CONCAT;
	for (unsigned i = 0; i < info->key.n; i++) {
		struct expr *part = key_part(L, reg, use);

		if (!part)
			return NULL;
		expr_list_add(&concat->list, L->a, part);
		reg += ((info->key.p[i].bits + 7u) / 8 + 3) / 4;
	}
	return concat;
}

static void load_hash(struct lift *L, const struct insn *in)
{
	struct expr *e = arena_new(L->a, struct expr);
	unsigned reg = in->sreg, words = (in->hash.len + 3) / 4, used = 0;

	e->kind = EXPR_HASH;
	e->hash.sym = in->hash.type == NFT_HASH_SYM;
	e->hash.mod = in->hash.modulus;
	e->hash.seed = in->hash.seed;
	e->hash.has_seed = in->hash.has_seed && in->hash.seed;
	e->hash.offset = in->hash.offset;
	e->type = datatypes[TYPE_INTEGER];
	e->bits = 32;
	e->order = ORDER_HOST;
	struct expr *concat = arena_new(L->a, struct expr);

	concat->kind = EXPR_CONCAT;
	while (!e->hash.sym && used < words && reg + used < REG_WORDS &&
	       L->regs[reg + used].e) {
		struct expr *part = L->regs[reg + used].e;

		lift_use(L, part);
		expr_list_add(&concat->list, L->a, part);
		used += ((part->bits + 7u) / 8 + 3) / 4;
	}
	e->hash.of = concat->list.n == 1 ? concat->list.p[0] : concat;
	if (!e->hash.sym && concat->list.n == 0) {
		lift_foreign(L, STR("hash"));
		return;
	}
	set_reg(L, in->dreg, e);
}

static void load_byteorder(struct lift *L, const struct insn *in)
{
	if (in->sreg >= REG_WORDS || in->dreg >= REG_WORDS)
		return;
	L->regs[in->dreg] = L->regs[in->sreg];
	L->regs[in->dreg].big_endian = !L->regs[in->dreg].big_endian;
}

/* `ct original saddr` without ip or ip6, as nft loads it in tables of one family: that says
 * which. False: nothing does. */
static bool take_family(const struct lift *L, struct expr *e)
{
	enum family f = L->nh && L->nh->id == PROTO_IP    ? FAMILY_IP
	                : L->nh && L->nh->id == PROTO_IP6 ? FAMILY_IP6
	                                                  : L->family;

	if (f != FAMILY_IP && f != FAMILY_IP6)
		return false;
	e->key.nfproto = f;
	e->type = datatypes[f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR];
	e->bits = e->type->bits;
	return true;
}

static bool load_selector(struct lift *L, const struct insn *in)
{
	struct expr *e = in->sreg == REG_NONE || in->kind == INSN_HASH
	                         ? lift_selector(L->a, in)
	                         : NULL;

	if (!e || in->dreg >= REG_WORDS || (!e->type && !take_family(L, e)))
		return false;
	set_reg(L, in->dreg, e);
	return true;
}

/* iptables-nft's matches and targets are one expression each, with a name inside
 * (nf_tables_compat.h: NFTA_MATCH_NAME and NFTA_TARGET_NAME are both 1). */
static struct str xt_name(const struct insn *in)
{
	struct cursor c = cursor_of(in->foreign.attrs, in->foreign.n);

	if (!str_is(in->foreign.name, "match") && !str_is(in->foreign.name, "target"))
		return STR("");
	while (cursor_left(&c) >= NLA_HDRLEN) {
		uint16_t len = cursor_host16(&c), type = cursor_host16(&c);
		struct cursor value =
			cursor_sub(&c, len < NLA_HDRLEN ? 0 : len - NLA_HDRLEN);

		if (len < NLA_HDRLEN || value.failed)
			break;
		if ((type & NLA_TYPE_MASK) == NFTA_MATCH_NAME) {
			const char *name = (const char *)value.at;
			return (struct str){ name, strnlen(name, cursor_left(&value)) };
		}
		cursor_skip(&c, NLA_ALIGN(len) - len);
	}
	return STR("");
}

static void foreign_insn(struct lift *L, const struct insn *in)
{
	if (in->kind == INSN_FOREIGN)
		lift_foreign(L, in->foreign.name)->foreign.xt =
			arena_str(L->a, xt_name(in));
	else
		lift_foreign(L, str_from(insn_name(in->kind)));
}

static void lift_insn(struct lift *L, const struct insn *in)
{
	switch (in->kind) {
	case INSN_PAYLOAD:
		if (in->sreg == REG_NONE && in->dreg < REG_WORDS) {
			load_payload(L, in);
			return;
		}
		break;
	case INSN_EXTHDR:
		if (in->sreg == REG_NONE && in->dreg < REG_WORDS) {
			load_exthdr(L, in);
			return;
		}
		break;
	case INSN_IMMEDIATE:
		if (in->dreg < REG_WORDS) {
			set_reg(L, in->dreg, NULL)->imm = &in->immediate.data;
			return;
		}
		break;
	case INSN_HASH:
		load_hash(L, in);
		return;
	case INSN_CMP:
		lift_cmp(L, in);
		return;
	case INSN_RANGE:
		lift_range(L, in);
		return;
	case INSN_LOOKUP:
		lift_lookup(L, in);
		return;
	case INSN_BITWISE:
		lift_bitwise(L, in);
		return;
	case INSN_BYTEORDER:
		load_byteorder(L, in);
		return;
	default: /* other loads, and statements */
		if (load_selector(L, in))
			return;
		break;
	}
	struct stmt *s = lift_simple(L->a, in);

	if (s)
		stmt_list_add(&L->rule->stmts, L->a, s);
	else if (!lift_stmt(L, in))
		foreign_insn(L, in);
}

bool lift_rule(struct arena *a, const struct lift_env *env, enum family family,
               const struct program *prog, struct rule *rule)
{
	struct lift L = {
		.a = a, .env = env, .family = family, .rule = rule, .icmp_type = -1
	};

	*rule = (struct rule){ 0 };
	L.nh = family == FAMILY_IP    ? protos[PROTO_IP]
	       : family == FAMILY_IP6 ? protos[PROTO_IP6]
	       : family == FAMILY_ARP ? protos[PROTO_ARP]
	                              : NULL;
	if (family == FAMILY_BRIDGE)
		L.ll = protos[PROTO_ETHER];
	for (size_t i = 0; i < prog->n; i++) {
		lift_insn(&L, &prog->p[i]);
		keep_before_effects(&L);
	}
	return !L.foreign;
}
