/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include <errno.h>

#include "herald/auth/sasl.h"
#include "server.h"

static struct server server;

static int setup(void **state)
{
	server_init(&server);
	*state = &server;
	return 0;
}

static int teardown(void **state)
{
	server_fini(*state);
	return 0;
}

static int exists(struct server *s, const char *user)
{
	accounts_exists(s->accounts, HOST, str_from(user), &s->inbox, server_on_done, s);
	return server_wait(s);
}

static void an_account_is_registered_once(void **state)
{
	struct server *s = *state;

	assert_int_equal(exists(s, "juliet"), -ENOENT);
	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	assert_int_equal(exists(s, "juliet"), 0);
	assert_int_equal(server_register(s, "juliet", "other"), -EEXIST);
	assert_int_equal(server_check(s, "juliet", "pencil"), 0);
}

static void names_and_passwords_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *user, *password;
	} rows[] = {
		{ "Juliet", "pencil" }, { "a b", "pencil" },    { "", "pencil" },
		{ "\u2603", "pencil" }, { "juliet", "" },       { "juliet", "a\nb" },
		{ "juliet", "\u0221" }, { "juliet", "\u00ad" },
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (server_register(s, rows[i].user, rows[i].password) != -EINVAL)
			fail_msg("row %zu: %d", i, s->result);
	assert_int_equal(exists(s, "juliet"), -ENOENT);
}

static void a_password_is_checked_and_changed(void **state)
{
	struct server *s = *state;

	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	assert_int_equal(server_check(s, "juliet", "Pencil"), -EACCES);
	assert_int_equal(server_check(s, "juliet", ""), -EACCES);
	assert_int_equal(server_check(s, "romeo", "pencil"), -ENOENT);
	accounts_set_password(s->accounts, HOST, STR("juliet"), STR("I\u00adX"),
	                      &s->inbox, server_on_done, s);
	assert_int_equal(server_wait(s), 0);
	assert_int_equal(server_check(s, "juliet", "pencil"), -EACCES);
	assert_int_equal(server_check(s, "juliet", "IX"), 0);
	accounts_set_password(s->accounts, HOST, STR("romeo"), STR("x"), &s->inbox,
	                      server_on_done, s);
	assert_int_equal(server_wait(s), -ENOENT);
	assert_int_equal(exists(s, "romeo"), -ENOENT);
}

static void a_disabled_account_is_known_as_such(void **state)
{
	struct server *s = *state;
	struct str reason = STR("spam");

	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	accounts_disable(s->accounts, HOST, STR("juliet"), &reason, &s->inbox,
	                 server_on_done, s);
	assert_int_equal(server_wait(s), 0);
	assert_int_equal(server_check(s, "juliet", "pencil"), -EPERM);
	assert_int_equal(server_check(s, "juliet", "wrong"), -EACCES);
	assert_int_equal(exists(s, "juliet"), 0);
	accounts_disable(s->accounts, HOST, STR("juliet"), NULL, &s->inbox,
	                 server_on_done, s);
	assert_int_equal(server_wait(s), 0);
	assert_int_equal(server_check(s, "juliet", "pencil"), 0);
	accounts_disable(s->accounts, HOST, STR("romeo"), &reason, &s->inbox,
	                 server_on_done, s);
	assert_int_equal(server_wait(s), -ENOENT);
}

static void on_rows(void *arg, int result, const struct store_rows *rows)
{
	struct server *s = arg;

	s->answers++;
	s->result = result < 0 ? result : (int)rows->n;
}

static int roster_size(struct server *s, const char *user)
{
	struct store_place at = { HOST, str_from(user), STR("roster") };

	store_list(s->store, &at, &s->inbox, on_rows, s);
	return server_wait(s);
}

static void put_roster(struct server *s, const char *user)
{
	struct store_place at = { HOST, str_from(user), STR("roster") };
	struct store_tx *tx = tx_begin(s->store);

	tx_put(tx, &at, STR("romeo@example.org"), STR("x"));
	tx_commit(tx, &s->inbox, server_on_done, s);
	assert_int_equal(server_wait(s), 0);
}

static void an_account_made_again_inherits_nothing(void **state)
{
	struct server *s = *state;

	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	put_roster(s, "juliet");
	accounts_unregister(s->accounts, HOST, STR("juliet"), &s->inbox, server_on_done,
	                    s);
	assert_int_equal(server_wait(s), 0);
	assert_int_equal(roster_size(s, "juliet"), 0);
	assert_int_equal(server_check(s, "juliet", "pencil"), -ENOENT);
	accounts_unregister(s->accounts, HOST, STR("juliet"), &s->inbox, server_on_done,
	                    s);
	assert_int_equal(server_wait(s), -ENOENT);
	put_roster(s, "juliet"); /* written late by whoever did not know */
	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	assert_int_equal(roster_size(s, "juliet"), 0);
}

