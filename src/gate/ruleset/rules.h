/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Finding one rule of a chain: by its place or by its text. */
#pragma once

#include "gate/ruleset/session.h"

/* A rule by its handle, or by its number when it is of this transaction. */
struct rule_ref {
	uint64_t handle;
	uint32_t id;
};

/* The rule at `index N`; those of this transaction count. */
bool rule_by_index(struct session *s, const struct command *c, struct rule_ref *ref);
/* The one rule whose listed form (without counters) and byte code are those of `text`; when there
 * is none or more than one, says which come near. For `destroy` none is fine: *ref stays. */
bool rule_by_text(struct session *s, const struct command *c,
                  const struct rule_text *text, struct rule_ref *ref);
/* --debug netlink: the byte code of a rule that was just lowered. */
void debug_rule(struct session *s, const struct prog_rule *r);
/* The same of a set that is about to be made, with its elements. */
void debug_set(struct session *s, const struct prog_set *set,
               const struct prog_elem *elems, size_t n);
