/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A scenario file: a machine, then packets in time and what is expected of them. The grammar is
 * described in docs/gate-test.5; a line is a statement:
 *
 *	use "server.nft"
 *	interface eth0 192.168.1.12/24 fd00::12/64
 *	bridge br0 eth1 eth2
 *	at 0s   in eth0 tcp 198.51.100.7:40000 > 192.168.1.12:22 syn   expect accept
 *	        out eth0 reply syn,ack                                 expect accept
 *	repeat 8 at 10s every 1s  in eth0 tcp 198.51.100.7 > 192.168.1.12:22 syn   expect accept, then drop
 *	connection ftp 198.51.100.7 > 192.168.1.12:21 passive data 40123   expect related
 *	never   in eth0 tcp any > 192.168.1.12:5432                    expect drop
 */
#pragma once

#include "gate/scenario/connection.h"
#include "gate/scenario/expect.h"
#include "gate/scenario/route_line.h"

struct scenario_dev {
	struct str name;
	struct span span;
	uint32_t group, mtu; /* mtu 0: Ethernet's */
	bool has_mac;
	uint8_t mac[6];
	struct scenario_addr *addrs;
	size_t n_addrs;
};

struct scenario_bridge {
	struct span span;
	struct str name;
	struct str *ports;
	struct span *spans; /* of the ports */
	size_t n_ports;
};

/* Somebody on the wire of `dev`: a hardware address and the addresses it answers to. */
struct scenario_station {
	struct span span; /* of `dev` */
	struct str dev;
	uint8_t mac[6];
	struct scenario_addr *addrs;
	size_t n_addrs;
};

struct scenario_socket {
	struct span span;
	uint8_t l4;
	struct endpoint end; /* no address: any */
	bool transparent;
	uint32_t mark, uid, gid;
	bool has_owner;
};

struct scenario_sysctl {
	struct span span, value_span; /* of the name; of the value */
	struct str name;
	uint64_t value;
};

struct scenario_use {
	struct span span;
	struct str path; /* as written */
};

enum step_kind {
	STEP_PACKET,
	STEP_CONNECTION,
	STEP_NEVER, /* tried before all other steps and behind them, in a world of its own */
	STEP_EXPECT, /* about the ruleset, at this moment */
};

struct step {
	enum step_kind kind;
	struct span span; /* all of the statement */
	bool has_at;
	uint64_t at_ns;          /* since the start */
	uint32_t repeat;         /* 0: once, or as often as values are drawn */
	uint64_t every_ns;       /* between two of them */
	struct packet_line line; /* STEP_CONNECTION: its first packet */
	struct connection connection;
	struct expect_list expect;
};

struct scenario {
	VEC(struct scenario_use) uses;
	VEC(struct scenario_dev) devs;
	VEC(struct scenario_bridge) bridges;
	VEC(struct scenario_station) stations;
	VEC(struct scenario_route) routes;
	VEC(struct scenario_rule) rules;
	VEC(struct scenario_socket) sockets;
	VEC(struct scenario_sysctl) sysctls;
	VEC(struct step) steps;
	struct str kernel; /* its version as written; empty: not told */
	struct span kernel_span;
	bool forwards, has_clock, has_seed;
	int64_t clock_s;      /* Unix time of the start, UTC */
	int32_t utc_offset_s; /* the machine's time zone */
	uint64_t seed;
};

/* Reads the file; texts are slices of it or in `a`. All mistakes are found in one go: -EINVAL
 * after errors in `diags`. Free it with scenario_fini in any case. */
int scenario_read(const struct sources *sources, uint32_t file, const struct names *names,
                  struct arena *a, struct diags *diags, struct scenario *out);
void scenario_fini(struct scenario *s);
