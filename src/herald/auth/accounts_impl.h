/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the files of the accounts share: accounts.c (requests) and accounts_host.c (what is known
 * of a host as a whole). */
#pragma once

#include <pthread.h>

#include "base/map.h"
#include "herald/auth/accounts.h"
#include "herald/auth/host_mix.h"
#include "io/pool.h"

#define KEY_ACCOUNT  STR("account")
#define KEY_DISABLED STR("disabled")

struct host {
	struct str name;
	struct host_mix mix;
	bool all_have_sha256;
	uint64_t lacking; /* accounts without a key for SHA-256, as of the last look */
	uint64_t changes; /* since then that may have made them fewer */
};

struct accounts {
	struct store *store;
	struct pool *pool;
	uint32_t iterations;
	pthread_mutex_t lock; /* over `hosts` and what it leads to */
	struct map hosts;     /* name to struct host */
	struct arena arena;   /* the hosts */
};

struct task {
	struct pool_job job; /* first: the job is the task */
	struct inbox_item item;
	struct accounts *accounts;
	struct arena arena;
	struct str host, user;
	struct str password; /* prepared; ours, wiped at the end */
	struct inbox *to;
	accounts_done_fn fn;
	accounts_load_fn on_load;
	void *arg;
	int result;
	struct sasl_account account;
	struct scram_key keys[2]; /* to be derived: iterations 0 where not */
	void (*derived)(struct task *t);
};

/* The name of the key of a digest. */
struct str key_name(enum digest d);

/* The keys of an account in the store. */
enum { ACCOUNT_KEYS = 4 };
struct str account_key(size_t i);

/* A map of the host's with those keys that are not in `mask` (bit i: account_key(i)), see
 * accounts_load. */
struct store_place decoy_place(struct str host, unsigned mask, struct arena *a);

/* The map of a user; of the host, with an empty name, for store_users. */
struct store_place account_place(struct str host, struct str user);

/* A task with copies of its own; `fn` may be NULL. */
struct task *task_new(struct accounts *a, struct str host, struct str user,
                      struct inbox *to, accounts_done_fn fn, void *arg);

/* Gives the answer, on the inbox owner's thread, and frees the task. */
void task_answer(struct task *t, int result);

/* An account that may have lacked a key for SHA-256 got one, or is gone: when that may matter the
 * host is looked at again. */
void host_changed(struct accounts *a, struct str host, struct inbox *to);

/* Makes up the account, or the keys it lacks. */
void host_invent(struct accounts *a, struct str host, struct str user,
                 struct sasl_account *out);
