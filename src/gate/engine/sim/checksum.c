/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sums over a packet. */
#include "gate/engine/sim/checksum.h"

#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/packet.h"

/* By words of 32 bits: RFC 1071 section 2 (B), since 2^16 counts as 1. */
uint32_t checksum_add(const void *bytes, size_t n, uint32_t sum)
{
	const uint8_t *b = bytes;
	uint64_t total = sum;

	for (; n >= 4; n -= 4, b += 4)
		total += be32(b);
	for (; n > 1; n -= 2, b += 2)
		total += (uint32_t)(b[0] << 8 | b[1]);
	if (n)
		total += (uint32_t)(b[0] << 8);
	while (total >> 32)
		total = (total & UINT32_MAX) + (total >> 32);
	return (uint32_t)total;
}

uint16_t checksum(const void *bytes, size_t n, uint32_t sum)
{
	sum = checksum_add(bytes, n, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t crc32c(const void *bytes, size_t n, uint32_t crc)
{
	const uint8_t *b = bytes;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= b[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* Where a protocol's checksum stands, and whether it covers the addresses. */
struct sum_place {
	uint8_t protocol, offset;
	bool has_pseudo, is_crc;
};

// clang-format off
static const struct sum_place places[] = {
	{ IPPROTO_TCP,     16, true,  false },
	{ IPPROTO_UDP,      6, true,  false },
	{ IPPROTO_UDPLITE,  6, true,  false },
	{ IPPROTO_DCCP,     6, true,  false },
	{ IPPROTO_ICMP,     2, false, false },
	{ IPPROTO_ICMPV6,   2, true,  false },
	{ IPPROTO_IGMP,     2, false, false },
	{ IPPROTO_SCTP,     8, false, true  },
};
// clang-format on

static const struct sum_place *place_of(const struct packet *p)
{
	bool ip = p->family == NFPROTO_IPV4 || p->family == NFPROTO_IPV6;

	if (!ip || !p->has_l4 || p->is_fragment)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (places[i].protocol == p->l4 &&
		    packet_l4_length(p) >=
		            places[i].offset + (places[i].is_crc ? 4u : 2u))
			return &places[i];
	return NULL;
}

/* UDP-Lite sums as many bytes as its header says (RFC 3828 section 3.1); 0 means all. DCCP's
 * coverage counts words behind the header (RFC 4340 section 9.2). -1: an impossible number. */
static int64_t covered(const struct packet *p, const uint8_t *b)
{
	uint32_t n = packet_l4_length(p);

	if (p->l4 == IPPROTO_UDPLITE) {
		uint32_t wanted = (uint32_t)(b[4] << 8 | b[5]);
		if (wanted != 0 && (wanted < 8 || wanted > n))
			return -1;
		return wanted ? wanted : n;
	}
	if (p->l4 == IPPROTO_DCCP && (b[5] & 15)) {
		uint32_t wanted = b[4] * 4u + ((b[5] & 15u) - 1) * 4u;
		return wanted > n ? -1 : (int64_t)wanted;
	}
	return n;
}

static uint32_t pseudo_sum(const struct packet *p)
{
	size_t size = packet_address_size(p);
	const uint8_t *addresses =
		packet_at(p, p->nh + (p->family == NFPROTO_IPV4 ? 12 : 8), 2 * size);
	uint32_t n = packet_l4_length(p);

	return checksum_add(addresses, 2 * size, (n >> 16) + (n & 0xffff) + p->l4);
}

void packet_checksum_ip(struct packet *p)
{
	uint8_t *b = packet_edit(p, p->nh, 20);

	if (p->family != NFPROTO_IPV4 || !b ||
	    !packet_at(p, p->nh, (size_t)(b[0] & 15u) * 4))
		return;
	b[10] = b[11] = 0;
	uint16_t sum = checksum(b, (size_t)(b[0] & 15u) * 4, 0);
	b[10] = (uint8_t)(sum >> 8);
	b[11] = (uint8_t)sum;
}

static void write_crc(struct packet *p, uint8_t *b)
{
	memset(b + 8, 0, 4);
	uint32_t crc = crc32c(b, packet_l4_length(p), 0);
	for (int i = 0; i < 4; i++) /* least significant byte first */
		b[8 + i] = (uint8_t)(crc >> 8 * i);
}

void packet_checksum_l4(struct packet *p)
{
	const struct sum_place *place = place_of(p);

	if (!place)
		return;
	uint8_t *b = packet_edit(p, p->th, packet_l4_length(p));
	if (place->is_crc) {
		write_crc(p, b);
		return;
	}
	uint8_t *at = b + place->offset;
	int64_t n = covered(p, b);
	if (n < 0)
		return;
	at[0] = at[1] = 0;
	uint16_t sum = checksum(b, (size_t)n, place->has_pseudo ? pseudo_sum(p) : 0);
	if (sum == 0 && (p->l4 == IPPROTO_UDP || p->l4 == IPPROTO_UDPLITE))
		sum = 0xffff; /* RFC 768: zero would mean none */
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t packet_checksum_error(const struct packet *p)
{
	const struct sum_place *place = place_of(p);

	if (!place || place->is_crc)
		return 0;
	const uint8_t *b = packet_at(p, p->th, packet_l4_length(p));
	int64_t n = covered(p, b);
	if (n < 0)
		return 0;
	/* All of it with a right checksum sums up to 0xffff, which is 0. */
	uint16_t all =
		(uint16_t)~checksum(b, (size_t)n, place->has_pseudo ? pseudo_sum(p) : 0);
	return all == 0xffff ? 0 : all;
}

void packet_checksum_l4_wrong(struct packet *p, uint16_t error)
{
	const struct sum_place *place = place_of(p);

	packet_checksum_l4(p);
	if (!place || !error)
		return;
	uint8_t *at = packet_edit(p, p->th + place->offset, 2);
	uint16_t sum = fold((uint32_t)(at[0] << 8 | at[1]) + error);
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static bool crc_ok(const struct packet *p, const uint8_t *b)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32c(b, 8, 0), wanted = 0;

	crc = crc32c(zero, 4, crc);
	crc = crc32c(b + 12, packet_l4_length(p) - 12, crc);
	for (int i = 0; i < 4; i++)
		wanted |= (uint32_t)b[8 + i] << 8 * i;
	return crc == wanted;
}

bool packet_checksum_ok(const struct packet *p)
{
	const struct sum_place *place = p->sums_are_right ? NULL : place_of(p);

	if (!place)
		return true;
	const uint8_t *b = packet_at(p, p->th, packet_l4_length(p));
	if (place->is_crc)
		return crc_ok(p, b);
	if (p->l4 == IPPROTO_UDP && b[6] == 0 && b[7] == 0)
		return true; /* none; connection tracking takes that in IPv6 too */
	int64_t n = covered(p, b);
	return n >= 0 &&
	       checksum(b, (size_t)n, place->has_pseudo ? pseudo_sum(p) : 0) == 0;
}
