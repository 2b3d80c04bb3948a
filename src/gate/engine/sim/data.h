/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Register contents: bytes in the order that is compared. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/be.h"

/* memcmp(); for the lengths that nearly all have without a call. */
static inline int data_cmp(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (n == 1)
		return a[0] - b[0];
	if (n == 2)
		return be16(a) - be16(b);
	if (n != 4)
		return memcmp(a, b, n);
	uint32_t x = be32(a), y = be32(b);

	return x < y ? -1 : x > y;
}
