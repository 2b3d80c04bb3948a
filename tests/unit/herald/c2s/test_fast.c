/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Tokens as the store has them: which log in, what is kept after that, and that damaged ones are as
 * none.
 */
#include "world.h"

#include <time.h>

#include "base/base64.h"
#include "herald/auth/digest.h"

#define AGENT "<user-agent id='agent-1'/>"

static const struct store_place place = { STR_INIT("example.org"), STR_INIT("juliet"),
	                                  STR_INIT("fast") };

/* The record of the agent's tokens. */
static void put_record(struct world *w, const char *record)
{
	struct store_tx *tx = tx_begin(w->server.store);

	tx_put(tx, &place, STR("agent-1"), str_from(record));
	tx_commit(tx, &w->loop.inbox, world_on_done, w);
	world_wait(w);
}

struct record {
	struct arena a;
	struct str text;
	bool came;
};

static void on_record(void *arg, int result, const struct store_rows *rows)
{
	struct record *r = arg;

	assert_int_equal(result, 0);
	r->came = true;
	r->text = rows->n ? arena_str(&r->a, rows->p[0].value) : STR("");
}

static struct str record_of(struct world *w, struct record *r)
{
	worker_finish(&w->worker);
	store_get(w->server.store, &place, STR("agent-1"), &w->loop.inbox, on_record, r);
	while (!r->came)
		inbox_wait(&w->loop.inbox, 30000);
	return r->text;
}

/* A line of a record; times are seconds from now. */
static const char *at(struct arena *a, const char *mech, int64_t expires_s,
                      int64_t made_s, int count, const char *token)
{
	int64_t now = time(NULL);

	return arena_fmt(a, "%s %lld %lld %d %s\n", mech, (long long)(now + expires_s),
	                 (long long)(now + made_s), count, token)
	        .p;
}

/* Logs in with the token; `attributes` of <fast/>. */
static void try_token(struct link *l, const char *token, const char *attributes,
                      const char *inside)
{
	auto_buf message = { 0 }, text = { 0 };
	uint8_t proof[DIGEST_MAX];

	hmac(DIGEST_SHA256, str_from(token), STR("Initiator"), STR(""), proof);
	buf_str(&message, STR("juliet\0"));
	buf_str(&message, (struct str){ (char *)proof, 32 });
	buf_cstr(&text,
	         "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'>"
	         "<initial-response>");
	base64_encode(&text, buf_as_str(&message));
	buf_fmt(&text,
	        "</initial-response>" AGENT
	        "<fast xmlns='urn:xmpp:fast:0' %s/>%s</authenticate>%c",
	        attributes, inside, 0);
	link_send(l, text.p);
}

static const char *outcome(struct world *w, const char *token, const char *attributes)
{
	auto_arena a = { 0 };
	struct link l;

	link_open(w, &l);
	try_token(&l, token, attributes, "");
	link_expect(&l, "<", &a);
	struct str name = arena_str(&a, link_expect(&l, " ", &a));
	const char *which = str_is(name, "success") ? "success" : "";
	if (!which[0]) {
		assert_str(name, "failure");
		link_until(&l, "><");
		which = str_is(link_expect(&l, " ", &a), "not-authorized") ? "refused"
		                                                           : "else";
	}
	link_close(&l);
	return which;
}

