/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Interfaces, addresses, rules, settings; fib.c asks them. */
#include "gate/engine/sim/machine.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stddef.h>

#include "gate/engine/sim/address.h"

static struct sim_dev *add_dev(struct sim_machine *m, struct str name, uint32_t index)
{
	struct sim_dev *d = arena_new(&m->a, struct sim_dev);

	d->name = arena_str(&m->a, name);
	memcpy(d->ifname, name.p, name.n < DEV_NAME_BYTES ? name.n : DEV_NAME_BYTES - 1);
	d->index = index;
	d->type = ARPHRD_ETHER;
	d->mac[0] = 2; /* locally administered */
	d->mac[5] = (uint8_t)index;
	vec_push(&m->devs, d);
	return d;
}

static void add_own_policies(struct sim_machine *m)
{
	static const struct {
		uint32_t pref, table;
	} own[] = { { 0, TABLE_LOCAL }, { 32766, TABLE_MAIN }, { 32767, TABLE_DEFAULT } };
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		for (size_t k = 0; k < ARRAY_LEN(families); k++)
			vec_push(&m->policies, (struct sim_policy){ .family = families[k],
			                                            .pref = own[i].pref,
			                                            .table = own[i].table,
			                                            .suppress = -1,
			                                            .is_for_all = true });
}

void machine_init(struct sim_machine *m, uint32_t lo_index)
{
	static const uint8_t lo4[4] = { 127, 0, 0, 1 }, lo6[16] = { [15] = 1 };

	*m = (struct sim_machine){ 0 };
	struct sim_dev *lo = add_dev(m, STR("lo"), lo_index);
	lo->type = ARPHRD_LOOPBACK;
	lo->is_loopback = true;
	lo->mtu = 65536;
	lo->mac[0] = lo->mac[5] = 0;
	add_own_policies(m);
	m->bridges_call_ip4 = m->bridges_call_ip6 = true;
	m->icmp_ratelimit4 = m->icmp_ratelimit6 = RATELIMIT_OF_KERNEL;
	machine_add_addr(m, lo, NFPROTO_IPV4, lo4, 8);
	machine_add_addr(m, lo, NFPROTO_IPV6, lo6, 128);
}

void machine_fini(struct sim_machine *m)
{
	vec_fini(&m->devs);
	vec_fini(&m->addrs);
	vec_fini(&m->routes);
	vec_fini(&m->policies);
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

struct sim_dev *machine_at(const struct sim_machine *m, uint32_t index)
{
	vec_for_each(it, &m->devs)
		if ((*it)->index == index)
			return *it;
	return NULL;
}

const struct sim_dev *machine_dev(struct sim_machine *m, struct str name, uint32_t index)
{
	const struct sim_dev *d = machine_find(m, name);

	if (d)
		return d;
	while (!index || machine_at(m, index))
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

void machine_add_neighbour(struct sim_machine *m, uint8_t family, const uint8_t *addr,
                           const uint8_t mac[6])
{
	struct sim_neighbour n = { .family = family };

	address_copy(family, n.addr, addr);
	memcpy(n.mac, mac, sizeof(n.mac));
	vec_push(&m->neighbours, n);
}

const uint8_t *machine_neighbour(const struct sim_machine *m, uint8_t family,
                                 const uint8_t *addr)
{
	vec_for_each(it, &m->neighbours)
		if (it->family == family && address_eq(family, it->addr, addr))
			return it->mac;
	return NULL;
}

void machine_add_addr(struct sim_machine *m, const struct sim_dev *dev, uint8_t family,
                      const uint8_t *addr, uint8_t prefix)
{
	struct sim_addr a = { .family = family, .prefix = prefix, .dev = dev };

	address_copy(family, a.addr, addr);
	vec_push(&m->addrs, a);
}

/* ---- rules ---- */

/* Of the second rule of the family, one less. */
static uint32_t free_pref(const struct sim_machine *m, uint8_t family)
{
	size_t seen = 0;

	vec_for_each(it, &m->policies)
		if (it->family == family && seen++ == 1)
			return it->pref ? it->pref - 1 : 0;
	return 0;
}

static bool is_for_all(const struct sim_policy *p)
{
	return !p->src_prefix && !p->dst_prefix && !p->iif.n && !p->oif.n && !p->mask &&
	       !p->tos && !p->l4 && !p->sport[1] && !p->dport[1] && !p->doubt &&
	       !p->invert;
}

void machine_add_policy(struct sim_machine *m, const struct sim_policy *policy)
{
	struct sim_policy p = *policy;

	p.is_for_all = is_for_all(&p);
	if (p.pref == PREF_NONE)
		p.pref = free_pref(m, p.family);
	vec_push(&m->policies, p);
	for (size_t i = m->policies.n - 1; i > 0 && m->policies.p[i - 1].pref > p.pref;
	     i--) {
		m->policies.p[i] = m->policies.p[i - 1];
		m->policies.p[i - 1] = p;
	}
	m->has_policies = true;
}

/* ---- settings ---- */

struct setting {
	struct str name;
	size_t offset, bytes; /* in the struct: 1 or 4 */
	uint32_t max;
};

#define SETTING(type, field, name, max)                                                \
	{                                                                              \
		STR_INIT(name), offsetof(type, field), sizeof(((type *)0)->field), max \
	}
static const struct setting settings[] = {
	SETTING(struct sim_conf, rp_filter, "rp_filter", 2),
	SETTING(struct sim_conf, src_valid_mark, "src_valid_mark", 1),
	SETTING(struct sim_conf, accept_local, "accept_local", 1),
	SETTING(struct sim_conf, route_localnet, "route_localnet", 1),
};
/* To the kernel any number but 0 is on. */
static const struct setting bridge_settings[] = {
	SETTING(struct sim_machine, bridges_call_ip4, "bridge-nf-call-iptables",
	        UINT8_MAX),
	SETTING(struct sim_machine, bridges_call_ip6, "bridge-nf-call-ip6tables",
	        UINT8_MAX),
	SETTING(struct sim_machine, bridges_show_vlans, "bridge-nf-filter-vlan-tagged",
	        UINT8_MAX),
};

static const struct setting answer_settings[] = {
	SETTING(struct sim_machine, reflects_mark4, "net.ipv4.fwmark_reflect", UINT8_MAX),
	SETTING(struct sim_machine, reflects_mark6, "net.ipv6.fwmark_reflect", UINT8_MAX),
	SETTING(struct sim_machine, icmp_ratelimit4, "net.ipv4.icmp_ratelimit",
	        RATELIMIT_OF_KERNEL - 1),
	SETTING(struct sim_machine, icmp_ratelimit6, "net.ipv6.icmp.ratelimit",
	        RATELIMIT_OF_KERNEL - 1),
};

static int put_setting(const struct setting *table, size_t n, void *in, struct str name,
                       uint64_t value)
{
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(table[i].name, name))
			continue;
		if (value > table[i].max)
			return -EINVAL;
		if (table[i].bytes == 1)
			*((uint8_t *)in + table[i].offset) = (uint8_t)value;
		else
			memcpy((uint8_t *)in + table[i].offset,
			       &(uint32_t){ (uint32_t)value }, sizeof(uint32_t));
		return 0;
	}
	return -ENOENT;
}

