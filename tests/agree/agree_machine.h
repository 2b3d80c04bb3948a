/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The machine that tests/agree/rig.py makes of a namespace, as the simulator has it. */
#pragma once

#include "gate/engine/sim/machine.h"
#include "kernel_side.h"

/* Interfaces with the kernel's numbers and hardware addresses; machine_fini() frees it. */
void agree_machine(struct sim_machine *m, const struct kernel *k);