static void tokens_are_good_for_what_they_were_made_for(void **state)
{
	static const struct {
		const char *mech;
		int expires_s, count;
		const char *token, *attributes, *outcome;
	} rows[] = {
		{ "HT-SHA-256-NONE", 100, 0, "t1", "", "success" },
		{ "HT-SHA-256-NONE", 100, 0, "t2", "", "refused" }, /* another token */
		{ "HT-SHA-256-NONE", -1, 0, "t1", "", "refused" },  /* expired */
		{ "HT-SHA-256-EXPR", 100, 0, "t1", "",
		  "refused" }, /* another mechanism */
		{ "HT-SHA-256-NONE", 100, 0, "t1", "count='1'", "success" },
		{ "HT-SHA-256-NONE", 100, 4, "t1", "count='5'", "success" },
		{ "HT-SHA-256-NONE", 100, 5, "t1", "count='5'",
		  "refused" }, /* a replay */
		{ "HT-SHA-256-NONE", 100, 5, "t1", "",
		  "refused" }, /* it counted before */
		{ "HT-SHA-256-NONE", 100, 0, "t1", "count='x'", "refused" },
		{ "PLAIN", 100, 0, "t1", "", "refused" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		put_record(*state, at(&a, rows[i].mech, rows[i].expires_s, 0,
		                      rows[i].count, rows[i].token));
		const char *got = outcome(*state, "t1", rows[i].attributes);
		if (strcmp(got, rows[i].outcome) != 0)
			fail_msg("row %zu: %s", i, got);
	}
}

static void damaged_records_are_as_none(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"t1",
		"HT-SHA-256-NONE",
		"HT-SHA-256-NONE 9999999999 1 0 ",
		"HT-SHA-256-NONE 9999999999 1 t1",
		"HT-SHA-256-NONE 99999999999999999999 1 0 t1",
		"HT-SHA-256-NONE -1 1 0 t1",
		"HT-SHA-256-NONE  9999999999 1 0 t1",
		"X 9999999999 1 0 t1\n\nHT-SHA-256-NONE 9999999999 1 0 t1"
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_record(*state, rows[i]);
		if (strcmp(outcome(*state, "t1", ""), "refused") != 0)
			fail_msg("row %zu logs in", i);
	}
}

/* The token in use stays until the fresh one was used. */
static void the_fresh_token_takes_the_place_of_the_old(void **state)
{
	struct record r = { 0 }, r2 = { 0 };
	auto_arena a = { 0 };

	put_record(*state,
	           arena_fmt(&a, "%s%s", at(&a, "HT-SHA-256-NONE", 100, 0, 0, "old"),
	                     at(&a, "HT-SHA-256-NONE", 100, 0, 0, "fresh"))
	                   .p);
	assert_string_equal(outcome(*state, "old", ""), "success");
	struct str both = record_of(*state, &r);
	assert_true(str_ends(both, STR(" fresh\n")));
	assert_string_equal(outcome(*state, "fresh", "count='3'"), "success");
	struct str one = record_of(*state, &r2);
	assert_true(str_ends(one, STR(" 3 fresh\n")));
	assert_int_equal(str_find(one, '\n') + 1, one.n);
	assert_string_equal(outcome(*state, "old", ""), "refused");
	arena_fini(&r.a);
	arena_fini(&r2.a);
}

static void an_old_token_brings_a_fresh_one(void **state)
{
	struct record r = { 0 };
	auto_arena a = { 0 };
	struct link l;

	put_record(*state, at(&a, "HT-SHA-256-NONE", 100, -90000, 0, "t1"));
	link_open(*state, &l);
	try_token(&l, "t1", "", "");
	link_until(&l, "<token xmlns='urn:xmpp:fast:0' expiry='");
	link_until(&l, "token='");
	struct str fresh = arena_str(&a, link_expect(&l, "'", &a));
	link_close(&l);
	struct str both = record_of(*state, &r);
	assert_int_equal(str_find(both, '\n') + 1 < both.n, 1);
	assert_string_equal(outcome(*state, str_dup_c(&a, fresh), ""), "success");
	arena_fini(&r.a);
}

static void by_wish_it_is_forgotten(void **state)
{
	struct record r = { 0 };
	auto_arena a = { 0 };

	put_record(*state, at(&a, "HT-SHA-256-NONE", 100, 0, 0, "t1"));
	assert_string_equal(outcome(*state, "t1", "invalidate='true'"), "success");
	assert_str(record_of(*state, &r), "");
	assert_string_equal(outcome(*state, "t1", ""), "refused");
	arena_fini(&r.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(tokens_are_good_for_what_they_were_made_for),
		CASE(damaged_records_are_as_none),
		CASE(the_fresh_token_takes_the_place_of_the_old),
		CASE(an_old_token_brings_a_fresh_one),
		CASE(by_wish_it_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
