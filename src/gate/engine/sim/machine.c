/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Interfaces, addresses, routes. */
#include "gate/engine/sim/machine.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>

static size_t addr_bytes(uint8_t family)
{
	return family == NFPROTO_IPV4 ? 4 : 16;
}

static struct sim_dev *add_dev(struct sim_machine *m, struct str name, uint32_t index)
{
	struct sim_dev *d = arena_new(&m->a, struct sim_dev);

	d->name = arena_str(&m->a, name);
	d->index = index;
	d->type = ARPHRD_ETHER;
	d->mac[0] = 2; /* locally administered */
	d->mac[5] = (uint8_t)index;
	vec_push(&m->devs, d);
	return d;
}

void machine_init(struct sim_machine *m, uint32_t lo_index)
{
	static const uint8_t lo4[4] = { 127, 0, 0, 1 }, lo6[16] = { [15] = 1 };

	*m = (struct sim_machine){ 0 };
	struct sim_dev *lo = add_dev(m, STR("lo"), lo_index);
	lo->type = ARPHRD_LOOPBACK;
	lo->is_loopback = true;
	lo->mac[0] = lo->mac[5] = 0;
	machine_add_addr(m, lo, NFPROTO_IPV4, lo4, 8);
	machine_add_addr(m, lo, NFPROTO_IPV6, lo6, 128);
}

void machine_fini(struct sim_machine *m)
{
	vec_fini(&m->devs);
	vec_fini(&m->addrs);
	vec_fini(&m->routes);
	vec_fini(&m->sockets);
	vec_fini(&m->stations);
	vec_fini(&m->neighbours);
	arena_fini(&m->a);
}

const struct sim_dev *machine_find(const struct sim_machine *m, struct str name)
{
	vec_for_each(it, &m->devs)
		if (str_eq((*it)->name, name))
			return *it;
	return NULL;
}

static bool index_taken(const struct sim_machine *m, uint32_t index)
{
	vec_for_each(it, &m->devs)
		if ((*it)->index == index)
			return true;
	return false;
}

const struct sim_dev *machine_dev(struct sim_machine *m, struct str name, uint32_t index)
{
	const struct sim_dev *d = machine_find(m, name);

	if (d)
		return d;
	while (!index || index_taken(m, index))
		index = index ? index + 1
		              : 1000; /* far from what rules may name by number */
	return add_dev(m, name, index);
}

struct sim_dev *machine_edit(struct sim_machine *m, const struct sim_dev *dev)
{
	vec_for_each(it, &m->devs)
		if (*it == dev)
			return *it;
	return NULL;
}

bool machine_add_port(struct sim_machine *m, const struct sim_dev *bridge,
                      const struct sim_dev *port)
{
	if (port == bridge || port->bridge || bridge->bridge || port->is_bridge ||
	    port->is_loopback || bridge->is_loopback)
		return false;
	machine_edit(m, bridge)->is_bridge = true;
	machine_edit(m, port)->bridge = bridge;
	return true;
}

bool machine_sysctl(struct sim_machine *m, struct str name, uint64_t value)
{
	struct str head = STR("net.bridge.");

	if (str_starts(name, head))
		name = str_sub(name, head.n, name.n);
	if (str_is(name, "bridge-nf-call-iptables"))
		m->bridges_skip_ip4 = !value;
	else if (str_is(name, "bridge-nf-call-ip6tables"))
		m->bridges_skip_ip6 = !value;
	else if (str_is(name, "bridge-nf-filter-vlan-tagged"))
		m->bridges_show_vlans = value;
	else
		return false;
	return true;
}

void machine_add_neighbour(struct sim_machine *m, uint8_t family, const uint8_t *addr,
                           const uint8_t mac[6])
{
	struct sim_neighbour n = { .family = family };

	memcpy(n.addr, addr, addr_bytes(family));
	memcpy(n.mac, mac, sizeof(n.mac));
	vec_push(&m->neighbours, n);
}

const uint8_t *machine_neighbour(const struct sim_machine *m, uint8_t family,
                                 const uint8_t *addr)
{
	vec_for_each(it, &m->neighbours)
		if (it->family == family &&
		    memcmp(it->addr, addr, addr_bytes(family)) == 0)
			return it->mac;
	return NULL;
}

void machine_add_addr(struct sim_machine *m, const struct sim_dev *dev, uint8_t family,
                      const uint8_t *addr, uint8_t prefix)
{
	struct sim_addr a = { .family = family, .prefix = prefix, .dev = dev };

	memcpy(a.addr, addr, addr_bytes(family));
	vec_push(&m->addrs, a);
}

