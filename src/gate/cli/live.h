/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a running kernel tells beside its ruleset, for `--live`: the machine's interfaces,
 * addresses and routes, the settings of connection tracking, and the connection table.
 */
#pragma once

#include "base/vec.h"
#include "gate/engine/sim/machine.h"
#include "gate/track/expect.h"

struct cli;

/* What track_import_expected() wants. */
struct live_expected {
	struct track_tuple master;
	struct track_expect x;
};

/* Entries as track_import() wants them. */
struct live_entries {
	VEC(struct track_entry) list;
	VEC(struct live_expected) expected;
	bool is_broken; /* the kernel sent something that cannot be read */
};

/* Reads the table of this network namespace, and what its entries expect. 0 or a negative errno; -EPERM without CAP_NET_ADMIN. */
int live_read_entries(struct live_entries *out);

/* Takes the settings under /proc/sys/net/netfilter over, as far as they are there. */
void live_read_sysctls(struct track *t);

/* Bridges with their ports and what they learnt, and neighbours. The machine has its interfaces.
 * 0 or a negative errno. */
int live_read_bridges(struct sim_machine *m);

/* Interfaces, bridges, addresses, routes of all tables, rules, settings, and whether it forwards.
 * The machine must be fresh. 0 or a negative errno. */
int live_read_machine(struct sim_machine *m);
/* Of these the routes and rules, when the interfaces are there. */
int live_read_routes(struct sim_machine *m);
