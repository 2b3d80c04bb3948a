/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rows made code: for a table that is known where this is inlined, the loops unroll and each row
 * becomes the few instructions that it asks for. A rule has dozens of attributes; those of other
 * messages go through codec_put() and codec_get(), which do the same row by row.
 */
#pragma once

#include "gate/engine/kernel/codec.h"
#include "gate/engine/kernel/nf_compat.h"

static ALWAYS_INLINE const void *row_member(const struct attr_row *row, const void *base)
{
	return (const uint8_t *)base + row->off;
}

/* The row's number, whatever the member's width. */
static ALWAYS_INLINE uint64_t row_number(const struct attr_row *row, const void *base)
{
	const void *p = row_member(row, base);
	uint64_t v = 0;
	uint32_t v32;
	uint16_t v16;

	switch (row->size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&v16, p, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, p, sizeof(v32));
		return v32;
	case 8:
		memcpy(&v, p, sizeof(v));
		return v;
	}
	return v;
}

static ALWAYS_INLINE bool row_is_set(const struct attr_row *row, const void *base)
{
	const void *p = row_member(row, base);

	switch ((enum wire_type)row->wire) {
	case WIRE_REG:
		return *(const uint8_t *)p != REG_NONE;
	case WIRE_STR:
		return ((const struct str *)p)->n > 0;
	case WIRE_BYTES:
		return ((const struct userdata *)p)->n > 0;
	case WIRE_DATA:
		return ((const struct data *)p)->n > 0;
	case WIRE_U8:
	case WIRE_BE16:
	case WIRE_BE32:
	case WIRE_BE64:
	case WIRE_HOST32:
	case WIRE_BOOL32:
		return row_number(row, base) != 0;
	case WIRE_IMMEDIATE:
	case WIRE_EXPRS:
	case WIRE_EXPR:
	case WIRE_EXPR_LIST:
	case WIRE_DYN_EXPR:
	case WIRE_DYN_EXPRS:
	case WIRE_DEV:
	case WIRE_DEVS:
	case WIRE_FIELDS:
	case WIRE_TIMEOUTS:
	case WIRE_NEST:
	case WIRE_OBJECT:
	case WIRE_IGNORE:
		return true;
	}
	return false;
}

static ALWAYS_INLINE bool row_is_wanted(const struct attr_row *row, const void *base)
{
	switch ((enum wire_when)row->when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_SET:
	case WHEN_SET_TELL:
		return row_is_set(row, base);
	case WHEN_HAS:
		return *(const bool *)((const uint8_t *)base + row->has);
	case WHEN_REG:
		return ((const uint8_t *)base)[row->has] != REG_NONE;
	case WHEN_TEST:
		return row->test(base);
	case WHEN_NEVER:
		return false;
	}
	return false;
}

/* A number of 32 bits in a member of as many. */
static ALWAYS_INLINE bool row_is_u32(const struct attr_row *row)
{
	return row->wire == WIRE_BE32 && row->size == sizeof(uint32_t);
}

/* Writes a row that is wanted at `to`, where DATA_ROOM bytes are free; returns the new end, with
 * `more` bytes free. */
static ALWAYS_INLINE uint8_t *row_put(struct wire *w, const struct attr_row *row,
                                      const void *base, uint8_t *to, size_t more)
{
	const void *p = row_member(row, base);

	if (row->wire == WIRE_REG)
		return attr32_put(to, row->attr, reg_number(*(const uint8_t *)p));
	if (row->wire == WIRE_BE32)
		return attr32_put(to, row->attr, (uint32_t)row_number(row, base));
	if (row->wire == WIRE_DATA)
		return codec_data_put(to, row->attr, p);
	w->buf.n = (size_t)(to - (uint8_t *)w->buf.p);
	if (row->wire == WIRE_STR)
		wire_str(w, row->attr, *(const struct str *)p);
	else
		codec_put_row(w, row, base);
	return wire_room(w, more);
}

/* codec_put() */
static ALWAYS_INLINE void rows_put(struct wire *w, const struct attr_row *rows, size_t n,
                                   const void *base)
{
	uint8_t *to = wire_room(w, n * DATA_ROOM);

#pragma GCC unroll 16
	for (size_t i = 0; i < n; i++)
		if (row_is_wanted(&rows[i], base))
			to = row_put(w, &rows[i], base, to, (n - i) * DATA_ROOM);
	w->buf.n = (size_t)(to - (uint8_t *)w->buf.p);
}

static ALWAYS_INLINE bool row_get(const struct attr_row *row, const struct attr *at,
                                  bool strict, struct arena *a, void *base)
{
	uint8_t *p = (uint8_t *)base + row->off;
	uint32_t v;

	if (row->when == WHEN_HAS || row->when == WHEN_SET_TELL)
		((uint8_t *)base)[row->has] = true;
	if (row->wire == WIRE_DATA)
		return codec_data_get(at, (struct data *)(void *)p);
	if (row->wire != WIRE_REG && !row_is_u32(row))
		return codec_get_row(row, at, strict, a, base);
	if (at->n != sizeof(v))
		return false;
	memcpy(&v, at->p, sizeof(v));
	v = be32toh(v);
	if (row->wire == WIRE_REG)
		return reg_by_number(v, p);
	memcpy(p, &v, sizeof(v));
	return true;
}

/* codec_get() */
static ALWAYS_INLINE int rows_get(const struct attr_row *rows, size_t n, struct cursor c,
                                  bool strict, struct arena *a, void *base)
{
	uint32_t seen = 0;
	struct attr at;
	size_t i;

	while (attr_next(&c, &at)) {
#pragma GCC unroll 16
		for (i = 0; i < n; i++) {
			if (at.type != rows[i].attr)
				continue;
			if (rows[i].wire == WIRE_IGNORE)
				break;
			if (seen & 1u << i || !row_get(&rows[i], &at, strict, a, base))
				return -EBADMSG;
			seen |= 1u << i;
			break;
		}
		if (i == n && strict)
			return -EBADMSG;
	}
	return c.failed ? -EBADMSG : 0;
}

/* Makes both of the rows of that name: the last two members of their attr_table. */
#define ROWS_CODE(name)                                                                  \
	static void name##_put(struct wire *w, const void *base)                         \
	{                                                                                \
		rows_put(w, name, ARRAY_LEN(name), base);                                \
	}                                                                                \
	static int name##_get(struct cursor c, bool strict, struct arena *a, void *base) \
	{                                                                                \
		return rows_get(name, ARRAY_LEN(name), c, strict, a, base);              \
	}
