/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What was answered lately, for a capture that has those answers as well: each is to go through once.
 */
#pragma once

#include "gate/engine/sim/sim.h"

struct answer_recent;

/* From now on the simulator remembers what it answers. sim_fini() frees it. */
void answer_remember(struct sim *s);
/* Notes an answer as it was made and as it left; nothing where none are remembered. */
void answer_note(struct sim *s, const struct packet *made, const struct packet *left,
                 const struct sim_result *result);
/* Whether the packet, which leaves, is such an answer; then *result is what became of it, and it is
 * forgotten. */
bool answer_claim(struct sim *s, const struct packet *p, struct sim_result *result);
void answer_recent_free(struct answer_recent *r);
