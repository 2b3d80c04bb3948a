/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Routing decisions as net/core/fib_rules.c and the two families' tables make them: rules from
 * the lowest pref on, each naming a table, in a table the longest prefix.
 */
#include "gate/engine/sim/machine.h"

#include <errno.h>

#include "gate/engine/sim/address.h"

/* ---- the routes of addresses ---- */

static bool is_broadcast(const struct sim_addr *a, const uint8_t *addr)
{
	if (a->family != NFPROTO_IPV4 || a->prefix > 30 || a->dev->is_loopback)
		return false;
	return be32(addr) == (be32(a->addr) | UINT32_MAX >> a->prefix);
}

static bool may_use(const struct route_query *q, const struct sim_dev *dev)
{
	return !q->oif || q->oif == dev;
}

static bool own_local(const struct sim_machine *m, const struct route_query *q,
                      struct route_answer *out)
{
	vec_for_each(it, &m->addrs) {
		if (it->family != q->family)
			continue;
		/* The whole net of loopback's address is local. */
		bool local = address_eq(q->family, it->addr, q->dst) ||
		             (it->dev->is_loopback && q->family == NFPROTO_IPV4 &&
		              address_in_prefix(it->addr, q->dst, it->prefix));
		if (!local && !(is_broadcast(it, q->dst) && may_use(q, it->dev)))
			continue;
		*out = (struct route_answer){
			.type = local ? ROUTE_LOCAL : ROUTE_BROADCAST,
			.dev = it->dev,
			.prefix = (uint8_t)(address_bytes(q->family) * 8)
		};
		return true;
	}
	if (q->family == NFPROTO_IPV6 && address_is_multicast(q->family, q->dst)) {
		*out = (struct route_answer){ .type = ROUTE_MULTICAST,
			                      .dev = q->oif ? q->oif : q->iif,
			                      .prefix = 8 };
		return true;
	}
	return false;
}

static bool own_net(const struct sim_machine *m, const struct route_query *q,
                    struct route_answer *out)
{
	bool found = false;

	vec_for_each(it, &m->addrs) {
		if (it->family != q->family ||
		    !address_in_prefix(it->addr, q->dst, it->prefix) ||
		    !may_use(q, it->dev) || (found && it->prefix <= out->prefix))
			continue;
		found = true;
		*out = (struct route_answer){ .type = ROUTE_UNICAST,
			                      .dev = it->dev,
			                      .prefix = it->prefix };
	}
	return found;
}

/* ---- a table ---- */

static const struct sim_hop *hop_of(const struct sim_route *r, size_t i)
{
	return i == 0 ? &r->hop : &r->others[i - 1];
}

static bool leads_over(const struct sim_route *r, const struct sim_dev *dev)
{
	for (size_t i = 0; i <= r->n_others; i++)
		if (hop_of(r, i)->dev == dev)
			return true;
	return false;
}

static bool fits(const struct sim_route *r, const struct route_query *q, uint32_t table)
{
	return r->family == q->family && (r->table ? r->table : TABLE_MAIN) == table &&
	       address_in_prefix(r->dst, q->dst, r->prefix) &&
	       address_in_prefix(r->src, q->src, r->src_prefix) &&
	       (!r->tos || r->tos == q->tos) &&
	       (!q->oif || !r->hop.dev || r->type == ROUTE_LOCAL ||
	        leads_over(r, q->oif));
}

static bool is_better(const struct sim_route *a, const struct sim_route *b)
{
	if (a->prefix != b->prefix)
		return a->prefix > b->prefix;
	if (a->src_prefix != b->src_prefix)
		return a->src_prefix > b->src_prefix;
	if (!a->tos != !b->tos)
		return a->tos;
	return a->metric < b->metric;
}

/* Which way of several a packet takes is decided by a hash with the kernel's secret. */
static const struct sim_hop *choose_hop(const struct sim_route *r,
                                        const struct route_query *q)
{
	for (size_t i = 0; i <= r->n_others; i++) {
		const struct sim_hop *hop = hop_of(r, i);
		bool last = i == r->n_others;
		if (q->oif ? hop->dev == q->oif
		           : last || !q->doubt ||
		                     q->doubt(q->ctx, "which way of a multipath route"))
			return hop;
	}
	return &r->hop;
}

static void answer_with(const struct sim_route *r, const struct route_query *q,
                        struct route_answer *out)
{
	const struct sim_hop *hop = choose_hop(r, q);

	*out = (struct route_answer){ .type = r->type ? r->type : ROUTE_UNICAST,
		                      .dev = hop->dev,
		                      .has_via = hop->has_via,
		                      .mtu = r->mtu,
		                      .prefix = r->prefix,
		                      .route = r };
	memcpy(out->via, hop->via, sizeof(out->via));
}

