/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * How many connections an address has, and how many its neighbourhood: IPv4 by address and /24,
 * IPv6 by /64 (which is one customer) and /48. The loopback is not counted. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/tally.h"

/* All zero: nobody is there and nobody may be; set the limits and the maps' seed. */
struct crowd {
	uint64_t address_max, prefix_max; /* UINT64_MAX: no limit */
	uint64_t
		registration_ms; /* between two new accounts of an address; 0: no limit */
	struct tally addresses, prefixes;
	struct map failures, registrations;
};

/* Where one was counted; all zero: nowhere. */
struct crowd_place {
	uint8_t kind; /* 4 or 6 */
	uint8_t bytes[8];
};

/* Counts a connection; false: it is one too many, and was not counted. */
bool crowd_enter(struct crowd *c, const struct sockaddr_storage *peer,
                 struct crowd_place *out);

/* The address as a key; empty for nowhere. The bytes are the place's. */
struct str crowd_key(const struct crowd_place *place);

/* Sets the place to nowhere. */
void crowd_leave(struct crowd *c, struct crowd_place *place);

/* A login from there failed; true: it was the one of `max` that bars the address for the next
 * `barred_ms`. Failures count for as long. */
bool crowd_failed(struct crowd *c, const struct crowd_place *place, uint64_t max,
                  uint64_t barred_ms, uint64_t now_ms);

/* Whether too many logins from there have failed lately. */
bool crowd_is_barred(const struct crowd *c, const struct crowd_place *place,
                     uint64_t now_ms);

/* Whether somebody from there may make an account now; if so, for a while nobody else, unless it
 * came to nothing. */
bool crowd_may_register(struct crowd *c, const struct crowd_place *place,
                        uint64_t now_ms);
void crowd_not_registered(struct crowd *c, const struct crowd_place *place);

void crowd_fini(struct crowd *c);