static void accounts_are_listed(void **state)
{
	struct server *s = *state;

	assert_int_equal(server_register(s, "b", "x"), 0);
	assert_int_equal(server_register(s, "a", "x"), 0);
	accounts_list(s->accounts, HOST, STR(""), 0, &s->inbox, on_rows, s);
	assert_int_equal(server_wait(s), 2);
	accounts_list(s->accounts, HOST, STR("a"), 0, &s->inbox, on_rows, s);
	assert_int_equal(server_wait(s), 1);
}

static void on_load(void *arg, int result, const struct sasl_account *account)
{
	struct sasl_account *out = arg;

	assert_int_equal(result, 0);
	*out = *account;
	server.answers++;
}

static void an_unknown_name_loads_an_account_that_looks_real(void **state)
{
	struct server *s = *state;
	struct sasl_account real, unknown, again;

	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	assert_int_equal(server_refresh(s), 0);
	accounts_load(s->accounts, HOST, STR("juliet"), &s->inbox, on_load, &real);
	server_wait(s);
	accounts_load(s->accounts, HOST, STR("romeo"), &s->inbox, on_load, &unknown);
	server_wait(s);
	assert_int_equal(server_refresh(s), 0); /* the secret is the stored one again */
	accounts_load(s->accounts, HOST, STR("romeo"), &s->inbox, on_load, &again);
	server_wait(s);
	assert_true(real.exists);
	assert_false(unknown.exists);
	assert_memory_equal(&unknown, &again, sizeof(again));
	for (int d = 0; d < 2; d++) {
		assert_true(unknown.has_key[d] && real.has_key[d]);
		assert_int_equal(unknown.keys[d].iterations, real.keys[d].iterations);
		assert_int_equal(unknown.keys[d].salt_n, real.keys[d].salt_n);
	}
}

static void sha256_is_for_hosts_where_all_have_the_key(void **state)
{
	struct server *s = *state;

	assert_false(accounts_all_have_sha256(s->accounts, HOST));
	assert_int_equal(server_refresh(s), 0);
	assert_true(accounts_all_have_sha256(s->accounts, HOST)); /* nobody lacks it */
	assert_int_equal(server_register(s, "juliet", "pencil"), 0);
	server_poke(s, "juliet", "scram-sha-256", NULL);
	assert_int_equal(server_refresh(s), 0);
	assert_false(accounts_all_have_sha256(s->accounts, HOST));
	assert_int_equal(server_check(s, "juliet", "pencil"), 0); /* by the other key */
}

/* Who lacks the key becomes less by new passwords and by accounts that go. */
static void the_last_that_lack_the_key_are_not_missed(void **state)
{
	const uint64_t count = 20, reads = 5 /* of a look at the host */;
	struct server *s = *state;
	struct store_status before, after;
	char name[8];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		assert_int_equal(server_register(s, name, "x"), 0);
		server_poke(s, name, "scram-sha-256", NULL);
	}
	assert_int_equal(server_refresh(s), 0);
	store_status(s->store, &before);
	for (unsigned i = 0; i < count; i++) {
		assert_false(accounts_all_have_sha256(s->accounts, HOST));
		snprintf(name, sizeof(name), "u%u", i);
		if (i % 3)
			accounts_unregister(s->accounts, HOST, str_from(name), &s->inbox,
			                    server_on_done, s);
		else
			accounts_set_password(s->accounts, HOST, str_from(name), STR("y"),
			                      &s->inbox, server_on_done, s);
		assert_int_equal(server_wait(s), 0);
	}
	for (int i = 0; i < 1000 && !accounts_all_have_sha256(s->accounts, HOST); i++)
		inbox_wait(&s->inbox, 30);
	assert_true(accounts_all_have_sha256(s->accounts, HOST));
	store_status(s->store, &after);
	assert_true(after.reads - before.reads < (count - 1) * reads);
}

static void answers_come_when_the_pool_is_full(void **state)
{
	struct server *s = *state;
	struct pool *big = s->pool, *small;
	struct accounts *own;

	assert_int_equal(pool_new(1, 0, &small), 0);
	own = accounts_new(&(struct accounts_config){
		.store = s->store, .pool = small, .iterations = 2000 });
	for (int i = 0; i < 30; i++) {
		char name[8];
		snprintf(name, sizeof(name), "u%d", i);
		accounts_register(own, HOST, str_from(name), STR("x"), &s->inbox,
		                  server_on_done, s);
	}
	bool refused = false;
	while (s->answers < 30) {
		server_wait(s);
		refused |= s->result == -EBUSY;
	}
	assert_true(refused);
	pool_free(small);
	accounts_free(own);
	assert_ptr_equal(s->pool, big);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_account_is_registered_once),
		CASE(names_and_passwords_that_cannot_be_are_refused),
		CASE(a_password_is_checked_and_changed),
		CASE(a_disabled_account_is_known_as_such),
		CASE(an_account_made_again_inherits_nothing),
		CASE(accounts_are_listed),
		CASE(an_unknown_name_loads_an_account_that_looks_real),
		CASE(sha256_is_for_hosts_where_all_have_the_key),
		CASE(the_last_that_lack_the_key_are_not_missed),
		CASE(answers_come_when_the_pool_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
