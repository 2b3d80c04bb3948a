/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One SQLite connection with its prepared statements, for one thread at a time. SQL stands in
 * db.c (and the schema in schema.c) and nowhere else.
 */
#pragma once

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "herald/store/store.h"

/* ?1 to ?3 of a statement on a place are its host, name and user: db_use_place binds them.
 * What follows is listed with the statement in db.c. */
enum stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_PLACE_ADD,
	STMT_ITEM_GET,
	STMT_ITEM_PUT,
	STMT_ITEM_DEL,
	STMT_ITEM_LIST,
	STMT_ITEM_CLEAR,
	STMT_ENTRY_ADD,
	STMT_ENTRY_CLEAR,
	STMT_FORGET_ITEMS,
	STMT_FORGET_ENTRIES,
	STMT_FORGET_PLACES,
	STMT_USERS,
	STMT_USER_COUNT,
	STMT_FIND, /* six: ascending and descending for each enum range_by */
	STMT_COUNT_ENTRIES = STMT_FIND + 6, /* three, as the next */
	STMT_PURGE = STMT_COUNT_ENTRIES + 3,
	STMT_LAST = STMT_PURGE + 3,
};

struct db {
	sqlite3 *h;
	sqlite3_stmt *stmts[STMT_LAST]; /* NULL until used */
};

/* Opens the file, which must exist, and changes nothing in it. Whatever the result, db_close
 * gives everything back. Errors: as db_errno. */
MUST_USE int db_open(struct db *db, const char *path, uint32_t busy_ms);
void db_close(struct db *db);

/* Makes it the connection that writes (with a write-ahead log, synced at each commit), or one
 * that only reads. */
MUST_USE int db_setup(struct db *db, bool writes);

/* The negative errno for what the connection said last, store.h's list; `rc` is its code. */
int db_errno(const struct db *db, int rc);

/* Runs SQL text without parameters. */
MUST_USE int db_exec(struct db *db, const char *sql);

/* Ends a transaction without its effects; harmless outside of one. */
void db_rollback(struct db *db);

/* The first number of the first row of a query, or 0 when there is none. */
MUST_USE int db_number(struct db *db, const char *sql, int64_t *out);

/* The statement, ready to be bound. It holds locks from its first step until stmt_end. */
MUST_USE int db_use(struct db *db, enum stmt which, sqlite3_stmt **out);
MUST_USE int db_use_place(struct db *db, enum stmt which, const struct store_place *at,
                          sqlite3_stmt **out);
/* As db_use_place for FIND, COUNT_ENTRIES and PURGE, with the range bound to ?4 to ?8. */
MUST_USE int db_use_range(struct db *db, enum stmt which, const struct store_place *at,
                          const struct store_range *range, sqlite3_stmt **out);

/* Texts must stay until stmt_end. */
void stmt_text(sqlite3_stmt *st, int i, struct str s);
void stmt_blob(sqlite3_stmt *st, int i, struct str s);

/* 1: a row is there; 0: no more rows; negative: as db_errno. */
int stmt_step(struct db *db, sqlite3_stmt *st);
void stmt_end(sqlite3_stmt *st);

/* Steps to the end and ends it. */
MUST_USE int stmt_run(struct db *db, sqlite3_stmt *st);

/* A column of the row, good until the next step. */
struct str stmt_column(sqlite3_stmt *st, int i);

/* Copies the whole database, as it is at one moment, to the new file `to`, synced, with its
 * folder. Writers go on meanwhile. Errors: -EEXIST, and as db_errno. */
MUST_USE int db_copy(struct db *db, const char *to);
