/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the kernel itself sends because of a packet: what `reject` says, as nf_reject_ipv4.c and its
 * like make it. It is made while the rule runs, goes its own way through the hooks, and belongs to
 * the packet's connection as something related. Where the kernel keeps silent (to a reset, to an
 * ICMP error, to a group …), so does this; the watcher hears why.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* Whether the packet, which leaves by lo, comes in later: an answer to an answer waits until what it
 * answers is through, as in the queue of the kernel. */
bool answer_waits(const struct pass *p);
void answer_waiting_free(struct answer_waiting *w);
/* `reject with tcp reset`, from a rule of a table of that family; where a reset is sent, the
 * connection is closed. */
void answer_reset(struct pass *p, uint8_t family);
/* `reject with icmp …`: destination unreachable of that code, of the packet's own protocol. */
void answer_unreachable(struct pass *p, uint8_t family, uint8_t code);
