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

/* net.ipv4.conf.DEVICE.*, as Documentation/networking/ip-sysctl.rst has them. */
struct sim_conf {
	uint8_t rp_filter; /* 0 off, 1 strict, 2 loose */
	uint8_t src_valid_mark, accept_local, route_localnet;
};

enum { DEV_NAME_BYTES = 16 }; /* linux/if.h: IFNAMSIZ */

struct sim_dev {
	struct str name;
	uint8_t ifname
		[DEV_NAME_BYTES]; /* the same as rules compare it: zeros behind it */
	uint32_t index;
	uint16_t type; /* linux/if_arp.h: ARPHRD_ETHER, ARPHRD_LOOPBACK */
	uint32_t group;
	uint8_t mac[6];
	bool is_loopback;
	uint32_t mtu; /* 0: not told */
	struct sim_conf conf;
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

/* linux/rtnetlink.h: RTN_*, the values of `fib … type`. */
enum route_type {
	ROUTE_UNICAST = 1,
	ROUTE_LOCAL = 2,
	ROUTE_BROADCAST = 3,
	ROUTE_ANYCAST = 4,
	ROUTE_MULTICAST = 5,
	ROUTE_BLACKHOLE = 6,
	ROUTE_UNREACHABLE = 7,
	ROUTE_PROHIBIT = 8,
	ROUTE_THROW = 9, /* in a table: the next rule is asked */
};

/* linux/rtnetlink.h: RT_TABLE_*. */
enum route_table { TABLE_DEFAULT = 253, TABLE_MAIN = 254, TABLE_LOCAL = 255 };

/* One way out. */
struct sim_hop {
	uint8_t via[16];
	bool has_via;
	const struct sim_dev *dev; /* NULL for what leads nowhere */
};

struct sim_route {
	uint8_t family, dst[16], prefix;
	uint8_t src[16], src_prefix; /* IPv6: for packets from there only */
	enum route_type type;        /* 0: unicast */
	uint32_t table;              /* 0: main */
	uint32_t metric, mtu;        /* mtu 0: the device's */
	uint8_t tos;                 /* 0: any */
	struct sim_hop hop;
	const struct sim_hop *others; /* of a multipath route, in the machine's arena */
	size_t n_others;
};

enum policy_action {
	POLICY_TABLE,
	POLICY_GOTO,
	POLICY_NOTHING,
	POLICY_BLACKHOLE,
	POLICY_UNREACHABLE,
	POLICY_PROHIBIT,
};

/* A rule of `ip rule`: which table decides about which packets, linux/fib_rules.h. */
struct sim_policy {
	uint8_t family;
	uint32_t pref; /* they are asked from the lowest on */
	bool invert;   /* `not`: of all that is asked */
	uint8_t src[16], src_prefix, dst[16], dst_prefix;
	struct str iif, oif; /* empty: any; lo as iif: made here */
	uint32_t mark, mask;
	uint8_t tos, l4; /* 0: any */
	uint16_t sport[2], dport[2];
	enum policy_action action;
	uint32_t table, target; /* of POLICY_TABLE, of POLICY_GOTO */
	int suppress; /* what the table has with no longer prefix does not count; -1: all */
	const char *doubt; /* it also asks what nobody knows outside of a kernel */
	bool is_for_all; /* it asks nothing, as the kernel's own; machine_add_policy sets it */
};

enum { RATELIMIT_OF_KERNEL = INT32_MAX };

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
	VEC(struct sim_policy) policies; /* by pref; at first the kernel's own three */
	VEC(struct sim_socket) sockets;
	VEC(struct sim_station) stations;
	VEC(struct sim_neighbour) neighbours;
	/* net.bridge: bridge-nf-call-iptables, -ip6tables and -filter-vlan-tagged; the first two
	 * are on unless something turned them off. */
	uint8_t bridges_call_ip4, bridges_call_ip6, bridges_show_vlans;
	/* net.ipv4.fwmark_reflect, net.ipv6.fwmark_reflect: answers have the packet's mark. */
	uint8_t reflects_mark4, reflects_mark6;
	/* net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit: milliseconds between errors that one host
	 * is told; 0: no limit. RATELIMIT_OF_KERNEL: what the kernel begins with. */
	uint32_t icmp_ratelimit4, icmp_ratelimit6;
	uint32_t kernel;    /* its version: 6.1 is 0x601; 0: nobody knows */
	bool knows_sockets; /* those are all there are */
	bool knows_devices; /* those, and the ports of its bridges, are all there are */
	bool is_complete; /* addresses and routes are all there are: what they do not name is not there */
	bool has_all_routes;  /* `routes` has those of the addresses, local ones too */
	bool forwards;        /* net.ipv4.ip_forward and its like for IPv6 */
	bool has_policies;    /* other than the kernel's own */
	struct sim_conf conf; /* net.ipv4.conf.all */
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
/* `mac` answers to that address. */
void machine_add_neighbour(struct sim_machine *m, uint8_t family, const uint8_t *addr,
                           const uint8_t mac[6]);
/* The hardware address that answers to `addr`, as far as the machine was told; or NULL. */
const uint8_t *machine_neighbour(const struct sim_machine *m, uint8_t family,
                                 const uint8_t *addr);
/* The device of the number, to be changed; or NULL. */
struct sim_dev *machine_at(const struct sim_machine *m, uint32_t index);
/* The device itself, to be changed: what machine_dev() and machine_find() give is for reading. */
struct sim_dev *machine_edit(struct sim_machine *m, const struct sim_dev *dev);
/* Adds a rule behind those of the same pref. PREF_NONE: right before the family's second, as the
 * kernel does it. */
#define PREF_NONE UINT32_MAX
void machine_add_policy(struct sim_machine *m, const struct sim_policy *policy);
/* A setting under net.ipv4.conf.all or .DEVICE, one that decides about answers, or of net.bridge
 * (there the words before the name may be missing). -ENOENT: there is no such setting or device;
 * -EINVAL: it cannot have that value. */
int machine_set(struct sim_machine *m, struct str name, uint64_t value);
/* The i-th setting's name behind the device; empty behind the last. */
struct str machine_setting(size_t i);
/* The same of what decides about answers, whole: net.ipv4.icmp_ratelimit … */
struct str machine_answer_setting(size_t i);
/* What holds for packets that come in by the device: its own settings and those of all. */
struct sim_conf machine_conf(const struct sim_machine *m, const struct sim_dev *dev);

/* ---- fib.c ---- */

/* What a routing decision may depend on; zeros where it does not. */
struct route_query {
	uint8_t family;
	uint8_t dst[16], src[16];
	uint32_t mark;
	const struct sim_dev *iif; /* NULL: made here */
	const struct sim_dev *oif; /* bound to that */
	uint8_t tos, l4;
	uint16_t sport, dport;
	/* Whether something unknown counts as a match; NULL: it does not. */
	bool (*doubt)(void *ctx, const char *what);
	void *ctx;
};

struct route_answer {
	enum route_type
		type; /* blackhole, unreachable, prohibit: a route or a rule says so */
	const struct sim_dev *dev; /* local: the one that has the address */
	bool has_via;
	uint8_t via[16];
	uint32_t table; /* 0: a rule without one */
	uint32_t mtu;   /* 0: not known */
	uint8_t prefix;
	const struct sim_route *route; /* NULL: of an address */
};

/* How a packet is routed. 0; -ENOENT no route; -EAGAIN not known. */
int machine_lookup(const struct sim_machine *m, const struct route_query *q,
                   struct route_answer *out);
/* How an address is reached by what asks for nothing else. */
int machine_route(const struct sim_machine *m, uint8_t family, const uint8_t *addr,
                  struct route_answer *out);
/* What an IPv4 address is by the local table alone, for whoever is bound to `dev` (NULL: nobody);
 * what does not stand there is unicast. -EAGAIN: not known. */
int machine_type4(const struct sim_machine *m, const uint8_t *addr,
                  const struct sim_dev *dev);
/* Whether one of the ways leads over the device. */
bool route_uses(const struct route_answer *a, const struct sim_dev *dev);
/* Whether the machine listens to the multicast group: what every host does, RFC 1112 section 7.1
 * and RFC 4291 section 2.8. */
bool machine_listens(const struct sim_machine *m, uint8_t family, const uint8_t *group);
/* The socket that packets to that address and port go to, one of the address itself before one of
 * any; NULL: none. `addr` NULL: any will do. */
const struct sim_socket *machine_socket(const struct sim_machine *m, uint8_t family,
                                        uint8_t l4, const uint8_t *addr, uint16_t port);
/* The address that packets to `peer` have by that device; NULL: it is not known. */
const uint8_t *machine_source_to(const struct sim_machine *m, uint8_t family,
                                 const struct sim_dev *dev, const uint8_t *peer);
/* An address of the device in that family, or NULL. */
const uint8_t *machine_source(const struct sim_machine *m, const struct sim_dev *dev,
                              uint8_t family);
