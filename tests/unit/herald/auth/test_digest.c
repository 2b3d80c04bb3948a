/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <openssl/evp.h>

#include "herald/auth/digest.h"

static void assert_hex(const uint8_t *got, size_t n, const char *want)
{
	char hex[2 * DIGEST_MAX + 1];

	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", got[i]);
	assert_string_equal(hex, want);
}

/* RFC 2202 section 3 and RFC 4231: cases 1, 2, and the key longer than a block. */
static void hmac_gives_the_published_values(void **state)
{
	static const struct {
		enum digest d;
		const char *key, *data, *want;
	} rows[] = {
		{ DIGEST_SHA1, "Jefe", "what do ya want for nothing?",
		  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ DIGEST_SHA256, "Jefe", "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	};
	uint8_t out[DIGEST_MAX];
	char key[131];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str data = str_from(rows[i].data);
		hmac(rows[i].d, str_from(rows[i].key), str_sub(data, 0, 7),
		     str_sub(data, 7, 99), out);
		assert_hex(out, digest_size(rows[i].d), rows[i].want);
	}
	memset(key, 0xaa, sizeof(key));
	hmac(DIGEST_SHA256, (struct str){ key, sizeof(key) },
	     STR("Test Using Larger Than Block-Size Key - Hash Key First"), STR(""), out);
	assert_hex(out, 32,
	           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 6070 section 2. */
static void pbkdf2_gives_the_published_values(void **state)
{
	static const struct {
		uint32_t iterations;
		const char *want;
	} rows[] = {
		{ 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
		{ 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
		{ 4096, "4b007901b765489abead49d926f721d065a429c1" },
	};
	uint8_t out[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		pbkdf2(DIGEST_SHA1, STR("password"), STR("salt"), rows[i].iterations,
		       out);
		assert_hex(out, 20, rows[i].want);
	}
}

static void pbkdf2_agrees_with_openssl(void **state)
{
	static const enum digest kinds[] = { DIGEST_SHA1, DIGEST_SHA256 };
	char password[200], salt[40];
	uint8_t ours[DIGEST_MAX], theirs[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(password); i++)
		password[i] = (char)(i * 7 + 1);
	memcpy(salt, password + 100, sizeof(salt));
	for (size_t i = 0; i < 2 * sizeof(password); i++) {
		enum digest d = kinds[i % 2];
		int n = (int)(i / 2), salt_n = n % (int)sizeof(salt), rounds = 1 + n % 5;
		pbkdf2(d, (struct str){ password, (size_t)n },
		       (struct str){ salt, (size_t)salt_n }, (uint32_t)rounds, ours);
		PKCS5_PBKDF2_HMAC(password, n, (const uint8_t *)salt, salt_n, rounds,
		                  d == DIGEST_SHA1 ? EVP_sha1() : EVP_sha256(),
		                  (int)digest_size(d), theirs);
		assert_memory_equal(ours, theirs, digest_size(d));
	}
}

static void secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(secret_eq("abc", "abc", 3));
	assert_false(secret_eq("abc", "abd", 3));
	assert_false(secret_eq("xbc", "abc", 3));
	assert_true(secret_eq("a", "b", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(hmac_gives_the_published_values),
		UNIT(pbkdf2_gives_the_published_values),
		UNIT(pbkdf2_agrees_with_openssl),
		UNIT(secrets_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
