/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Output in reserved address space. */
#include "unit.h"

#include "base/buf.h"

static void it_grows_in_place(void **state)
{
	struct pagebuf b;
	char block[1000];

	(void)state;
	pagebuf_init(&b, PAGEBUF_MAX);
	char *start = b.p;
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < 20000; i++) {
		block[0] = (char)i;
		memcpy(pagebuf_reserve(&b, sizeof(block)), block, sizeof(block));
		b.n += sizeof(block);
	}
	assert_ptr_equal(b.p, start);
	assert_int_equal(b.n, 20000000);
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(b.p[i * sizeof(block)], (char)i);
	pagebuf_fini(&b);
	pagebuf_fini(&b);
	assert_null(b.p);
}

static void reserving_adds_nothing(void **state)
{
	struct pagebuf b;

	(void)state;
	pagebuf_init(&b, 1);
	char *p = pagebuf_reserve(&b, 5 << 20);
	assert_ptr_equal(p, b.p);
	assert_int_equal(p[(5 << 20) - 1], 0);
	assert_int_equal(b.n, 0);
	b.n += 7;
	assert_ptr_equal(pagebuf_reserve(&b, 1), b.p + 7);
	pagebuf_reset(&b);
	assert_ptr_equal(pagebuf_reserve(&b, 1), b.p);
	pagebuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(it_grows_in_place),
		UNIT(reserving_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
