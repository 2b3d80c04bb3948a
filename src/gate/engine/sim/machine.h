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
	bool knows_sockets; /* those are all there are */
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

struct route_answer {
	enum route_type type;
	const struct sim_dev *dev; /* local: the one that has the address */
	bool has_via;
	uint8_t via[16];
};

/* How an address is reached. 0; -ENOENT no route; -EAGAIN not known. */
int machine_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
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
