/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Where herald keeps what must survive. Three shapes, in named stores that belong to a user or
 * to a host:
 *
 *   keyval   one value                       "last"      store_get, tx_put with an empty key
 *   map      values under keys               "roster"    store_get, store_list, tx_put, tx_del
 *   archive  entries in order, with a time   "offline"   store_find, store_count, tx_append,
 *                                                        tx_purge
 *
 * A store keeps the shape it is used with; nothing is declared. Values are bytes to the store.
 *
 * Writing: collect what belongs together in a transaction, commit it, and go on; `done` says
 * 0 when all of it is committed and synced to disk, or an error when none of it is. That is
 * the moment to acknowledge. Transactions of one thread take effect in the order of their
 * commits; many are synced together (STORE_GROUP_MS).
 *
 * Reading is asynchronous too. A read sees every transaction whose `done` has run, and all or
 * nothing of any other.
 *
 * Completions go to an inbox (io/inbox.h), so they run on the thread that owns it: exactly one
 * call for every request, also when it fails, also at store_close.
 *
 * Errors of requests: -ENOSPC disk full, -EBUSY locked by another process, -EUCLEAN the
 * database is damaged, -EIO, -EROFS, -ENOBUFS too many requests wait, -ECANCELED closed before
 * it was done; of transactions also the tx_expect errors. After -EIO from a commit it is
 * unknown whether a crash would keep or lose it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "io/inbox.h"

struct store;
struct store_tx;

/* Commits are at least so far apart: one that comes alone is synced at once, those that come
 * meanwhile go together. */
#define STORE_GROUP_MS 3

#define STORE_VALUE_MAX (16 << 20) /* bytes of a value; more is the caller's mistake */

/* Whose data, and which. */
struct store_place {
	struct str host; /* prepared domain */
	struct str
		user; /* prepared local part; empty for what belongs to the host itself */
	struct str name; /* of the store: lower-case ASCII and '-', such as "roster" */
};

/* ---- opening ---------------------------------------------------------------------------- */

struct store_trouble {
	int error;        /* negative errno; 0: it works again */
	const char *text; /* one sentence for the log */
};

struct store_config {
	const char *
		path; /* of the SQLite file; its folder must exist. NULL: the memory store */
	size_t readers;     /* threads that read; 0 means 2 */
	size_t max_waiting; /* requests that may wait; 0 means 65536 */
	uint32_t busy_ms;   /* how long another process may hold the lock; 0 means 5000 */

	/* Told once when writing begins to fail and once when it works again, on the owner of
	 * `inbox`. May be NULL. */
	struct inbox *inbox;
	void (*on_trouble)(void *arg, const struct store_trouble *t);
	void *arg;
};

/* Opens or creates, and migrates an older schema after a snapshot of the file (PATH.v1, …).
 * PATH.lock keeps a second herald away. Says why in `ds` when it fails: a newer schema than
 * this program knows, a file that is no database of herald's, damage, no permission.
 * Errors: -ENOTSUP newer schema, -EUCLEAN, -EACCES, -ENOENT (folder), -ENOSPC, -EBUSY, -EIO. */
MUST_USE int store_open(const struct store_config *c, struct diags *ds,
                        struct store **out);

/* Commits what was submitted, completes every request, and closes. The inboxes must still be
 * there; run them once more afterwards for the last completions. NULL is harmless. */
void store_close(struct store *s);

/* ---- writing ---------------------------------------------------------------------------- */

/* `result`: 0 committed and synced; else a negative errno and nothing of it happened. */
typedef void (*store_done_fn)(void *arg, int result);

/* A new transaction, freed by tx_commit or tx_abort. Not for several threads at once. All the
 * functions copy what they are given. */
struct store_tx *tx_begin(struct store *s);

void tx_put(struct store_tx *tx, const struct store_place *at, struct str key,
            struct str value);
void tx_del(struct store_tx *tx, const struct store_place *at, struct str key);

/* Puts an entry at the end of an archive and returns its id: greater than any before in this
 * database, never 0, never given out again. `stamp_us` is the time that counts for ranges,
 * microseconds since 1970; `with` (may be empty) is what ranges can be narrowed to. */
uint64_t tx_append(struct store_tx *tx, const struct store_place *at, int64_t stamp_us,
                   struct str with, struct str value);

struct store_range;

/* Deletes entries of an archive that are in the range (its limit and order do not count). */
void tx_purge(struct store_tx *tx, const struct store_place *at,
              const struct store_range *range);

