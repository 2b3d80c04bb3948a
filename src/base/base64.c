/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Base 64, RFC 4648 section 4. */
#include "base/base64.h"

#include <errno.h>

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)p[i] << 16 |
		             (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		             (left > 2 ? p[i + 2] : 0);
		buf_char(out, digits[v >> 18]);
		buf_char(out, digits[v >> 12 & 63]);
		buf_char(out, (char)(left > 1 ? digits[v >> 6 & 63] : '='));
		buf_char(out, (char)(left > 2 ? digits[v & 63] : '='));
	}
}

/* 0 to 63, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct str text, struct arena *a, struct str *out)
{
	size_t pad = str_ends(text, STR("=="))  ? 2
	             : str_ends(text, STR("=")) ? 1
	                                        : 0,
	       n = 0;
	uint32_t bits = 0;

	if (text.n % 4)
		return -EINVAL;
	char *p = arena_alloc(a, text.n / 4 * 3);
	for (size_t i = 0; i < text.n - pad; i++) {
		int v = value_of(text.p[i]);
		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4)
			p[n++] = (char)(bits >> (6 - i % 4 * 2));
	}
	if (pad && (bits & (pad == 2 ? 15 : 3)))
		return -EINVAL;
	*out = (struct str){ p, n };
	return 0;
}
