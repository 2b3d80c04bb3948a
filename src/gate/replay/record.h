/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What became of the packets of a capture: by verdict, by who gave it, and the flows that did not
 * get through. Memory is bounded: of flows so many are kept, the rest is counted.
 */
#pragma once

#include "base/vec.h"
#include "gate/engine/sim/sim.h"

/* FATE_SOMETIMES: it depends on what nobody outside of a kernel knows. */
enum { FATE_SOMETIMES = FATE_UNKNOWN + 1, FATES, RECORD_FLOWS_MAX = 1 << 16 };
const char *record_fate_name(unsigned fate);

struct record_count {
	uint64_t packets, bytes; /* of the network layer */
};

/* Who gave which verdict. */
struct record_judge {
	unsigned fate;  /* enum sim_fate or FATE_SOMETIMES */
	unsigned fates; /* bit n: enum sim_fate n can come out */
	enum sim_by by;
	const struct sim_rule *rule;   /* BY_RULE */
	const struct sim_chain *chain; /* BY_POLICY, BY_END: or NULL */
	const char *reason;            /* the other ones; of FATE_SOMETIMES the doubt */
	struct record_count count;
};

struct record_flow {
	struct track_tuple first;  /* of its first packet here */
	uint32_t judge, old_judge; /* of that packet; numbers in record.judges */
	uint64_t first_ns;         /* since 1970 */
	struct record_count count;
	uint64_t sometimes; /* packets of these that are not always stopped */
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

/* What became of a packet, in all the ways it could go. */
struct record_fate {
	const struct sim_result *result; /* of one of them */
	unsigned fates;                  /* bit n: enum sim_fate n came out */
	const char *doubt;               /* what was not known, or NULL */
};

/* Counts the packet and returns its judge's number. */
uint32_t record_packet(struct record *t, const struct record_fate *f, uint32_t length);
/* The judge's number, without counting. */
uint32_t record_judge(struct record *t, const struct record_fate *f);
/* A packet of a flow. */
struct record_seen {
	uint32_t judge, old_judge;
	uint64_t at_ns;
	uint32_t length;
	bool sometimes;
};

/* Counts the packet for its flow, in either direction. */
void record_flow(struct record *t, const struct track_tuple *tuple,
                 const struct record_seen *s);
void record_fini(struct record *t);
