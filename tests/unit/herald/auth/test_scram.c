/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "base/base64.h"
#include "herald/auth/sasl.h"

#define ALL ((UINT32_C(1) << SASL_MECH_COUNT) - 1)
#define NO_PLUS \
	(ALL & ~(SASL_MASK(SASL_SCRAM_SHA_1_PLUS) | SASL_MASK(SASL_SCRAM_SHA_256_PLUS)))

/* An account with one key: of `pencil`, with the salt in base 64. */
static struct sasl_account account_of(enum digest d, const char *salt,
                                      uint32_t iterations)
{
	struct sasl_account account = { .exists = true };
	struct scram_key *key = &account.keys[d];
	auto_arena a = { 0 };
	struct str bytes;

	account.has_key[d] = true;
	assert_int_equal(base64_decode(str_from(salt), &a, &bytes), 0);
	*key = (struct scram_key){ .digest = d,
		                   .iterations = iterations,
		                   .salt_n = (uint8_t)bytes.n };
	memcpy(key->salt, bytes.p, bytes.n);
	scram_key_derive(key, STR("pencil"));
	return account;
}

/* The dialogues of RFC 5802 section 5 and RFC 7677 section 3. */
static const struct dialogue {
	enum digest digest;
	const char *mech, *salt, *nonce, *first, *server_first, *final, *server_final;
} dialogues[] = {
	{ DIGEST_SHA1, "SCRAM-SHA-1", "QSXCR+Q6sek8bf92", "3rfcNHYJY1ZVvWVs7j",
	  "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
	  "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	  "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	  "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	  "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ DIGEST_SHA256, "SCRAM-SHA-256", "W22ZaJ0SNY7soEsUEjb6gQ==",
	  "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
	  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	  "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

static const struct sasl_peer bare_peer = { .host = STR_INIT("example.org"),
	                                    .no_downgrade_hash = true };

/* Runs the dialogue up to the challenge. */
static struct sasl *challenge(const struct dialogue *d,
                              const struct sasl_account *account)
{
	struct str first = str_from(d->first);
	struct sasl *s = sasl_new(&bare_peer, NO_PLUS, str_from(d->nonce));

	assert_int_equal(sasl_start(s, str_from(d->mech), &first), SASL_NEED_KEYS);
	assert_str(sasl_user(s), "user");
	assert_int_equal(sasl_keys(s, account), SASL_CHALLENGE);
	assert_str(sasl_out(s), d->server_first);
	return s;
}

static void the_published_dialogues_succeed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dialogues); i++) {
		const struct dialogue *d = &dialogues[i];
		struct sasl_account account = account_of(d->digest, d->salt, 4096);
		auto_ptr(sasl) s = challenge(d, &account);
		assert_int_equal(sasl_input(s, str_from(d->final)), SASL_SUCCESS);
		assert_str(sasl_out(s), d->server_final);
	}
}

