/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The one place where lack of memory ends the process. */
#include "base/oom.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void base_oom(void)
{
	static const char text[] = "out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

void *base_realloc(void *p, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		base_oom();
	void *grown = realloc(p, bytes ? bytes : 1);
	if (!grown)
		base_oom();
	return grown;
}

void *base_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		base_oom();
	return p;
}
