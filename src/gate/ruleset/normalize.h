/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A rule's text as the kernel would list it, without the kernel. */
#pragma once

#include "gate/ruleset/lister.h"

struct normal_rule {
	struct str text; /* without counters, used amounts and handles */
	struct str code; /* its byte code as text, literals' names and state left out */
};

/* Lowers and lifts the rule, sending nothing; `l` knows the table's sets. False after an error. */
bool rule_normalize(struct session *s, enum family family, struct str table,
                    const struct rule_text *text, struct lister *l,
                    struct normal_rule *out);

/* The byte code as text that is the same for two rules that do the same. In `a`. */
struct str program_code(struct arena *a, const struct program *prog);
