/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Lines `route` and `rule`. */
#include "gate/scenario/route_line.h"

#include <linux/netfilter.h>

enum { LENGTH_MAX = 128, ROUTE_MTU_MAX = 65535 };

struct named {
	struct str name;
	uint32_t value;
};

/* Takes the next word when a row has it. */
static bool take_named(struct words *w, const struct named *rows, size_t n,
                       uint32_t *value)
{
	struct str word = words_peek(w);

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(rows[i].name, word))
			continue;
		words_next(w);
		*value = rows[i].value;
		return true;
	}
	return false;
}

static uint32_t read_table(struct words *w)
{
	static const struct named tables[] = {
		{ STR_INIT("default"), TABLE_DEFAULT },
		{ STR_INIT("main"), TABLE_MAIN },
		{ STR_INIT("local"), TABLE_LOCAL },
	};
	uint32_t value;

	if (take_named(w, tables, ARRAY_LEN(tables), &value))
		return value;
	return (uint32_t)words_number(w, "table", UINT32_MAX);
}

static void read_address(struct words *w, struct scenario_addr *a)
{
	words_prefix(w, &a->family, a->addr, &a->prefix);
}

/* ---- routes ---- */

// clang-format off
static const struct named types[] = {
	{ STR_INIT("unicast"),     ROUTE_UNICAST },
	{ STR_INIT("local"),       ROUTE_LOCAL },
	{ STR_INIT("blackhole"),   ROUTE_BLACKHOLE },
	{ STR_INIT("unreachable"), ROUTE_UNREACHABLE },
	{ STR_INIT("prohibit"),    ROUTE_PROHIBIT },
	{ STR_INIT("throw"),       ROUTE_THROW },
};
// clang-format on

static bool has_hops(const struct scenario_route *r)
{
	return r->type == ROUTE_UNICAST || r->type == ROUTE_LOCAL;
}

/* The hop that `via` and `dev` speak of; `nexthop` begins another. */
static struct scenario_hop *hop_now(struct words *w, struct scenario_route *r, bool next)
{
	if (!has_hops(r)) {
		words_error(w, "E0930", "such a route leads nowhere");
		return NULL;
	}
	if (next && r->n_hops == HOPS_MAX) {
		words_error(w, "E0930", "a route has at most %d ways", HOPS_MAX);
		return NULL;
	}
	if (next || r->n_hops == 0)
		r->n_hops++;
	return &r->hops[r->n_hops - 1];
}

static void read_route_word(struct words *w, struct scenario_route *r)
{
	static const struct str known[] = { STR_INIT("via"),   STR_INIT("dev"),
		                            STR_INIT("table"), STR_INIT("metric"),
		                            STR_INIT("mtu"),   STR_INIT("nexthop") };
	struct str word = words_next(w);
	struct scenario_hop *hop = NULL;

	if (str_is(word, "via") || str_is(word, "dev") || str_is(word, "nexthop"))
		hop = hop_now(w, r, str_is(word, "nexthop"));
	if (str_is(word, "table")) {
		r->table = read_table(w);
	} else if (str_is(word, "metric")) {
		r->metric = (uint32_t)words_number(w, "metric", UINT32_MAX);
	} else if (str_is(word, "mtu")) {
		r->mtu = (uint32_t)words_number(w, "mtu", ROUTE_MTU_MAX);
	} else if (hop && str_is(word, "via")) {
		read_address(w, &hop->via);
		hop->span = words_span(w);
		hop->has_via = true;
	} else if (hop && str_is(word, "dev")) {
		hop->dev = words_device(w, "dev eth0");
		hop->span = words_span(w);
	} else if (!hop && !w->failed) {
		words_unknown(w, "E0930", word, "says nothing about a route", known,
		              ARRAY_LEN(known));
	}
}

static void check_hops(struct words *w, struct scenario_route *r)
{
	if (w->failed)
		return;
	if (has_hops(r) && r->n_hops == 0)
		r->n_hops = 1; /* to say what it lacks */
	for (size_t i = 0; i < r->n_hops && !w->failed; i++) {
		const struct scenario_hop *hop = &r->hops[i];
		if (!hop->has_via && !hop->dev.n)
			words_missing(w, "`via` or `dev`",
			              r->type == ROUTE_LOCAL
			                      ? "route local 203.0.113.0/24 dev lo"
			                      : "route default via 192.168.1.1");
		else if (hop->has_via && hop->via.family != r->to.family)
			words_error(w, "E0924",
			            "network and gateway are not of one family");
	}
}

