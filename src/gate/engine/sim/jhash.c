/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* lookup3: three words are mixed at a time. */
#include "gate/engine/sim/jhash.h"

#include <string.h>

#define GOLDEN UINT32_C(0xdeadbeef)

static uint32_t rol(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void mix(uint32_t *s)
{
	static const uint8_t turns[6] = { 4, 6, 8, 16, 19, 4 };

	for (unsigned i = 0; i < 6; i++) {
		uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];
		*a -= *c;
		*a ^= rol(*c, turns[i]);
		*c += *b;
	}
}

static uint32_t final(uint32_t *s)
{
	static const uint8_t turns[7] = { 14, 11, 25, 16, 4, 14, 24 };

	for (unsigned i = 0; i < 7; i++) {
		uint32_t *c = &s[(i + 2) % 3], *b = &s[(i + 1) % 3];
		*c ^= *b;
		*c -= rol(*b, turns[i]);
	}
	return s[2];
}

/* Bytes: as words of little-endian order, the last padded with zeros. */
uint32_t jhash(const void *key, size_t n, uint32_t seed)
{
	const uint8_t *b = key;
	uint32_t s[3];

	s[0] = s[1] = s[2] = GOLDEN + (uint32_t)n + seed;
	for (; n > 12; n -= 12, b += 12) {
		for (size_t i = 0; i < 12; i++)
			s[i / 4] += (uint32_t)b[i] << 8 * (i % 4);
		mix(s);
	}
	for (size_t i = 0; i < n; i++)
		s[i / 4] += (uint32_t)b[i] << 8 * (i % 4);
	return n ? final(s) : s[2];
}
