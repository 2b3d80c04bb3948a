/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What left the machine: frames on the kernel's wires against those the simulator sent. */
#pragma once

#include "gate/engine/sim/sim.h"
#include "kernel_side.h"

/* A packet as the simulator sent it. */
struct sent_frame {
	unsigned wire;
	bool is_answer;
	struct packet packet;
};

struct sent_frames {
	VEC(struct sent_frame) list;
};

void sent_add(struct sent_frames *s, const struct pass *p, unsigned wire);
void sent_reset(struct sent_frames *s);
void sent_fini(struct sent_frames *s);

/* Whether both sent the same, in any order. */
bool frames_agree(const struct kernel *k, const struct sent_frames *s);
/* Both as text for people, in `a`. */
struct str frames_of_kernel(const struct kernel *k, struct arena *a);
struct str frames_of_simulator(const struct sent_frames *s, struct arena *a);
