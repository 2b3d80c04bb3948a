/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a match implies: `tcp dport` is only right for TCP, so a match of the protocol stands
 * before it, unless an earlier match in the rule already says so. The same table tells the
 * listing which matches to leave out.
 */
#include "gate/ruleset/deps.h"

#include <assert.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

static struct expr *meta_expr(struct arena *a, struct span span, uint16_t key)
{
	struct expr *e = arena_new(a, struct expr);

	e->kind = EXPR_META;
	e->span = span;
	e->key.key = key_by_number(meta_keys, key);
	e->key.dir = DIR_NONE;
	return e;
}

static struct expr *field_expr(struct arena *a, struct span span, enum proto_id proto,
                               const char *field)
{
	struct expr *e = arena_new(a, struct expr);

	e->kind = EXPR_PAYLOAD;
	e->span = span;
	e->payload.proto = protos[proto];
	e->payload.field = field_by_name(protos[proto]->fields, str_from(field));
	e->payload.base = protos[proto]->base;
	return e;
}

/* Writes `left == number`, and learns from it. */
static bool write_match(struct lower *L, struct expr *left, uint64_t number)
{
	struct value v;

	if (!type_expr(L, left))
		return false;
	value_from_u64(&v, number, left->bits);
	return deps_write(L, left) && match_value(L, left, REL_EQ, &v);
}

static bool conflict(struct lower *L, const struct expr *e, const struct proto *have,
                     const struct proto *want)
{
	bool from_table =
		have == L->nh && ((L->family == FAMILY_IP && have->id == PROTO_IP) ||
	                          (L->family == FAMILY_IP6 && have->id == PROTO_IP6) ||
	                          (L->family == FAMILY_ARP && have->id == PROTO_ARP));
	struct diag *d;

	if (from_table) {
		d = fail_diag(L, "E0301", e->span, "this chain only sees %s",
		              have->id == PROTO_IP    ? "IPv4"
		              : have->id == PROTO_IP6 ? "IPv6"
		                                      : "ARP");
		struct span place = L->env->table_place(L->env->ctx);

		if (!span_is_none(place))
			diag_related(L->diags, d, place, "declared here");
		diag_help(L->diags, d,
		          "make the table `inet`, or move the rule to a table `%s`",
		          want->id == PROTO_ARP                               ? "arp"
		          : want->id == PROTO_IP6 || want->id == PROTO_ICMPV6 ? "ip6"
		                                                              : "ip");
		return false;
	}
	assert(have);
	if (want->id == PROTO_ARP && L->family == FAMILY_INET) {
		d = fail_diag(L, "E0301", e->span,
		              "inet tables see IPv4 and IPv6, no ARP");
		diag_help(L->diags, d, "put the rule into a table of family arp");
		return false;
	}
	d = fail_diag(L, "E0302", e->span, "a packet cannot be both %s and %s",
	              have->name, want->name);
	diag_note(L->diags, d, "an earlier match in this rule says %s", have->name);
	return false;
}

/* The link layer: in ip, ip6, inet and arp tables the device's type must be Ethernet. */
static bool need_ether(struct lower *L, const struct expr *e)
{
	if (L->ll)
		return true;
	if (L->family == FAMILY_BRIDGE) {
		L->ll = protos[PROTO_ETHER];
		return true;
	}
	return write_match(L, meta_expr(L->a, e->span, NFT_META_IIFTYPE), ARPHRD_ETHER);
}

static bool need_vlan(struct lower *L, const struct expr *e)
{
	if (L->ll && L->ll->id == PROTO_VLAN)
		return true;
	return need_ether(L, e) &&
	       write_match(L, field_expr(L->a, e->span, PROTO_ETHER, "type"),
	                   ETH_P_8021Q);
}