static bool in_prefix(const uint8_t *a, const uint8_t *b, unsigned prefix)
{
	unsigned whole = prefix / 8, rest = prefix % 8;

	return memcmp(a, b, whole) == 0 &&
	       (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool is_multicast(uint8_t family, const uint8_t *addr)
{
	return family == NFPROTO_IPV4 ? addr[0] >> 4 == 14 : addr[0] == 0xff;
}

static bool is_broadcast(const struct sim_addr *a, const uint8_t *addr)
{
	uint8_t last[4];

	if (a->family != NFPROTO_IPV4 || a->prefix > 30 || a->dev->is_loopback)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		unsigned bits = a->prefix > i * 8 ? a->prefix - i * 8 : 0;
		last[i] = (uint8_t)(a->addr[i] | (bits >= 8 ? 0 : 0xff >> bits));
	}
	return memcmp(last, addr, 4) == 0;
}

static bool local_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                        struct route_answer *out)
{
	static const uint8_t all_ones[4] = { 255, 255, 255, 255 };

	vec_for_each(it, &m->addrs) {
		if (it->family != family)
			continue;
		out->dev = it->dev;
		out->type = ROUTE_LOCAL;
		if (memcmp(it->addr, addr, addr_bytes(family)) == 0)
			return true;
		if (it->dev->is_loopback && family == NFPROTO_IPV4 && addr[0] == 127)
			return true; /* the whole net is local */
		out->type = ROUTE_BROADCAST;
		if (is_broadcast(it, addr))
			return true;
	}
	out->dev = NULL;
	out->type = ROUTE_BROADCAST;
	if (family == NFPROTO_IPV4 && memcmp(addr, all_ones, 4) == 0)
		return true;
	out->type = ROUTE_MULTICAST;
	return is_multicast(family, addr);
}

/* The longest prefix wins; an address's own net is a route. */
bool machine_route_on(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                      struct route_answer *out)
{
	int best = -1;

	vec_for_each(it, &m->addrs) {
		if (it->family != family || !in_prefix(it->addr, addr, it->prefix) ||
		    (int)it->prefix <= best)
			continue;
		best = it->prefix;
		*out = (struct route_answer){ .type = ROUTE_UNICAST, .dev = it->dev };
	}
	vec_for_each(it, &m->routes) {
		if (it->family != family || !in_prefix(it->dst, addr, it->prefix) ||
		    (int)it->prefix <= best)
			continue;
		best = it->prefix;
		*out = (struct route_answer){ .type = ROUTE_UNICAST,
			                      .dev = it->dev,
			                      .has_via = it->has_via };
		memcpy(out->via, it->via, sizeof(out->via));
	}
	return best >= 0;
}

int machine_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                  struct route_answer *out)
{
	struct route_answer answer = { 0 };

	if (!local_route(m, family, addr, &answer) &&
	    !machine_route_on(m, family, addr, &answer))
		return m->is_complete ? -ENOENT : -EAGAIN;
	*out = answer;
	return 0;
}

/* The group of an address's last three bytes, RFC 4291 section 2.7.1. */
static bool is_solicited_node(const struct sim_addr *a, const uint8_t *group)
{
	static const uint8_t head[13] = { 0xff, 2, [11] = 1, 0xff };

	return a->family == NFPROTO_IPV6 && memcmp(group, head, 13) == 0 &&
	       memcmp(group + 13, a->addr + 13, 3) == 0;
}

bool machine_listens(const struct sim_machine *m, uint8_t family, const uint8_t *group)
{
	static const uint8_t all4[4] = { 224, 0, 0, 1 };
	static const uint8_t all6[2][16] = { { 0xff, 1, [15] = 1 },
		                             { 0xff, 2, [15] = 1 } };
	static const uint8_t routers6[3][16] = { { 0xff, 1, [15] = 2 },
		                                 { 0xff, 2, [15] = 2 },
		                                 { 0xff, 5, [15] = 2 } };

	if (family == NFPROTO_IPV4)
		return memcmp(group, all4, 4) == 0;
	if (memcmp(group, all6[0], 16) == 0 || memcmp(group, all6[1], 16) == 0)
		return true;
	for (size_t i = 0; m->forwards && i < ARRAY_LEN(routers6); i++)
		if (memcmp(group, routers6[i], 16) == 0)
			return true;
	vec_for_each(it, &m->addrs)
		if (is_solicited_node(it, group))
			return true;
	return false;
}

const struct sim_socket *machine_socket(const struct sim_machine *m, uint8_t family,
                                        uint8_t l4, const uint8_t *addr, uint16_t port)
{
	const struct sim_socket *any = NULL;

	vec_for_each(it, &m->sockets) {
		if (it->l4 != l4 || it->port != port)
			continue;
		if (it->family == family && addr &&
		    memcmp(it->addr, addr, addr_bytes(family)) == 0)
			return it;
		if (!it->family || (!addr && it->family == family))
			any = it;
	}
	return any;
}

const uint8_t *machine_source(const struct sim_machine *m, const struct sim_dev *dev,
                              uint8_t family)
{
	vec_for_each(it, &m->addrs)
		if (it->family == family && it->dev == dev)
			return it->addr;
	return NULL;
}
