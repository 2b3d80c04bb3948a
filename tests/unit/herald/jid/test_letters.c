/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "herald/jid/letters.h"

static void letters_marks_and_digits_are_told_from_the_rest(void **state)
{
	static const struct {
		uint32_t c;
		bool is;
	} rows[] = {
		{ 0xaa, true },      { 0xa9, false },    { 0xdf, true },
		{ 0xd7, false },     { 0x301, true },    { 0x660, true },
		{ 0x2168, false },   { 0x4e00, true },   { 0x9fa5, true },
		{ 0xac00, true },    { 0xd7a3, true },   { 0xd7a4, false },
		{ 0x200b, false },   { 0x2603, false },  { 0x20000, true },
		{ 0x2a6d6, true },   { 0x1f600, false }, { 0x80, false },
		{ 0x10ffff, false }, { 0xe000, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (letter_is(rows[i].c) != rows[i].is)
			fail_msg("U+%04X", rows[i].c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(letters_marks_and_digits_are_told_from_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