static bool need_network(struct lower *L, const struct expr *e, const struct proto *want)
{
	bool is_ip = want->id == PROTO_IP || want->id == PROTO_IP6;

	if (L->nh == want)
		return true;
	if (L->nh)
		return conflict(L, e, L->nh, want);
	if (L->ll && L->ll->id == PROTO_VLAN)
		return write_match(L, field_expr(L->a, e->span, PROTO_VLAN, "type"),
		                   want->number);
	if (L->family == FAMILY_INET && !L->ll) {
		if (!is_ip)
			return conflict(L, e, protos[PROTO_IP], want);
		return write_match(L, meta_expr(L->a, e->span, NFT_META_NFPROTO),
		                   want->id == PROTO_IP ? FAMILY_IP : FAMILY_IP6);
	}
	if (is_ip && e->kind == EXPR_PAYLOAD && e->payload.proto == want &&
	    (L->family == FAMILY_BRIDGE || !L->ll))
		return write_match(L, meta_expr(L->a, e->span, NFT_META_PROTOCOL),
		                   want->number);
	if (!L->ll && L->family == FAMILY_BRIDGE)
		L->ll = protos[PROTO_ETHER];
	if (L->ll)
		return write_match(L, field_expr(L->a, e->span, PROTO_ETHER, "type"),
		                   want->number);
	return write_match(L, meta_expr(L->a, e->span, NFT_META_PROTOCOL), want->number);
}

static bool need_transport(struct lower *L, const struct expr *e,
                           const struct proto *want)
{
	if (want->id == PROTO_TH)
		return true;
	if (L->th == want)
		return true;
	if (L->th)
		return conflict(L, e, L->th, want);
	if (L->nh && L->nh->id == PROTO_ARP)
		return conflict(L, e, L->nh, want);
	if ((want->id == PROTO_ICMP || want->id == PROTO_IGMP) &&
	    !need_network(L, e, protos[PROTO_IP]))
		return false;
	if (want->id == PROTO_ICMPV6 && !need_network(L, e, protos[PROTO_IP6]))
		return false;
	return write_match(L, meta_expr(L->a, e->span, NFT_META_L4PROTO), want->number);
}

/* An earlier `icmp type { … }` leaves only types that have the field. */
static bool set_has_field(struct lower *L, const struct expr *type,
                          const struct icmp_need *need)
{
	struct part part = expr_part(type);

	for (size_t i = 0; i < L->icmp_types->list.n; i++) {
		const struct expr *elem = L->icmp_types->list.p[i];
		const struct expr *key = elem->kind == EXPR_ELEM
		                                 ? resolve(L, elem->elem.key, &part)
		                                 : NULL;
		bool fits = false;

		for (unsigned k = 0; key && key->kind == EXPR_VALUE && k < need->n; k++)
			fits |= value_to_u64(&key->value) == need->types[k];
		if (!fits)
			return false;
	}
	return true;
}

/* icmp id, mtu, gateway …: only messages of some types have the field. */
static bool need_icmp_type(struct lower *L, const struct expr *e)
{
	const struct icmp_need *need = icmp_need(e->payload.proto, e->payload.field);
	struct expr *left = field_expr(L->a, e->span, e->payload.proto->id, "type");
	struct stmt s = { .kind = STMT_MATCH, .span = e->span };

	if (!need || L->icmp_type == need->types[0] ||
	    (need->n > 1 && L->icmp_type == need->types[1]))
		return true;
	if (L->icmp_type >= 0) {
		struct diag *d = fail_diag(L, "E0302", e->span,
		                           "`%s` is not in messages of type %d",
		                           e->payload.field->name, L->icmp_type);

		diag_note(L->diags, d,
		          "an earlier match in this rule asks for that type");
		return false;
	}
	if (need->n == 1) {
		L->icmp_type = need->types[0];
		return write_match(L, left, need->types[0]);
	}
	if (!type_expr(L, left))
		return false;
	if (L->icmp_types && set_has_field(L, left, need))
		return true;
	struct part part = expr_part(left);
	struct expr *set = expr_make(L->a, EXPR_SET, e->span, &part);

	for (unsigned i = 0; i < need->n; i++) {
		struct expr *elem = expr_make(L->a, EXPR_ELEM, e->span, &part);
		struct value v;

		value_from_u64(&v, need->types[i], 8);
		elem->elem.key = expr_value(L->a, e->span, &part, &v);
		expr_list_add(&set->list, L->a, elem);
	}
	L->icmp_type = need->types[0];
	s.match.left = left;
	s.match.right = set;
	return lower_match(L, &s);
}

static bool payload_deps(struct lower *L, const struct expr *e)
{
	const struct proto *proto = e->payload.proto;

	if (!proto)
		return true;
	switch (proto->base) {
	case PAYLOAD_LL:
		return proto->id == PROTO_VLAN ? need_vlan(L, e) : need_ether(L, e);
	case PAYLOAD_NH:
		return need_network(L, e, proto);
	case PAYLOAD_TH:
		if (!need_transport(L, e, proto))
			return false;
		if (proto->id == PROTO_ICMP || proto->id == PROTO_ICMPV6)
			return need_icmp_type(L, e);
		return true;
	case PAYLOAD_INNER:
		return true;
	}
	return true;
}

