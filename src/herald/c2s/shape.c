/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* How fast a client may send. */
#include "herald/c2s/shape.h"

void shape_init(struct shape *s, uint64_t rate, uint64_t burst, uint64_t now_ms)
{
	*s = (struct shape){ rate, burst > rate ? burst : rate, 0, now_ms };
	s->left = (int64_t)s->burst;
}

/* Whole milliseconds' worth; what is not yet a byte is not lost, since the time stays. */
static void fill(struct shape *s, uint64_t now_ms)
{
	uint64_t more = s->rate * (now_ms - s->filled_ms) / 1000;

	if (!more)
		return;
	s->filled_ms = now_ms;
	s->left += (int64_t)more;
	if (s->left > (int64_t)s->burst)
		s->left = (int64_t)s->burst;
}

void shape_take(struct shape *s, size_t n, uint64_t now_ms)
{
	if (!s->rate)
		return;
	fill(s, now_ms);
	s->left -= (int64_t)n;
}

bool shape_must_wait(struct shape *s, uint64_t now_ms)
{
	if (!s->rate)
		return false;
	fill(s, now_ms);
	return s->left < 0;
}
