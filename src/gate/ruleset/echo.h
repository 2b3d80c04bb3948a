/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `-e`: what the kernel says was added, printed as the commands that add it. */
#pragma once

#include "gate/ruleset/session.h"

struct echo;
/* Collects while the transaction is committed: the socket is busy then. */
struct echo *echo_new(struct session *s);
extern const struct dump_ops echo_ops; /* ctx: struct echo */
/* Prints what was collected. */
void echo_print(struct echo *e);
