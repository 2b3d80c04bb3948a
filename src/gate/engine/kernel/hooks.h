/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Who is called at a hook, by nfnetlink_hook (Linux 5.14): struct engine_ops has the promise. */
#pragma once

#include "gate/engine/kernel/socket.h"

MUST_USE int kernel_hooks(struct engine *e, uint8_t family, uint32_t hook,
                          struct str device,
                          int (*fn)(void *ctx, const struct engine_hook *h), void *ctx);

/* Reads one message of the answer; what it points into is the message. -EBADMSG. */
MUST_USE int hook_read(const struct nlmsghdr *h, struct engine_hook *out);
