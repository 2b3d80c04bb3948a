/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * At which hooks an instruction works. The kernel judges when a transaction is committed and then
 * says "Operation not supported" at most; a check never gets that far, so it is judged here.
 */
#pragma once

#include "gate/ruleset/session.h"

/* Reports an instruction that cannot work in the rule's chain (L->chain); false then. Chains
 * without a hook are not judged: what leads to them decides. */
bool hooks_take_insn(const struct lower *L, const struct insn *in, struct span at);
bool hooks_take_rule(const struct lower *L, const struct prog_rule *r);
/* Whether the rule has something that works at some hooks only. */
bool hooks_matter(const struct lower *L, const struct prog_rule *r);
/* The same for a rule and those it jumps to, read once more by its tag: true when it was refused
 * at its chain's hook, and said. */
bool hooks_refuse_rule(struct session *s, const struct tag *t);
/* All rules of this run and what they jump to. */
bool hooks_take_jumps(struct session *s);
/* After the kernel's refusal of a rule in such a chain: where the instruction works; false when
 * it works anywhere. */
bool hooks_explain(struct diags *diags, enum family f, const struct insn *in,
                   struct span at);
