/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Pieces of a packet's way that the IP stack (sim.c) and bridges (bridge.c) give to each other.
 * Each returns whether the packet goes on; when it does not, p->result says why.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* The network stack throws the packet away: always false. `why` lives as long as the program. */
bool way_stops(struct pass *p, const char *why);
/* Text for people about where it goes. */
void way_tell(struct pass *p, const char *text);
/* Takes the packet in by p->in: the device's ingress, then its bridge or the protocol. */
bool way_receive(struct pass *p);
/* As way_receive(), behind the ingress and past any bridge. */
bool way_receive_protocol(struct pass *p);
/* What became of several copies of a packet. */
struct outcome {
	bool passed;
	struct sim_result result; /* of one that passed; when none did, of the last */
	const struct sim_dev *out;
};
void outcome_keep(struct outcome *o, struct pass *p, bool passed);
/* What became of them is what became of `p`. */
bool outcome_take(const struct outcome *o, struct pass *p);

/* What left by lo comes in by it. */
bool way_loop_back(struct pass *p);
/* A packet of IP that was made here goes out by p->out, from the output hook on. */
bool way_send(struct pass *p);
/* A frame that was made here goes out by p->out with the Ethernet header it has, past routing. */
bool way_send_frame(struct pass *p);
/* Sends it out by p->out: Ethernet header, the device's egress, and where the device is a bridge
 * on by its ports; by lo back in again. */
bool way_transmit(struct pass *p);
