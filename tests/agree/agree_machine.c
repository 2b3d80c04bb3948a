/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "agree_machine.h"

#include <err.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "gate/ruleset/kernels.h"
#include "gate/scenario/endpoint.h"

struct own_address {
	const char *dev, *addr;
	uint8_t prefix;
};

static const struct own_address own_addresses[] = {
	{ "eth0", "192.168.1.12", 24 }, { "eth0", "fd00::12", 64 },
	{ "eth1", "10.9.0.1", 24 },     { "eth1", "fd09::1", 64 },
	{ "br0", "192.168.5.1", 24 },   { "br0", "fd05::1", 64 },
};

struct neighbour {
	const char *addr;
	uint8_t mac[6];
};

// clang-format off
static const struct neighbour neighbours[] = {
	{ "192.168.1.1",  { 2, 0, 0, 0, 0, 0xfe } }, { "fd00::1",  { 2, 0, 0, 0, 0, 0xfe } },
	{ "fe80::7", { 2, 0, 0, 0, 0, 0xfe } },
	{ "192.168.1.77", { 2, 0, 0, 0, 0, 0xfe } }, { "192.168.1.99", { 2, 0, 0, 0, 0, 0xfe } },
	{ "10.9.0.5",     { 2, 0, 0, 0, 1, 0xfe } }, { "fd09::5",  { 2, 0, 0, 0, 1, 0xfe } },
	{ "10.9.0.6",     { 2, 0, 0, 0, 1, 0xfe } }, { "fd09::6",  { 2, 0, 0, 0, 1, 0xfe } },
	{ "192.168.5.10", { 2, 0, 0, 0, 4, 0x10 } }, { "fd05::10", { 2, 0, 0, 0, 4, 0x10 } },
	{ "192.168.5.11", { 2, 0, 0, 0, 4, 0x11 } }, { "fd05::11", { 2, 0, 0, 0, 4, 0x11 } },
	{ "192.168.5.12", { 2, 0, 0, 0, 4, 0x12 } }, { "fd05::12", { 2, 0, 0, 0, 4, 0x12 } },
	{ "192.168.5.13", { 2, 0, 0, 0, 4, 0x13 } }, { "fd05::13", { 2, 0, 0, 0, 4, 0x13 } },
};
// clang-format on

static void add_bridge(struct sim_machine *m)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 6, 1 };
	const struct sim_dev *bridge = machine_dev(m, STR("br0"), if_nametoindex("br0"));

	memcpy(machine_edit(m, bridge)->mac, mac, sizeof(mac));
	machine_edit(m, bridge)->snoops = true;
	for (unsigned i = WIRE_BRIDGED; i < WIRES; i++)
		machine_add_port(m, bridge, machine_find(m, str_from(kernel_device(i))));
}

static void read_mtu(struct sim_dev *dev)
{
	char path[64], line[16];
	uint64_t mtu = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/" STR_FMT "/mtu",
	         STR_ARG(dev->name));
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file) ||
	    str_to_u64(str_trim(str_from(line)), 10, &mtu) < 0 || fclose(file) != 0)
		err(2, "%s", path);
	dev->mtu = (uint32_t)mtu;
}

void agree_machine(struct sim_machine *m, const struct kernel *k)
{
	uint8_t family, addr[16];
	struct utsname name;

	machine_init(m, if_nametoindex("lo"));
	for (unsigned i = 0; i < WIRES; i++) {
		const struct sim_dev *dev =
			machine_dev(m, str_from(kernel_device(i)), k->index[i]);
		memcpy(machine_edit(m, dev)->mac, k->mac[i], 6);
	}
	add_bridge(m);
	m->kernel = uname(&name) == 0 ? kernel_parse(str_from(name.release)) : 0;
	/* Where br_netfilter is not loaded, bridged frames meet no chains of ip. */
	m->bridges_call_ip4 = m->bridges_call_ip6 =
		access("/proc/sys/net/bridge", F_OK) == 0;
	vec_for_each(it, &m->devs)
		read_mtu(machine_edit(m, *it));
	for (size_t i = 0; i < ARRAY_LEN(own_addresses); i++) {
		const struct own_address *own = &own_addresses[i];
		address_read(str_from(own->addr), &family, addr);
		machine_add_addr(m, machine_find(m, str_from(own->dev)), family, addr,
		                 own->prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(neighbours); i++) {
		address_read(str_from(neighbours[i].addr), &family, addr);
		machine_add_neighbour(m, family, addr, neighbours[i].mac);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct sim_route route = { .hop = { .dev = machine_find(m, STR("eth0")),
			                            .has_via = true } };
		address_read(i ? STR("fd00::1") : STR("192.168.1.1"), &route.family,
		             route.hop.via);
		vec_push(&m->routes, route);
	}
	m->reflects_mark4 = m->reflects_mark6 = true;
	m->icmp_ratelimit4 = m->icmp_ratelimit6 = 0;
	m->is_complete = m->forwards = m->knows_devices = true;
}
