/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include <errno.h>
#include <semaphore.h>

#include "server.h"

static struct server server;

static int setup(void **state)
{
	server_init(&server);
	assert_int_equal(server_register(&server, "juliet", "pencil"), 0);
	*state = &server;
	return 0;
}

static int teardown(void **state)
{
	server_fini(*state);
	return 0;
}

static const struct sasl_peer peer = { .host = STR_INIT("example.org"),
	                               .encrypted = true };

/* The last reply, with copies of its texts. */
struct heard {
	size_t n;
	enum login_kind kind;
	enum sasl_failure failure;
	char data[300], user[64];
	const char *reason;
};

static void on_reply(void *arg, const struct login_reply *r)
{
	struct heard *h = arg;

	h->n++;
	h->kind = r->kind;
	h->failure = r->failure;
	h->reason = r->reason;
	snprintf(h->data, sizeof(h->data), STR_FMT, STR_ARG(r->data));
	snprintf(h->user, sizeof(h->user), STR_FMT, STR_ARG(r->user));
	server.answers++;
}

static struct login *login(struct server *s, struct heard *h)
{
	*h = (struct heard){ 0 };
	return login_new(&s->auth, &peer, auth_offer(&s->auth, &peer, 0), &s->inbox,
	                 on_reply, h);
}

static void plain(struct server *s, struct heard *h, struct str message)
{
	auto_ptr(login) l = login(s, h);

	login_start(l, STR("PLAIN"), &message);
	assert_int_equal(h->n, 0); /* never from inside */
	server_wait(s);
}

static void plain_logs_in(void **state)
{
	struct server *s = *state;
	struct heard h;

	plain(s, &h, STR("\0juliet\0pencil"));
	assert_int_equal(h.kind, LOGIN_SUCCESS);
	assert_string_equal(h.user, "juliet");
	plain(s, &h, STR("\0juliet\0wrong"));
	assert_int_equal(h.kind, LOGIN_FAILURE);
	assert_int_equal(h.failure, SASL_FAIL_NOT_AUTHORIZED);
	assert_string_equal(h.user, "juliet");
	assert_string_equal(h.reason, "wrong password");
	plain(s, &h, STR("\0romeo\0pencil"));
	assert_int_equal(h.failure, SASL_FAIL_NOT_AUTHORIZED);
	assert_string_equal(h.reason, "no such account");
}

static void scram_is_challenged_also_for_unknown_names(void **state)
{
	static const char *const names[] = { "juliet", "nobody" };
	struct server *s = *state;
	struct heard h;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char first[64];
		auto_ptr(login) l = login(s, &h);
		snprintf(first, sizeof(first), "n,,n=%s,r=0123456789", names[i]);
		struct str message = str_from(first);
		login_start(l, STR("SCRAM-SHA-1"), &message);
		server_wait(s);
		assert_int_equal(h.kind, LOGIN_CHALLENGE);
		assert_true(str_starts(str_from(h.data), STR("r=0123456789")));
		assert_non_null(strstr(h.data, ",i=20,h="));
		login_response(l, STR("nonsense"));
		server_wait(s);
		assert_int_equal(h.kind, LOGIN_FAILURE);
		assert_int_equal(h.failure, SASL_FAIL_MALFORMED_REQUEST);
	}
}

static void the_offer_follows_the_connection(void **state)
{
	struct server *s = *state;
	static const struct str users[] = { STR_INIT("juliet") };
	struct sasl_peer p = { .host = HOST };

	assert_int_equal(auth_offer(&s->auth, &p, 0), SASL_MASK(SASL_SCRAM_SHA_1));
	assert_int_equal(server_refresh(s), 0);
	assert_int_equal(auth_offer(&s->auth, &p, 0),
	                 SASL_MASK(SASL_SCRAM_SHA_1) | SASL_MASK(SASL_SCRAM_SHA_256));
	p.encrypted = true;
	p.bindings[SASL_BIND_EXPORTER] = STR("x");
	p.cert_users = users;
	p.n_cert_users = 1;
	assert_int_equal(auth_offer(&s->auth, &p, 0),
	                 SASL_MASK(SASL_SCRAM_SHA_1) | SASL_MASK(SASL_SCRAM_SHA_256) |
	                         SASL_MASK(SASL_SCRAM_SHA_1_PLUS) |
	                         SASL_MASK(SASL_SCRAM_SHA_256_PLUS) |
	                         SASL_MASK(SASL_PLAIN) | SASL_MASK(SASL_EXTERNAL));
	assert_false(auth_offer(&s->auth, &p, SASL_MASK(SASL_PLAIN)) &
	             SASL_MASK(SASL_PLAIN));
}

static void a_login_may_be_freed_at_any_time(void **state)
{
	struct server *s = *state;
	struct str message = STR("\0juliet\0pencil");
	struct heard h;

	for (int steps = 0; steps < 3; steps++) {
		struct login *l = login(s, &h);
		login_start(l, STR("PLAIN"), &message);
		for (int i = 0; i < steps; i++)
			inbox_run(&s->inbox);
		login_free(l);
		/* The pool is one thread: behind this registration nothing is left. */
		server_register(s, "other", "x");
		assert_true(h.n == 0 || steps > 0);
	}
	login_free(login(s, &h));
	login_free(NULL);
}

