/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A packet as the kernel holds it: its bytes, where its headers begin, and what travels beside
 * the bytes (mark, priority, packet type). Decoding never fails: what the IP stack would refuse
 * is named in `fault`, what nf_tables could not find is not there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

/* Why the IP stack throws a packet away before any ip hook sees it. */
// clang-format off
#define PACKET_FAULTS(X)                                              \
	X(NONE, "")                                                       \
	X(ETHERNET, "the frame is shorter than an Ethernet header")       \
	X(NO_PROTOCOL, "no network protocol the IP stack takes")          \
	X(SHORT, "the network header is cut off")                         \
	X(VERSION, "the version field does not fit the protocol")         \
	X(HEADER_LENGTH, "the header length is less than the header")     \
	X(CHECKSUM, "the IPv4 header checksum is wrong")                  \
	X(TOTAL_LENGTH, "the packet is shorter than its length field")    \
	X(SOURCE, "the source is a multicast or loopback address")        \
	X(ARP, "the ARP message is malformed")
// clang-format on

enum packet_fault {
#define X(id, text) FAULT_##id,
	PACKET_FAULTS(X)
#undef X
};
const char *packet_fault_text(enum packet_fault f);

/* linux/if_packet.h: PACKET_HOST … */
enum packet_type {
	PKT_HOST,
	PKT_BROADCAST,
	PKT_MULTICAST,
	PKT_OTHERHOST,
	PKT_LOOPBACK = 5
};

struct packet {
	struct buf bytes;
	bool has_ll;    /* bytes begin with an Ethernet header (and VLAN tags) */
	bool is_looped; /* lo made that header: the source may be ::1 */
	bool hides_mac; /* whom that header is for, nobody outside of the kernel knows */
	uint16_t vlan_tci; /* of the outermost tag, if has_vlan */
	bool has_vlan;
	uint32_t nh;  /* offset of the network header */
	uint32_t end; /* behind the network packet: padding is not counted */
	uint16_t ethertype;
	uint8_t family; /* NFPROTO_IPV4, _IPV6, _ARP, or 0 */
	enum packet_fault fault;
	bool has_l4;       /* the transport protocol could be told */
	uint8_t l4;        /* its number */
	uint32_t th;       /* offset of its header, which may be cut off */
	uint16_t frag_off; /* bytes; not 0: th has no header */
	bool is_fragment;  /* also the first one */
	/* Of a packet that was put together from fragments: */
	uint32_t largest_piece; /* the largest, with its header; 0: none, or forgotten */
	bool may_be_cut;        /* again, whatever its header says */
	bool pieces_forbid;     /* they said that they may not be cut, and will again */
	uint32_t least_header;  /* bytes of header that a piece behind the first had */
	/* The pieces as they came: bytes of the first with its header, of the others without;
	 * empty: nobody knows any more. */
	VEC(uint32_t) parts;
	/* Of a piece: where, from the network header on, its identification stands, if the kernel
	 * draws that; 0: it does not. */
	uint32_t hidden_id;
	enum packet_type type;
	bool sums_are_right; /* of the transport header, whatever they are: they were not made yet */
	uint32_t mark, priority;
};

void packet_fini(struct packet *p);

/* Finds the headers in `bytes`, which begin with an Ethernet header when has_ll, else with the
 * network header of `ethertype`. Mark, priority and type stay as they are. */
void packet_decode(struct packet *p);

/* `n` bytes at `off`, or NULL where the packet ends before. */
const uint8_t *packet_at(const struct packet *p, size_t off, size_t n);
uint8_t *packet_edit(struct packet *p, size_t off, size_t n);

/* From the network header on. */
static inline uint32_t packet_length(const struct packet *p)
{
	return p->end - p->nh;
}

/* Bytes of the transport header that belong to the packet. */
static inline uint32_t packet_l4_length(const struct packet *p)
{
	return p->th < p->end ? p->end - p->th : 0;
}

/* Addresses: 4 or 16 bytes in the network header (IPv4 and IPv6 only). */
static inline size_t packet_address_size(const struct packet *p)
{
	return p->family == 2 /* NFPROTO_IPV4 */ ? 4 : 16;
}
uint8_t *packet_source(struct packet *p);
uint8_t *packet_destination(struct packet *p);

/* Puts an Ethernet header before the network packet, in place of the one it may have. `dst` NULL:
 * it is not known (hides_mac). */
void packet_frame(struct packet *p, const uint8_t *dst, const uint8_t src[6]);

/* The group address on Ethernet that an IP group or the broadcast has: RFC 1112 section 6.4, RFC
 * 2464 section 7. `addr` has 4 or 16 bytes; false: it is neither. */
bool packet_group_mac(uint8_t family, const uint8_t *addr, uint8_t mac[6]);

/* Copies bytes and all else. */
void packet_copy(struct packet *to, const struct packet *from);

/* Forgets that it was put together. */
void packet_forget_pieces(struct packet *p);
/* Whoever writes into its first bytes, up to offset `to`, has them all in the first piece. */
void packet_pull(struct packet *p, uint32_t to);
