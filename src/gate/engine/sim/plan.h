/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What is registered at each hook, in order: base chains, and the built-in hooks of
 * defragmentation, connection tracking and NAT where a ruleset makes the kernel register them.
 * Made once a generation of the ruleset; a packet only walks it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sim_store;
struct sim_chain;

enum plan_kind {
	PLAN_DEFRAG,
	PLAN_TRACK,
	PLAN_CONFIRM,
	PLAN_NAT,
	PLAN_BRIDGE,       /* br_netfilter: see bridge.h */
	PLAN_BRIDGE_TRACK, /* nf_conntrack_bridge: see bridge_track.h */
	PLAN_BRIDGE_CONFIRM,
	PLAN_CHAIN
};

struct plan_step {
	enum plan_kind kind;
	struct sim_chain *chain; /* PLAN_CHAIN */
};

struct plan_hook {
	struct plan_step *steps;
	size_t n;
	struct sim_chain **nat; /* the chains of PLAN_NAT */
	size_t n_nat;
};

/* The hook of a protocol family (NFPROTO_IPV4, _IPV6, _ARP, _BRIDGE, _NETDEV) and its number there. Chains
 * of devices are there for all of them. Good until the ruleset is linked again. */
const struct plan_hook *plan_at(struct sim_store *s, uint8_t pf, uint8_t hook);
void plan_free(struct sim_store *s);
