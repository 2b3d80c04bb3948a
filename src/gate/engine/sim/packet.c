/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Finding a packet's headers. */
#include "gate/engine/sim/packet.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/address.h"
#include "gate/engine/sim/checksum.h"

enum { IP4_MIN = 20, IP6_BYTES = 40 };

const char *packet_fault_text(enum packet_fault f)
{
	static const char *const texts[] = {
#define X(id, text) [FAULT_##id] = (text),
		PACKET_FAULTS(X)
#undef X
	};

	return texts[f];
}

void packet_fini(struct packet *p)
{
	buf_fini(&p->bytes);
	vec_fini(&p->parts);
}

void packet_copy(struct packet *to, const struct packet *from)
{
	const struct packet was = *to;

	*to = *from;
	to->bytes = was.bytes;
	to->parts.p = was.parts.p;
	to->parts.n = 0;
	to->parts.cap = was.parts.cap;
	buf_reset(&to->bytes);
	buf_put(&to->bytes, from->bytes.p, from->bytes.n);
	vec_for_each(it, &from->parts)
		vec_push(&to->parts, *it);
}

void packet_forget_pieces(struct packet *p)
{
	p->largest_piece = 0;
	p->may_be_cut = p->pieces_forbid = false;
	p->parts.n = 0;
}

void packet_pull(struct packet *p, uint32_t to)
{
	uint32_t n = to > p->nh ? to - p->nh : 0;

	for (size_t i = 1; i < p->parts.n && p->parts.p[0] < n; i++) {
		uint32_t lacks = n - p->parts.p[0];
		uint32_t more = p->parts.p[i] < lacks ? p->parts.p[i] : lacks;
		p->parts.p[0] += more;
		p->parts.p[i] -= more;
	}
}

uint8_t *packet_edit(struct packet *p, size_t off, size_t n)
{
	if (off > p->bytes.n || n > p->bytes.n - off)
		return NULL;
	return (uint8_t *)p->bytes.p + off;
}

const uint8_t *packet_at(const struct packet *p, size_t off, size_t n)
{
	if (off > p->bytes.n || n > p->bytes.n - off)
		return NULL;
	return (const uint8_t *)p->bytes.p + off;
}

uint8_t *packet_source(struct packet *p)
{
	return (uint8_t *)p->bytes.p + p->nh + (p->family == NFPROTO_IPV4 ? 12 : 8);
}

uint8_t *packet_destination(struct packet *p)
{
	return (uint8_t *)p->bytes.p + p->nh + (p->family == NFPROTO_IPV4 ? 16 : 24);
}

void packet_frame(struct packet *p, const uint8_t *dst, const uint8_t src[6])
{
	static const uint8_t none[6];
	struct buf old = p->bytes;
	uint32_t nh = p->nh;
	const uint8_t type[2] = { (uint8_t)(p->ethertype >> 8), (uint8_t)p->ethertype };

	p->bytes = (struct buf){ 0 };
	buf_put(&p->bytes, dst ? dst : none, 6);
	buf_put(&p->bytes, src, 6);
	buf_put(&p->bytes, type, sizeof(type));
	buf_put(&p->bytes, old.p + nh, old.n - nh);
	buf_fini(&old);
	p->end = p->end - nh + ETH_HLEN;
	p->th = p->th - nh + ETH_HLEN;
	p->nh = ETH_HLEN;
	p->has_ll = true;
	p->has_vlan = false;
	p->hides_mac = !dst;
}

bool packet_group_mac(uint8_t family, const uint8_t *addr, uint8_t mac[6])
{
	if (family == NFPROTO_IPV6 && address_is_multicast(family, addr))
		memcpy(mac,
		       (uint8_t[6]){ 0x33, 0x33, addr[12], addr[13], addr[14], addr[15] },
		       6);
	else if (family == NFPROTO_IPV4 && address_is_multicast(family, addr))
		memcpy(mac, (uint8_t[6]){ 1, 0, 0x5e, addr[1] & 0x7f, addr[2], addr[3] },
		       6);
	else if (address_is_everybody(family, addr))
		memset(mac, 0xff, 6);
	else
		return false;
	return true;
}