void route_read(struct words *w, struct scenario_route *r)
{
	uint32_t type = ROUTE_UNICAST;
	bool is_default;

	take_named(w, types, ARRAY_LEN(types), &type);
	*r = (struct scenario_route){ .type = (enum route_type)type };
	is_default = words_take(w, "default");
	if (!is_default)
		read_address(w, &r->to);
	r->span = words_span(w);
	while (!w->failed && !words_end(w))
		read_route_word(w, r);
	if (is_default)
		r->to.family = r->n_hops && r->hops[0].via.family ? r->hops[0].via.family
		                                                  : NFPROTO_IPV4;
	/* A local route is the local table's unless it says otherwise, as in iproute2. */
	if (!r->table)
		r->table = r->type == ROUTE_LOCAL ? TABLE_LOCAL : TABLE_MAIN;
	if (!w->failed)
		words_next(w);
	check_hops(w, r);
}

/* ---- rules ---- */

// clang-format off
static const struct named actions[] = {
	{ STR_INIT("table"),       POLICY_TABLE },
	{ STR_INIT("lookup"),      POLICY_TABLE },
	{ STR_INIT("goto"),        POLICY_GOTO },
	{ STR_INIT("nop"),         POLICY_NOTHING },
	{ STR_INIT("blackhole"),   POLICY_BLACKHOLE },
	{ STR_INIT("unreachable"), POLICY_UNREACHABLE },
	{ STR_INIT("prohibit"),    POLICY_PROHIBIT },
};

static const struct named protocols[] = {
	{ STR_INIT("tcp"),  IPPROTO_TCP },  { STR_INIT("udp"),  IPPROTO_UDP },
	{ STR_INIT("icmp"), IPPROTO_ICMP }, { STR_INIT("icmpv6"), IPPROTO_ICMPV6 },
	{ STR_INIT("sctp"), IPPROTO_SCTP }, { STR_INIT("gre"),  IPPROTO_GRE },
};
// clang-format on

/* `from` and `to`; both must be of one family. */
static void read_side(struct words *w, struct scenario_rule *r, uint8_t addr[16],
                      uint8_t *prefix)
{
	uint8_t family = 0;

	if (words_take(w, "all"))
		return;
	words_prefix(w, &family, addr, prefix);
	if (!w->failed && r->policy.family && r->policy.family != family)
		words_error(w, "E0924", "this rule is not of that family");
	r->policy.family = family;
}

/* `0x5/0xff` */
static void read_mark(struct words *w, struct sim_policy *p)
{
	struct str word = words_peek(w);
	size_t slash = str_find(word, '/');
	uint64_t mask = UINT32_MAX, mark = 0;
	bool hex_mark = str_starts(word, STR("0x"));
	struct str m = str_sub(word, slash + 1, word.n);
	bool hex_mask = str_starts(m, STR("0x"));

	words_next(w);
	if (str_to_u64(str_sub(word, hex_mark ? 2 : 0, slash - (hex_mark ? 2 : 0)),
	               hex_mark ? 16 : 10, &mark) < 0 ||
	    mark > UINT32_MAX ||
	    (slash < word.n && (str_to_u64(str_sub(m, hex_mask ? 2 : 0, m.n),
	                                   hex_mask ? 16 : 10, &mask) < 0 ||
	                        mask > UINT32_MAX)))
		words_error(w, "E0921",
		            "`fwmark` wants a mark, or a mark and a mask: 0x5/0xff");
	p->mark = (uint32_t)mark;
	p->mask = (uint32_t)mask;
}

