/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "herald/auth/sasl.h"

#define ALL ((UINT32_C(1) << SASL_MECH_COUNT) - 1)

static const struct sasl_peer peer = { .host = STR_INIT("example.org") };

static struct sasl_account account(void)
{
	struct sasl_account a = { .exists = true };

	a.has_key[DIGEST_SHA256] = true;

	a.keys[DIGEST_SHA256] = (struct scram_key){
		.digest = DIGEST_SHA256, .iterations = 2, .salt_n = 1, .salt = { 's' }
	};
	scram_key_derive(&a.keys[DIGEST_SHA256], STR("pencil"));
	return a;
}

static const struct plain_case {
	struct str message;
	int failure; /* -1: the password is asked for */
} plain_cases[] = {
	{ STR_INIT("\0juliet\0pencil"), -1 },
	{ STR_INIT("\0Juliet\0pencil"), -1 },
	{ STR_INIT("juliet@example.org\0juliet\0pencil"), -1 },
	{ STR_INIT("juliet\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("romeo@example.org\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("juliet@other.org\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("juliet@example.org/r\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("Juliet@example.org\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("example.org\0juliet\0pencil"), SASL_FAIL_INVALID_AUTHZID },
	{ STR_INIT("\0juliet@example.org\0pencil"), SASL_FAIL_NOT_AUTHORIZED },
	{ STR_INIT("\0\0pencil"), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT("\0juliet\0"), SASL_FAIL_NOT_AUTHORIZED },
	{ STR_INIT("\0juliet\0pencil\0"), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT("\0juliet\0pen\0cil"), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT("\0juliet"), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT("juliet"), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT(""), SASL_FAIL_MALFORMED_REQUEST },
	{ STR_INIT("\0juliet\0pen\ncil"), SASL_FAIL_NOT_AUTHORIZED },
	{ STR_INIT("\0jul\xffiet\0pencil"), SASL_FAIL_NOT_AUTHORIZED },
};

static void plain_messages_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(plain_cases); i++) {
		const struct plain_case *c = &plain_cases[i];
		auto_ptr(sasl) s = sasl_new(&peer, ALL, STR(""));
		enum sasl_step step = sasl_start(s, STR("PLAIN"), &c->message);
		int got = step == SASL_FAILURE ? (int)sasl_failed(s) : -1;
		if (got != c->failure)
			fail_msg("row %zu: %d", i, got);
		if (got < 0)
			assert_str(sasl_user(s), "juliet");
	}
}

static void plain_is_judged_by_the_derived_key(void **state)
{
	static const struct {
		const char *message;
		size_t n;
		bool exists, disabled, well;
	} rows[] = {
		{ "\0juliet\0pencil", 14, true, false, true },
		{ "\0juliet\0Pencil", 14, true, false, false },
		{ "\0juliet\0pencil", 14, true, true, false },
		{ "\0juliet\0pencil", 14, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sasl_account a = account();
		struct str message = { rows[i].message, rows[i].n };
		auto_ptr(sasl) s = sasl_new(&peer, ALL, STR(""));
		a.exists = rows[i].exists;
		a.disabled = rows[i].disabled;
		assert_int_equal(sasl_start(s, STR("PLAIN"), &message), SASL_NEED_KEYS);
		assert_int_equal(sasl_keys(s, &a), SASL_NEED_DERIVE);
		struct sasl_derivation *d = sasl_derivation(s);
		scram_key_derive(&d->key, d->password);
		enum sasl_step step = sasl_derived(s);
		assert_int_equal(step, rows[i].well ? SASL_SUCCESS : SASL_FAILURE);
		if (step == SASL_FAILURE)
			assert_int_equal(sasl_failed(s), SASL_FAIL_NOT_AUTHORIZED);
		assert_int_equal(sasl_out(s).n, 0);
	}
}

static void what_is_not_offered_is_refused(void **state)
{
	struct str message = STR("\0juliet\0pencil");
	auto_ptr(sasl) s = sasl_new(&peer, ALL & ~SASL_MASK(SASL_PLAIN), STR(""));
	auto_ptr(sasl) t = sasl_new(&peer, ALL, STR(""));

	(void)state;
	assert_int_equal(sasl_start(s, STR("PLAIN"), &message), SASL_FAILURE);
	assert_int_equal(sasl_failed(s), SASL_FAIL_INVALID_MECHANISM);
	assert_int_equal(sasl_start(t, STR("ANONYMOUS"), &message), SASL_FAILURE);
	assert_int_equal(sasl_failed(t), SASL_FAIL_INVALID_MECHANISM);
	assert_string_equal(sasl_failure_name(sasl_failed(t)), "invalid-mechanism");
}

static void a_certificate_speaks_for_the_users_it_names(void **state)
{
	static const struct str one[] = { STR_INIT("juliet") };
	static const struct str two[] = { STR_INIT("juliet"), STR_INIT("romeo") };
	static const struct {
		const struct str *users;
		size_t n;
		const char *authzid, *user; /* user NULL: fails */
	} rows[] = {
		{ one, 1, "", "juliet" },
		{ one, 1, "juliet@example.org", "juliet" },
		{ one, 1, "romeo@example.org", NULL },
		{ one, 1, "juliet@example.org/r", NULL },
		{ one, 1, "juliet", NULL },
		{ two, 2, "", NULL },
		{ two, 2, "romeo@example.org", "romeo" },
		{ one, 0, "juliet@example.org", NULL },
		{ one, 0, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sasl_peer with = { .host = STR("example.org"),
			                  .cert_users = rows[i].users,
			                  .n_cert_users = rows[i].n };
		struct str message = str_from(rows[i].authzid);
		struct sasl_account a = account();
		auto_ptr(sasl) s = sasl_new(&with, ALL, STR(""));
		enum sasl_step step = sasl_start(s, STR("EXTERNAL"), &message);
		assert_int_equal(step, rows[i].user ? SASL_NEED_KEYS : SASL_FAILURE);
		if (!rows[i].user)
			continue;
		assert_str(sasl_user(s), rows[i].user);
		assert_int_equal(sasl_keys(s, &a), SASL_SUCCESS);
		a.disabled = true;
		assert_int_equal(sasl_keys(s, &a), SASL_FAILURE);
		a.exists = false;
		assert_int_equal(sasl_keys(s, &a), SASL_FAILURE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(plain_messages_are_checked),
		UNIT(plain_is_judged_by_the_derived_key),
		UNIT(what_is_not_offered_is_refused),
		UNIT(a_certificate_speaks_for_the_users_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
