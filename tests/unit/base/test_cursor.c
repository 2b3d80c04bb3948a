/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bounds-checked reading. */
#include "unit.h"

#include "base/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void fields_are_read_in_order(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_be16(&c), 0x0203);
	assert_int_equal(cursor_be(&c, 3), 0x040506);
	cursor_skip(&c, 2);
	assert_int_equal(cursor_left(&c), 2);
	assert_memory_equal(cursor_bytes(&c, 2), "\x09\x0a", 2);
	assert_int_equal(cursor_left(&c), 0);
	cursor_bytes(&c, 0);
	assert_false(c.failed);
}

static void host_numbers_are_as_in_memory(void **state)
{
	uint32_t v = 0x11223344;
	struct cursor c = cursor_of(&v, sizeof(v));

	(void)state;
	assert_int_equal(cursor_host32(&c), v);
	c = cursor_of(bytes, sizeof(bytes));
	assert_int_equal(cursor_be64(&c), 0x0102030405060708);
}

static void a_short_read_gives_zero_and_sticks(void **state)
{
	struct cursor c = cursor_of(bytes, 3);
	uint8_t copy[4] = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(cursor_be32(&c), 0);
	assert_true(c.failed);
	assert_int_equal(cursor_u8(&c), 0); /* though a byte is there */
	assert_null(cursor_bytes(&c, 1));
	assert_int_equal(cursor_left(&c), 0);
	cursor_copy(&c, copy, sizeof(copy));
	assert_memory_equal(copy, "\0\0\0\0", 4);
}

static void a_part_is_a_cursor_of_its_own(void **state)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes)), part = cursor_sub(&c, 4);

	(void)state;
	assert_int_equal(cursor_be32(&part), 0x01020304);
	assert_int_equal(cursor_u8(&part), 0);
	assert_true(part.failed);
	assert_false(c.failed);
	assert_int_equal(cursor_u8(&c), 5);
	part = cursor_sub(&c, 100);
	assert_true(part.failed && c.failed);
}

static void nothing_can_be_read_from_nothing(void **state)
{
	struct cursor c = cursor_of(NULL, 0);

	(void)state;
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(fields_are_read_in_order),
		UNIT(host_numbers_are_as_in_memory),
		UNIT(a_short_read_gives_zero_and_sticks),
		UNIT(a_part_is_a_cursor_of_its_own),
		UNIT(nothing_can_be_read_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
