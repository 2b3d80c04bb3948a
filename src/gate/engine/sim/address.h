/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Addresses of the network layer: 4 bytes of IPv4 or 16 of IPv6, in network order. Each packet is
 * compared with those of the machine, so that is done by words.
 */
#pragma once

#include <linux/netfilter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/be.h"

/* `family`: NFPROTO_IPV4 or NFPROTO_IPV6. */
static inline size_t address_bytes(uint8_t family)
{
	return family == NFPROTO_IPV4 ? 4 : 16;
}

/* Copies of a length that the compiler knows are two instructions. */
static inline void address_copy(uint8_t family, uint8_t *to, const uint8_t *from)
{
	if (family == NFPROTO_IPV4)
		memcpy(to, from, 4);
	else
		memcpy(to, from, 16);
}

static inline bool address_eq(uint8_t family, const uint8_t *a, const uint8_t *b)
{
	return family == NFPROTO_IPV4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0;
}

/* Whether the first `prefix` bits are the same; nothing is read behind their last word. */
static inline bool address_in_prefix(const uint8_t *a, const uint8_t *b, unsigned prefix)
{
	for (; prefix >= 32; prefix -= 32, a += 4, b += 4)
		if (be32(a) != be32(b))
			return false;
	return !prefix || (be32(a) ^ be32(b)) >> (32 - prefix) == 0;
}

static inline bool address_is_multicast(uint8_t family, const uint8_t *a)
{
	return family == NFPROTO_IPV4 ? a[0] >> 4 == 14 : a[0] == 0xff;
}

/* RFC 4291 section 2.5.6 */
static inline bool address_is_of_link(const uint8_t *ip6)
{
	return ip6[0] == 0xfe && (ip6[1] & 0xc0) == 0x80;
}

/* 255.255.255.255 */
static inline bool address_is_everybody(uint8_t family, const uint8_t *a)
{
	return family == NFPROTO_IPV4 && be32(a) == UINT32_MAX;
}
