/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "herald/auth/ht.h"

#define TOKEN   STR("secret-token:fast-0123456789")
#define CHANNEL STR("0123456789abcdef")

/* The draft's formula, by OpenSSL. */
static struct str hash_of(const char *role, struct str channel, uint8_t *out)
{
	char text[64];
	struct str token = TOKEN;
	unsigned n = HT_SIZE;
	int len = snprintf(text, sizeof(text), "%s" STR_FMT, role, STR_ARG(channel));

	HMAC(EVP_sha256(), token.p, (int)token.n, (const uint8_t *)text, (size_t)len, out,
	     &n);
	return (struct str){ (char *)out, n };
}

static void a_proof_is_for_one_token_and_one_channel(void **state)
{
	uint8_t bound[HT_SIZE], unbound[HT_SIZE], answer[HT_SIZE], got[HT_SIZE];
	struct str with = hash_of("Initiator", CHANNEL, bound);
	struct str without = hash_of("Initiator", STR(""), unbound);

	(void)state;
	assert_true(ht_proof_ok(TOKEN, CHANNEL, with));
	assert_true(ht_proof_ok(TOKEN, STR(""), without));
	assert_false(ht_proof_ok(TOKEN, STR(""), with));
	assert_false(ht_proof_ok(TOKEN, CHANNEL, without));
	assert_false(ht_proof_ok(STR("another token"), CHANNEL, with));
	assert_false(ht_proof_ok(TOKEN, CHANNEL, str_sub(with, 0, HT_SIZE - 1)));
	assert_false(ht_proof_ok(TOKEN, CHANNEL, STR("")));
	hash_of("Responder", CHANNEL, answer);
	assert_false(
		ht_proof_ok(TOKEN, CHANNEL, (struct str){ (char *)answer, HT_SIZE }));
	ht_answer(TOKEN, CHANNEL, got);
	assert_memory_equal(got, answer, HT_SIZE);
}

static void messages_are_a_name_and_a_proof(void **state)
{
#define PROOF "0123456789\0BCDEF0123456789abcdef"
	static const struct {
		struct str data;
		const char *name; /* NULL: refused */
	} cases[] = {
		{ STR_INIT("juliet\0" PROOF), "juliet" },
		{ STR_INIT("\0" PROOF), NULL },
		{ STR_INIT("juliet\0" PROOF "x"), NULL },
		{ STR_INIT("juliet\0short"), NULL },
		{ STR_INIT("juliet"), NULL },
		{ STR_INIT(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ht_message m;
		int r = ht_read(cases[i].data, &m);
		assert_int_equal(r, cases[i].name ? 0 : -EBADMSG);
		if (r < 0)
			continue;
		assert_str(m.authcid, cases[i].name);
		assert_true(str_eq(m.proof, STR(PROOF)));
	}
}

static void each_mechanism_has_its_channel(void **state)
{
	(void)state;
	assert_int_equal(ht_binding(SASL_HT_SHA_256_EXPR), SASL_BIND_EXPORTER);
	assert_int_equal(ht_binding(SASL_HT_SHA_256_UNIQ), SASL_BIND_UNIQUE);
	assert_int_equal(ht_binding(SASL_HT_SHA_256_ENDP), SASL_BIND_ENDPOINT);
	assert_int_equal(ht_binding(SASL_HT_SHA_256_NONE), SASL_BIND_COUNT);
	assert_true(ht_is(SASL_HT_SHA_256_NONE));
	assert_false(ht_is(SASL_PLAIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_proof_is_for_one_token_and_one_channel),
		UNIT(messages_are_a_name_and_a_proof),
		UNIT(each_mechanism_has_its_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
