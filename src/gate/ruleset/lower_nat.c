/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Statements that take addresses, ports, devices or values: NAT, tproxy, dup, fwd, queue,
 * `… set …`, and what refers to objects and sets.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>

#include "gate/ruleset/deps.h"

static struct part port_part(void)
{
	return (struct part){ datatypes[TYPE_INET_SERVICE], 16, ORDER_BIG, 0 };
}

static struct part addr_part(enum family f)
{
	return (struct part){
		datatypes[f == FAMILY_IP6 ? TYPE_IPV6_ADDR : TYPE_IPV4_ADDR],
		f == FAMILY_IP6 ? 128 : 32, ORDER_BIG, 0
	};
}

/* Loads one value or both ends of a range or prefix; `max` stays REG_NONE for one value. */
static bool load_range(struct lower *L, struct expr *e, const struct part *want,
                       uint8_t *min, uint8_t *max)
{
	struct part saved = *want;
	struct expr *r;

	L->map_data = &saved;
	r = resolve(L, e, want);
	L->map_data = NULL;
	if (!r)
		return false;
	if (r->kind == EXPR_SET) /* a host name of several addresses */
		return resolve_value(L, e, want) != NULL;
	if (r->kind == EXPR_RANGE || r->kind == EXPR_PREFIX) {
		struct value from, to;

		value_bounds(r, &from, &to);
		*min = (uint8_t)reg_alloc(L, 16);
		*max = (uint8_t)reg_alloc(L, 16);
		return load_expr(L, expr_value(L->a, r->span, want, &from), *min) &&
		       load_expr(L, expr_value(L->a, r->span, want, &to), *max);
	}
	if (!is_constant(r) && (!check_type(L, r, want) || !deps_write(L, r)))
		return false;
	*min = (uint8_t)reg_alloc(L, 16);
	L->map_data = &saved;
	bool ok = load_expr(L, r, *min);
	L->map_data = NULL;
	return ok;
}

static enum family nat_family(const struct lower *L, const struct stmt *s)
{
	if (s->nat.family)
		return s->nat.family;
	if (L->family != FAMILY_INET)
		return L->family;
	if (L->nh)
		return L->nh->id == PROTO_IP6 ? FAMILY_IP6 : FAMILY_IP;
	return FAMILY_UNSPEC;
}

static const char *nat_name(enum nat_kind kind)
{
	static const char *const names[] = { "snat", "dnat", "masquerade", "redirect" };

	return names[kind];
}

static bool check_nat_chain(struct lower *L, const struct stmt *s)
{
	const struct chain_info *c = L->chain;

	if (!c || !c->is_base || str_is(c->type, "nat"))
		return true;
	struct diag *d =
		fail_diag(L, "E0401", s->span, "`%s` only works in a chain of type nat",
	                  nat_name(s->nat.kind));
	const char *hook = s->nat.kind == NAT_SNAT || s->nat.kind == NAT_MASQUERADE
	                           ? "postrouting"
	                           : "prerouting";

	diag_note(L->diags, d, "`" STR_FMT "` is `type " STR_FMT " hook %s`",
	          STR_ARG(c->name), STR_ARG(c->type),
	          hook_name(L->family, (unsigned)c->hook));
	diag_help(L->diags, d,
	          "add a chain { type nat hook %s priority %s; } and put the rule there",
	          hook, str_is(str_from(hook), "postrouting") ? "srcnat" : "dstnat");
	return false;
}

/* Where `port`, or NULL, is written: whether the rule sees only packets that have ports. */
static bool need_port_proto(struct lower *L, const struct stmt *s,
                            const struct expr *port)
{
	if (!port || L->th || L->th_known)
		return true;
	struct diag *d = fail_diag(L, "E0305", port->span,
	                           "a port needs a protocol that has ports");
	diag_help(L->diags, d,
	          "put `tcp dport …`, `udp dport …` or `meta l4proto { tcp, udp }` "
	          "before `%s`",
	          nat_name(s->nat.kind));
	return false;
}

