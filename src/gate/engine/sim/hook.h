/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A packet's way through one hook: what is registered there, in order, and the chains' rules.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* Runs everything registered at the hook: protocol family and number as the kernel has them, and
 * its name for people. True: the packet goes on; else p->result says. */
bool hook_run(struct pass *p, uint8_t pf, uint8_t hook, const char *name);

/* Holds a fragment back until the others are there; then *p has all of them in one. */
bool hook_defrag(struct pass *p);
/* The same for what is delivered here, whether it is tracked or not. */
bool hook_defrag_local(struct pass *p);
/* Finds the packet's connection, or makes one. */
bool hook_track(struct pass *p);
/* Enters a new connection into the table. False: it is dropped for that. */
bool hook_confirm(struct pass *p);
