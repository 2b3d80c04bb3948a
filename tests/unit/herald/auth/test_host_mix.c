/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "herald/auth/host_mix.h"

/* How many of a thousand names get so many iterations (0: no key). */
static int share(const struct host_mix *mix, enum digest d, uint32_t iterations)
{
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		char name[16];
		struct sasl_account account;
		snprintf(name, sizeof(name), "user%d", i);
		mix_invent(mix, str_from(name), 10000, &account);
		assert_false(account.exists);
		assert_true(account.keys[d].iterations > 0);
		n += (account.has_key[d] ? account.keys[d].iterations : 0) == iterations;
	}
	return n;
}

static void a_name_gets_the_same_answer_every_time(void **state)
{
	struct host_mix mix = { .secret = { 1 } }, other = { .secret = { 2 } };
	struct sasl_account a, b, c, d;

	(void)state;
	mix_invent(&mix, STR("juliet"), 10000, &a);
	mix_invent(&mix, STR("juliet"), 10000, &b);
	mix_invent(&mix, STR("romeo"), 10000, &c);
	mix_invent(&other, STR("juliet"), 10000, &d);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(a.keys[0].salt_n, SCRAM_SALT);
	assert_memory_not_equal(a.keys[0].salt, c.keys[0].salt, SCRAM_SALT);
	assert_memory_not_equal(a.keys[0].salt, d.keys[0].salt, SCRAM_SALT);
	assert_memory_not_equal(a.keys[0].salt, a.keys[1].salt, SCRAM_SALT);
}

static void an_empty_host_answers_like_new_accounts(void **state)
{
	struct host_mix mix = { .secret = { 1 } };

	(void)state;
	assert_int_equal(share(&mix, DIGEST_SHA1, 10000), 1000);
	assert_int_equal(share(&mix, DIGEST_SHA256, 10000), 1000);
}

static void made_up_accounts_follow_the_mix(void **state)
{
	struct host_mix mix = { .secret = { 1 } };

	(void)state;
	mix_add(&mix, DIGEST_SHA1, 4096, 16, 3);
	mix_add(&mix, DIGEST_SHA1, 10000, 16, 1);
	mix_add(&mix, DIGEST_SHA256, 10000, 16, 1);
	mix_add(&mix, DIGEST_SHA256, 0, 0, 3);
	assert_in_range(share(&mix, DIGEST_SHA1, 4096), 690, 810);
	assert_in_range(share(&mix, DIGEST_SHA256, 0), 690, 810);
	assert_int_equal(share(&mix, DIGEST_SHA1, 4096) + share(&mix, DIGEST_SHA1, 10000),
	                 1000);
}

static void more_shapes_than_fit_are_counted_together(void **state)
{
	struct host_mix mix = { .secret = { 1 } };

	(void)state;
	for (uint32_t i = 1; i <= 3 * MIX_SHAPES; i++)
		mix_add(&mix, DIGEST_SHA1, i, 16, 1);
	assert_int_equal(mix.n[DIGEST_SHA1], MIX_SHAPES);
	assert_int_equal(mix.shapes[DIGEST_SHA1][MIX_SHAPES - 1].count,
	                 2 * MIX_SHAPES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_name_gets_the_same_answer_every_time),
		UNIT(an_empty_host_answers_like_new_accounts),
		UNIT(made_up_accounts_follow_the_mix),
		UNIT(more_shapes_than_fit_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
