/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Values for `any` and for ranges. Every second one is of what the ruleset itself speaks of (the
 * addresses, networks and ports in its rules and sets, and their neighbours), one after the other,
 * since an exception for one address would never be met by chance; the others are spread over the
 * whole range.
 */
#pragma once

#include "gate/engine/sim/store.h"
#include "gate/scenario/packet_line.h"

struct sim_machine;

struct draw_addr {
	uint8_t family, addr[16];
};

struct draw {
	uint64_t state; /* of the generator */
	VEC(struct draw_addr) addrs;
	VEC(uint16_t) ports;
	struct map known; /* the addresses */
	struct arena a;
	size_t turn; /* lines drawn since draw_seed */
	size_t next_addr, next_port;
	const struct sim_machine *machine; /* whose own addresses nobody else has */
};

/* The same seed draws the same values. */
void draw_init(struct draw *d, uint64_t seed, const struct sim_machine *machine);
void draw_fini(struct draw *d);
/* Starts anew for one statement: what others draw does not change it. */
void draw_seed(struct draw *d, uint64_t seed, uint64_t number);

/* Collects what the ruleset speaks of. */
void draw_learn(struct draw *d, const struct sim_store *store);

/* The line with one value for each range. */
void draw_line(struct draw *d, const struct packet_line *line, struct packet_line *out);

uint64_t draw_next(struct draw *d);
