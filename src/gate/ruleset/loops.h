/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Jumps that lead back to where they came from. */
#pragma once

#include "gate/ruleset/session.h"

/* Adds to `d` the jumps of a loop that can be reached from the chain of tag `t`, a rule: in the
 * text and in the kernel. False when there is none that gate can see. */
bool explain_loop(struct session *s, const struct tag *t, struct diag *d);
