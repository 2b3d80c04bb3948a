/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Constants of up to 128 bits: arithmetic, prefixes, and the order of bytes in registers. */
#include "unit.h"

#include "gate/schema/schema.h"

static struct value of(uint64_t n, uint16_t bits)
{
	struct value v;

	value_from_u64(&v, n, bits);
	return v;
}

static struct value wide(uint64_t hi, uint64_t lo)
{
	struct value h = of(hi, 128), l = of(lo, 128);

	value_shl(&h, 64);
	value_or(&h, &l);
	return h;
}

static void assert_value(struct value got, struct value want)
{
	assert_int_equal(got.bits, want.bits);
	assert_memory_equal(got.b, want.b, sizeof(got.b));
}

static void numbers_stand_with_their_highest_byte_first(void **state)
{
	static const uint8_t port[16] = { 0x01, 0xbb }, dscp[16] = { 0x2e };

	(void)state;
	assert_memory_equal(of(443, 16).b, port, 16);
	assert_memory_equal(of(0xffee, 6).b, dscp, 16);
	for (uint16_t bits = 1; bits <= 128; bits++) {
		struct value v = of(1, bits);

		assert_int_equal(v.bits, bits);
		assert_true(value_to_u64(&v) == 1);
		assert_int_equal(v.b[(bits + 7) / 8 - 1], 1);
	}
}

static void bit_operations_stay_within_the_width(void **state)
{
	struct value v = of(0x2e, 6), mask = of(0x0f, 6);

	(void)state;
	value_not(&v);
	assert_value(v, of(0x11, 6));
	value_or(&v, &mask);
	assert_value(v, of(0x1f, 6));
	value_and(&v, &mask);
	assert_value(v, of(0x0f, 6));
	value_xor(&v, &mask);
	assert_true(value_is_zero(&v));
	assert_false(value_is_zero(&mask));
}

static void shifts_drop_what_leaves(void **state)
{
	static const struct {
		uint64_t n;
		unsigned by;
		uint16_t bits;
		uint64_t left, right;
	} rows[] = {
		{ 0xff, 0, 8, 0xff, 0xff },
		{ 0xff, 1, 8, 0xfe, 0x7f },
		{ 0xff, 7, 8, 0x80, 0x01 },
		{ 0xff, 8, 8, 0, 0 },
		{ 0xff, 500, 8, 0, 0 },
		{ 0x2b, 2, 6, 0x2c, 0x0a },
		{ 0xabcd, 4, 16, 0xbcd0, 0x0abc },
		{ 0x12345678, 12, 32, 0x45678000, 0x00012345 },
		{ 0x0123456789abcdef, 20, 64, 0x56789abcdef00000, 0x000000123456789a },
		{ 0xfffff, 9, 20, 0xffe00, 0x007ff },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct value l = of(rows[i].n, rows[i].bits), r = l;

		value_shl(&l, rows[i].by);
		value_shr(&r, rows[i].by);
		assert_value(l, of(rows[i].left, rows[i].bits));
		assert_value(r, of(rows[i].right, rows[i].bits));
	}
	struct value top = wide(UINT64_C(1) << 63, 0);

	value_shr(&top, 127);
	assert_value(top, of(1, 128));
	value_shl(&top, 127);
	assert_value(top, wide(UINT64_C(1) << 63, 0));
}

static void values_compare_as_numbers(void **state)
{
	struct value small = of(0x0100, 16), large = of(0x00ff, 16);

	(void)state;
	assert_true(value_cmp(&small, &large) > 0);
	assert_true(value_cmp(&large, &small) < 0);
	assert_int_equal(value_cmp(&small, &small), 0);
	small = wide(1, 0);
	large = wide(0, UINT64_MAX);
	assert_true(value_cmp(&small, &large) > 0);
}