/* Loads and comparisons, which change nothing and count nothing. */
static bool only_matches(const struct lower *L, size_t from)
{
	for (size_t i = 0; i < from; i++) {
		const struct insn *in = &L->prog->p[i];

		switch (in->kind) {
		case INSN_CMP:
		case INSN_RANGE:
		case INSN_BITWISE:
		case INSN_BYTEORDER:
		case INSN_FIB:
		case INSN_HASH:
		case INSN_RT:
		case INSN_SOCKET:
		case INSN_OSF:
		case INSN_XFRM:
			break;
		case INSN_PAYLOAD:
		case INSN_META:
		case INSN_CT:
		case INSN_EXTHDR:
			if (in->sreg != REG_NONE || in->dreg == REG_NONE)
				return false;
			break;
		case INSN_LOOKUP:
			if (in->dreg == REG_VERDICT)
				return false;
			break;
		default: /* a statement, or a function that counts */
			return false;
		}
	}
	return true;
}

void deps_to_front(struct lower *L, size_t from)
{
	size_t n = L->prog->n - from;

	if (n == 0 || from == 0 || !only_matches(L, from))
		return;
	struct insn *moved = arena_copy(L->a, L->prog->p + from, n * sizeof(*moved));

	memmove(L->prog->p + n, L->prog->p, from * sizeof(*moved));
	memcpy(L->prog->p, moved, n * sizeof(*moved));
}

static bool exthdr_deps(struct lower *L, const struct expr *e)
{
	size_t from = L->prog->n;
	bool ok;

	switch (e->exthdr.op) {
	case EXTHDR_IPV6:
	case EXTHDR_IPV4:
		ok = need_network(
			L, e, protos[e->exthdr.op == EXTHDR_IPV6 ? PROTO_IP6 : PROTO_IP]);
		deps_to_front(L, from);
		return ok;
	case EXTHDR_TCPOPT:
	case EXTHDR_SCTP:
	case EXTHDR_DCCP:
		return true;
	}
	return true;
}

/* `ct original ip saddr` and the like say themselves which family they are of. */
static bool key_deps(struct lower *L, const struct expr *e)
{
	const struct proto *want = e->key.nfproto == FAMILY_IP    ? protos[PROTO_IP]
	                           : e->key.nfproto == FAMILY_IP6 ? protos[PROTO_IP6]
	                                                          : NULL;

	return !want || !L->nh || L->nh == want || conflict(L, e, L->nh, want);
}

bool deps_write(struct lower *L, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_META:
		if (e->key.key->number == NFT_META_NFPROTO && L->family != FAMILY_INET)
			return fail(L, "E0247", e->span,
			            "`meta nfproto` tells IPv4 from IPv6 in inet "
			            "tables only; elsewhere it is `meta protocol`");
		return true;
	case EXPR_CT:
	case EXPR_RT:
		return key_deps(L, e);
	case EXPR_PAYLOAD:
		return payload_deps(L, e);
	case EXPR_EXTHDR:
		return exthdr_deps(L, e);
	case EXPR_CONCAT:
		for (size_t i = 0; i < e->list.n; i++)
			if (!deps_write(L, e->list.p[i]))
				return false;
		return true;
	case EXPR_BINARY:
		return deps_write(L, e->binary.left) && deps_write(L, e->binary.right);
	case EXPR_MAP:
	case EXPR_FLAGCMP:
	case EXPR_NOT:
		return deps_write(L, e->pair.left);
	case EXPR_HASH:
		return e->hash.sym || deps_write(L, e->hash.of);
	case EXPR_ELEM:
		return deps_write(L, e->elem.key);
	default: /* everything else reads no header */
		return true;
	}
}

static void learn_network(struct lower *L, const struct proto *p)
{
	if (p && p->base == PAYLOAD_NH && !L->nh)
		L->nh = p;
	if (p && p->id == PROTO_VLAN) {
		L->ll_bits += L->ll == p ? p->bits : protos[PROTO_ETHER]->bits;
		L->ll = p;
	}
}

/* What was said first stands: a later match that says otherwise never holds. */
static void learn_transport(struct lower *L, uint8_t number)
{
	if (!L->th)
		L->th = proto_by_l4(number);
}

