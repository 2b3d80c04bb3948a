/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/store/schema.h"

#include <errno.h>
#include <inttypes.h>

#include "herald/store/db.h"

/* 1: places are whose store it is; items are keyvals (empty key) and maps; entries are
 * archives. Their ids are never given out again, which AUTOINCREMENT remembers. */
static const char version_1[] =
	"CREATE TABLE place("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  host TEXT NOT NULL, name TEXT NOT NULL, user TEXT NOT NULL);"
	"CREATE UNIQUE INDEX place_name ON place(host, name, user);"
	"CREATE INDEX place_owner ON place(host, user);"
	"CREATE TABLE item("
	"  place INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
	"  PRIMARY KEY(place, key)) WITHOUT ROWID;"
	"CREATE TABLE entry("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL,"
	"  stamp INTEGER NOT NULL, peer TEXT NOT NULL, value BLOB NOT NULL);"
	"CREATE INDEX entry_place ON entry(place);"
	"CREATE INDEX entry_stamp ON entry(place, stamp);"
	"CREATE INDEX entry_peer ON entry(place, peer) WHERE peer <> '';";

static const char *const steps[] = { version_1 };

const struct schema schema_current = { steps, ARRAY_LEN(steps) };

static int say(struct diags *ds, int r, const char *path, const char *what)
{
	diag_error(ds, "H0102", SPAN_NONE, "`%s`: %s: %s", path, what,
	           store_error_text(r));
	return r;
}

/* What the file says about itself. */
struct identity {
	int64_t application, version, tables;
};

static int read_identity(struct db *db, struct identity *out)
{
	struct identity id = { 0 };
	int r = db_number(db, "PRAGMA application_id", &id.application);

	if (r == 0)
		r = db_number(db, "PRAGMA user_version", &id.version);
	if (r == 0)
		r = db_number(db, "SELECT count(*) FROM sqlite_master", &id.tables);
	if (r == 0)
		*out = id;
	return r;
}

static bool is_empty(const struct identity *id)
{
	return id->application == 0 && id->version == 0 && id->tables == 0;
}

static int check_identity(const struct identity *id, const char *path,
                          const struct schema *schema, struct diags *ds)
{
	if (!is_empty(id) && id->application != SCHEMA_APPLICATION) {
		diag_error(ds, "H0103", SPAN_NONE,
		           "`%s` is a SQLite database of another program", path);
		return -EINVAL;
	}
	if (id->version <= (int64_t)schema->n)
		return 0;
	struct diag *d = diag_error(ds, "H0104", SPAN_NONE,
	                            "`%s` has schema version %" PRId64
	                            ", this herald knows versions up to %zu",
	                            path, id->version, schema->n);
	diag_note(ds, d, "a newer herald has written it");
	diag_help(ds, d, "run that herald again, or go back to the copy `%s.v%zu`", path,
	          schema->n);
	return -ENOTSUP;
}

/* PATH.vN, or the first of PATH.vN.2, … that is free: a copy is never overwritten. */
static int snapshot(struct db *db, const char *path, int64_t version, struct diags *ds)
{
	auto_arena a = { 0 };
	const char *to = arena_fmt(&a, "%s.v%" PRId64, path, version).p;
	int r = db_copy(db, to);

	for (int i = 2; r == -EEXIST && i < 100; i++) {
		to = arena_fmt(&a, "%s.v%" PRId64 ".%d", path, version, i).p;
		r = db_copy(db, to);
	}
	if (r < 0)
		diag_error(ds, "H0105", SPAN_NONE,
		           "the copy `%s` before the migration failed: %s", to,
		           store_error_text(r));
	return r;
}

static int run_steps(struct db *db, int64_t from, const struct schema *schema)
{
	auto_arena a = { 0 };
	int r = 0;

	for (size_t i = (size_t)from; r == 0 && i < schema->n; i++)
		r = db_exec(db, schema->steps[i]);
	if (r == 0)
		r = db_exec(db, arena_fmt(&a,
		                          "PRAGMA user_version=%zu;"
		                          "PRAGMA application_id=%d;",
		                          schema->n, SCHEMA_APPLICATION)
		                        .p);
	return r;
}

static int migrate(struct db *db, int64_t from, const struct schema *schema)
{
	int r = db_exec(db, "BEGIN IMMEDIATE");

	if (r < 0)
		return r;
	r = run_steps(db, from, schema);
	if (r == 0)
		r = db_exec(db, "COMMIT");
	if (r < 0)
		db_rollback(db);
	return r;
}

static int identify(struct db *db, const char *path, const struct schema *schema,
                    struct diags *ds, struct identity *id)
{
	int r = read_identity(db, id);

	return r < 0 ? say(ds, r, path, "cannot be read")
	             : check_identity(id, path, schema, ds);
}

int schema_check(struct db *db, const char *path, const struct schema *schema,
                 struct diags *ds)
{
	struct identity id = { 0 };

	return identify(db, path, schema, ds, &id);
}

int schema_bring(struct db *db, const char *path, const struct schema *schema,
                 struct diags *ds)
{
	struct identity id = { 0 };
	int r = identify(db, path, schema, ds, &id);

	if (r < 0 || id.version == (int64_t)schema->n)
		return r;
	if (id.version > 0) {
		r = snapshot(db, path, id.version, ds);
		if (r < 0)
			return r;
	}
	r = migrate(db, id.version, schema);
	return r < 0 ? say(ds, r, path, "the migration failed, nothing was changed") : 0;
}
