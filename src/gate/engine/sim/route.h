/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Where a packet on its way goes next: the routing decisions of the IP stack and of `fib`. */
#pragma once

#include "gate/engine/sim/sim.h"

/* sim_doubt() as struct route_query wants it: `ctx` is the pass. */
bool route_doubt(void *ctx, const char *what);
/* What decides about the packet as it is now; ports only where it has some. */
struct route_query route_query_of(struct pass *p);

/* The route of what came in by p->in, by its destination as it is now. 0: `to` leads somewhere;
 * -EAGAIN: nobody knows; -EINVAL: the stack drops it, and *why says why (no route, a martian,
 * rp_filter). */
int route_find(struct pass *p, struct route_answer *to, const char **why);
/* Behind prerouting: sets p->route, p->out for what goes on, and *local for what is for this
 * machine. False: dropped. */
bool route_in(struct pass *p, bool *local);
/* Whether p->route is known; where a packet only was given a device, it is looked up by that. */
bool route_known(struct pass *p);
/* In output, its destination or mark is another one now: p->route is another too, and holds when
 * the hook is over. False: dropped. */
bool route_anew(struct pass *p, const char *why);
/* The smaller of the MTUs of the packet's route and of the one to its source. False: not known. */
bool route_mtu(struct pass *p, uint32_t *mtu);

/* Of a machine whose addresses nobody told: what its own is taken to be, so that `fib` and the
 * route agree. What came in is for this machine unless its description or a translation says
 * otherwise; what was made here has an address of this machine. Says so, once a packet. */
bool route_assumes_own(struct pass *p, bool source);
/* The same as a type of `fib`; -EAGAIN: nothing is taken for granted. */
int route_assumed_type(struct pass *p, bool source);
