/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bytes from a description. */
#include "gate/engine/sim/build.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/packet.h"

static void put16(struct buf *b, uint16_t v)
{
	buf_char(b, (char)(v >> 8));
	buf_char(b, (char)v);
}

static void put32(struct buf *b, uint32_t v)
{
	put16(b, (uint16_t)(v >> 16));
	put16(b, (uint16_t)v);
}

static size_t padded(size_t n, size_t max)
{
	n = n > max ? max : n;
	return (n + 3) & ~(size_t)3;
}

/* Options, padded with zeros: end of list, IPv4 and TCP alike. */
static void put_options(struct buf *b, struct str options, size_t max)
{
	options = str_sub(options, 0, max);
	buf_str(b, options);
	buf_repeat(b, 0, padded(options.n, max) - options.n);
}

enum { OPTIONS_MAX = 40 };

static uint16_t ethertype_of(const struct packet_desc *d)
{
	if (d->family == NFPROTO_ARP)
		return ETH_P_ARP;
	return d->family == NFPROTO_IPV6 ? ETH_P_IPV6 : ETH_P_IP;
}

static void put_ethernet(struct buf *b, const struct packet_desc *d)
{
	buf_put(b, d->mac_dst, 6);
	buf_put(b, d->mac_src, 6);
	for (unsigned i = 0; i < d->n_vlans; i++) {
		put16(b, i == 0 && d->n_vlans > 1 ? ETH_P_8021AD : ETH_P_8021Q);
		put16(b, d->vlans[i]);
	}
	put16(b, ethertype_of(d));
}

static void put_tcp(struct buf *b, const struct packet_desc *d)
{
	put16(b, d->sport);
	put16(b, d->dport);
	put32(b, d->seq);
	put32(b, d->ack);
	buf_char(b, (char)((20 + padded(d->options.n, OPTIONS_MAX)) / 4 << 4));
	buf_char(b, (char)d->tcp_flags);
	put16(b, d->window || d->no_window ? d->window : 64240);
	put32(b, 0); /* checksum, urgent pointer */
	put_options(b, d->options, OPTIONS_MAX);
}

static void put_udp(struct buf *b, const struct packet_desc *d, size_t payload)
{
	put16(b, d->sport);
	put16(b, d->dport);
	put16(b, d->l4 == IPPROTO_UDPLITE ? 0 : (uint16_t)(8 + payload));
	put16(b, 0);
}

enum { CHUNK_DATA, CHUNK_INIT, CHUNK_INIT_ACK, CHUNK_SACK, CHUNK_SHUTDOWN = 7 };

/* What a chunk has behind its head, at least: RFC 9260 section 3.3. */
static void put_chunk(struct buf *b, const struct packet_desc *d, uint8_t chunk)
{
	static const uint32_t flags_of_data = 0x00030000; /* a whole message */

	switch (chunk) {
	case CHUNK_INIT:
	case CHUNK_INIT_ACK:
		put32(b, (uint32_t)chunk << 24 | 20);
		put32(b, d->init_tag ? d->init_tag : 1);
		put32(b, 65536);
		put32(b, 0x00010001);
		put32(b, 1);
		return;
	case CHUNK_DATA:
		put32(b, flags_of_data | 20);
		put32(b, 1);
		put32(b, 0);
		put32(b, 0);
		put32(b, 0x64617461);
		return;
	case CHUNK_SACK:
		put32(b, (uint32_t)chunk << 24 | 16);
		put32(b, 1);
		put32(b, 65536);
		put32(b, 0);
		return;
	case CHUNK_SHUTDOWN:
		put32(b, (uint32_t)chunk << 24 | 8);
		put32(b, 1);
		return;
	default:
		put32(b, (uint32_t)chunk << 24 | 4);
		return;
	}
}

/* The common header and one chunk; an INIT has no verification tag (section 8.5.1). */
static void put_sctp(struct buf *b, const struct packet_desc *d)
{
	uint8_t chunk = d->has_chunk ? d->chunk : CHUNK_INIT;

	put16(b, d->sport);
	put16(b, d->dport);
	put32(b, d->has_vtag ? d->vtag : chunk != CHUNK_INIT);
	put32(b, 0);
	put_chunk(b, d, chunk);
}

/* A DCCP request with 48-bit sequence numbers, RFC 4340 section 5. */
static void put_dccp(struct buf *b, const struct packet_desc *d)
{
	put16(b, d->sport);
	put16(b, d->dport);
	put32(b, 0x05000000); /* data offset 5 words, all covered */
	put32(b, 0x01000000); /* REQUEST, X */
	put32(b, d->seq);
	put32(b, 0); /* service code */
}

