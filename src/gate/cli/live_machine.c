/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Interfaces, addresses and routes of this network namespace: getifaddrs(3), proc(5). */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/cli/live.h"

enum { LO_INDEX = 1 };

static uint8_t prefix_of(const uint8_t *mask, size_t n)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < n * 8 && (mask[i / 8] >> (7 - i % 8) & 1); i++)
		bits++;
	return bits;
}

static void read_link(struct sim_machine *m, const struct ifaddrs *a)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)(const void *)a->ifa_addr;
	struct str name = str_from(a->ifa_name);

	machine_dev(m, name, (uint32_t)ll->sll_ifindex);
	vec_for_each(it, &m->devs) {
		if (!str_eq((*it)->name, name))
			continue;
		(*it)->type = ll->sll_hatype;
		(*it)->is_loopback = a->ifa_flags & IFF_LOOPBACK;
		if (ll->sll_halen == 6)
			memcpy((*it)->mac, ll->sll_addr, 6);
	}
}

static bool is_known(const struct sim_machine *m, const struct sim_dev *dev, uint8_t family,
                     const uint8_t *addr)
{
	vec_for_each(it, &m->addrs)
		if (it->dev == dev && it->family == family &&
		    memcmp(it->addr, addr, family == NFPROTO_IPV4 ? 4 : 16) == 0)
			return true;
	return false;
}

static void read_address(struct sim_machine *m, const struct ifaddrs *a)
{
	const struct sim_dev *dev = machine_find(m, str_from(a->ifa_name));
	bool ip4 = a->ifa_addr->sa_family == AF_INET;
	const void *addr =
		ip4 ? (const void *)&((const struct sockaddr_in *)(const void *)a->ifa_addr)
				      ->sin_addr
		    : (const void *)&((const struct sockaddr_in6 *)(const void *)a->ifa_addr)
				      ->sin6_addr;
	const void *mask =
		ip4 ? (const void *)&((const struct sockaddr_in *)(const void *)a->ifa_netmask)
				      ->sin_addr
		    : (const void *)&((const struct sockaddr_in6 *)(const void *)a->ifa_netmask)
				      ->sin6_addr;
	uint8_t family = ip4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (dev && !is_known(m, dev, family, addr))
		machine_add_addr(m, dev, family, addr, prefix_of(mask, ip4 ? 4 : 16));
}

static int read_addresses(struct sim_machine *m)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_PACKET)
			read_link(m, a);
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_netmask &&
		    (a->ifa_addr->sa_family == AF_INET ||
		     a->ifa_addr->sa_family == AF_INET6))
			read_address(m, a);
	freeifaddrs(all);
	return 0;
}

static void add_route(struct sim_machine *m, const char *dev, struct sim_route route)
{
	route.dev = machine_find(m, str_from(dev));
	if (route.dev && !route.dev->is_loopback)
		vec_push(&m->routes, route);
}

/* proc(5): /proc/net/route, whose addresses are numbers in the machine's order of bytes. */
static void read_routes4(struct sim_machine *m)
{
	FILE *file = fopen("/proc/net/route", "re");
	char line[512], dev[17];
	unsigned to, via, flags, mask;

	while (file && fgets(line, sizeof(line), file)) {
		struct sim_route route = { .family = NFPROTO_IPV4 };
		if (sscanf(line, "%16s %x %x %x %*s %*s %*s %x", dev, &to, &via, &flags,
		           &mask) != 5)
			continue; /* the head */
		memcpy(route.dst, &to, 4);
		memcpy(route.via, &via, 4);
		route.has_via = via != 0;
		route.prefix = prefix_of((const uint8_t *)&mask, 4);
		add_route(m, dev, route);
	}
	if (file)
		fclose(file);
}

static bool read_hex(const char *hex, uint8_t out[16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

/* /proc/net/ipv6_route has the local table too: its routes are of type local, RTF_LOCAL. */
static void read_routes6(struct sim_machine *m)
{
	static const unsigned rtf_local = 0x80000000, rtf_reject = 0x200;
	static const uint8_t none[16];
	FILE *file = fopen("/proc/net/ipv6_route", "re");
	char line[512], to[33], via[33], dev[17];
	unsigned prefix, flags;

	while (file && fgets(line, sizeof(line), file)) {
		struct sim_route route = { .family = NFPROTO_IPV6 };
		if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %x %16s", to, &prefix, via,
		           &flags, dev) != 5 ||
		    flags & (rtf_local | rtf_reject) || prefix > 128 || !read_hex(to, route.dst) ||
		    !read_hex(via, route.via) || route.dst[0] == 0xff)
			continue;
		route.prefix = (uint8_t)prefix;
		route.has_via = memcmp(route.via, none, 16) != 0;
		add_route(m, dev, route);
	}
	if (file)
		fclose(file);
}

static bool is_on(const char *path)
{
	FILE *file = fopen(path, "re");
	bool on = file && fgetc(file) == '1';

	if (file)
		fclose(file);
	return on;
}

int live_read_machine(struct sim_machine *m)
{
	machine_init(m, LO_INDEX);
	int r = read_addresses(m);

	if (r < 0)
		return r;
	read_routes4(m);
	read_routes6(m);
	m->forwards = is_on("/proc/sys/net/ipv4/ip_forward");
	m->is_complete = true;
	return 0;
}
