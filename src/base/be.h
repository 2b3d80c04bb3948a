/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Numbers as the network has them, big end first, at any address. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t be16(const uint8_t *b)
{
	uint16_t v;

	memcpy(&v, b, sizeof(v));
	return be16toh(v);
}

static inline uint32_t be32(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return be32toh(v);
}

/* The low 16 bits of `v`. */
static inline void put_be16(uint8_t *b, uint32_t v)
{
	uint16_t low = htobe16((uint16_t)v);

	memcpy(b, &low, sizeof(low));
}

static inline void put_be32(uint8_t *b, uint32_t v)
{
	v = htobe32(v);
	memcpy(b, &v, sizeof(v));
}
