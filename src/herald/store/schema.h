/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The versions of the database. Version n is what steps 1 to n make of an empty file; the file
 * says its own (user_version) and whose it is (application_id).
 */
#pragma once

#include "base/cleanup.h"
#include "base/diag.h"

struct db;

#define SCHEMA_APPLICATION 0x4852414c /* "HRAL" */

struct schema {
	const char *const *steps; /* SQL that leads from version i to i + 1 */
	size_t n;                 /* the version this program knows */
};

extern const struct schema schema_current;

/* Reads only: whether the file is empty or herald's, and its version one that is known. Says
 * why not in `ds`. Errors: -ENOTSUP a newer version, -EINVAL another program's file, and as
 * db_errno. */
MUST_USE int schema_check(struct db *db, const char *path, const struct schema *schema,
                          struct diags *ds);

/* Brings the database at `path`, open for writing as `db`, to the schema's version; from an
 * older version only after a copy of the file as PATH.vN (PATH.vN.2, … when that is there).
 * All steps are one transaction. Says why in `ds`. Errors: as schema_check. */
MUST_USE int schema_bring(struct db *db, const char *path, const struct schema *schema,
                          struct diags *ds);
