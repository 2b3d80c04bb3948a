/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What became of the packets of a capture: by verdict, by who gave it, and the flows that did not
 * get through. Memory is bounded: of flows so many are kept, the rest is counted.
 */
#pragma once

#include "base/vec.h"
#include "gate/engine/sim/sim.h"

enum { FATES = FATE_UNKNOWN + 1, RECORD_FLOWS_MAX = 1 << 16 };

struct record_count {
	uint64_t packets, bytes; /* of the network layer */
};

/* Who gave which verdict. */
struct record_judge {
	enum sim_fate fate;
	enum sim_by by;
	const struct sim_rule *rule;   /* BY_RULE */
	const struct sim_chain *chain; /* BY_POLICY, BY_END: or NULL */
	const char *reason;            /* the other ones */
	struct record_count count;
};

struct record_flow {
	struct track_tuple first;  /* of its first packet here */
	uint32_t judge, old_judge; /* of that packet; numbers in record.judges */
	uint64_t first_ns;         /* since 1970 */
	struct record_count count;
};

struct record_doubt {
	const char *what;
	uint64_t packets;
};

struct record {
	struct record_count fates[FATES];
	VEC(struct record_judge) judges;
	uint32_t *judge_slots; /* hash of judges: number + 1 */
	size_t judge_mask;
	VEC(struct record_flow) flows;
	uint32_t *flow_slots; /* hash of flows: number + 1 */
	size_t flow_mask;
	uint64_t flows_lost; /* packets of flows that were not kept */
	VEC(struct record_doubt) doubts;
};

/* Counts the packet and returns its judge's number. */
uint32_t record_packet(struct record *t, const struct sim_result *r, uint32_t length);
/* The judge's number, without counting. */
uint32_t record_judge(struct record *t, const struct sim_result *r);
/* Counts the packet for its flow, in either direction. */
void record_flow(struct record *t, const struct track_tuple *tuple, uint32_t judge,
                 uint32_t old_judge, uint64_t at_ns, uint32_t length);
void record_fini(struct record *t);
