/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Selectors that are one instruction: both directions of each stand together in selector.c. */
#pragma once

#include "gate/ruleset/lower.h"

/* Writes the instruction that loads `e` (meta, ct, rt, socket, osf, ipsec, fib, numgen). */
void emit_selector(struct lower *L, const struct expr *e, unsigned reg);

/* The selector an instruction loads, typed, in `a`; NULL when it is none or has a key that is
 * not known. payload and exthdr come as raw places: lift_field() finds their names. */
struct expr *lift_selector(struct arena *a, const struct insn *in);
