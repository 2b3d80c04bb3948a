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
	const struct sockaddr_ll *ll =
		(const struct sockaddr_ll *)(const void *)a->ifa_addr;
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

static bool is_known(const struct sim_machine *m, const struct sim_dev *dev,
                     uint8_t family, const uint8_t *addr)
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
		ip4 ? (const void *)&(
			      (const struct sockaddr_in *)(const void *)a->ifa_addr)
				->sin_addr
		    : (const void *)&(
			      (const struct sockaddr_in6 *)(const void *)a->ifa_addr)
				->sin6_addr;
	const void *mask =
		ip4 ? (const void *)&(
			      (const struct sockaddr_in *)(const void *)a->ifa_netmask)
				->sin_addr
		    : (const void *)&(
			      (const struct sockaddr_in6 *)(const void *)a->ifa_netmask)
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

enum { COLUMNS = 12 };

/* A line's words; false: there are fewer than `least`. */
static bool split(char *line, struct str words[COLUMNS], size_t least)
{
	size_t n = 0;
	char *rest = NULL;

	for (char *w = strtok_r(line, " \t\n", &rest); w && n < COLUMNS;
	     w = strtok_r(NULL, " \t\n", &rest))
		words[n++] = str_from(w);
	return n >= least;
}

/* A number as it stands in memory. */
static bool read_raw(struct str hex, uint8_t out[4])
{
	uint64_t v;

	if (str_to_u64(hex, 16, &v) < 0 || v > UINT32_MAX)
		return false;
	uint32_t word = (uint32_t)v;
	memcpy(out, &word, sizeof(word));
	return true;
}

/* proc(5): /proc/net/route, whose addresses are numbers in the machine's order of bytes. */
static void read_routes4(struct sim_machine *m)
{
	static const uint8_t none[4];
	FILE *file = fopen("/proc/net/route", "re");
	struct str words[COLUMNS];
	char line[512];
	uint8_t mask[4];

	while (file && fgets(line, sizeof(line), file)) {
		struct sim_route route = { .family = NFPROTO_IPV4 };
		if (!split(line, words, 8) || !read_raw(words[1], route.dst) ||
		    !read_raw(words[2], route.via) || !read_raw(words[7], mask))
			continue; /* the head */
		route.has_via = memcmp(route.via, none, sizeof(none)) != 0;
		route.prefix = prefix_of(mask, sizeof(mask));
		add_route(m, words[0].p, route);
	}
	if (file)
		fclose(file);
}

static bool read_hex(struct str hex, uint8_t out[16])
{
	uint64_t byte;

	for (size_t i = 0; i < 16; i++) {
		if (str_to_u64(str_sub(hex, 2 * i, 2), 16, &byte) < 0)
			return false;
		out[i] = (uint8_t)byte;
	}
	return hex.n == 32;
}

/* The local table stands there too: its routes are of type local, RTF_LOCAL. */
static void read_routes6(struct sim_machine *m)
{
	static const uint64_t rtf_local = 0x80000000, rtf_reject = 0x200;
	static const uint8_t none[16];
	FILE *file = fopen("/proc/net/ipv6_route", "re");
	struct str words[COLUMNS];
	char line[512];
	uint64_t prefix, flags;

	while (file && fgets(line, sizeof(line), file)) {
		struct sim_route route = { .family = NFPROTO_IPV6 };
		if (!split(line, words, 10) || !read_hex(words[0], route.dst) ||
		    !read_hex(words[4], route.via) ||
		    str_to_u64(words[1], 16, &prefix) < 0 || prefix > 128 ||
		    str_to_u64(words[8], 16, &flags) < 0 ||
		    flags & (rtf_local | rtf_reject) || route.dst[0] == 0xff)
			continue;
		route.prefix = (uint8_t)prefix;
		route.has_via = memcmp(route.via, none, 16) != 0;
		add_route(m, words[9].p, route);
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
	/* Without br_netfilter there is no such file. */
	m->bridges_skip_ip4 = !is_on("/proc/sys/net/bridge/bridge-nf-call-iptables");
	m->bridges_skip_ip6 = !is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	m->bridges_show_vlans =
		is_on("/proc/sys/net/bridge/bridge-nf-filter-vlan-tagged");
	return live_read_bridges(m);
}
