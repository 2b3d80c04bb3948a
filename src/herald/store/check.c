/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Looking at a database file. */
#include "herald/store/check.h"

#include <errno.h>

#include "herald/store/db.h"
#include "herald/store/schema.h"

enum { BUSY_MS = 5000 };

/* SQLite's own check; one row "ok" means that all is well. */
static int check_pages(struct db *db)
{
	int64_t bad = 0;
	int r = db_number(db,
	                  "SELECT count(*) FROM pragma_integrity_check "
	                  "WHERE integrity_check <> 'ok'",
	                  &bad);

	return r < 0 ? r : bad ? -EUCLEAN : 0;
}

static int count(struct db *db, struct store_summary *out)
{
	int r = db_number(db, "PRAGMA user_version", &out->version);

	if (r == 0)
		r = db_number(
			db,
			"SELECT count(*) FROM place JOIN item ON item.place = "
			"place.id WHERE place.name = 'account' AND place.user <> '' "
			"AND item.key = CAST('account' AS BLOB)",
			&out->accounts);
	if (r == 0)
		r = db_number(db, "SELECT count(*) FROM item", &out->items);
	if (r == 0)
		r = db_number(db, "SELECT count(*) FROM entry", &out->entries);
	return r;
}

static int check(struct db *db, const char *path, struct diags *ds,
                 struct store_summary *out)
{
	struct store_summary s = { 0 };
	int r = schema_check(db, path, &schema_current, ds);

	if (r == 0)
		r = check_pages(db);
	if (r == 0)
		r = db_number(db, "PRAGMA user_version", &s.version);
	if (r == 0 && s.version == 0)
		r = -EINVAL; /* an empty file, which a store would begin with */
	if (r == 0)
		r = count(db, &s);
	if (r == 0)
		*out = s;
	return r;
}

int store_check(const char *path, struct diags *ds, struct store_summary *out)
{
	struct db db = { 0 };
	int r = db_open(&db, path, BUSY_MS);

	if (r == 0)
		r = check(&db, path, ds, out);
	if (r < 0 && !diags_failed(ds))
		diag_error(ds, "H0106", SPAN_NONE, "`%s`: %s", path,
		           r == -EINVAL ? "there is no database of herald's in it"
		                        : store_error_text(r));
	db_close(&db);
	return r;
}

int store_copy(const char *path, const char *to)
{
	struct db db = { 0 };
	int r = db_open(&db, path, BUSY_MS);

	if (r == 0)
		r = db_copy(&db, to);
	db_close(&db);
	return r;
}
