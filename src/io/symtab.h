/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Tables of the form "number name" that iproute2 and conntrack keep in /etc: rt_marks, group,
 * rt_realms, connlabel.conf. Numbers are decimal or 0x…; `#` starts a comment.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct symtab_row {
	uint64_t value;
	const char *name;
};

struct symtab {
	struct symtab_row *rows; /* in the order of the file */
	size_t n;
};

/* Reads the first of `paths` (ends with NULL) that exists; the rows live in `a`. None that
 * exists is the empty table. Lines of another form are passed over, as iproute2 does. */
void symtab_load(struct symtab *t, struct arena *a, const char *const *paths);

/* The same from a text. */
void symtab_parse(struct symtab *t, struct arena *a, struct str text);

/* The first row of that name or number. 0, or -ENOENT. */
int symtab_value(const struct symtab *t, const char *name, uint64_t *value);
const char *symtab_name(const struct symtab *t, uint64_t value); /* NULL: none */
