/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* How fast a client may send: a bucket of bytes that fills by the second. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shape {
	uint64_t rate, burst; /* bytes a second, bytes; rate 0: as fast as it likes */
	int64_t left;         /* below 0: it must wait */
	uint64_t filled_ms;
};

/* A full bucket. */
void shape_init(struct shape *s, uint64_t rate, uint64_t burst, uint64_t now_ms);

/* `n` bytes came. */
void shape_take(struct shape *s, size_t n, uint64_t now_ms);

/* Whether nothing more should be read now. */
bool shape_must_wait(struct shape *s, uint64_t now_ms);
