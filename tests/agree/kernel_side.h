/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kernel's half of the agreement driver: sockets that put packets into a namespace, hear what
 * nf_tables' trace says of them, catch what leaves, and read the connection table.
 *
 * No waiting: the driver is bound to one processor, so a sentinel sent behind a packet goes
 * through the same queue, and its trace message comes behind all that the packet caused.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "gate/engine/sim/packet.h"
#include "gate/track/entry.h"

enum { WIRE_BRIDGED = 2, WIRES = 5 }; /* of eth0, eth1; from the third on ports of br0 */

/* A step of a packet's way as both halves write it: `inet t input 3 accept`. */
struct way {
	VEC(struct str) steps;
	uint32_t state; /* the last of `ct state` that was told; 0: none */
};

struct frame {
	struct str bytes;
	unsigned wire;
};

/* A line of the connection table. */
struct row {
	struct track_tuple tuple[2];
	uint32_t status, mark, timeout_s;
	uint8_t tcp_state;
};

struct kernel {
	int trace, wires[WIRES], raw[2], ctnetlink;
	uint8_t mac[WIRES][6]; /* of the devices */
	uint32_t index[WIRES];
	struct arena a; /* of one packet: emptied by kernel_inject */
	/* The place of a rule in its chain, by `FAMILY TABLE CHAIN HANDLE`; NULL key: not known. */
	int (*place)(void *ctx, struct str rule);
	void *ctx;
	struct way way, answer; /* of the packet, of what a rule answered */
	VEC(uint32_t) answers;  /* how the trace numbers those */
	uint8_t sent_look; /* the protocol, where the packet looks like an answer itself */
	VEC(struct frame)
	frames; /* what left: IP, and ARP of others that passed the bridge */
};

/* The name of the device on that wire. */
const char *kernel_device(unsigned wire);

/* `far` is the name of the namespace with the wires. Ends the program when something fails. */
void kernel_open(struct kernel *k, const char *far);
void kernel_close(struct kernel *k);

/* Sends a packet: a frame into the wire of that device, or without frame out of a raw socket. Then
 * k->way, k->answer and k->frames are what it came to; good until the next call. */
void kernel_inject(struct kernel *k, const struct packet *p, unsigned device);

/* Forgets all connections, and what the bridge learnt. */
void kernel_flush(struct kernel *k);
/* All entries of the table; `rows` is emptied first. */
struct rows {
	VEC(struct row) list;
};
void kernel_rows(struct kernel *k, struct rows *rows);
/* /proc/sys/net/netfilter/NAME, or of net/bridge; returns the value it had. */
uint64_t kernel_sysctl(const char *name, uint64_t value);
