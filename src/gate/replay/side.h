/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Whose a frame is: came it in, did this machine send it, or was it passed on? Captures tell a
 * direction or not; addresses and networks that people give tell the rest. A frame that leaves is
 * captured behind address translation, so what it was before is looked up and put back; of what
 * a router passes on, a capture of all devices has two frames, and one counts.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "gate/engine/sim/defrag.h"
#include "gate/engine/sim/sim.h"
#include "gate/replay/frame.h"

/* Packets from there come in by this device. */
struct replay_net {
	const struct sim_dev *dev;
	uint8_t family, addr[16], prefix;
};

struct side_addr {
	uint8_t family, addr[16];
};

/* A packet of which the first fragment was put back: the others say only addresses. */
struct side_pieces {
	uint8_t key[DEFRAG_KEY_BYTES];
	struct track_addr src, dst; /* from before translation */
};
enum { SIDE_PIECES = 64 }; /* packets at a time */

struct replay_side {
	struct sim_machine *machine;
	const struct sim_dev *dev; /* of frames whose device nobody tells */
	VEC(struct replay_net) nets;
	VEC(const struct sim_dev *)
	devices; /* by the capture's number; found as they come */
	VEC(struct side_addr) locals;
	bool forwards;
	bool has_one_way; /* side_settle */
	bool sees_all; /* the capture is of all devices: what is passed on is there twice */
	struct side_pieces pieces[SIDE_PIECES];
	unsigned n_pieces; /* ever; the oldest gives way */
	/* side_arrival: the payload as it was captured, where another one is sent through */
	struct buf written;
};

/* Whether anything but a capture's own marks tells whose frames are. */
static inline bool side_is_told(const struct replay_side *s)
{
	return s->locals.n || s->nets.n;
}

void side_fini(struct replay_side *s);

/* Once machine, nets and device are complete: finds out whether all others are reached by `dev`, as
 * from a host with one card, so that no route has to be looked up for each frame. Without it
 * routes are looked up. */
void side_settle(struct replay_side *s);

/* Fills in the packet's way. `track` is where translated connections are found, NULL when the
 * ruleset translates nothing. The packet may be changed to what it was before translation. */
enum replay_skip side_arrival(struct replay_side *s, const struct capture_frame *f,
                              const struct link_view *v, struct track *track,
                              struct packet *p, struct sim_arrival *out);
