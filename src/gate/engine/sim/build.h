/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Packets made from a description. Lengths and checksums are filled in; nothing is guessed that
 * a description could say.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct packet;

/* RFC 9293 section 3.1. */
enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128,
};

enum { DESC_VLANS_MAX = 2 };

/* All zero but family, l4 and addresses is a sensible packet. */
struct packet_desc {
	uint8_t family;           /* NFPROTO_IPV4, _IPV6, _ARP */
	uint8_t l4;               /* IP protocol number */
	uint8_t src[16], dst[16]; /* IPv4: the first four bytes */
	uint16_t sport, dport;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	uint16_t window;          /* as in the header, not scaled; 0: as hosts have it */
	bool no_window;           /* it is 0 */
	struct str options;       /* of TCP, padded to a multiple of 4 with end-of-list */
	struct str ip_options;    /* IPv4 options, padded likewise */
	bool has_chunk, has_vtag; /* of SCTP; without: an INIT, and the tag that fits */
	uint8_t chunk;            /* its type */
	uint32_t vtag, init_tag;  /* the header's, and an INIT's own; 0: 1 */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq;
	uint8_t ttl; /* or hop limit; 0: 64, neighbour discovery 255 */
	uint8_t tos; /* or traffic class */
	uint16_t ip_id;
	uint16_t frag_off; /* bytes, a multiple of 8 */
	bool more_fragments, dont_fragment;
	struct str
		payload; /* behind the transport header; ICMP errors: the quoted packet */
	uint32_t payload_zeros; /* so many zero bytes more */
	uint16_t arp_op;
	bool has_ll; /* with an Ethernet header */
	uint8_t mac_src[6], mac_dst[6];
	uint16_t vlans[DESC_VLANS_MAX]; /* TCI, outermost first */
	uint8_t n_vlans;
	bool bad_checksum; /* of the transport header, off by one */
};

/* Replaces what is in `p` and decodes it. */
void packet_build(struct packet *p, const struct packet_desc *d);
