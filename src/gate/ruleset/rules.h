/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Finding one rule of a chain: by its place or by its text. */
#pragma once

#include "gate/ruleset/session.h"

/* Handle of the rule at `index N`. */
bool rule_by_index(struct session *s, const struct command *c, uint64_t *handle);
/* Handle of the one rule whose listed form (without counters) is that of `text`; when there is
 * none or more than one, says which come near. */
bool rule_by_text(struct session *s, const struct command *c, const struct rule_text *text,
                  uint64_t *handle);
/* --debug netlink: the byte code of a rule that was just lowered. */
void debug_rule(struct session *s, const struct prog_rule *r);
/* The same of a set that is about to be made, with its elements. */
void debug_set(struct session *s, const struct prog_set *set, const struct prog_elem *elems,
               size_t n);
