/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/arena.h"
#include "io/sync.h"

/* ---- the SQL ---------------------------------------------------------------------------- */

#define PLACE   "(SELECT id FROM place WHERE host=?1 AND name=?2 AND user=?3)"
#define OF_USER "(SELECT id FROM place WHERE host=?1 AND user=?2)"
#define KEY_OF  "host=?1 AND name=?2 AND item.place=place.id AND item.key=?4 "
#define BETWEEN "place=" PLACE " AND id>?4 AND id<?5 AND stamp>=?6 AND stamp<?7"

/* The planner cannot know which bounds are real, so the index is named (enum range_by). */
#define BY_ID    "entry INDEXED BY entry_place WHERE " BETWEEN
#define BY_STAMP "entry INDEXED BY entry_stamp WHERE " BETWEEN
#define BY_PEER  "entry INDEXED BY entry_peer WHERE " BETWEEN " AND peer=?8 AND peer<>''"

#define FIND(from, order)                                                         \
	"SELECT id,stamp,peer,value FROM entry WHERE id IN (SELECT id FROM " from \
	" ORDER BY id " order " LIMIT ?9) ORDER BY id " order
#define COUNT(from) "SELECT count(*) FROM " from
#define PURGE(from) "DELETE FROM entry WHERE id IN (SELECT id FROM " from ")"

enum range_by {
	RANGE_BY_ID,
	RANGE_BY_STAMP,
	RANGE_BY_PEER,
};

static const char *const sql[STMT_LAST] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_PLACE_ADD] = "INSERT OR IGNORE INTO place(host,name,user) VALUES(?1,?2,?3)",
	/* key */
	[STMT_ITEM_GET] = "SELECT value FROM item WHERE place=" PLACE " AND key=?4",
	/* key, value */
	[STMT_ITEM_PUT] = "INSERT INTO item(place,key,value) VALUES(" PLACE ",?4,?5) "
			  "ON CONFLICT DO UPDATE SET value=excluded.value",
	/* key */
	[STMT_ITEM_DEL] = "DELETE FROM item WHERE place=" PLACE " AND key=?4",
	[STMT_ITEM_LIST] =
		"SELECT key,value FROM item WHERE place=" PLACE " ORDER BY key",
	[STMT_ITEM_CLEAR] = "DELETE FROM item WHERE place=" PLACE,
	/* id, stamp, peer, value */
	[STMT_ENTRY_ADD] = "INSERT INTO entry(place,id,stamp,peer,value) "
			   "VALUES(" PLACE ",?4,?5,?6,?7)",
	[STMT_ENTRY_CLEAR] = "DELETE FROM entry WHERE place=" PLACE,
	/* host, user */
	[STMT_FORGET_ITEMS] = "DELETE FROM item WHERE place IN " OF_USER,
	[STMT_FORGET_ENTRIES] = "DELETE FROM entry WHERE place IN " OF_USER,
	[STMT_FORGET_PLACES] = "DELETE FROM place WHERE host=?1 AND user=?2",
	/* host, name, the last user before, key, limit */
	[STMT_USERS] = "SELECT user,value FROM place CROSS JOIN item WHERE " KEY_OF
		       "AND user>?3 ORDER BY user LIMIT ?5",
	/* host, name, '', key */
	[STMT_USER_COUNT] =
		"SELECT count(*) FROM place CROSS JOIN item WHERE " KEY_OF "AND user>?3",
	/* ids, stamps and peer as in BETWEEN and BY_PEER; limit */
	[STMT_FIND + 0] = FIND(BY_ID, "ASC"),
	[STMT_FIND + 1] = FIND(BY_STAMP, "ASC"),
	[STMT_FIND + 2] = FIND(BY_PEER, "ASC"),
	[STMT_FIND + 3] = FIND(BY_ID, "DESC"),
	[STMT_FIND + 4] = FIND(BY_STAMP, "DESC"),
	[STMT_FIND + 5] = FIND(BY_PEER, "DESC"),
	[STMT_COUNT_ENTRIES + 0] = COUNT(BY_ID),
	[STMT_COUNT_ENTRIES + 1] = COUNT(BY_STAMP),
	[STMT_COUNT_ENTRIES + 2] = COUNT(BY_PEER),
	[STMT_PURGE + 0] = PURGE(BY_ID),
	[STMT_PURGE + 1] = PURGE(BY_STAMP),
	[STMT_PURGE + 2] = PURGE(BY_PEER),
};

/* ---- connections ------------------------------------------------------------------------ */

/* What the file system said, where SQLite tells no more than that it failed. */
static int system_errno(const struct db *db, int otherwise)
{
	int e = db->h ? sqlite3_system_errno(db->h) : 0;

	return e == ENOSPC || e == EDQUOT || e == EACCES || e == ENOENT || e == EROFS
	               ? -(e == EDQUOT ? ENOSPC : e)
	               : otherwise;
}

int db_errno(const struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	default: /* numbers of SQLite's, not an enum of ours */
		return system_errno(db, -EIO);
	}
}

int db_exec(struct db *db, const char *text)
{
	return db_errno(db, sqlite3_exec(db->h, text, NULL, NULL, NULL));
}

int db_number(struct db *db, const char *text, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->h, text, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	int r = db_errno(db, rc);
	if (r == 0)
		*out = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return r;
}

/* FULL syncs the log at every commit; checkpoints are the keeper's (sqlite_keeper.c), so that
 * no commit waits for one. */