static void all_that_fails_looks_alike(void **state)
{
	const struct dialogue *d = &dialogues[1];
	struct sasl_account right = account_of(d->digest, d->salt, 4096);
	struct sasl_account unknown = right, disabled = right, wrong = right;

	(void)state;
	unknown.exists = false;
	disabled.disabled = true;
	wrong.keys[d->digest].stored[31] ^= 1;
	const struct {
		const struct sasl_account *account;
		const char *reason;
	} rows[] = {
		{ &unknown, "no such account" },
		{ &disabled, "the account is disabled" },
		{ &wrong, "wrong password" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_ptr(sasl) s = challenge(d, rows[i].account);
		assert_int_equal(sasl_input(s, str_from(d->final)), SASL_FAILURE);
		assert_int_equal(sasl_failed(s), SASL_FAIL_NOT_AUTHORIZED);
		assert_int_equal(sasl_out(s).n, 0);
		assert_string_equal(sasl_reason(s), rows[i].reason);
	}
}

static void a_final_message_counts_once(void **state)
{
	const struct dialogue *d = &dialogues[0];
	struct sasl_account account = account_of(d->digest, d->salt, 4096);
	auto_ptr(sasl) s = challenge(d, &account);

	(void)state;
	assert_int_equal(sasl_input(s, str_from(d->final)), SASL_SUCCESS);
	assert_int_equal(sasl_input(s, str_from(d->final)), SASL_FAILURE);
}

static void other_final_messages_fail(void **state)
{
	static const struct {
		const char *final;
		enum sasl_failure failure;
	} rows[] = {
#define NONCE "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
#define PROOF "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
		{ "", SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws", SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE, SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE ",", SASL_FAIL_MALFORMED_REQUEST },
		{ NONCE ",c=biws," PROOF, SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE "," PROOF ",", SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE "," PROOF ",x=y", SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE ",m=x," PROOF, SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE ",p=v0X8", SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts",
		  SASL_FAIL_MALFORMED_REQUEST },
		{ "c=biws," NONCE ",x=y," PROOF,
		  SASL_FAIL_NOT_AUTHORIZED }, /* not signed so */
		{ "c=eSws," NONCE "," PROOF, SASL_FAIL_NOT_AUTHORIZED }, /* "y,," */
		{ "c=biwsQQ==," NONCE "," PROOF, SASL_FAIL_NOT_AUTHORIZED },
		{ "c=biws,r=fyko+d2lbbFgONRv9qkxdawL," PROOF, SASL_FAIL_NOT_AUTHORIZED },
		{ "c=biws," NONCE "x," PROOF, SASL_FAIL_NOT_AUTHORIZED },
		{ "c=biws," NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4TA=",
		  SASL_FAIL_NOT_AUTHORIZED },
#undef NONCE
#undef PROOF
	};
	const struct dialogue *d = &dialogues[0];
	struct sasl_account account = account_of(d->digest, d->salt, 4096);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_ptr(sasl) s = challenge(d, &account);
		assert_int_equal(sasl_input(s, str_from(rows[i].final)), SASL_FAILURE);
		if (sasl_failed(s) != rows[i].failure)
			fail_msg("%s: %s", rows[i].final, sasl_reason(s));
	}
}

#define R "r=fyko+d2lbbFgONRv9qkxdawL"

static const struct first_case {
	const char *mech, *first;
	uint32_t offered;
	int step; /* SASL_NEED_KEYS, or SASL_FAILURE with: */
	enum sasl_failure failure;
} first_cases[] = {
	{ "SCRAM-SHA-1", "n,,n=user," R, ALL, SASL_NEED_KEYS, 0 },
	{ "SCRAM-SHA-1", "y,,n=user," R, NO_PLUS, SASL_NEED_KEYS, 0 },
	{ "SCRAM-SHA-1", "n,a=user@example.org,n=user," R, ALL, SASL_NEED_KEYS, 0 },
	{ "SCRAM-SHA-1", "n,,n=User," R, ALL, SASL_NEED_KEYS, 0 },
	{ "SCRAM-SHA-1", "n,,n=user," R ",x=y", ALL, SASL_NEED_KEYS, 0 },
	{ "SCRAM-SHA-1-PLUS", "p=tls-exporter,,n=user," R, ALL, SASL_NEED_KEYS, 0 },
	/* Downgrades. */
	{ "SCRAM-SHA-1", "y,,n=user," R, ALL, SASL_FAILURE, SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1-PLUS", "n,,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1-PLUS", "y,,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1", "p=tls-exporter,,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1-PLUS", "p=tls-unique,,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1-PLUS", "p=,,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1-PLUS", "p=tls-exporter,,n=user," R, NO_PLUS, SASL_FAILURE,
	  SASL_FAIL_INVALID_MECHANISM },
	{ "scram-sha-1", "n,,n=user," R, ALL, SASL_FAILURE, SASL_FAIL_INVALID_MECHANISM },
	/* Somebody else. */
	{ "SCRAM-SHA-1", "n,a=other@example.org,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_INVALID_AUTHZID },
	{ "SCRAM-SHA-1", "n,a=user@other.org,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_INVALID_AUTHZID },
	{ "SCRAM-SHA-1", "n,a=user,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_INVALID_AUTHZID },
	{ "SCRAM-SHA-1", "n,a=user@example.org/r,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_INVALID_AUTHZID },
	{ "SCRAM-SHA-1", "n,a=User@example.org,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_INVALID_AUTHZID },
	{ "SCRAM-SHA-1", "n,,n=user@example.org," R, ALL, SASL_FAILURE,
	  SASL_FAIL_NOT_AUTHORIZED },
	/* No grammar. */
	{ "SCRAM-SHA-1", "", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,a=,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,a=user", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "q,,n=user," R, ALL, SASL_FAILURE, SASL_FAIL_NOT_AUTHORIZED },
	{ "SCRAM-SHA-1", "n,,m=x,n=user," R, ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=user," R ",m=x", ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=," R, ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=us=er," R, ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=us=2," R, ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=user,r=short", ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=user,r=with a blank", ALL, SASL_FAILURE,
	  SASL_FAIL_MALFORMED_REQUEST },
	{ "SCRAM-SHA-1", "n,,n=user,r=", ALL, SASL_FAILURE, SASL_FAIL_MALFORMED_REQUEST },
};

static void first_messages_are_checked(void **state)
{
	struct sasl_peer peer = bare_peer;

	(void)state;
	peer.bindings[SASL_BIND_EXPORTER] = STR("0123456789");
	for (size_t i = 0; i < ARRAY_LEN(first_cases); i++) {
		const struct first_case *c = &first_cases[i];
		struct str first = str_from(c->first);
		auto_ptr(sasl) s = sasl_new(&peer, c->offered, STR("server"));
		int step = (int)sasl_start(s, str_from(c->mech), &first);
		if (step != c->step ||
		    (step == SASL_FAILURE && sasl_failed(s) != c->failure))
			fail_msg("%s %s: step %d, %s", c->mech, c->first, step,
			         step == SASL_FAILURE ? sasl_reason(s) : "");
	}
}

static void names_are_decoded_and_prepared(void **state)
{
	struct str first = STR("n,,n=A=3Db=2Cc," R);
	auto_ptr(sasl) s = sasl_new(&bare_peer, NO_PLUS, STR("server"));

	(void)state;
	assert_int_equal(sasl_start(s, STR("SCRAM-SHA-1"), &first), SASL_NEED_KEYS);
	assert_str(sasl_user(s), "a=b,c");
}

static void a_nul_is_no_part_of_a_message(void **state)
{
	struct str first = STR("n,,n=user,r=01234567,x=\0y");
	auto_ptr(sasl) s = sasl_new(&bare_peer, NO_PLUS, STR("server"));

	(void)state;
	assert_int_equal(sasl_start(s, STR("SCRAM-SHA-1"), &first), SASL_FAILURE);
}

static void without_initial_response_the_client_is_asked(void **state)
{
	auto_ptr(sasl) s = sasl_new(&bare_peer, NO_PLUS, STR("server"));

	(void)state;
	assert_int_equal(sasl_start(s, STR("SCRAM-SHA-1"), NULL), SASL_CHALLENGE);
	assert_int_equal(sasl_out(s).n, 0);
	assert_int_equal(sasl_input(s, STR("n,,n=user," R)), SASL_NEED_KEYS);
}

/* The example of XEP-0474 section 5.3, with XEP-0515's attribute behind. */
static void what_was_offered_is_hashed_into_the_challenge(void **state)
{
	struct sasl_peer peer = { .host = STR("example.org"), .tls_version = 0x0304 };
	struct sasl_account account = account_of(DIGEST_SHA1, "QSXCR+Q6sek8bf92", 4096);
	struct str first = STR("p=tls-exporter,,n=user,r=12C4CD5C-E38E-4A98");
	uint32_t offered = SASL_MASK(SASL_SCRAM_SHA_1) | SASL_MASK(SASL_SCRAM_SHA_1_PLUS);

	(void)state;
	peer.bindings[SASL_BIND_EXPORTER] = STR("x");
	peer.bindings[SASL_BIND_ENDPOINT] = STR("y");
	auto_ptr(sasl) s = sasl_new(&peer, offered, STR("-8F6D-15C38F51CCC6"));
	assert_int_equal(sasl_start(s, STR("SCRAM-SHA-1-PLUS"), &first), SASL_NEED_KEYS);
	assert_int_equal(sasl_keys(s, &account), SASL_CHALLENGE);
	assert_str(sasl_out(s),
	           "r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6,s=QSXCR+Q6sek8bf92,"
	           "i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08=,t=0304");
}

/* The challenge comes as for everybody; the right proof for the made-up key fails. */
static void an_account_without_the_key_fails_at_the_end(void **state)
{
	const struct dialogue *d = &dialogues[0];
	struct sasl_account account = account_of(d->digest, d->salt, 4096);

	(void)state;
	account.has_key[d->digest] = false;
	auto_ptr(sasl) s = challenge(d, &account);
	assert_int_equal(sasl_input(s, str_from(d->final)), SASL_FAILURE);
	assert_int_equal(sasl_failed(s), SASL_FAIL_NOT_AUTHORIZED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(the_published_dialogues_succeed),
		UNIT(all_that_fails_looks_alike),
		UNIT(a_final_message_counts_once),
		UNIT(other_final_messages_fail),
		UNIT(first_messages_are_checked),
		UNIT(names_are_decoded_and_prepared),
		UNIT(a_nul_is_no_part_of_a_message),
		UNIT(without_initial_response_the_client_is_asked),
		UNIT(what_was_offered_is_hashed_into_the_challenge),
		UNIT(an_account_without_the_key_fails_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
