/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The kernel's connections against the simulator's. */
#pragma once

#include "gate/track/track.h"
#include "kernel_side.h"

/* Hears of each connection that differs, as the two have it. */
struct table_teller {
	void (*say)(void *ctx, struct str kernel, struct str simulated);
	void *ctx;
};

/* Texts are in `a`. */
void table_compare(struct kernel *k, struct track *t, struct arena *a,
                   const struct table_teller *teller);
