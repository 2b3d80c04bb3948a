/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Going back to a backup. */
#include "herald/daemon/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "herald/store/check.h"
#include "herald/store/store.h"
#include "io/sync.h"

int restore_stage(const char *backup, const char *spool, bool dry, struct buf *said)
{
	auto_arena a = { 0 };
	auto_diags ds = { 0 };
	struct store_summary s;
	const char *to = arena_fmt(&a, "%s/herald.db.restore", spool).p;
	int r = store_check(backup, &ds, &s);

	if (r < 0) {
		buf_str(said, ds.list.p[0]->message);
		return r;
	}
	buf_fmt(said,
	        "%s is whole: schema version %" PRId64 ", %" PRId64 " accounts, %" PRId64
	        " values, %" PRId64 " entries",
	        backup, s.version, s.accounts, s.items, s.entries);
	if (dry)
		return 0;
	unlink(to);
	r = store_copy(backup, to);
	if (r < 0) {
		buf_reset(said);
		buf_fmt(said, "cannot copy %s to %s: %s", backup, to,
		        store_error_text(r));
		return r;
	}
	buf_cstr(said,
	         "\nrestart herald: it begins with this backup, and keeps the present "
	         "database as herald.db.before-restore");
	return 0;
}

/* The database with its log, which belongs to it. */
static int move_away(const char *db, struct arena *a)
{
	static const char *const ends[] = { "-wal", "-shm", "" };
	const char *to = arena_fmt(a, "%s.before-restore", db).p;

	for (int i = 2; access(to, F_OK) == 0 && i < 1000; i++)
		to = arena_fmt(a, "%s.before-restore.%d", db, i).p;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (rename(arena_fmt(a, "%s%s", db, ends[i]).p,
		           arena_fmt(a, "%s%s", to, ends[i]).p) < 0 &&
		    errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int put_in_place(const char *db, const char *from, struct arena *a)
{
	int r = move_away(db, a);

	if (r == 0 && rename(from, db) < 0)
		r = -errno;
	return r < 0 ? r : sync_folder_of(db);
}

int restore_finish(const char *spool, struct buf *said)
{
	auto_arena a = { 0 };
	const char *db = arena_fmt(&a, "%s/herald.db", spool).p;
	const char *from = arena_fmt(&a, "%s.restore", db).p;

	if (access(from, F_OK) < 0)
		return 0;
	/* The store's own lock: nobody has the database open. */
	auto_close int lock =
		open(arena_fmt(&a, "%s.lock", db).p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return 0;
	int r = put_in_place(db, from, &a);
	if (r < 0)
		buf_fmt(said, "cannot put %s into place: %s", from, strerror(-r));
	else
		buf_fmt(said, "begins with the backup that was restored");
	return r < 0 ? r : 1;
}
