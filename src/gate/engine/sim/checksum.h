/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The Internet checksum, RFC 1071, CRC32c for SCTP (RFC 9260 appendix A), and who uses which. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet;

/* The checksum as it stands in a header, host order; `sum` is that of what came before
 * (checksum_add), 0 for none. Over bytes that hold their own checksum it gives 0. */
uint16_t checksum(const void *bytes, size_t n, uint32_t sum);
/* The unfolded sum; only the last of several pieces may have an odd length. */
uint32_t checksum_add(const void *bytes, size_t n, uint32_t sum);
uint32_t crc32c(const void *bytes, size_t n, uint32_t crc);

/* Writes the IPv4 header's checksum. */
void packet_checksum_ip(struct packet *p);
/* Writes the transport protocol's; nothing for fragments and protocols without. A UDP checksum
 * of 0 (none) stays. */
void packet_checksum_l4(struct packet *p);
/* How far the transport checksum is from the right one (one's complement), 0 where it is right or
 * there is none; and the new one as wrong as the old one was: what is changed by and by, RFC 1624,
 * does not mend it. A checksum that is a CRC is mended. */
uint16_t packet_checksum_error(const struct packet *p);
void packet_checksum_l4_wrong(struct packet *p, uint16_t error);
/* Whether the transport checksum is right; true where there is none, and for a fragment. */
bool packet_checksum_ok(const struct packet *p);
