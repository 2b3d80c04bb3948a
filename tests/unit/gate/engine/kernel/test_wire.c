/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Netlink's bytes: lengths, padding, limits, and attributes that lie about their length. */
#include "unit.h"

#include <errno.h>

#include "gate/engine/kernel/wire.h"

static struct wire new_wire(void)
{
	struct wire w = { 0 };

	pagebuf_init(&w.buf, 0);
	memset(wire_room(&w, 256), 0xee, 256); /* stale bytes must not shine through */
	return w;
}

static void an_attribute_is_padded_with_zeros(void **state)
{
	static const uint8_t want[] = { 6, 0, 7, 0, 'a', 0, 0, 0 };
	struct wire w = new_wire();

	(void)state;
	wire_str(&w, 7, STR("a"));
	assert_int_equal(w.buf.n, sizeof(want));
	assert_memory_equal(w.buf.p, want, sizeof(want));
	pagebuf_fini(&w.buf);
}

static void an_empty_attribute_is_its_header(void **state)
{
	static const uint8_t want[] = { 4, 0, 7, 0 };
	struct wire w = new_wire();

	(void)state;
	wire_bytes(&w, 7, NULL, 0);
	assert_int_equal(w.buf.n, sizeof(want));
	assert_memory_equal(w.buf.p, want, sizeof(want));
	pagebuf_fini(&w.buf);
}

static void a_nest_counts_what_stands_in_it(void **state)
{
	static const uint8_t want[] = {
		12, 0, 3, 0x80, 8, 0, 1, 0, 0x12, 0x34, 0x56, 0x78
	};
	struct wire w = new_wire();
	size_t nest = wire_nest(&w, 3), empty;

	(void)state;
	wire_be32(&w, 1, 0x12345678);
	wire_end(&w, nest);
	empty = wire_nest(&w, 4);
	wire_end_unless_empty(&w, empty);
	assert_int_equal(w.buf.n, sizeof(want));
	assert_memory_equal(w.buf.p, want, sizeof(want));
	pagebuf_fini(&w.buf);
}

static void what_is_too_long_is_remembered(void **state)
{
	static uint8_t zeros[UINT16_MAX];
	struct wire w = new_wire();
	size_t nest;

	(void)state;
	wire_bytes(&w, 1, zeros, sizeof(zeros) - NLA_HDRLEN);
	assert_int_equal(w.err, 0);
	wire_bytes(&w, 1, zeros, sizeof(zeros) - NLA_HDRLEN + 1);
	assert_int_equal(w.err, -EMSGSIZE);
	w.err = 0;
	nest = wire_nest(&w, 1);
	wire_bytes(&w, 1, zeros, 40000);
	wire_bytes(&w, 1, zeros, 40000);
	wire_end(&w, nest);
	assert_int_equal(w.err, -EMSGSIZE);
	pagebuf_fini(&w.buf);
}

static void attributes_are_walked(void **state)
{
	static const uint8_t bytes[] = { 5, 0, 1, 0x80, 'x', 0, 0, 0,
		                         8, 0, 2, 0,    0,   0, 1, 2 };
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	struct attr a = { 0 };
	uint64_t v;

	(void)state;
	assert_true(attr_next(&c, &a));
	assert_int_equal(a.type, 1);
	assert_str(attr_str(&a), "x");
	assert_false(attr_number(&a, 4, &v));
	assert_true(attr_next(&c, &a));
	assert_true(attr_number(&a, 4, &v));
	assert_int_equal(v, 0x102);
	assert_false(attr_next(&c, &a));
	assert_false(c.failed);
}

static void lengths_that_lie_end_the_walk(void **state)
{
	static const struct {
		size_t n;
		uint8_t bytes[8];
	} rows[] = {
		{ 3, { 4, 0, 1 } },    /* no room for a header */
		{ 4, { 3, 0, 1, 0 } }, /* shorter than its header */
		{ 4, { 0, 0, 1, 0 } },
		{ 6, { 7, 0, 1, 0, 1, 2 } }, /* longer than what is there */
		{ 4, { 0xff, 0xff, 1, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cursor c = cursor_of(rows[i].bytes, rows[i].n);
		struct attr a;
		assert_false(attr_next(&c, &a));
		assert_true(c.failed);
	}
}

static void the_last_attribute_may_lack_its_padding(void **state)
{
	static const uint8_t bytes[] = { 5, 0, 1, 0, 'x' };
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	struct attr a;

	(void)state;
	assert_true(attr_next(&c, &a));
	assert_false(attr_next(&c, &a));
	assert_false(c.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_attribute_is_padded_with_zeros),
		UNIT(an_empty_attribute_is_its_header),
		UNIT(a_nest_counts_what_stands_in_it),
		UNIT(what_is_too_long_is_remembered),
		UNIT(attributes_are_walked),
		UNIT(lengths_that_lie_end_the_walk),
		UNIT(the_last_attribute_may_lack_its_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
