/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Between store.c and the backends: requests as data, and the functions a backend gives. A
 * request belongs to the backend from `commit` or `read` on until request_done gives it back.
 */
#pragma once

#include <stdatomic.h>

#include "base/vec.h"
#include "herald/store/store.h"

enum op_kind {
	OP_EXPECT_ABSENT,
	OP_EXPECT_PRESENT,
	OP_EXPECT_VALUE,
	OP_PUT,
	OP_DEL,
	OP_APPEND,
	OP_PURGE,
	OP_CLEAR,
	OP_FORGET,
};

/* One step of a transaction. */
struct op {
	struct op *next;
	enum op_kind kind;
	struct store_place at; /* OP_FORGET: without name */
	struct str key, value; /* key of maps; value also of entries */
	uint64_t id;           /* OP_APPEND, as the next three */
	int64_t stamp_us;
	struct str with;
	struct store_range range; /* OP_PURGE */
};

/* What every request has. */
struct request {
	struct inbox_item item; /* first: the item is the request */
	struct request *next;   /* in a backend's queue */
	struct store *store;
	struct arena arena; /* all that hangs on the request */
	struct inbox *to;   /* NULL: nobody waits */
	int result;
};

struct store_tx {
	struct request base; /* first */
	struct op *expects;  /* conditions, before `ops` */
	struct op **expects_end;
	struct op *ops;
	struct op **ops_end;
	store_done_fn done;
	void *arg;
};

enum read_kind {
	READ_GET,
	READ_LIST,
	READ_FIND,
	READ_COUNT,
	READ_USERS,
	READ_USER_COUNT,
};

struct store_read {
	struct request base; /* first */
	enum read_kind kind;
	struct store_place at;
	struct str key;             /* READ_GET, READ_USERS, READ_USER_COUNT */
	struct store_range range;   /* READ_FIND, READ_COUNT; limit also for READ_USERS */
	struct str after;           /* READ_USERS */
	VEC(struct store_row) rows; /* the answer; its texts are in base.arena */
	bool more;
	uint64_t count;
	store_rows_fn fn;
	void *arg;
};

struct store_ops {
	const char *name;
	void (*commit)(struct store *s, struct store_tx *tx);
	void (*read)(struct store *s, struct store_read *read);
	void (*hold)(struct store *s, bool held); /* NULL: reading needs nobody else */
	/* As store_backup, with the answer returned or given by `tx` (which has no ops). */
	void (*backup)(struct store *s, const char *path, struct store_tx *tx);
	void (*close)(struct store *s);
};

/* The beginning of every backend's own struct. */
struct store {
	const struct store_ops *ops;
	size_t max_waiting;
	_Atomic uint64_t next_id;
	_Atomic size_t waiting;
	_Atomic uint64_t commits, transactions, failed, reads;
	_Atomic int trouble;
};

/* Sets what is common; `next_id` is the first id to give out. */
void store_init(struct store *s, const struct store_ops *ops,
                const struct store_config *c, uint64_t next_id);

/* Gives the request back with its result, from any thread. Not to be touched afterwards. */
void tx_done(struct store_tx *tx, int result);
void read_done(struct store_read *read, int result);

/* A new row at the end of the answer, its texts copied into the request. */
struct store_row *read_row(struct store_read *read, const struct store_row *row);

struct store *memory_open(const struct store_config *c);
MUST_USE int sqlite_open(const struct store_config *c, struct diags *ds,
                         struct store **out);
