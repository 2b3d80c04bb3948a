/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Accounts on a memory store with a pool, for tests that wait for each answer. */
#pragma once

#include "herald/auth/accounts.h"
#include "herald/auth/login.h"
#include "io/pool.h"
#include "unit.h"

#define HOST STR("example.org")

struct server {
	struct inbox inbox;
	struct store *store;
	struct pool *pool;
	struct accounts *accounts;
	struct auth auth;
	size_t answers;
	int result;
};

/* Few iterations: the tests are not about time. */
static inline void server_init(struct server *s)
{
	auto_diags ds = { 0 };
	struct store_config c = { 0 };

	*s = (struct server){ 0 };
	inbox_init(&s->inbox, NULL, NULL);
	assert_int_equal(store_open(&c, &ds, &s->store), 0);
	assert_int_equal(pool_new(1, 100, &s->pool), 0);
	s->accounts = accounts_new(&(struct accounts_config){
		.store = s->store, .pool = s->pool, .iterations = 20 });
	s->auth = (struct auth){ .accounts = s->accounts, .pool = s->pool };
}

static inline void server_fini(struct server *s)
{
	pool_free(s->pool);
	while (inbox_run(&s->inbox))
		;
	accounts_free(s->accounts);
	store_close(s->store);
	inbox_fini(&s->inbox);
}

static inline void server_on_done(void *arg, int result)
{
	struct server *s = arg;

	s->answers++;
	s->result = result;
}

/* Runs the inbox until one more answer has come. */
static inline int server_wait(struct server *s)
{
	size_t before = s->answers;

	while (s->answers == before)
		if (!inbox_wait(&s->inbox, 30000))
			fail_msg("no answer in 30 seconds");
	return s->result;
}

static inline int server_register(struct server *s, const char *user,
                                  const char *password)
{
	accounts_register(s->accounts, HOST, str_from(user), str_from(password),
	                  &s->inbox, server_on_done, s);
	return server_wait(s);
}

static inline int server_check(struct server *s, const char *user, const char *password)
{
	accounts_check_password(s->accounts, HOST, str_from(user), str_from(password),
	                        &s->inbox, server_on_done, s);
	return server_wait(s);
}

static inline int server_refresh(struct server *s)
{
	accounts_refresh(s->accounts, HOST, &s->inbox, server_on_done, s);
	return server_wait(s);
}

static inline struct store_place server_account(const char *user)
{
	return (struct store_place){ HOST, str_from(user), STR("account") };
}

/* Changes one value of an account behind the accounts' back; NULL deletes it. */
static inline void server_poke(struct server *s, const char *user, const char *key,
                               const char *value)
{
	struct store_place at = server_account(user);
	struct store_tx *tx = tx_begin(s->store);

	if (value)
		tx_put(tx, &at, str_from(key), str_from(value));
	else
		tx_del(tx, &at, str_from(key));
	tx_commit(tx, &s->inbox, server_on_done, s);
	assert_int_equal(server_wait(s), 0);
}
