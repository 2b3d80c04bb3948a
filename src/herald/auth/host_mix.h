/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the accounts of a host look like from outside: how many iterations and which salts the
 * keys have. An account that does not exist is made up from that, always the same one for the
 * same name, so that no answer tells whether a name is taken.
 */
#pragma once

#include "herald/auth/sasl.h"

#define MIX_SECRET 32 /* bytes */
#define MIX_SHAPES 8  /* that are told apart; later ones count as the last */

struct mix_shape {
	uint32_t iterations; /* 0: the account has no key of the digest */
	uint8_t salt_n;
	uint32_t count; /* accounts */
};

/* All zero: no account yet. */
struct host_mix {
	uint8_t secret[MIX_SECRET];
	struct mix_shape shapes[2][MIX_SHAPES]; /* by enum digest */
	size_t n[2];
};

/* Counts `count` accounts whose key of the digest looks so. */
void mix_add(struct host_mix *mix, enum digest d, uint32_t iterations, uint8_t salt_n,
             uint32_t count);

/* The account that nobody has: exists is false, its keys fit no password, and has_key is as the
 * mix would have it. `iterations` is what new accounts get, for a host that has none. */
void mix_invent(const struct host_mix *mix, struct str user, uint32_t iterations,
                struct sasl_account *out);
