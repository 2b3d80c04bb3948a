/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the kernel refused about an element, in words, and where in the text it stands. */
#pragma once

#include "gate/ruleset/session.h"

/* Reports the kernel's refusal `e` of the elements of tag `t`. */
void elem_error(struct session *s, const struct tag *t, const struct tx_error *e);
/* Reports, at `at`, that a map leads to a chain which cannot be jumped to. */
void elem_error_target(struct session *s, struct span at);
