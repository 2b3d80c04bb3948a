/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lack of memory ends the process, here and nowhere else. Rules stay in the kernel, so nothing
 * is half done; and no function carries an error path that no test runs. Growth driven by
 * input is bounded where the input comes in.
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* Says so on stderr and aborts. */
COLD _Noreturn void base_oom(void);

/* realloc(p, count * size) that cannot fail; an overflowing product counts as lack of memory. */
void *base_realloc(void *p, size_t count, size_t size);

/* calloc(count, size) that cannot fail. */
void *base_calloc(size_t count, size_t size);
