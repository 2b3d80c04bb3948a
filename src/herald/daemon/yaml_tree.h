/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* YAML as a tree whose nodes know their place in the text. Read with libyaml. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

enum yaml_kind {
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

struct yaml {
	enum yaml_kind kind;
	struct span span; /* of a scalar its text, else its first character */
	struct str text;  /* of a scalar */
	bool quoted;      /* a scalar in quotes is never a number or a truth value */
	struct yaml *key; /* of a value in a map */
	struct yaml *first, *next;
	struct str problem; /* set by the reading: why herald cannot take this entry */
};

/* The document of a source, NULL when it is empty. At most YAML_DEPTH deep; anchors that stand
 * for more than YAML_NODES nodes are refused. Findings go into `ds`. Errors: -EINVAL. */
MUST_USE int yaml_read(const struct sources *sources, uint32_t file, struct diags *ds,
                       struct arena *a, struct yaml **out);

/* Writes the tree as YAML, two blanks a level. What has a problem is written as comments, the
 * problem before it. */
void yaml_write(struct buf *out, const struct yaml *y);

enum { YAML_DEPTH = 32, YAML_NODES = 100000 };