static void put_transport(struct buf *b, const struct packet_desc *d, size_t payload)
{
	switch (d->l4) {
	case IPPROTO_TCP:
		put_tcp(b, d);
		return;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		put_udp(b, d, payload);
		return;
	case IPPROTO_SCTP:
		put_sctp(b, d);
		return;
	case IPPROTO_DCCP:
		put_dccp(b, d);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		buf_char(b, (char)d->icmp_type);
		buf_char(b, (char)d->icmp_code);
		put16(b, 0);
		put16(b, d->icmp_id);
		put16(b, d->icmp_seq);
		return;
	case IPPROTO_IGMP:
		put32(b, 0x16000000); /* version 2 report, RFC 2236 section 2 */
		buf_put(b, d->dst, 4);
		return;
	case IPPROTO_GRE:
		put32(b, ETH_P_IP); /* RFC 2784: no checksum */
		return;
	case IPPROTO_ESP:
		put32(b, d->seq ? d->seq : 0x1000); /* SPI */
		put32(b, 1);
		return;
	case IPPROTO_AH:
		put32(b,
		      0x3b040000); /* no next header, 4 + 2 words, RFC 4302 section 2 */
		put32(b, d->seq ? d->seq : 0x1000);
		put32(b, 1);
		buf_repeat(b, 0, 12);
		return;
	default: /* nothing is known of it: the payload is all there is */
		return;
	}
}

static uint8_t ttl_of(const struct packet_desc *d)
{
	bool discovers =
		d->l4 == IPPROTO_ICMPV6 && d->icmp_type >= 133 && d->icmp_type <= 137;

	if (d->ttl)
		return d->ttl;
	return discovers ? 255 : 64;
}

static void put_ip4(struct buf *b, const struct packet_desc *d, size_t content)
{
	size_t header = 20 + padded(d->ip_options.n, OPTIONS_MAX);

	buf_char(b, (char)(0x40 | header / 4));
	buf_char(b, (char)d->tos);
	put16(b, (uint16_t)(header + content));
	put16(b, d->ip_id);
	put16(b, (uint16_t)(d->frag_off / 8 | (d->more_fragments ? 0x2000 : 0) |
	                    (d->dont_fragment ? 0x4000 : 0)));
	buf_char(b, (char)ttl_of(d));
	buf_char(b, (char)d->l4);
	put16(b, 0);
	buf_put(b, d->src, 4);
	buf_put(b, d->dst, 4);
	put_options(b, d->ip_options, OPTIONS_MAX);
}

static void put_ip6(struct buf *b, const struct packet_desc *d, size_t content)
{
	bool fragment = d->frag_off || d->more_fragments;

	put32(b, 0x60000000 | (uint32_t)d->tos << 20);
	put16(b, (uint16_t)(content + (fragment ? 8 : 0)));
	buf_char(b, (char)(fragment ? IPPROTO_FRAGMENT : d->l4));
	buf_char(b, (char)ttl_of(d));
	buf_put(b, d->src, 16);
	buf_put(b, d->dst, 16);
	if (!fragment)
		return;
	buf_char(b, (char)d->l4);
	buf_char(b, 0);
	put16(b, (uint16_t)((d->frag_off & 0xfff8) | d->more_fragments));
	put32(b, d->ip_id);
}

static void put_arp(struct buf *b, const struct packet_desc *d)
{
	put16(b, 1); /* Ethernet */
	put16(b, ETH_P_IP);
	put16(b, 0x0604);
	put16(b, d->arp_op ? d->arp_op : 1);
	buf_put(b, d->mac_src, 6);
	buf_put(b, d->src, 4);
	buf_put(b, d->arp_op > 1 ? d->mac_dst : (const uint8_t[6]){ 0 }, 6);
	buf_put(b, d->dst, 4);
}

static void put_ip(struct buf *b, const struct packet_desc *d)
{
	auto_buf content = { 0 };
	size_t payload = d->payload.n + d->payload_zeros;

	if (d->frag_off == 0)
		put_transport(&content, d, payload);
	buf_str(&content, d->payload);
	buf_repeat(&content, 0, d->payload_zeros);
	if (d->family == NFPROTO_IPV6)
		put_ip6(b, d, content.n);
	else
		put_ip4(b, d, content.n);
	buf_put(b, content.p, content.n);
}

/* The sum is moved by one in its last byte: wrong, and still not 0 (none). */
static void spoil_checksum(struct packet *p)
{
	static const uint8_t at[256] = {
		[IPPROTO_TCP] = 17,   [IPPROTO_UDP] = 7,     [IPPROTO_ICMP] = 3,
		[IPPROTO_ICMPV6] = 3, [IPPROTO_UDPLITE] = 7, [IPPROTO_SCTP] = 11,
		[IPPROTO_DCCP] = 7
	};
	uint8_t *b = at[p->l4] ? packet_edit(p, p->th + at[p->l4], 1) : NULL;

	if (b)
		*b ^= 1;
}

void packet_build(struct packet *p, const struct packet_desc *d)
{
	buf_reset(&p->bytes);
	p->has_ll = d->has_ll;
	if (d->has_ll)
		put_ethernet(&p->bytes, d);
	p->ethertype = ethertype_of(d);
	if (d->family == NFPROTO_ARP)
		put_arp(&p->bytes, d);
	else
		put_ip(&p->bytes, d);
	packet_decode(p);
	packet_checksum_ip(p);
	packet_decode(p); /* the header is right now */
	packet_checksum_l4(p);
	if (d->bad_checksum)
		spoil_checksum(p);
}
