/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Bridges: a frame that comes in by a port passes the chains of family bridge and, through
 * br_netfilter, those of ip and ip6, where it seems to come from and go to the bridge itself. It
 * is forwarded to the port where its destination was learnt, flooded where that is not known, or
 * handed to the machine's own stack.
 *
 *	prerouting  chains below 1, ip prerouting (conntrack, destination NAT), chains from 1 on
 *	  to a port       forward      chains below 1, ip forward, chains from 1 on
 *	                  postrouting  chains, then ip postrouting (source NAT, confirm)
 *	  to the machine  input        chains; then as from the bridge, ip prerouting left out
 *	output      (made or routed here) chains, then postrouting
 *
 * All of it is measured on Linux 6.18 and 6.1: tests/agree/test_facts_bridge.py.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* Where the machine did not tell of its bridges, `dev` may be a port of one, and what chains of
 * family bridge would say is not known. */
void bridge_doubt(struct pass *p, const struct sim_dev *dev);
/* A frame that comes in by a port is for this machine only as far as the port has its address. */
void bridge_set_type(struct pass *p);
/* A frame that came in by p->in, which is a port; its ingress chains are behind it. True: it, or a
 * copy of it, goes on. */
bool bridge_receive(struct pass *p);
/* A frame that the machine sends by p->out, which is a bridge; its egress chains are behind it. */
bool bridge_send(struct pass *p);
/* A frame made here in answer to one that came in by p->out, a port. */
bool bridge_answer(struct pass *p);
/* What br_netfilter does at a bridge's hook (p->hook). */
bool bridge_calls_ip(struct pass *p);
/* Whether a chain at p's hook is passed by: before Linux 6.7 br_netfilter took a frame to ip's
 * forward at -1 and gave it back behind 0 (measured on 6.1). */
bool bridge_passes_by(struct pass *p, int32_t priority);
