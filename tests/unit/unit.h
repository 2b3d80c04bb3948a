/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What every unit test starts with: cmocka behind the headers it wants before it, and a row
 * for the table of tests. A test program is
 *
 *	int main(void)
 *	{
 *		const struct CMUnitTest tests[] = { UNIT(a_short_read_gives_zero), … };
 *
 *		return cmocka_run_group_tests(tests, NULL, NULL);
 *	}
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"

#define UNIT(function) cmocka_unit_test(function)

/* Fails and shows both texts when slice `got` is not the literal or string `want`. */
#define assert_str(got, want)                                                           \
	do {                                                                            \
		struct str got_ = (got);                                                \
		const char *want_ = (want);                                             \
		if (!str_is(got_, want_))                                               \
			fail_msg("got:\n" STR_FMT "\nwant:\n%s", STR_ARG(got_), want_); \
	} while (0)
