/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * "Did you mean": for a name that a table does not have, the names it does have.
 */
#pragma once

#include "gate/ruleset/session.h"

/* Reports that the table has nothing of that kind and name, at `span`, and what there is instead:
 * a name spelt alike, the others, or the same name in another table. `what` is the kind's word,
 * obj_type only counts for DUMP_OBJS (0: all). */
void no_such_name(struct session *s, enum dump_kind kind, const char *what, enum family f,
                  struct str table, struct str name, uint32_t obj_type, struct span span);

/* `counter`, `ct helper` … by NFT_OBJECT_*. */
const char *object_word(uint32_t obj_type);
/* no_such_name for what a command names. */
void no_such_object(struct session *s, const struct command *c);

/* Whether the kernel has the table, or this run makes it. */
bool table_exists(struct session *s, enum family f, struct str table);

/* Reports that there is no such table, and what tables there are. */
void no_such_table(struct session *s, uint8_t family, struct str table, struct span span);
