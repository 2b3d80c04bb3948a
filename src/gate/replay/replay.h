/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A capture through a ruleset, or through two to see what changes. Frames come one by one; what
 * is kept of them is bounded. No I/O here.
 */
#pragma once

#include "gate/replay/record.h"
#include "gate/replay/side.h"

/* One ruleset with its own connections and clock. */
struct replay_kernel {
	struct sim sim;
	struct packet packet;
	struct record record;
};

struct replay {
	struct replay_side side;
	struct replay_kernel now, old;
	bool compares;          /* `old` counts */
	bool checks_sums;       /* layer-4 checksums are looked at */
	bool translates;        /* the ruleset has NAT */
	uint64_t frames, bytes; /* captured */
	uint64_t skipped[SKIP_KINDS];
	uint64_t unknown_links, backwards; /* frames; times that went back */
	uint32_t unknown_link;
	uint64_t first_ns, last_ns;
	struct record changed; /* with `compares`: the flows whose fate differs */
};

/* What became of one frame. */
struct replay_outcome {
	enum replay_skip skip;
	bool is_unknown_link;
	struct sim_result now, old;
};

/* `store` and `machine` stay the caller's; `old` is NULL without a second ruleset. */
void replay_init(struct replay *r, struct sim_machine *machine, struct sim_store *store,
                 struct sim_store *old);
void replay_fini(struct replay *r);

/* Sends the frame through. */
void replay_frame(struct replay *r, const struct capture_frame *f,
                  struct replay_outcome *out);

/* Whether the packet went on; a fragment that waits for the others did. */
bool replay_passed(const struct sim_result *r);