/* A literal map whose data are ranges or prefixes: `dnat to ip saddr map { a : b-c }`. */
static bool map_has_ranges(const struct expr *e)
{
	if (!e || e->kind != EXPR_MAP || e->pair.right->kind != EXPR_SET)
		return false;
	for (size_t i = 0; i < e->pair.right->list.n; i++) {
		const struct expr *d = e->pair.right->list.p[i]->elem.data;

		if (d && (d->kind == EXPR_RANGE || d->kind == EXPR_PREFIX))
			return true;
		for (size_t k = 0; d && d->kind == EXPR_CONCAT && k < d->list.n; k++)
			if (d->list.p[k]->kind == EXPR_RANGE ||
			    d->list.p[k]->kind == EXPR_PREFIX)
				return true;
	}
	return false;
}

static bool map_has_concat(struct lower *L, const struct expr *e)
{
	if (!e || e->kind != EXPR_MAP)
		return false;
	if (e->pair.right->kind == EXPR_SETREF) {
		const struct set_info *info = L->env->find_set(
			L->env->ctx, e->pair.right->word, e->pair.right->span);
		return info && info->data.n > 1;
	}
	for (size_t i = 0; i < e->pair.right->list.n; i++)
		if (e->pair.right->list.p[i]->elem.data &&
		    e->pair.right->list.p[i]->elem.data->kind == EXPR_CONCAT)
			return true;
	return false;
}

/* `dnat ip to … map { k : address . port }`: one lookup fills address and port. */
static bool load_concat_map(struct lower *L, const struct stmt *s, enum family f,
                            struct insn *nat)
{
	struct expr *e = s->nat.addr;
	struct parts data = { .n = 2 };
	const struct set_info *info;
	struct set_ref ref;
	unsigned words = f == FAMILY_IP6 ? 4 : 1;

	if (!type_expr(L, e->pair.left))
		return false;
	data.p[0] = addr_part(f);
	data.p[1] = port_part();
	L->map_data_interval = map_has_ranges(e);
	if (!deps_write(L, e->pair.left) || /* before registers are taken */
	    !need_port_proto(L, s, e))
		return false;
	unsigned reg = reg_alloc(L, 16);
	bool ok = lookup_set(L, e->pair.left, e->pair.right, &data, false, &ref, &info) &&
	          load_key(L, e->pair.left, info, reg);

	L->map_data_interval = false;
	if (!ok)
		return false;
	struct insn *in = emit(L, INSN_LOOKUP);

	in->sreg = in->dreg = (uint8_t)reg;
	in->lookup.set = ref;
	nat->nat.addr_min = (uint8_t)reg;
	nat->nat.proto_min = (uint8_t)(reg + words);
	if (info->data_interval) {
		nat->nat.addr_max = (uint8_t)(reg + words + 1);
		nat->nat.proto_max = (uint8_t)(reg + words + 1 + words);
	}
	return true;
}

static bool load_nat_addr(struct lower *L, const struct stmt *s, enum family f,
                          struct insn *nat)
{
	struct part want = addr_part(f);
	const struct set_info *info = NULL;
	struct expr *e = s->nat.addr;

	if (!e)
		return true;
	if (map_has_concat(L, e))
		return load_concat_map(L, s, f, nat);
	L->map_data_interval = map_has_ranges(e);
	bool ok = load_range(L, e, &want, &nat->nat.addr_min, &nat->nat.addr_max);

	if (ok && e->kind == EXPR_MAP && e->pair.right->kind == EXPR_SETREF)
		info = L->env->find_set(L->env->ctx, e->pair.right->word,
		                        e->pair.right->span);
	if (ok && (L->map_data_interval || (info && info->data_interval)))
		nat->nat.addr_max =
			(uint8_t)(nat->nat.addr_min + (f == FAMILY_IP6 ? 4 : 1));
	L->map_data_interval = false;
	return ok;
}

