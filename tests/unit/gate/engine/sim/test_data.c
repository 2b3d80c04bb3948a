/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/engine/sim/data.h"

static int sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

/* Also where what lies behind the bytes says otherwise. */
static void data_compares_as_memcmp_does(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	for (size_t n = 0; n <= 64; n++) {
		for (size_t differs = 0; differs < 64; differs++) {
			memset(a, 0x80, sizeof(a));
			memset(b, 0x80, sizeof(b));
			a[differs] = 0xff;
			b[63] ^= 1;
			assert_int_equal(sign(data_cmp(a, b, n)), sign(memcmp(a, b, n)));
			assert_int_equal(sign(data_cmp(b, a, n)), sign(memcmp(b, a, n)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(data_compares_as_memcmp_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
