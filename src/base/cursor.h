/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Bounds-checked reader. After the first short read every read gives zero and `failed` stays
 * set, so that a header is read field by field and checked once. Read fields by separate
 * statements: C does not order the elements of an initialiser list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct cursor {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct cursor cursor_of(const void *p, size_t n)
{
	return (struct cursor){ .at = p, .end = n ? (const uint8_t *)p + n : p };
}

/* Bytes not read yet; 0 after a failure. */
static inline size_t cursor_left(const struct cursor *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* The next `n` bytes, or NULL (and a failure) when there are fewer; for n == 0 a pointer that
 * must not be read. */
const uint8_t *cursor_bytes(struct cursor *c, size_t n);

/* The next `n` bytes (at most 8) as a big-endian number. */
uint64_t cursor_be(struct cursor *c, size_t n);

/* Copies `n` bytes, or zeroes `to` and fails. */
void cursor_copy(struct cursor *c, void *to, size_t n);

/* A cursor over the next `n` bytes, which this one skips; fails as a whole when short. */
struct cursor cursor_sub(struct cursor *c, size_t n);

static inline void cursor_skip(struct cursor *c, size_t n)
{
	cursor_bytes(c, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	return cursor_be(c, 8);
}

/* Numbers in the CPU's own order, as netlink has them. */
static inline uint16_t cursor_host16(struct cursor *c)
{
	uint16_t v;

	cursor_copy(c, &v, sizeof(v));
	return v;
}

static inline uint32_t cursor_host32(struct cursor *c)
{
	uint32_t v;

	cursor_copy(c, &v, sizeof(v));
	return v;
}