bool lower_nat(struct lower *L, const struct stmt *s)
{
	static const enum insn_kind kinds[] = { INSN_NAT, INSN_NAT, INSN_MASQ,
		                                INSN_REDIR };
	enum family f = nat_family(L, s);
	struct part port = port_part();
	struct insn nat = { .kind = kinds[s->nat.kind],
		            .dreg = REG_NONE,
		            .sreg = REG_NONE };

	nat.nat.addr_min = nat.nat.addr_max = nat.nat.proto_min = nat.nat.proto_max =
		REG_NONE;
	if (!check_nat_chain(L, s))
		return false;
	if (nat.kind == INSN_NAT && f != FAMILY_IP && f != FAMILY_IP6) {
		struct diag *d = fail_diag(L, "E0306", s->span,
		                           "in this table `%s` must say which "
		                           "addresses it writes",
		                           nat_name(s->nat.kind));
		diag_help(L->diags, d, "write `%s ip to …` or `%s ip6 to …`",
		          nat_name(s->nat.kind), nat_name(s->nat.kind));
		return false;
	}
	if (s->nat.family && L->nh &&
	    s->nat.family != (L->nh->id == PROTO_IP6 ? FAMILY_IP6 : FAMILY_IP))
		return fail(
			L, "E0303", s->span, "this rule only sees %s, and `%s` writes %s",
			L->nh->id == PROTO_IP6 ? "IPv6" : "IPv4", nat_name(s->nat.kind),
			L->nh->id == PROTO_IP6 ? "IPv4" : "IPv6");
	nat.nat.flags = s->nat.flags;
	if (s->nat.port)
		nat.nat.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	if (s->nat.prefix)
		nat.nat.flags |= NF_NAT_RANGE_NETMAP;
	if (nat.kind == INSN_NAT) {
		nat.nat.type = s->nat.kind == NAT_SNAT ? NFT_NAT_SNAT : NFT_NAT_DNAT;
		nat.nat.family = f;
	}
	if (!need_port_proto(L, s, s->nat.port) || !load_nat_addr(L, s, f, &nat))
		return false;
	if (s->nat.port &&
	    !load_range(L, s->nat.port, &port, &nat.nat.proto_min, &nat.nat.proto_max))
		return false;
	struct insn *in = emit(L, nat.kind);
	uint16_t place = in->place;

	*in = nat;
	in->place = place;
	return true;
}

bool lower_tproxy(struct lower *L, const struct stmt *s)
{
	enum family f = s->tproxy.family           ? s->tproxy.family
	                : L->family != FAMILY_INET ? L->family
	                : L->nh ? (L->nh->id == PROTO_IP6 ? FAMILY_IP6 : FAMILY_IP)
	                        : FAMILY_UNSPEC;
	struct part addr = addr_part(f), port = port_part();
	uint8_t areg = REG_NONE, preg = REG_NONE;

	if (!L->th && !L->th_known)
		return fail(L, "E0307", s->span,
		            "tproxy needs a transport protocol: put `meta l4proto "
		            "tcp` or `tcp dport …` before it");
	if (L->family == FAMILY_INET && L->nh &&
	    s->tproxy.family != (L->nh->id == PROTO_IP6 ? FAMILY_IP6 : FAMILY_IP))
		return fail(L, "E0303", s->span,
		            "this rule only sees %s: write `tproxy %s to …`",
		            L->nh->id == PROTO_IP6 ? "IPv6" : "IPv4",
		            L->nh->id == PROTO_IP6 ? "ip6" : "ip");
	if (s->tproxy.addr && f != FAMILY_IP && f != FAMILY_IP6)
		return fail(L, "E0306", s->span,
		            "say which: `tproxy ip to …` or `tproxy ip6 to …`");
	if (s->tproxy.addr) {
		if (!deps_write(L, s->tproxy.addr))
			return false;
		areg = (uint8_t)reg_alloc(L, 16);
		if (!load_arg(L, s->tproxy.addr, &addr, areg))
			return false;
	}
	if (s->tproxy.port) {
		preg = (uint8_t)reg_alloc(L, 16);
		if (!load_arg(L, s->tproxy.port, &port, preg))
			return false;
	}
	struct insn *in = emit(L, INSN_TPROXY);

	in->tproxy.family = f;
	in->tproxy.addr = areg;
	in->tproxy.port = preg;
	return true;
}