static const char writer_setup[] = "PRAGMA journal_mode=WAL;"
				   "PRAGMA synchronous=FULL;"
				   "PRAGMA wal_autocheckpoint=0;"
				   "PRAGMA temp_store=MEMORY;"
				   "PRAGMA secure_delete=FAST;";
/* Small caches (KiB): the system keeps the file's pages once for all. */
static const char reader_setup[] = "PRAGMA query_only=ON;"
				   "PRAGMA temp_store=MEMORY;"
				   "PRAGMA cache_size=-128;";

int db_setup(struct db *db, bool writes)
{
	return db_exec(db, writes ? writer_setup : reader_setup);
}

int db_open(struct db *db, const char *path, uint32_t busy_ms)
{
	*db = (struct db){ 0 };
	int rc = sqlite3_open_v2(path, &db->h,
	                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return db_errno(db, rc);
	sqlite3_extended_result_codes(db->h, 1);
	sqlite3_busy_timeout(db->h, (int)busy_ms);
	return 0;
}

void db_rollback(struct db *db)
{
	/* SQLite has rolled back by itself after some errors; then this one fails. */
	sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < ARRAY_LEN(db->stmts); i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->h);
	*db = (struct db){ 0 };
}

/* ---- statements ------------------------------------------------------------------------- */

int db_use(struct db *db, enum stmt which, sqlite3_stmt **out)
{
	if (!db->stmts[which]) {
		int rc = sqlite3_prepare_v3(db->h, sql[which], -1,
		                            SQLITE_PREPARE_PERSISTENT, &db->stmts[which],
		                            NULL);
		if (rc != SQLITE_OK)
			return db_errno(db, rc);
	}
	*out = db->stmts[which];
	return 0;
}

int db_use_place(struct db *db, enum stmt which, const struct store_place *at,
                 sqlite3_stmt **out)
{
	int r = db_use(db, which, out);

	if (r < 0)
		return r;
	stmt_text(*out, 1, at->host);
	stmt_text(*out, 2, at->name);
	stmt_text(*out, 3, at->user);
	return 0;
}

static int64_t id_bound(uint64_t id, int64_t none)
{
	return id && id <= INT64_MAX ? (int64_t)id : none;
}

static void bind_range(sqlite3_stmt *st, const struct store_range *r)
{
	int64_t after = id_bound(r->after_id, 0),
		before = id_bound(r->before_id, INT64_MAX);

	if (r->id) {
		int64_t id = id_bound(r->id, INT64_MAX);
		after = id - 1 > after ? id - 1 : after;
		before = id < before ? id + (id < INT64_MAX) : before;
	}
	sqlite3_bind_int64(st, 4, after);
	sqlite3_bind_int64(st, 5, before);
	sqlite3_bind_int64(st, 6, r->from_us ? r->from_us : INT64_MIN);
	sqlite3_bind_int64(st, 7, r->to_us ? r->to_us : INT64_MAX);
	if (r->with.n)
		stmt_text(st, 8, r->with);
}

static enum range_by choose_index(const struct store_range *r)
{
	if (r->with.n)
		return RANGE_BY_PEER;
	return (r->from_us || r->to_us) && !r->id ? RANGE_BY_STAMP : RANGE_BY_ID;
}

int db_use_range(struct db *db, enum stmt which, const struct store_place *at,
                 const struct store_range *range, sqlite3_stmt **out)
{
	enum stmt one = which + choose_index(range);

	if (which == STMT_FIND && range->newest_first)
		one += 3;
	int r = db_use_place(db, one, at, out);
	if (r < 0)
		return r;
	bind_range(*out, range);
	return 0;
}

void stmt_text(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_text(st, i, s.n ? s.p : "", (int)s.n, SQLITE_STATIC);
}

void stmt_blob(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_blob(st, i, s.n ? s.p : "", (int)s.n, SQLITE_STATIC);
}

int stmt_step(struct db *db, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	return rc == SQLITE_ROW ? 1 : db_errno(db, rc);
}

void stmt_end(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int stmt_run(struct db *db, sqlite3_stmt *st)
{
	int r;

	while ((r = stmt_step(db, st)) > 0)
		;
	stmt_end(st);
	return r;
}

struct str stmt_column(sqlite3_stmt *st, int i)
{
	const char *p = sqlite3_column_blob(st, i);

	return (struct str){ p, (size_t)sqlite3_column_bytes(st, i) };
}

/* ---- copies ----------------------------------------------------------------------------- */

/* One call of sqlite3_backup_step copies everything under one read transaction; in pieces it
 * would start over whenever somebody writes. */
static int copy_pages(struct db *db, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->h, "main");

	if (!backup)
		return db_errno(&(struct db){ .h = to }, sqlite3_errcode(to));
	sqlite3_backup_step(backup, -1);
	return db_errno(&(struct db){ .h = to }, sqlite3_backup_finish(backup));
}

/* Into a file that is there and empty. */
static int copy_into(struct db *db, const char *part)
{
	struct db to = { 0 };
	int rc = sqlite3_open_v2(part, &to.h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	                         NULL);
	int r = rc == SQLITE_OK ? copy_pages(db, to.h) : db_errno(&to, rc);

	db_close(&to);
	return r;
}

int db_copy(struct db *db, const char *to)
{
	auto_arena a = { 0 };
	const char *part = arena_fmt(&a, "%s.part", to).p;
	auto_close int fd = open(part, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	int r = copy_into(db, part);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat2(AT_FDCWD, part, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		unlink(part);
	return r < 0 ? r : sync_folder_of(to);
}