/* `DEVICE.SETTING` or `all.SETTING` */
static int set_conf(struct sim_machine *m, struct str name, uint64_t value)
{
	size_t dot = name.n;

	while (dot > 0 && name.p[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return -ENOENT;
	struct str dev = str_sub(name, 0, dot - 1);
	struct sim_conf *conf = str_is(dev, "all") ? &m->conf : NULL;
	vec_for_each(it, &m->devs)
		if (!conf && str_eq((*it)->name, dev))
			conf = &(*it)->conf;
	return conf ? put_setting(settings, ARRAY_LEN(settings), conf,
	                          str_sub(name, dot, name.n), value)
	            : -ENOENT;
}

int machine_set(struct sim_machine *m, struct str name, uint64_t value)
{
	const struct str conf = STR("net.ipv4.conf."), bridge = STR("net.bridge.");

	if (str_starts(name, conf))
		return set_conf(m, str_sub(name, conf.n, name.n), value);
	int r = put_setting(answer_settings, ARRAY_LEN(answer_settings), m, name, value);
	if (r != -ENOENT)
		return r;
	if (str_starts(name, bridge))
		name = str_sub(name, bridge.n, name.n);
	return put_setting(bridge_settings, ARRAY_LEN(bridge_settings), m, name, value);
}

struct str machine_setting(size_t i)
{
	return i < ARRAY_LEN(settings) ? settings[i].name : STR("");
}

struct str machine_answer_setting(size_t i)
{
	return i < ARRAY_LEN(answer_settings) ? answer_settings[i].name : STR("");
}

struct sim_conf machine_conf(const struct sim_machine *m, const struct sim_dev *dev)
{
	struct sim_conf conf = m->conf;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		uint8_t *all = (uint8_t *)&conf + settings[i].offset;
		uint8_t own = *((const uint8_t *)&dev->conf + settings[i].offset);
		*all = own > *all ? own
		                  : *all; /* the stricter; of two switches: either */
	}
	return conf;
}

/* ---- what it listens to ---- */

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
		if (it->family == family && addr && address_eq(family, it->addr, addr))
			return it;
		if (!it->family || (!addr && it->family == family))
			any = it;
	}
	return any;
}

/* RFC 6724 section 5, rule 2: an address of the link is for peers on the link, and for no others. */
static bool has_scope_of(uint8_t family, const uint8_t *a, const uint8_t *b)
{
	return family == NFPROTO_IPV4 || address_is_of_link(a) == address_is_of_link(b);
}

const uint8_t *machine_source_to(const struct sim_machine *m, uint8_t family,
                                 const struct sim_dev *dev, const uint8_t *peer)
{
	const uint8_t *near = NULL, *own = NULL, *other = NULL;

	vec_for_each(it, &m->addrs) {
		if (it->family != family || it->dev->is_loopback != dev->is_loopback ||
		    !has_scope_of(family, it->addr, peer))
			continue;
		if (it->dev != dev)
			other = other ? other : it->addr;
		else if (address_in_prefix(it->addr, peer, it->prefix))
			near = near ? near : it->addr;
		else
			own = own ? own : it->addr;
	}
	return near ? near : own ? own : other;
}

const uint8_t *machine_source(const struct sim_machine *m, const struct sim_dev *dev,
                              uint8_t family)
{
	vec_for_each(it, &m->addrs)
		if (it->family == family && it->dev == dev)
			return it->addr;
	return NULL;
}
