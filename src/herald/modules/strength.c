/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting bits. */
#include "herald/modules/strength.h"

#include <math.h>
#include <stdbool.h>

uint64_t password_bits(struct str password)
{
	bool digit = false, small = false, capital = false, other = false, beyond = false;

	for (size_t i = 0; i < password.n; i++) {
		unsigned char c = (unsigned char)password.p[i];
		if (c >= '0' && c <= '9')
			digit = true;
		else if (c >= 'a' && c <= 'z')
			small = true;
		else if (c >= 'A' && c <= 'Z')
			capital = true;
		else if (c < 0x80)
			other = true;
		else
			beyond = true;
	}
	int kinds = 10 * digit + 26 * small + 26 * capital + 33 * other + 128 * beyond;
	return kinds ? (uint64_t)((double)password.n * log2(kinds)) : 0;
}
