/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Where in the text the element stands that the kernel refused. */
#pragma once

#include "gate/ruleset/session.h"

/* The place of the element that was sent as number `index` for the tag, which is one of elements.
 * False, and *at untouched, when it is not in the text. */
bool elem_place(struct session *s, const struct tag *t, uint32_t index, struct span *at);