static bool load_device(struct lower *L, struct expr *e, uint8_t *reg)
{
	struct part dev = { datatypes[TYPE_IFACE_INDEX], 32, ORDER_HOST, 0 };

	*reg = (uint8_t)reg_alloc(L, 16);
	L->sends = true;
	bool ok = load_arg(L, e, &dev, *reg);

	L->sends = false;
	return ok;
}

bool lower_dup(struct lower *L, const struct stmt *s)
{
	uint8_t areg = REG_NONE, dreg = REG_NONE;
	struct part addr = addr_part(L->family);

	if (L->family == FAMILY_NETDEV) {
		if (!load_device(L, s->dup.to, &dreg))
			return false;
	} else {
		if (L->family != FAMILY_IP && L->family != FAMILY_IP6)
			return fail(L, "E0308", s->span,
			            "`dup` works in tables of family ip, ip6 and "
			            "netdev");
		areg = (uint8_t)reg_alloc(L, 16);
		if (!load_arg(L, s->dup.to, &addr, areg))
			return false;
		if (s->dup.dev && !load_device(L, s->dup.dev, &dreg))
			return false;
	}
	struct insn *in = emit(L, INSN_DUP);

	in->dup.addr = areg;
	in->dup.dev = dreg;
	return true;
}

bool lower_fwd(struct lower *L, const struct stmt *s)
{
	uint8_t areg = REG_NONE, dreg = REG_NONE;
	struct part addr = addr_part(s->fwd.family);

	if (L->family != FAMILY_NETDEV)
		return fail(L, "E0308", s->span,
		            "`fwd` works in tables of family netdev");
	if (!load_device(L, s->fwd.dev, &dreg))
		return false;
	if (s->fwd.to) {
		areg = (uint8_t)reg_alloc(L, 16);
		if (!load_arg(L, s->fwd.to, &addr, areg))
			return false;
	}
	struct insn *in = emit(L, INSN_FWD);

	in->dup.addr = areg;
	in->dup.dev = dreg;
	in->dup.family = s->fwd.to ? s->fwd.family : 0;
	return true;
}

bool lower_queue(struct lower *L, const struct stmt *s)
{
	struct part num = { datatypes[TYPE_INTEGER], 16, ORDER_HOST, 0 };
	struct expr *e = s->queue.num;
	uint8_t reg = REG_NONE;
	struct value from = { .bits = 16 }, to = { .bits = 16 };

	if (e) {
		struct expr *r;

		L->map_data = &num;
		r = resolve(L, e, &num);
		L->map_data = NULL;
		if (!r)
			return false;
		if (r->kind == EXPR_VALUE || r->kind == EXPR_RANGE) {
			value_bounds(r, &from, &to);
		} else {
			if (!deps_write(L, r)) /* before registers are taken */
				return false;
			reg = (uint8_t)reg_alloc(L, 16);
			L->map_data = &num;
			bool ok = load_expr(L, r, reg);
			L->map_data = NULL;
			if (!ok)
				return false;
		}
	}
	struct insn *in = emit(L, INSN_QUEUE);

	in->queue.sreg_from = reg;
	in->queue.flags = s->queue.flags;
	if (reg == REG_NONE) {
		in->queue.num = (uint16_t)value_to_u64(&from);
		in->queue.total = (uint16_t)(value_to_u64(&to) - value_to_u64(&from) + 1);
	}
	return true;
}
