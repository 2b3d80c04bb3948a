/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * How often the kernel sends ICMP errors: to one host six at once and then one in each
 * net.ipv4.icmp_ratelimit (or net.ipv6.icmp.ratelimit, shorter the shorter the route's prefix),
 * and to all hosts together net.ipv4.icmp_msgs_per_sec, of which it takes some by chance.
 */
#pragma once

#include "gate/engine/sim/sim.h"

struct answer_limits;

struct answer_limits *answer_limits_new(void);
void answer_limits_free(struct answer_limits *l);

/* Whether the packet's sender, reached by `way`, is told one more error. It is counted; false: it
 * is not, and the watcher has heard so. */
bool answer_allowed(struct pass *p, const struct route_answer *way, const uint8_t *peer);
