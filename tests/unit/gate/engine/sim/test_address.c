/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/engine/sim/address.h"

static bool bit(const uint8_t *a, unsigned n)
{
	return a[n / 8] >> (7 - n % 8) & 1;
}

/* Addresses that differ in one bit have all prefixes before it in common. */
static void a_prefix_ends_at_its_bit(void **state)
{
	static const uint8_t a[16] = { 0xfd, 0x17, 0xff, 0, 0x80, 1, [15] = 0xaa };

	(void)state;
	for (unsigned differs = 0; differs < 128; differs++) {
		uint8_t b[16];
		memcpy(b, a, sizeof(b));
		b[differs / 8] ^= (uint8_t)(0x80 >> differs % 8);
		assert_true(bit(a, differs) != bit(b, differs));
		for (unsigned prefix = 0; prefix <= 128; prefix++)
			assert_int_equal(address_in_prefix(a, b, prefix),
			                 prefix <= differs);
	}
}

static void families_have_their_own_lengths(void **state)
{
	static const uint8_t a[16] = { 10, 0, 0, 1, 5 }, b[16] = { 10, 0, 0, 1, 6 };

	(void)state;
	assert_true(address_eq(NFPROTO_IPV4, a, b));
	assert_false(address_eq(NFPROTO_IPV6, a, b));
	assert_int_equal(address_bytes(NFPROTO_IPV4), 4);
	assert_int_equal(address_bytes(NFPROTO_IPV6), 16);
}

static void groups_are_told_by_family(void **state)
{
	static const struct {
		uint8_t family, addr[16];
		bool multicast, everybody;
	} rows[] = {
		{ NFPROTO_IPV4, { 224, 0, 0, 1 }, true, false },
		{ NFPROTO_IPV4, { 239, 255, 255, 255 }, true, false },
		{ NFPROTO_IPV4, { 223, 255, 255, 255 }, false, false },
		{ NFPROTO_IPV4, { 255, 255, 255, 255 }, false, true },
		{ NFPROTO_IPV4, { 255, 255, 255, 254 }, false, false },
		{ NFPROTO_IPV6, { 0xff, 2, [15] = 1 }, true, false },
		{ NFPROTO_IPV6, { 0xfe, 0x80, [15] = 1 }, false, false },
		{ NFPROTO_IPV6, { 0xff, 0xff, 0xff, 0xff }, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(address_is_multicast(rows[i].family, rows[i].addr),
		                 rows[i].multicast);
		assert_int_equal(address_is_everybody(rows[i].family, rows[i].addr),
		                 rows[i].everybody);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_prefix_ends_at_its_bit),
		UNIT(families_have_their_own_lengths),
		UNIT(groups_are_told_by_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
