/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* How fast may be read from a client: so many bytes a second, and so many at once. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shaper {
	uint64_t rate, burst; /* bytes a second, bytes; rate 0: no limit */
	int64_t level;        /* bytes that may come now; negative: too many came */
	uint64_t at_ms;       /* when that was so */
};

void shaper_set(struct shaper *s, uint64_t rate, uint64_t burst, uint64_t now_ms);

/* `n` bytes came. */
void shaper_took(struct shaper *s, size_t n, uint64_t now_ms);

/* Whether more may come. */
bool shaper_is_open(struct shaper *s, uint64_t now_ms);