static void a_plain_login_brings_the_key_that_lacks(void **state)
{
	struct server *s = *state;
	struct heard h;

	server_poke(s, "juliet", "scram-sha-256", NULL);
	assert_int_equal(server_refresh(s), 0);
	assert_false(accounts_all_have_sha256(s->accounts, HOST));
	plain(s, &h, STR("\0juliet\0pencil"));
	assert_int_equal(h.kind, LOGIN_SUCCESS);
	for (int i = 0; i < 1000 && !accounts_all_have_sha256(s->accounts, HOST); i++)
		inbox_wait(&s->inbox, 30);
	assert_true(accounts_all_have_sha256(s->accounts, HOST));
	server_poke(s, "juliet", "scram-sha-1", NULL); /* so the new one is asked */
	plain(s, &h, STR("\0juliet\0pencil"));
	assert_int_equal(h.kind, LOGIN_SUCCESS);
}

/* Keeps a thread of a pool until it is let go. */
struct blocker {
	struct pool_job job;
	sem_t let_go;
};

static void block(struct pool_job *job)
{
	struct blocker *b = (struct blocker *)job;

	while (sem_wait(&b->let_go) < 0)
		continue;
}

static void unblocked(struct pool_job *job)
{
	(void)job;
}

static void a_full_pool_fails_for_the_time_being(void **state)
{
	struct blocker blocker = { .job = { .work = block, .done = unblocked } };
	struct server *s = *state;
	struct heard h[20];
	struct login *logins[20];
	struct str message = STR("\0juliet\0pencil");
	struct pool *small;
	size_t before, busy = 0;

	assert_int_equal(pool_new(1, 0, &small), 0);
	s->auth.pool = small;
	blocker.job.to = &s->inbox;
	assert_int_equal(sem_init(&blocker.let_go, 0, 0), 0);
	assert_int_equal(pool_submit(small, &blocker.job), 0);
	server_poke(s, "juliet", "scram-sha-256",
	            "200000,c2FsdA==,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,"
	            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	before = s->answers;
	for (size_t i = 0; i < ARRAY_LEN(h); i++) {
		logins[i] = login(s, &h[i]);
		login_start(logins[i], STR("PLAIN"), &message);
	}
	while (s->answers == before)
		server_wait(s);
	sem_post(&blocker.let_go);
	while (s->answers < before + ARRAY_LEN(h))
		server_wait(s);
	for (size_t i = 0; i < ARRAY_LEN(h); i++) {
		busy += h[i].failure == SASL_FAIL_TEMPORARY_AUTH_FAILURE;
		login_free(logins[i]);
	}
	assert_true(busy > 0);
	pool_free(small);
	sem_destroy(&blocker.let_go);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* One derivation at a time for a place: others of it are refused, other places are not. */
static void a_place_derives_so_many_keys_at_once(void **state)
{
	static const struct {
		const char *place;
		enum login_kind kind;
	} rows[] = {
		{ "a", LOGIN_SUCCESS }, { "a", LOGIN_FAILURE }, { "b", LOGIN_SUCCESS },
		{ "", LOGIN_SUCCESS },  { "", LOGIN_SUCCESS },  { "a", LOGIN_FAILURE },
	};
	struct blocker blocker = { .job = { .work = block, .done = unblocked } };
	struct server *s = *state;
	struct quota quota = { .max = 1 };
	struct sasl_peer peers[ARRAY_LEN(rows)];
	struct login *logins[ARRAY_LEN(rows)];
	struct heard h[ARRAY_LEN(rows)] = { 0 };
	struct str message = STR("\0juliet\0pencil");

	s->auth.quota = &quota;
	blocker.job.to = &s->inbox;
	assert_int_equal(sem_init(&blocker.let_go, 0, 0), 0);
	assert_int_equal(pool_submit(s->pool, &blocker.job), 0);
	size_t before = s->answers;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		peers[i] = peer;
		peers[i].place = str_from(rows[i].place);
		logins[i] = login_new(&s->auth, &peers[i], auth_offer(&s->auth, &peer, 0),
		                      &s->inbox, on_reply, &h[i]);
		login_start(logins[i], STR("PLAIN"), &message);
	}
	while (s->answers < before + 2)
		inbox_wait(&s->inbox, 30000);
	sem_post(&blocker.let_go);
	while (s->answers < before + ARRAY_LEN(rows))
		inbox_wait(&s->inbox, 30000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(h[i].kind, rows[i].kind);
		if (rows[i].kind == LOGIN_FAILURE)
			assert_int_equal(h[i].failure, SASL_FAIL_TEMPORARY_AUTH_FAILURE);
		login_free(logins[i]);
	}
	assert_int_equal(quota.used.counts.n, 0);
	s->auth.quota = NULL;
	tally_fini(&quota.used);
	sem_destroy(&blocker.let_go);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plain_logs_in),
		CASE(scram_is_challenged_also_for_unknown_names),
		CASE(the_offer_follows_the_connection),
		CASE(a_login_may_be_freed_at_any_time),
		CASE(a_plain_login_brings_the_key_that_lacks),
		CASE(a_full_pool_fails_for_the_time_being),
		CASE(a_place_derives_so_many_keys_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
