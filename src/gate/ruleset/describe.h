/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#pragma once

#include "gate/ruleset/session.h"

/* `describe EXPR` and `describe TYPE`: type, width and symbols. */
bool describe(struct session *s, const struct command *c);
