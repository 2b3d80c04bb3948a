/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Leaving by a link that takes only so much at once. Three parts of the kernel cut packets, each in
 * its own way:
 *
 *	IP             what is larger than the route's MTU, and what was put together from pieces;
 *	               unless it says that it may not be cut
 *	br_netfilter   what it was shown as one packet, where the pieces it came in or the link are
 *	               smaller
 *	a bridge that  what it put together; never for the link's sake
 *	tracks
 *
 * A frame that is still larger than the link of a bridge's port goes nowhere. All of it is
 * measured: tests/agree/test_facts_pieces.py. Each function returns whether the packet goes on.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* Before IP's chains of forward: what is too large and may not be cut is thrown away. */
bool leave_fits(struct pass *p);
/* Out of IP by p->out, behind its chains. */
bool leave_ip(struct pass *p);
/* Out by a port of a bridge, behind its chains. */
bool leave_port(struct pass *p);
/* Whether the link of the port p->out takes the frame. */
bool leave_link_takes(struct pass *p);
