/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Database files that no store has open: backups. */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/diag.h"

/* What is in a database. */
struct store_summary {
	int64_t version; /* of its schema */
	int64_t accounts, items, entries;
};

/* Reads the whole file and says whether a store could use it, why not in `ds`. Nothing in the
 * file changes. Errors: -ENOENT; -EINVAL not herald's; -ENOTSUP of a newer herald; -EUCLEAN. */
MUST_USE int store_check(const char *path, struct diags *ds, struct store_summary *out);

/* Copies a database file to `to`, which must not exist, synced.
 * Errors: -EEXIST, -ENOSPC, -EIO, …; see store.h. */
MUST_USE int store_copy(const char *path, const char *to);
