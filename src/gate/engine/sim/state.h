/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What stateful statements remember and how they decide: limit, quota, counter, last, in the
 * kernel's arithmetic (nft_limit.c's credit in nanoseconds, nft_quota.c's addition before the
 * comparison).
 */
#pragma once

#include "gate/engine/sim/store.h"

/* As a fresh rule, element or object has it; buckets begin full. */
void state_init(const struct insn *in, union sim_state *s);
void state_init_obj(const struct prog_obj *o, union sim_state *s);

/* A counter's part of it. */
static inline void state_count(union sim_state *s, uint32_t len)
{
	s->counter.packets++;
	s->counter.bytes += len;
}

/* One packet of `len` bytes at that time. False: the rule does not go on. Kinds other than
 * counter, limit, quota and last are true and untouched. */
bool state_pass(const struct insn *in, union sim_state *s, uint64_t now_ns, uint32_t len);
bool state_pass_obj(const struct prog_obj *o, union sim_state *s, uint64_t now_ns,
                    uint32_t len);
