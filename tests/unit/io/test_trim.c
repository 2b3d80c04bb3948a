/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Giving memory back. */
#include "unit.h"

#include <stdio.h>

#include "io/trim.h"

/* KiB of mapped files that are in memory. */
static long files_in_memory(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long kib = -1;

	assert_non_null(status);
	while (kib < 0 && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "RssFile:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	}
	fclose(status);
	return kib;
}

static void code_that_goes_comes_back(void **state)
{
	char text[32];

	(void)state;
	long before = files_in_memory();
	memory_trim();
	assert_true(files_in_memory() < before);
	snprintf(text, sizeof(text), "%.2f %s", 0.5, "works");
	assert_string_equal(text, "0.50 works");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(code_that_goes_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
