/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Connection tracking at a bridge (nf_conntrack_bridge), which a chain of family bridge that asks
 * for it brings into being:
 *
 *	prerouting   at -200: fragments are put together, then the packet finds its connection, the
 *	             same that ip and ip6 know; what is not of IP is untracked
 *	input        behind all chains: a frame for a group forgets its new connection, for copies of
 *	             it are on their way to the ports
 *	postrouting  behind all chains: a new connection is confirmed; what was put together leaves
 *	             in pieces
 *
 * All of it is measured on Linux 6.1: tests/agree/test_facts_bridge_ct.py.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* At prerouting. True: the frame goes on. */
bool bridge_track(struct pass *p);
/* At input and postrouting. True: the frame goes on. */
bool bridge_confirm(struct pass *p);
