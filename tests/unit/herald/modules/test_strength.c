/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bits of passwords. */
#include "unit.h"

#include "herald/modules/strength.h"

static void bits_grow_with_length_and_kinds(void **state)
{
	static const struct {
		const char *password;
		uint64_t bits;
	} rows[] = {
		{ "", 0 },          { "1234", 13 },     { "secret", 28 },
		{ "Secret", 34 },   { "Secret1", 41 },  { "S3cret!!", 52 },
		{ "\xc3\xa9", 14 }, { "aaaaaaaa", 37 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(password_bits(str_from(rows[i].password)), rows[i].bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = { UNIT(bits_grow_with_length_and_kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
