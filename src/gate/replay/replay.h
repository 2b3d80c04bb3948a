/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A capture through a ruleset, or through two to see what changes. Frames come one by one; what
 * is kept of them is bounded. No I/O here.
 *
 * Where something is met that nobody outside of a kernel knows, the packets go through several
 * kernels that live side by side and take it differently (replay_add_way): so many doubts that a
 * packet meets are tried in all combinations, up to REPLAY_DOUBTS_MAX. A packet that they do not
 * agree on is `sometimes`.
 */
#pragma once

#include "gate/replay/record.h"
#include "gate/replay/side.h"

/* With the least, any two of any three doubts are met in all four ways. */
enum { REPLAY_DOUBTS_LEAST = 2, REPLAY_DOUBTS_MAX = 6 };

/* One ruleset with its own connections and clock. */
struct replay_kernel {
	struct sim sim;
	VEC(struct sim) others; /* take doubts otherwise */
	struct packet copy;     /* of the packet, for the next way */
	struct record record;
};

/* What became of one frame in a ruleset. */
struct replay_fate {
	struct sim_result result; /* where no doubt counts as a match */
	unsigned fates;           /* bit n: enum sim_fate n came out in some way */
	const char *doubt;
	unsigned n_doubts; /* met in one way, the most */
};

/* A frame as a packet, before it is known whose it is. */
struct replay_ahead {
	uint64_t number; /* of the frame, from 1 on; 0: none */
	struct packet packet;
	struct link_view view;
	int error; /* of link_view() */
	enum replay_skip skip;
	struct track_tuple tuple; /* all zero where it has none */
};

struct replay {
	struct replay_side side;
	struct replay_ahead ahead[2]; /* by number: this frame's and the next one's */
	struct replay_kernel now, old;
	unsigned
		doubts; /* of a packet that are tried in all combinations; 0: no other way */
	bool compares;          /* `old` counts */
	bool checks_sums;       /* layer-4 checksums are looked at */
	bool translates;        /* the ruleset has NAT */
	uint64_t frames, bytes; /* captured */
	uint64_t skipped[SKIP_KINDS];
	uint64_t unknown_links, backwards; /* frames; times that went back */
	uint32_t unknown_link;
	uint64_t first_ns, last_ns;
	struct packet again;   /* with `compares`: the packet for the old ruleset */
	struct record changed; /* with `compares`: the flows whose fate differs */
};

/* What became of one frame. */
struct replay_outcome {
	enum replay_skip skip;
	bool is_unknown_link;
	struct replay_fate now, old;
};

/* `store` and `machine` stay the caller's; `old` is NULL without a second ruleset. */
void replay_init(struct replay *r, struct sim_machine *machine, struct sim_store *store,
                 struct sim_store *old);
void replay_fini(struct replay *r);

/* As if no frame had come; the stores have been linked anew. For so many doubts of a packet 2 to
 * the power of `doubts` ways are wanted, of which one is there. */
void replay_restart(struct replay *r, unsigned doubts);
/* One more way, with stores of its own (`old` as in replay_init). */
void replay_add_way(struct replay *r, struct sim_store *store, struct sim_store *old);

/* Optional, before replay_frame(): `f` is the frame of the call after that. Its connection's
 * memory is fetched while the other goes through. */
void replay_expect(struct replay *r, const struct capture_frame *f);
/* Sends the frame through. */
void replay_frame(struct replay *r, const struct capture_frame *f,
                  struct replay_outcome *out);

/* Whether the packet went on, in every way; a fragment that waits for the others did. */
bool replay_passed(const struct replay_fate *f);
