/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Routes and rules of a scenario's machine, in the words of iproute2:
 *
 *	route default via 192.168.1.1
 *	route prohibit 10.66.0.0/16
 *	route default table 100 nexthop via 10.0.0.1 nexthop via 10.1.0.1 dev eth2
 *	rule pref 50 from 10.9.0.0/24 fwmark 0x5/0xff table 100
 */
#pragma once

#include "gate/engine/sim/machine.h"
#include "gate/scenario/words.h"

struct scenario_addr {
	uint8_t family, addr[16], prefix;
};

struct scenario_hop {
	struct span span;
	bool has_via;
	struct scenario_addr via;
	struct str dev; /* empty: that of the gateway's network */
};

enum { HOPS_MAX = 16 };

struct scenario_route {
	struct span span;
	enum route_type type;
	struct scenario_addr to;
	uint32_t table, metric, mtu;
	struct scenario_hop hops[HOPS_MAX];
	size_t n_hops; /* 0: it leads nowhere */
};

struct scenario_rule {
	struct span span, iif_span, oif_span;
	struct sim_policy policy; /* family 0: a rule of each */
};

/* What stands behind `route` and behind `rule`. Errors are the words'. */
void route_read(struct words *w, struct scenario_route *r);
void rule_read(struct words *w, struct scenario_rule *r);