/* `1000` or `1000-2000` */
static void read_ports(struct words *w, uint16_t range[2])
{
	struct str word = words_next(w);
	size_t dash = str_find(word, '-');
	uint64_t from = 0, to;

	if (str_to_u64(str_sub(word, 0, dash), 10, &from) < 0 ||
	    str_to_u64(dash < word.n ? str_sub(word, dash + 1, word.n) : word, 10, &to) <
	            0 ||
	    from > to || to > UINT16_MAX || !to) {
		words_error(w, "E0921", "a rule's ports are PORT or PORT-PORT");
		return;
	}
	range[0] = (uint16_t)from;
	range[1] = (uint16_t)to;
}

static void read_action(struct words *w, struct sim_policy *p, uint32_t action)
{
	p->action = (enum policy_action)action;
	if (p->action == POLICY_TABLE)
		p->table = read_table(w);
	if (p->action == POLICY_GOTO)
		p->target = (uint32_t)words_number(w, "goto", UINT32_MAX);
	if (p->action == POLICY_GOTO && !w->failed && p->pref != PREF_NONE &&
	    p->target <= p->pref)
		words_error(w, "E0921", "`goto` leads on to a later rule: here above %u",
		            p->pref);
	if (p->action == POLICY_TABLE && words_take(w, "suppress_prefixlength"))
		p->suppress = (int)words_number(w, "suppress_prefixlength", LENGTH_MAX);
}

static void read_device(struct words *w, struct str *name, struct span *span)
{
	*name = words_device(w, "iif eth0");
	*span = words_span(w);
}

static void read_rule_word(struct words *w, struct scenario_rule *r)
{
	static const struct str known[] = {
		STR_INIT("from"),      STR_INIT("to"),          STR_INIT("iif"),
		STR_INIT("oif"),       STR_INIT("fwmark"),      STR_INIT("tos"),
		STR_INIT("ipproto"),   STR_INIT("sport"),       STR_INIT("dport"),
		STR_INIT("table"),     STR_INIT("goto"),        STR_INIT("nop"),
		STR_INIT("blackhole"), STR_INIT("unreachable"), STR_INIT("prohibit"),
	};
	struct sim_policy *p = &r->policy;
	struct str word = words_next(w);
	uint32_t l4;

	if (str_is(word, "from"))
		read_side(w, r, p->src, &p->src_prefix);
	else if (str_is(word, "to"))
		read_side(w, r, p->dst, &p->dst_prefix);
	else if (str_is(word, "iif"))
		read_device(w, &p->iif, &r->iif_span);
	else if (str_is(word, "oif"))
		read_device(w, &p->oif, &r->oif_span);
	else if (str_is(word, "fwmark"))
		read_mark(w, p);
	else if (str_is(word, "tos"))
		p->tos = (uint8_t)words_number(w, "tos", UINT8_MAX);
	else if (str_is(word, "sport"))
		read_ports(w, p->sport);
	else if (str_is(word, "dport"))
		read_ports(w, p->dport);
	else if (!str_is(word, "ipproto"))
		words_unknown(w, "E0930", word, "says nothing about a rule", known,
		              ARRAY_LEN(known));
	else if (take_named(w, protocols, ARRAY_LEN(protocols), &l4))
		p->l4 = (uint8_t)l4;
	else
		p->l4 = (uint8_t)words_number(w, "ipproto", UINT8_MAX);
}

void rule_read(struct words *w, struct scenario_rule *r)
{
	static const struct named families[] = { { STR_INIT("ip"), NFPROTO_IPV4 },
		                                 { STR_INIT("ip6"), NFPROTO_IPV6 } };
	uint32_t action, family = 0;
	bool acts = false;

	take_named(w, families, ARRAY_LEN(families), &family);
	*r = (struct scenario_rule){
		.policy = { .pref = PREF_NONE, .suppress = -1, .family = (uint8_t)family }
	};
	if (words_take(w, "pref"))
		r->policy.pref = (uint32_t)words_number(w, "pref", UINT32_MAX);
	r->policy.invert = words_take(w, "not");
	while (!w->failed && !words_end(w)) {
		acts = take_named(w, actions, ARRAY_LEN(actions), &action);
		if (acts) {
			read_action(w, &r->policy, action);
			break;
		}
		read_rule_word(w, r);
	}
	r->span = words_span(w);
	if (!w->failed && !acts) {
		words_next(w);
		words_missing(w, "what the rule does", "rule from 10.9.0.0/24 table 100");
	}
}
