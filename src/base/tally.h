/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counts by key: how many of something an address, a user … has. A count of 0 takes no memory. */
#pragma once

#include <stdint.h>

#include "base/map.h"

/* All zero is empty; set counts.seed where strangers choose the keys (map.h). */
struct tally {
	struct map counts;
};

uint64_t tally_get(const struct tally *t, struct str key);

/* One more, one less; the key's bytes are copied. */
void tally_add(struct tally *t, struct str key);
void tally_take(struct tally *t, struct str key);

void tally_fini(struct tally *t);
