/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The machine the simulated kernel runs on: its interfaces, addresses and routes. What is not
 * given is not guessed: a question about it answers "not known".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct sim_dev {
	struct str name;
	uint32_t index;
	uint16_t type; /* linux/if_arp.h: ARPHRD_ETHER, ARPHRD_LOOPBACK */
	uint32_t group;
	uint8_t mac[6];
	bool is_loopback;
	bool is_bridge;
	const struct sim_dev *bridge; /* the one it is a port of, or NULL */
	bool is_blocked; /* a port that takes and sends no frames: spanning tree, or off */
	bool snoops;     /* a bridge that listens to IGMP and MLD */
	const char *
		beyond; /* a setting of the bridge or port that is not modelled; NULL: none */
};

/* A hardware address on the wire of a port of a bridge. */
struct sim_station {
	uint8_t mac[6];
	const struct sim_dev *port;
};

/* Which hardware address answers to an address of the network layer (ARP, RFC 4861). */
struct sim_neighbour {
	uint8_t family, addr[16], mac[6];
};

struct sim_addr {
	uint8_t family, addr[16], prefix;
	const struct sim_dev *dev;
};

struct sim_route {
	uint8_t family, dst[16], prefix, via[16];
	bool has_via;
	const struct sim_dev *dev;
};

/* linux/rtnetlink.h: the values of `fib … type`. */
enum route_type {
	ROUTE_UNREACHABLE = 7,
	ROUTE_UNICAST = 1,
	ROUTE_LOCAL = 2,
	ROUTE_BROADCAST = 3,
	ROUTE_MULTICAST = 5,
};

/* A socket of this machine that takes packets for its address and port. */
struct sim_socket {
	uint8_t family, addr[16]; /* family 0: any address */
	uint8_t l4;
	uint16_t port;
	bool transparent; /* IP_TRANSPARENT */
	bool has_owner;
	uint32_t mark, uid, gid;
};

struct sim_machine {
	struct arena a;
	VEC(struct sim_dev *) devs;
	VEC(struct sim_addr) addrs;
	VEC(struct sim_route) routes;
	VEC(struct sim_socket) sockets;
	VEC(struct sim_station) stations;
	VEC(struct sim_neighbour) neighbours;
	/* net.bridge: bridge-nf-call-iptables, -ip6tables and -filter-vlan-tagged; the first two
	 * are on unless something turned them off. */
	bool bridges_skip_ip4, bridges_skip_ip6, bridges_show_vlans;
	bool knows_sockets; /* those are all there are */
	bool knows_devices; /* those, and the ports of its bridges, are all there are */
	bool is_complete; /* addresses and routes are all there are: what they do not name is not there */
	bool forwards; /* net.ipv4.ip_forward and its like for IPv6 */
};

/* Empty but for lo. */
void machine_init(struct sim_machine *m, uint32_t lo_index);
void machine_fini(struct sim_machine *m);

/* The device of that name, made when it is not there; `index` counts only then (0: any). */
const struct sim_dev *machine_dev(struct sim_machine *m, struct str name, uint32_t index);
const struct sim_dev *machine_find(const struct sim_machine *m, struct str name);
void machine_add_addr(struct sim_machine *m, const struct sim_dev *dev, uint8_t family,
                      const uint8_t *addr, uint8_t prefix);

/* Makes `bridge` a bridge and `port` one of its ports. False: that cannot be, since one of them is
 * in a bridge already, or the port is a bridge or lo. */
bool machine_add_port(struct sim_machine *m, const struct sim_dev *bridge,
                      const struct sim_dev *port);
/* A setting of net.bridge, with or without these words before it. False: there is none of the name
 * that is modelled. */
bool machine_sysctl(struct sim_machine *m, struct str name, uint64_t value);
/* `mac` answers to that address. */
void machine_add_neighbour(struct sim_machine *m, uint8_t family, const uint8_t *addr,
                           const uint8_t mac[6]);
/* The hardware address that answers to `addr`, as far as the machine was told; or NULL. */
const uint8_t *machine_neighbour(const struct sim_machine *m, uint8_t family,
                                 const uint8_t *addr);
/* The device itself, to be changed: what machine_dev() and machine_find() give is for reading. */
struct sim_dev *machine_edit(struct sim_machine *m, const struct sim_dev *dev);

struct route_answer {
	enum route_type type;
	const struct sim_dev *dev; /* local: the one that has the address */
	bool has_via;
	uint8_t via[16];
};

/* How an address is reached. 0; -ENOENT no route; -EAGAIN not known. */
int machine_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                  struct route_answer *out);
/* The same by the routes to others alone, also for what is the machine's own. False: there is none. */
bool machine_route_on(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                      struct route_answer *out);
/* Whether the machine listens to the multicast group: what every host does, RFC 1112 section 7.1
 * and RFC 4291 section 2.8. */
bool machine_listens(const struct sim_machine *m, uint8_t family, const uint8_t *group);
/* The socket that packets to that address and port go to, one of the address itself before one of
 * any; NULL: none. `addr` NULL: any will do. */
const struct sim_socket *machine_socket(const struct sim_machine *m, uint8_t family,
                                        uint8_t l4, const uint8_t *addr, uint16_t port);
/* An address of the device in that family, or NULL. */
const uint8_t *machine_source(const struct sim_machine *m, const struct sim_dev *dev,
                              uint8_t family);
