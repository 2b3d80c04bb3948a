/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The rules of a chain as they stand in the middle of a transaction: the kernel's, and what the
 * commands before have added, replaced and taken away.
 */
#pragma once

#include "gate/ruleset/lister.h"

/* One of them: loaded rules have a handle, those of this transaction a number of their own. */
struct rule_entry {
	uint64_t handle;
	uint32_t id;             /* 0: loaded */
	struct rule_text source; /* of a loaded one: none */
	struct str text, code;   /* listed form and byte code, as in struct normal_rule */
};

struct rule_list {
	struct lister l;
	VEC(struct rule_entry) list;
};

/* Reads them for the chain a command names; `texts`: with text and code. A report at `at` and
 * false when it fails. rule_list_fini is wanted in both cases. */
bool rule_list_read(struct session *s, const struct command *c, bool texts,
                    struct span at, struct rule_list *out);
void rule_list_fini(struct rule_list *r);
