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

struct accounts_config {
	struct store *store;
	struct pool *pool;   /* derives keys */
	uint32_t iterations; /* of new keys; 0 means 10,000 */
};

struct accounts *accounts_new(const struct accounts_config *c);
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

DEFINE_AUTO_PTR(accounts)
