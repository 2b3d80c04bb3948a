/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From a captured frame to the packet a kernel would have had, and what a capture does to it. */
#pragma once

#include "gate/capture/link.h"
#include "gate/engine/sim/packet.h"

/* Why a frame is not sent through the ruleset. */
// clang-format off
#define REPLAY_SKIPS(X)                                                              \
	X(NONE, "")                                                                  \
	X(LINK, "frames too short for their link type")                              \
	X(CUT, "frames cut before their ports could be read")                        \
	X(OTHERS, "packets between other hosts")                                     \
	X(AGAIN, "packets that were captured a second time")
// clang-format on

enum replay_skip {
#define X(id, text) SKIP_##id,
	REPLAY_SKIPS(X)
#undef X
		SKIP_KINDS
};
const char *replay_skip_text(enum replay_skip s);

/* Fills the packet from the frame. What the snap length cut off is zeros, for the packet was
 * whole; a length that segmentation offload left at 0 is filled in. Checksums of the transport
 * protocol are taken as right unless `checks`; of a frame that was cut always. */
enum replay_skip frame_packet(const struct capture_frame *f, const struct link_view *v,
                              bool checks, struct packet *p);