/* What a table has of addresses rather than of routes. */
static bool own_route(const struct sim_machine *m, const struct route_query *q,
                      uint32_t table, struct route_answer *out)
{
	if (m->has_all_routes)
		return false;
	return table == TABLE_LOCAL  ? own_local(m, q, out)
	       : table == TABLE_MAIN ? own_net(m, q, out)
	                             : false;
}

/* False: the next table is asked, and *out means nothing. */
static bool table_lookup(const struct sim_machine *m, const struct route_query *q,
                         uint32_t table, struct route_answer *out)
{
	const struct sim_route *best = NULL;
	bool found = own_route(m, q, table, out);

	vec_for_each(it, &m->routes)
		if (fits(it, q, table) && (!best || is_better(it, best)))
			best = it;
	if (best && (!found || best->prefix > out->prefix))
		answer_with(best, q, out);
	else if (!found)
		return false;
	out->table = table;
	if (!out->mtu && out->dev)
		out->mtu = out->dev->mtu;
	return out->type != ROUTE_THROW;
}

/* ---- rules ---- */

static bool port_fits(const uint16_t range[2], uint16_t port)
{
	return !range[1] || (port >= range[0] && port <= range[1]);
}

static bool dev_fits(struct str name, const struct sim_dev *dev, struct str otherwise)
{
	return !name.n || str_eq(name, dev ? dev->name : otherwise);
}

static bool policy_fits(const struct sim_policy *p, const struct route_query *q)
{
	bool fits = address_in_prefix(p->src, q->src, p->src_prefix) &&
	            address_in_prefix(p->dst, q->dst, p->dst_prefix) &&
	            dev_fits(p->iif, q->iif, STR("lo")) &&
	            dev_fits(p->oif, q->oif, STR("")) &&
	            !((p->mark ^ q->mark) & p->mask) && (!p->tos || p->tos == q->tos) &&
	            (!p->l4 || p->l4 == q->l4) && port_fits(p->sport, q->sport) &&
	            port_fits(p->dport, q->dport);

	if (fits && p->doubt)
		fits = q->doubt && q->doubt(q->ctx, p->doubt);
	return fits != p->invert;
}

static enum route_type refusal(enum policy_action action)
{
	return action == POLICY_BLACKHOLE  ? ROUTE_BLACKHOLE
	       : action == POLICY_PROHIBIT ? ROUTE_PROHIBIT
	                                   : ROUTE_UNREACHABLE;
}

int machine_lookup(const struct sim_machine *m, const struct route_query *q,
                   struct route_answer *out)
{
	struct route_answer answer;
	uint32_t from = 0;

	vec_for_each(it, &m->policies) {
		if (it->family != q->family || it->pref < from ||
		    it->action == POLICY_NOTHING ||
		    !(it->is_for_all || policy_fits(it, q)))
			continue;
		if (it->action == POLICY_GOTO) {
			from = it->target;
			continue;
		}
		if (it->action != POLICY_TABLE) {
			*out = (struct route_answer){ .type = refusal(it->action) };
			return 0;
		}
		if (!table_lookup(m, q, it->table, &answer) ||
		    (it->suppress >= 0 && answer.prefix <= it->suppress))
			continue;
		*out = answer;
		return 0;
	}
	return m->is_complete ? -ENOENT : -EAGAIN;
}

static struct route_query query_to(uint8_t family, const uint8_t *addr)
{
	struct route_query q = { .family = family };

	address_copy(family, q.dst, addr);
	return q;
}

int machine_type4(const struct sim_machine *m, const uint8_t *addr,
                  const struct sim_dev *dev)
{
	const struct route_query q = query_to(NFPROTO_IPV4, addr);
	struct route_answer to;

	if (addr[0] == 0 || address_is_everybody(NFPROTO_IPV4, addr))
		return ROUTE_BROADCAST;
	if (address_is_multicast(NFPROTO_IPV4, addr))
		return ROUTE_MULTICAST;
	if (table_lookup(m, &q, TABLE_LOCAL, &to))
		return (int)(!dev || dev == to.dev ? to.type : ROUTE_UNICAST);
	return m->is_complete ? ROUTE_UNICAST : -EAGAIN;
}

int machine_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                  struct route_answer *out)
{
	const struct route_query q = query_to(family, addr);

	return machine_lookup(m, &q, out);
}

bool route_uses(const struct route_answer *a, const struct sim_dev *dev)
{
	return a->route && a->route->n_others ? leads_over(a->route, dev) : a->dev == dev;
}
