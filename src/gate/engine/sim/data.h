/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Register contents: bytes in the order that is compared. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* memcmp(); for the lengths that nearly all have without a call. */
static inline int data_cmp(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t x, y;

	if (n == 1)
		return a[0] - b[0];
	if (n == 2)
		return (a[0] << 8 | a[1]) - (b[0] << 8 | b[1]);
	if (n != 4)
		return memcmp(a, b, n);
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	x = be32toh(x);
	y = be32toh(y);
	return x < y ? -1 : x > y;
}
