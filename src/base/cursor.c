/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bounds-checked reading; see the header. */
#include "base/cursor.h"

const uint8_t *cursor_bytes(struct cursor *c, size_t n)
{
	if (c->failed || (size_t)(c->end - c->at) < n) {
		c->failed = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	if (n)
		c->at += n;
	return p;
}

uint64_t cursor_be(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

void cursor_copy(struct cursor *c, void *to, size_t n)
{
	const uint8_t *p = cursor_bytes(c, n);

	if (p && n)
		memcpy(to, p, n);
	else if (n)
		memset(to, 0, n);
}

struct cursor cursor_sub(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_bytes(c, n);

	if (!p)
		return (struct cursor){ .at = c->at, .end = c->at, .failed = c->failed };
	return cursor_of(p, n);
}
