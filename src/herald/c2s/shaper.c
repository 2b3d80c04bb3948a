/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A bucket that fills with time. */
#include "herald/c2s/shaper.h"

static void fill(struct shaper *s, uint64_t now_ms)
{
	uint64_t elapsed = now_ms - s->at_ms;
	uint64_t gain = elapsed * s->rate / 1000;

	if (gain == 0)
		return; /* the rest of a byte is not lost */
	s->at_ms = now_ms;
	s->level += (int64_t)gain;
	if (s->level > (int64_t)s->burst)
		s->level = (int64_t)s->burst;
}

void shaper_set(struct shaper *s, uint64_t rate, uint64_t burst, uint64_t now_ms)
{
	if (s->rate == rate && s->burst == burst)
		return;
	*s = (struct shaper){ .rate = rate, .burst = burst, .at_ms = now_ms };
	s->level = (int64_t)burst;
}

void shaper_took(struct shaper *s, size_t n, uint64_t now_ms)
{
	if (!s->rate)
		return;
	fill(s, now_ms);
	s->level -= (int64_t)n;
}

bool shaper_is_open(struct shaper *s, uint64_t now_ms)
{
	if (!s->rate)
		return true;
	fill(s, now_ms);
	return s->level >= 0;
}
