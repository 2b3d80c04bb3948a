/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Numbers of up to 128 bits, kept big-endian in the first bytes. A width that is no multiple
 * of 8 leaves the highest bits of the first byte unused: they are always 0.
 */
#include "gate/schema/schema.h"

#include <endian.h>

/* Bytes in use; a width that does not fit is cut to the room there is. */
static unsigned value_len(const struct value *v)
{
	unsigned n = (v->bits + 7u) / 8;

	return n < sizeof(v->b) ? n : sizeof(v->b);
}

/* Clears what lies above the width. */
static void clear_above(struct value *v)
{
	if (v->bits % 8)
		v->b[0] &= (uint8_t)((1u << v->bits % 8) - 1);
}

/* The same, and the bytes that are not used. */
static inline void value_trim(struct value *v)
{
	unsigned n = value_len(v);

	clear_above(v);
	memset(v->b + n, 0, sizeof(v->b) - n);
}

void value_from_u64(struct value *v, uint64_t n, uint16_t bits)
{
	uint8_t wide[sizeof(v->b)] = { 0 };
	uint64_t big = htobe64(n);

	*v = (struct value){ .bits = bits };
	memcpy(wide + sizeof(wide) - sizeof(big), &big, sizeof(big));
	memcpy(v->b, wide + sizeof(wide) - value_len(v), value_len(v));
	clear_above(v);
}

uint64_t value_to_u64(const struct value *v)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < value_len(v); i++)
		n = n << 8 | v->b[i];
	return n;
}

bool value_is_zero(const struct value *v)
{
	for (unsigned i = 0; i < value_len(v); i++)
		if (v->b[i])
			return false;
	return true;
}

int value_cmp(const struct value *a, const struct value *b)
{
	return memcmp(a->b, b->b, value_len(a));
}

/* Bit `i`, counted from the most significant one. */
static bool value_bit(const struct value *v, unsigned i)
{
	i += value_len(v) * 8 - v->bits;
	return v->b[i / 8] & 0x80 >> i % 8;
}

int value_prefix_len(const struct value *mask)
{
	unsigned len = 0;

	while (len < mask->bits && value_bit(mask, len))
		len++;
	for (unsigned i = len; i < mask->bits; i++)
		if (value_bit(mask, i))
			return -1;
	return (int)len;
}

void value_prefix_mask(struct value *mask, uint16_t bits, unsigned len)
{
	*mask = (struct value){ .bits = bits };
	value_not(mask);
	value_shl(mask, bits > len ? bits - len : 0);
}

void value_and(struct value *v, const struct value *mask)
{
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] &= mask->b[i];
}

void value_or(struct value *v, const struct value *o)
{
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] |= o->b[i];
}

void value_xor(struct value *v, const struct value *o)
{
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] ^= o->b[i];
}

void value_not(struct value *v)
{
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] = (uint8_t)~v->b[i];
	value_trim(v);
}

/* The bytes from `i` on as two bytes; outside of the value they are 0. */
static unsigned value_pair(const struct value *v, long i)
{
	long n = value_len(v);
	unsigned high = i >= 0 && i < n ? v->b[i] : 0;

	return high << 8 | (i + 1 >= 0 && i + 1 < n ? v->b[i + 1] : 0);
}

void value_shl(struct value *v, unsigned n)
{
	struct value from = *v;

	if (n == 0) {
		clear_above(v);
		return;
	}
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] = (uint8_t)(value_pair(&from, (long)i + (long)(n / 8)) << n % 8 >>
		                    8);
	value_trim(v);
}

void value_shr(struct value *v, unsigned n)
{
	struct value from = *v;

	if (n == 0)
		return;
	for (unsigned i = 0; i < value_len(v); i++)
		v->b[i] = (uint8_t)(value_pair(&from, (long)i - (long)(n / 8) - 1) >>
		                    n % 8);
	value_trim(v);
}

bool value_decrement(struct value *v)
{
	bool was_zero = value_is_zero(v);

	for (unsigned i = value_len(v); i-- > 0;)
		if (v->b[i]--)
			break;
	value_trim(v);
	return !was_zero;
}

void value_resize(struct value *v, uint16_t bits)
{
	struct value from = *v;
	unsigned old = value_len(&from);

	if (bits == v->bits)
		return;
	*v = (struct value){ .bits = bits };
	for (unsigned i = value_len(v), j = old; i > 0 && j > 0;)
		v->b[--i] = from.b[--j];
	value_trim(v);
}

static bool is_reversed(enum byteorder order)
{
	return order == ORDER_HOST && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

static void copy_ordered(uint8_t *to, const uint8_t *from, unsigned n,
                         enum byteorder order)
{
	if (is_reversed(order))
		for (unsigned i = 0; i < n; i++)
			to[i] = from[n - 1 - i];
	else if (n == 4) /* most are addresses */
		memcpy(to, from, 4);
	else
		memcpy(to, from, n);
}

void value_store(const struct value *v, enum byteorder order, uint8_t *reg)
{
	copy_ordered(reg, v->b, value_len(v), order);
}

void value_load(struct value *v, uint16_t bits, enum byteorder order, const uint8_t *reg)
{
	*v = (struct value){ .bits = bits };
	copy_ordered(v->b, reg, value_len(v), order);
	clear_above(v);
}
