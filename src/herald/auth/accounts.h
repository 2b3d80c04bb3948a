/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The accounts of the virtual hosts, on the store: who is registered, with which keys (never a
 * password), and whether the account is disabled. Local parts and hosts given in are prepared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "herald/store/store.h"

struct accounts;
struct pool;
struct sasl_account;

struct accounts_config {
	struct store *store;
	struct pool *pool;   /* derives keys */
	uint32_t iterations; /* of new keys; 0 means 10,000 */
};

/* May be used from several threads; every answer comes to the inbox that the call names. */
struct accounts *accounts_new(const struct accounts_config *c);

/* When every answer has come. NULL is harmless. */
void accounts_free(struct accounts *a);

/* `result`: 0, or a negative errno as below or the store's. */
typedef void (*accounts_done_fn)(void *arg, int result);

/* Errors: -EEXIST the name is taken, -EINVAL the name may not be registered or the password
 * is empty or not preparable (SASLprep), -EBUSY too many derivations wait. */
void accounts_register(struct accounts *a, struct str host, struct str user,
                       struct str password, struct inbox *to, accounts_done_fn fn,
                       void *arg);

/* Deletes the account and all that any store has of it. Errors: -ENOENT. */
void accounts_unregister(struct accounts *a, struct str host, struct str user,
                         struct inbox *to, accounts_done_fn fn, void *arg);

/* Errors: -ENOENT, -EINVAL the password, -EBUSY. */
void accounts_set_password(struct accounts *a, struct str host, struct str user,
                           struct str password, struct inbox *to, accounts_done_fn fn,
                           void *arg);

/* Errors: -ENOENT no such account, -EACCES wrong password, -EPERM right, but disabled. */
void accounts_check_password(struct accounts *a, struct str host, struct str user,
                             struct str password, struct inbox *to, accounts_done_fn fn,
                             void *arg);

/* Bans with a reason for people, or (reason NULL) lifts the ban. Errors: -ENOENT. */
void accounts_disable(struct accounts *a, struct str host, struct str user,
                      const struct str *reason, struct inbox *to, accounts_done_fn fn,
                      void *arg);

/* 0 exists, -ENOENT not; disabled ones exist. */
void accounts_exists(struct accounts *a, struct str host, struct str user,
                     struct inbox *to, accounts_done_fn fn, void *arg);

/* The names of a host's accounts in order; see store_users for `after` and `limit`. The rows
 * have `user`. */
void accounts_list(struct accounts *a, struct str host, struct str after, size_t limit,
                   struct inbox *to, store_rows_fn fn, void *arg);

/* The same of those that are disabled; the rows' values are the reasons. */
void accounts_list_disabled(struct accounts *a, struct str host, struct str after,
                            size_t limit, struct inbox *to, store_rows_fn fn, void *arg);

/* Looks again at a host's accounts: whether all have a key for SCRAM-SHA-256 (until then it is
 * not offered), and what made-up answers for unknown names must look like. To be awaited for
 * each host before its clients are let in; afterwards accounts does it where it is needed,
 * other than after an import. */
void accounts_refresh(struct accounts *a, struct str host, struct inbox *to,
                      accounts_done_fn fn, void *arg);

/* Whether every account of the host has the key, as of the last refresh. */
bool accounts_all_have_sha256(struct accounts *a, struct str host);

/* What logging in needs: for an unknown name an account that is made up. */
typedef void (*accounts_load_fn)(void *arg, int result,
                                 const struct sasl_account *account);

void accounts_load(struct accounts *a, struct str host, struct str user, struct inbox *to,
                   accounts_load_fn fn, void *arg);

/* Derives and stores the keys that `account` lacks, from the prepared password that it was
 * just found to have. Nobody waits; a password changed meanwhile wins. */
void accounts_complete(struct accounts *a, struct str host, struct str user,
                       struct str password, const struct sasl_account *account,
                       struct inbox *to);

DEFINE_AUTO_PTR(accounts)
