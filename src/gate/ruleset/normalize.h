/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A rule's text as the kernel would list it, without the kernel. */
#pragma once

#include "gate/ruleset/lister.h"

/* Lowers and lifts `rule` in place: *rule becomes the listed form. False after an error. */
bool rule_normalize(struct session *s, const struct command *c, struct rule *rule,
                    struct lister *l);