static void learn_meta(struct lower *L, uint16_t key, uint64_t n)
{
	switch (key) {
	case NFT_META_NFPROTO:
		if (L->family == FAMILY_INET && !L->nh)
			L->nh = n == FAMILY_IP    ? protos[PROTO_IP]
			        : n == FAMILY_IP6 ? protos[PROTO_IP6]
			                          : NULL;
		return;
	case NFT_META_PROTOCOL:
		if (L->family == FAMILY_BRIDGE || L->family == FAMILY_NETDEV)
			learn_network(L, proto_by_ethertype((uint16_t)n));
		return;
	case NFT_META_L4PROTO:
		learn_transport(L, (uint8_t)n);
		return;
	case NFT_META_IIFTYPE:
		if (n == ARPHRD_ETHER && !L->ll)
			L->ll = protos[PROTO_ETHER];
		return;
	default:
		return;
	}
}

static bool is_field(const struct expr *e, const char *name)
{
	return str_is_word(str_from(name), e->payload.field->name);
}

void deps_learn(struct lower *L, const struct expr *left, const struct value *v)
{
	uint64_t n = value_to_u64(v);

	if (left->kind == EXPR_META) {
		learn_meta(L, left->key.key->number, n);
		return;
	}
	if (left->kind != EXPR_PAYLOAD || !left->payload.field)
		return;
	switch (left->payload.proto->id) {
	case PROTO_ETHER:
	case PROTO_VLAN:
		if (is_field(left, "type"))
			learn_network(L, proto_by_ethertype((uint16_t)n));
		return;
	case PROTO_IP:
		if (is_field(left, "protocol"))
			learn_transport(L, (uint8_t)n);
		return;
	case PROTO_IP6:
		if (is_field(left, "nexthdr"))
			learn_transport(L, (uint8_t)n);
		return;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		if (is_field(left, "type"))
			L->icmp_type = (int)n;
		return;
	default:
		return;
	}
}

void deps_learn_set(struct lower *L, const struct expr *left, const struct expr *set)
{
	if (left->kind == EXPR_PAYLOAD && left->payload.proto &&
	    (left->payload.proto->id == PROTO_ICMP ||
	     left->payload.proto->id == PROTO_ICMPV6) &&
	    is_field(left, "type"))
		L->icmp_types = set;
}

unsigned payload_offset(const struct lower *L, const struct expr *e)
{
	unsigned off = e->payload.field ? e->payload.field->off : e->payload.off;

	if (e->payload.proto && e->payload.proto->id == PROTO_VLAN)
		off += L->ll_bits;
	return off;
}

/* RFC 792, RFC 4443, RFC 4861: which messages carry the field. */
static const struct icmp_need icmp_needs[] = {
	// clang-format off
	{ PROTO_ICMP,   "id",                { 8, 0 }, 2 }, /* echo-request, echo-reply */
	{ PROTO_ICMP,   "sequence",          { 8, 0 }, 2 },
	{ PROTO_ICMP,   "gateway",           { 5 },    1 }, /* redirect */
	{ PROTO_ICMP,   "mtu",               { 3 },    1 }, /* destination-unreachable */
	{ PROTO_ICMPV6, "id",                { 128, 129 }, 2 },
	{ PROTO_ICMPV6, "sequence",          { 128, 129 }, 2 },
	{ PROTO_ICMPV6, "mtu",               { 2 },    1 }, /* packet-too-big */
	{ PROTO_ICMPV6, "parameter-problem", { 4 },    1 },
	{ PROTO_ICMPV6, "max-delay",         { 130 },  1 }, /* mld-listener-query */
	{ PROTO_ICMPV6, "taddr",             { 135, 136 }, 2 }, /* neighbour solicitation, advert */
	{ PROTO_ICMPV6, "daddr",             { 137 },  1 }, /* redirect */
	{ PROTO_NONE,   NULL,                { 0 },    0 },
	// clang-format on
};

const struct icmp_need *icmp_need(const struct proto *proto, const struct field *field)
{
	if (!field || (proto->id != PROTO_ICMP && proto->id != PROTO_ICMPV6))
		return NULL;
	for (const struct icmp_need *n = icmp_needs; n->field; n++)
		if (n->proto == proto->id && str_is(str_from(n->field), field->name))
			return n;
	return NULL;
}