static void a_prefix_is_ones_and_then_zeros(void **state)
{
	static const uint16_t widths[] = { 1,  4,  6,  8,  13,  16, 20,
		                           32, 48, 64, 65, 127, 128 };
	struct value v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		for (unsigned len = 0; len <= widths[i]; len++) {
			value_prefix_mask(&v, widths[i], len);
			assert_int_equal(v.bits, widths[i]);
			assert_int_equal(value_prefix_len(&v), len);
		}
	}
	value_prefix_mask(&v, 32, 8);
	assert_value(v, of(0xff000000, 32));
	value_prefix_mask(&v, 6, 2);
	assert_value(v, of(0x30, 6));
	v = of(0xff00ff00, 32);
	assert_int_equal(value_prefix_len(&v), -1);
	v = of(0x00ffffff, 32);
	assert_int_equal(value_prefix_len(&v), -1);
	v = of(1, 6);
	assert_int_equal(value_prefix_len(&v), -1);
}

static void counting_wraps_at_the_width(void **state)
{
	struct value v = of(1, 6);

	(void)state;
	assert_true(value_decrement(&v));
	assert_value(v, of(0, 6));
	assert_false(value_decrement(&v));
	assert_value(v, of(0x3f, 6));
	v = wide(1, 0);
	assert_true(value_decrement(&v));
	assert_value(v, wide(0, UINT64_MAX));
}

static void resizing_keeps_the_low_bits(void **state)
{
	struct value v = of(0xabcdef, 24);

	(void)state;
	value_resize(&v, 16);
	assert_value(v, of(0xcdef, 16));
	value_resize(&v, 6);
	assert_value(v, of(0x2f, 6));
	value_resize(&v, 128);
	assert_value(v, of(0x2f, 128));
}

static void registers_hold_the_order_they_are_asked_for(void **state)
{
	static const enum byteorder orders[] = { ORDER_NONE, ORDER_HOST, ORDER_BIG };
	struct value v = of(0x01020304, 32), back;
	uint32_t native;
	uint8_t reg[16];

	(void)state;
	value_store(&v, ORDER_HOST, reg);
	memcpy(&native, reg, sizeof(native));
	assert_int_equal(native, 0x01020304);
	value_store(&v, ORDER_BIG, reg);
	assert_memory_equal(reg, "\1\2\3\4", 4);
	value_store(&v, ORDER_NONE, reg);
	assert_memory_equal(reg, "\1\2\3\4", 4);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		for (uint16_t bits = 1; bits <= 128; bits++) {
			v = wide(0x0123456789abcdef, 0xfedcba9876543210);
			value_resize(&v, bits);
			value_store(&v, orders[i], reg);
			value_load(&back, bits, orders[i], reg);
			assert_value(back, v);
		}
	}
}

static void a_load_clears_the_bits_above_the_width(void **state)
{
	static const uint8_t reg[2] = { 0xff, 0xff };
	struct value v;

	(void)state;
	value_load(&v, 13, ORDER_BIG, reg);
	assert_value(v, of(0x1fff, 13));
}

/* Widths come from the kernel too: none may write past a value. */
static void a_width_over_128_bits_is_cut(void **state)
{
	static const uint8_t reg[64] = { 1 };
	struct {
		struct value v;
		uint8_t guard[32];
	} at = { .guard = { 7, 7 } };

	(void)state;
	value_load(&at.v, 512, ORDER_BIG, reg);
	value_not(&at.v);
	value_shl(&at.v, 3);
	value_resize(&at.v, 300);
	assert_int_equal(at.guard[0], 7);
	assert_int_equal(at.guard[1], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(numbers_stand_with_their_highest_byte_first),
		UNIT(bit_operations_stay_within_the_width),
		UNIT(shifts_drop_what_leaves),
		UNIT(values_compare_as_numbers),
		UNIT(a_prefix_is_ones_and_then_zeros),
		UNIT(counting_wraps_at_the_width),
		UNIT(resizing_keeps_the_low_bits),
		UNIT(registers_hold_the_order_they_are_asked_for),
		UNIT(a_load_clears_the_bits_above_the_width),
		UNIT(a_width_over_128_bits_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
