/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Reading the ruleset: see struct engine_ops for what the functions promise.
 */
#pragma once

#include "gate/engine/kernel/socket.h"

MUST_USE int kernel_generation(struct engine *e, uint32_t *gen);
MUST_USE int kernel_dump(struct engine *e, enum dump_kind kind,
                         const struct dump_filter *f, const struct dump_ops *ops,
                         void (*restart)(void *ctx), void *ctx);
MUST_USE int kernel_get(struct engine *e, enum dump_kind kind,
                        const struct dump_filter *f, const struct dump_ops *ops,
                        void *ctx);
MUST_USE int kernel_get_elems(struct engine *e, const struct prog_set *set,
                              const struct prog_elem *keys, size_t n, bool reset,
                              const struct dump_ops *ops, void *ctx, size_t *bad);
