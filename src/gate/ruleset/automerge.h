/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `auto-merge` with what the kernel holds already. */
#pragma once

#include "gate/ruleset/elem_log.h"

/* Joins the collected intervals with those of `set` they overlap or touch, be they the kernel's
 * or, by `log`, of this run. What they were joined
 * with is given to `drop`, to be deleted in the same transaction; what is there already is
 * taken out. The kernel is asked for the few intervals concerned; the set is read through for
 * an interval of many values, and when this run has changed it before. Errors: those of the engine's dump. */
int automerge(struct session *s, struct elem_builder *b, const struct prog_set *set,
              const struct elem_log *log, struct elem_builder *drop);
