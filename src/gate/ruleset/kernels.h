/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Which kernel a ruleset needs: a table of what nf_tables learned after 5.10, the oldest kernel
 * gate works on. It serves `gate check --kernel`, and explains what a running kernel refused.
 */
#pragma once

#include "gate/ruleset/session.h"

/* A version as one number that orders: 6.1 is 0x601. */
#define KERNEL(major, minor) ((uint32_t)(major) << 8 | (uint32_t)(minor))
#define KERNEL_OLDEST        KERNEL(5, 10)

/* Reads `6.1`, `6`, or what `uname -r` prints. Returns the version, or 0. */
uint32_t kernel_parse(struct str text);

/* Reports what of a refused instruction the running kernel (options->running) is too old for;
 * false when that is not the reason. */
bool kernel_is_too_old(struct session *s, const struct lower *L, const struct insn *in,
                       struct span at);

/* These report what options->kernel lacks (0: all is there) and return false then. */
bool kernel_takes_table(struct session *s, const struct prog_table *t, struct span span);
bool kernel_takes_chain(struct session *s, const struct prog_chain *c, struct span span);
bool kernel_takes_set(struct session *s, const struct prog_set *set, struct span span);
/* Each instruction at its own place; the context's chain tells the hook. */
bool kernel_takes_rule(struct session *s, const struct lower *L,
                       const struct prog_rule *r);
bool kernel_takes_read(struct session *s, const struct command *c);
/* The same for the running kernel, which would answer with an empty or a wrong list. */
bool kernel_answers_read(struct session *s, const struct command *c);
/* `*` as an element. */
bool kernel_takes_catchall(const struct lower *L, struct span span);