static bool is_vlan_type(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/* The kernel keeps the outermost tag beside the packet; an inner one stays in it, and then
 * skb->protocol is the tag's and no IP stack takes the packet. */
static bool decode_ethernet(struct packet *p)
{
	const uint8_t *b = packet_at(p, 0, ETH_HLEN);

	if (!b) {
		p->fault = FAULT_ETHERNET;
		return false;
	}
	p->ethertype = be16(b + 12);
	p->nh = ETH_HLEN;
	if (!is_vlan_type(p->ethertype))
		return true;
	b = packet_at(p, ETH_HLEN, 4);
	if (!b) {
		p->fault = FAULT_ETHERNET;
		return false;
	}
	p->has_vlan = true;
	p->vlan_tci = be16(b);
	p->ethertype = be16(b + 2);
	p->nh += 4;
	return true;
}

static void decode_ip4(struct packet *p)
{
	const uint8_t *b = packet_at(p, p->nh, IP4_MIN);

	if (!b) {
		p->fault = FAULT_SHORT;
		return;
	}
	unsigned header = (b[0] & 15u) * 4, total = be16(b + 2);

	if (b[0] >> 4 != 4)
		p->fault = FAULT_VERSION;
	else if (header < IP4_MIN)
		p->fault = FAULT_HEADER_LENGTH; // NOLINT(bugprone-branch-clone)
	else if (!packet_at(p, p->nh, header))
		p->fault = FAULT_SHORT;
	else if (checksum(b, header, 0) != 0)
		p->fault = FAULT_CHECKSUM;
	else if (!packet_at(p, p->nh, total))
		p->fault = FAULT_TOTAL_LENGTH;
	else if (total < header)
		p->fault = FAULT_HEADER_LENGTH;
	else
		p->end = p->nh + total;
	uint16_t frag = be16(b + 6);

	p->frag_off = (uint16_t)((frag & 0x1fff) * 8);
	p->is_fragment = frag & 0x3fff;
	p->l4 = b[9];
	p->th = p->nh + header;
	p->has_l4 = true;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH || next == IPPROTO_DSTOPTS;
}

static unsigned extension_bytes(uint8_t next, const uint8_t *b)
{
	if (next == IPPROTO_FRAGMENT)
		return 8;
	return next == IPPROTO_AH ? (b[1] + 2u) * 4 : (b[1] + 1u) * 8;
}

/* Walks the extension headers (RFC 8200 section 4) to the transport protocol. */
static void decode_ip6_chain(struct packet *p, uint8_t next, uint32_t at)
{
	while (is_extension(next)) {
		const uint8_t *b = at < p->end ? packet_at(p, at, 8) : NULL;
		if (!b)
			return;
		if (next == IPPROTO_FRAGMENT) {
			p->is_fragment = true;
			p->frag_off = be16(b + 2) & 0xfff8;
			if (p->frag_off && is_extension(b[0]))
				return;
		}
		if (p->frag_off) { /* what follows is from the packet's middle */
			p->l4 = b[0];
			p->th = at;
			p->has_l4 = true;
			return;
		}
		at += extension_bytes(next, b);
		next = b[0];
	}
	p->l4 = next;
	p->th = at;
	p->has_l4 = at - p->nh <= UINT16_MAX;
}

static void decode_ip6(struct packet *p)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	const uint8_t *b = packet_at(p, p->nh, IP6_BYTES);

	if (!b) {
		p->fault = FAULT_SHORT;
		return;
	}
	uint32_t payload = be16(b + 4);

	if (b[0] >> 4 != 6)
		p->fault = FAULT_VERSION;
	else if (b[8] == 0xff ||
	         (p->has_ll && !p->is_looped && memcmp(b + 8, loopback, 16) == 0))
		p->fault = FAULT_SOURCE;
	else if (payload == 0 && b[6] == IPPROTO_HOPOPTS)
		p->end =
			(uint32_t)
				p->bytes.n; /* a jumbogram says its length in an option */
	else if (!packet_at(p, p->nh + IP6_BYTES, payload))
		p->fault = FAULT_TOTAL_LENGTH;
	else
		p->end = p->nh + IP6_BYTES + payload;
	decode_ip6_chain(p, b[6], p->nh + IP6_BYTES);
}

static void decode_arp(struct packet *p)
{
	const uint8_t *b = packet_at(p, p->nh, 8);

	if (!b || !packet_at(p, p->nh, 8 + 2u * (b[4] + b[5])))
		p->fault = FAULT_ARP;
}

void packet_decode(struct packet *p)
{
	p->has_vlan = p->has_l4 = p->is_fragment = false;
	p->vlan_tci = 0;
	p->frag_off = 0;
	p->nh = p->th = 0;
	p->l4 = p->family = 0;
	p->fault = FAULT_NONE;
	p->end = (uint32_t)p->bytes.n;
	if (p->has_ll && !decode_ethernet(p))
		return;
	switch (p->ethertype) {
	case ETH_P_IP:
		p->family = NFPROTO_IPV4;
		decode_ip4(p);
		return;
	case ETH_P_IPV6:
		p->family = NFPROTO_IPV6;
		decode_ip6(p);
		return;
	case ETH_P_ARP:
		p->family = NFPROTO_ARP;
		decode_arp(p);
		return;
	default:
		p->fault = FAULT_NO_PROTOCOL;
	}
}
