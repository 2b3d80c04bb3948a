/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "herald/auth/scram_key.h"

static struct scram_key key_of(enum digest d, const char *password, uint32_t iterations)
{
	struct scram_key key = { .digest = d, .iterations = iterations, .salt_n = 4 };

	memcpy(key.salt, "salt", 4);
	scram_key_derive(&key, str_from(password));
	return key;
}

static void a_key_is_written_and_read_back(void **state)
{
	static const enum digest kinds[] = { DIGEST_SHA1, DIGEST_SHA256 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		auto_arena a = { 0 };
		struct scram_key key = key_of(kinds[i], "pencil", 3), again;
		struct str text = scram_key_write(&key, &a);
		assert_true(str_starts(text, STR("3,c2FsdA==,")));
		assert_int_equal(scram_key_read(kinds[i], text, &again), 0);
		assert_memory_equal(&key, &again, sizeof(key));
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"4096",
		"4096,c2FsdA==",
		"0,c2FsdA==,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"99999999,c2FsdA==,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"4096,,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"4096,c2FsdA==,AAAA,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"4096,c2FsdA==,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,x",
		"4096,c2FsdA,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	struct scram_key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(scram_key_read(DIGEST_SHA1, str_from(rows[i]), &key),
		                 -EINVAL);
}

static void passwords_are_prepared(void **state)
{
	auto_arena a = { 0 };
	struct str out;

	(void)state;
	assert_int_equal(password_prep(STR("I\u00adX"), true, &a, &out), 0);
	assert_str(out, "IX");
	assert_int_equal(password_prep(STR(""), true, &a, &out), -EINVAL);
	assert_int_equal(password_prep(STR("\u00ad"), true, &a, &out), -EINVAL);
	assert_int_equal(password_prep(STR("a\nb"), true, &a, &out), -EINVAL);
	assert_int_equal(password_prep(STR("\u0221"), true, &a, &out), -EINVAL);
	assert_int_equal(password_prep(STR("\u0221"), false, &a, &out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_key_is_written_and_read_back),
		UNIT(what_is_no_key_is_refused),
		UNIT(passwords_are_prepared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
