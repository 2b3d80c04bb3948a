/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Growable output: a malloc-backed buffer that doubles. */
#include "base/buf.h"

#include <stdio.h>

#include "base/oom.h"
#include "base/utf8.h"

char *buf_more(struct buf *b, size_t n)
{
	size_t need;

	if (__builtin_add_overflow(b->n, n, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		base_oom();
	if (need > b->cap) {
		size_t cap = b->cap < SIZE_MAX / 2 ? b->cap * 2 : need;
		if (cap < need)
			cap = need < 64 ? 64 : need;
		b->p = base_realloc(b->p, cap, 1);
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_repeat(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	b->n += n;
	b->p[b->n] = 0;
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	for (; v > UINT32_MAX; v /= 10)
		digits[--at] = (char)('0' + v % 10);
	uint32_t low = (uint32_t)v; /* divides faster */

	do {
		digits[--at] = (char)('0' + low % 10);
		low /= 10;
	} while (low);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_vfmt(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	char *to = buf_reserve(b, 127);

	va_copy(again, args);
	int n = vsnprintf(to, b->cap - b->n, fmt, args);
	if (n < 0) /* over 2 GiB: formats are ours */
		base_oom();
	if ((size_t)n >= b->cap - b->n) {
		to = buf_reserve(b, (size_t)n);
		vsnprintf(to, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	b->n += (size_t)n;
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vfmt(b, fmt, args);
	va_end(args);
}

void buf_json(struct buf *b, struct str s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		int32_t c = utf8_next(s, &i);
		if (c < 0)
			buf_cstr(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", (char)c);
		else if (c == '\n')
			buf_cstr(b, "\\n");
		else if (c == '\t')
			buf_cstr(b, "\\t");
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_fmt(b, "\\u%04x", (unsigned)c);
		else
			buf_put(b, s.p + from, i - from);
	}
	buf_char(b, '"');
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = 0;
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