/* Deletes all keys and entries of the place's store. */
void tx_clear(struct store_tx *tx, const struct store_place *at);

/* Deletes everything of a user (of the host's own data for an empty user) in all stores. */
void tx_forget(struct store_tx *tx, struct str host, struct str user);

/* Conditions, tested at commit before anything of the transaction is done, whatever the order
 * of the calls; when one fails nothing happens. Errors: tx_expect_absent -EEXIST,
 * tx_expect_present -ENOENT, tx_expect_value -ESTALE (also when the key is not there). */
void tx_expect_absent(struct store_tx *tx, const struct store_place *at, struct str key);
void tx_expect_present(struct store_tx *tx, const struct store_place *at, struct str key);
void tx_expect_value(struct store_tx *tx, const struct store_place *at, struct str key,
                     struct str value);

/* Hands the transaction over. `to` and `done` may both be NULL: nobody waits. */
void tx_commit(struct store_tx *tx, struct inbox *to, store_done_fn done, void *arg);
void tx_abort(struct store_tx *tx);

/* ---- reading ---------------------------------------------------------------------------- */

struct store_row {
	struct str user; /* store_users only */
	struct str key;  /* keyval and map */
	struct str value;
	uint64_t id;      /* archive */
	int64_t stamp_us; /* archive */
	struct str with;  /* archive */
};

/* The answer, good until the callback returns. */
struct store_rows {
	const struct store_row *p;
	size_t n;
	bool more;      /* the limit cut it */
	uint64_t count; /* store_count, store_user_count */
};

typedef void (*store_rows_fn)(void *arg, int result, const struct store_rows *rows);

/* Which entries of an archive; all zero is all of them in order. */
struct store_range {
	uint64_t after_id;  /* only greater ids; 0: from the start */
	uint64_t before_id; /* only smaller ids; 0: to the end */
	uint64_t id;        /* only this one; 0: any */
	int64_t from_us;    /* only stamps at or after; 0: any */
	int64_t to_us;      /* only stamps before; 0: any */
	struct str with;    /* only these; empty: any */
	size_t limit;       /* at most so many rows; 0: STORE_LIMIT */
	bool newest_first;
};

#define STORE_LIMIT 1000

/* Reads that are asked for between the two go off together: cheaper, when they are several. For a
 * moment only: others' reads may wait too. */
void store_hold(struct store *s);
void store_let_go(struct store *s);

/* The value under a key (empty for keyval): one row, or none. */
void store_get(struct store *s, const struct store_place *at, struct str key,
               struct inbox *to, store_rows_fn fn, void *arg);

/* All keys of a map with their values, ordered by the bytes of the keys. */
void store_list(struct store *s, const struct store_place *at, struct inbox *to,
                store_rows_fn fn, void *arg);

/* Entries of an archive. */
void store_find(struct store *s, const struct store_place *at,
                const struct store_range *range, struct inbox *to, store_rows_fn fn,
                void *arg);

/* rows->count entries of an archive are in the range. */
void store_count(struct store *s, const struct store_place *at,
                 const struct store_range *range, struct inbox *to, store_rows_fn fn,
                 void *arg);

/* The users of a host (at->user does not count) that have `key` in a map, ordered by name, from
 * behind `after` on, at most `limit` (0: STORE_LIMIT), each row with user, key and value. */
void store_users(struct store *s, const struct store_place *at, struct str key,
                 struct str after, size_t limit, struct inbox *to, store_rows_fn fn,
                 void *arg);

/* rows->count of those users. */
void store_user_count(struct store *s, const struct store_place *at, struct str key,
                      struct inbox *to, store_rows_fn fn, void *arg);

/* ---- keeping house ---------------------------------------------------------------------- */

/* Writes a consistent copy to `path`, which must not exist, while everything else goes on; the
 * copy is synced before `done`. One at a time. Errors also: -ENOTSUP the memory store, -EEXIST,
 * -EBUSY another backup runs. */
void store_backup(struct store *s, const char *path, struct inbox *to, store_done_fn done,
                  void *arg);

struct store_status {
	const char *backend;   /* "memory", "sqlite" */
	uint64_t commits;      /* groups synced */
	uint64_t transactions; /* in them */
	uint64_t failed;       /* transactions that failed, conditions left out */
	uint64_t reads;
	size_t waiting; /* requests now in queues */
	int trouble;    /* the error writing has now, 0 when well */
};

void store_status(struct store *s, struct store_status *out);

/* What a result means, for people: "the disk is full". */
const char *store_error_text(int result);
