/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Loads from the packet, and writes into it. A header that is not there, or a field that lies
 * past the packet's end, breaks the rule; nothing is ever cut to fit.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/eval.h"
#include "gate/schema/schema.h"

/* Whether nf_tables at this hook still sees the frame the packet came in. */
static bool sees_frame(const struct pass *p)
{
	return p->pkt->has_ll && (!p->local || p->is_framed) && !pass_is_arp_out(p);
}

#define NO_HEADER UINT32_MAX

static NOINLINE uint32_t inner_offset(const struct packet *p)
{
	const uint8_t *b = packet_at(p, p->th, 4);

	if (p->l4 == IPPROTO_UDP)
		return p->th + 8;
	if (p->l4 == IPPROTO_TCP) {
		b = packet_at(p, p->th, 20);
		return b ? p->th + (uint32_t)(b[12] >> 4) * 4 : NO_HEADER;
	}
	if (p->l4 == IPPROTO_GRE && b) /* RFC 2784 and 2890: optional words */
		return p->th + 4 + (b[0] & 0x80 ? 4u : 0) + (b[0] & 0x20 ? 4u : 0) +
		       (b[0] & 0x10 ? 4u : 0);
	return NO_HEADER;
}

/* The kernel has a quick way to load 1, 2 or 4 aligned bytes, which does not ask whether they are of a
 * later fragment: of IPv4 it reads where the transport header would be, of IPv6 from the start of
 * what the hook sees, for there the header was not looked for. All measured. */
static NOINLINE uint32_t later_fragment(const struct pass *pass, const struct insn *i)
{
	bool quick = i->dreg < REG_WORDS && i->payload.off % i->payload.len == 0 &&
	             (i->payload.len == 1 || i->payload.len == 2 || i->payload.len == 4);
	bool leaves = pass->pf == NFPROTO_NETDEV && pass->hook == NF_NETDEV_EGRESS;

	if (!quick)
		return NO_HEADER;
	if (pass->pkt->family == NFPROTO_IPV6)
		return leaves ? 0 : pass->pkt->nh;
	return pass->pkt->th;
}

/* NO_HEADER: there is no such header. */
static uint32_t base_offset(const struct pass *pass, const struct insn *i)
{
	const struct packet *p = pass->pkt;

	switch (i->payload.base) {
	case NFT_PAYLOAD_LL_HEADER:
		return sees_frame(pass) ? 0 : NO_HEADER;
	case NFT_PAYLOAD_NETWORK_HEADER:
		return p->nh;
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		if (!p->has_l4)
			return NO_HEADER;
		return p->frag_off ? later_fragment(pass, i) : p->th;
	case NFT_PAYLOAD_INNER_HEADER:
		return p->has_l4 && !p->frag_off ? inner_offset(p) : NO_HEADER;
	default:
		return NO_HEADER;
	}
}

/* Once IP has taken the packet, what lies behind its length is cut off. */
static bool is_inside(const struct pass *pass, uint32_t off, uint32_t n)
{
	return (uint64_t)off + n <= pass->pkt->end;
}

static NOINLINE enum step write_payload(struct exec *x, const struct insn *i,
                                        uint32_t off)
{
	struct packet *p = x->pass->pkt;
	uint8_t *b = is_inside(x->pass, off, i->payload.len)
	                     ? packet_edit(p, off, i->payload.len)
	                     : NULL;
	const uint8_t *udp =
		p->has_l4 && p->l4 == IPPROTO_UDP ? packet_at(p, p->th, 8) : NULL;
	bool sum_ok = packet_checksum_ok(p);
	bool has_no_sum = udp && !udp[6] && !udp[7]; /* RFC 768: 0 is none */

	if (!b)
		return STEP_BREAK;
	packet_pull(p, off + i->payload.len);
	memcpy(b, reg(x, i->sreg), i->payload.len);
	if (i->payload.csum_type == NFT_PAYLOAD_CSUM_INET &&
	    i->payload.base == NFT_PAYLOAD_NETWORK_HEADER)
		packet_checksum_ip(p);
	packet_decode(p);
	bool l4 = (i->payload.csum_type == NFT_PAYLOAD_CSUM_INET &&
	           i->payload.base == NFT_PAYLOAD_TRANSPORT_HEADER) ||
	          (i->payload.csum_flags & NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
	if (sum_ok && l4 && !has_no_sum)
		packet_checksum_l4(p);
	return STEP_ON;
}

/* Nearly all fields have one of three sizes, which need no loop. */
static void store_field(struct exec *x, uint8_t dreg, const uint8_t *b, size_t n)
{
	switch (n) {
	case 1:
		reg_store(x, dreg, b, 1);
		break;
	case 2:
		reg_store(x, dreg, b, 2);
		break;
	case 4:
		reg_store(x, dreg, b, 4);
		break;
	default:
		reg_store(x, dreg, b, n);
	}
}

/* The identification of IPv6's pieces, which the kernel draws. */
static bool is_drawn(const struct packet *p, uint32_t off, uint32_t n)
{
	enum { ID_BYTES = 4 };
	uint32_t id = p->nh + p->hidden_id;

	return p->hidden_id && off < id + ID_BYTES && id < off + n;
}

#define DRAWN "the identification of pieces of IPv6, which the kernel draws"

enum step eval_payload(struct exec *x, const struct insn *i)
{
	uint32_t off;

	if (i->payload.off > UINT16_MAX || i->payload.len > 64 || !i->payload.len)
		return STEP_BREAK;
	off = base_offset(x->pass, i);
	if (off == NO_HEADER)
		return STEP_BREAK;
	off += i->payload.off;
	if (i->dreg >= REG_WORDS)
		return write_payload(x, i, off);
	const uint8_t *b = is_inside(x->pass, off, i->payload.len)
	                           ? packet_at(x->pass->pkt, off, i->payload.len)
	                           : NULL;
	if (!b)
		return STEP_BREAK;
	if (i->payload.base == NFT_PAYLOAD_LL_HEADER && i->payload.off < 6 &&
	    x->pass->pkt->hides_mac)
		reg_unknown(x, i->dreg, i->payload.len,
		            "the hardware address of the next hop");
	else if (is_drawn(x->pass->pkt, off, i->payload.len))
		reg_unknown(x, i->dreg, i->payload.len, DRAWN);
	else
		store_field(x, i->dreg, b, i->payload.len);
	return STEP_ON;
}

/* ---- options and extension headers ---- */

/* The extension header of that number: its offset and whether there is one. RFC 8200 section 4. */
static bool find_ip6(const struct packet *p, uint8_t wanted, uint32_t *off)
{
	const uint8_t *b = packet_at(p, p->nh, 40);
	uint8_t next = b ? b[6] : IPPROTO_NONE;
	uint32_t at = p->nh + 40;

	while (p->family == NFPROTO_IPV6 && next != wanted) {
		bool known = next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
		             next == IPPROTO_FRAGMENT || next == IPPROTO_AH ||
		             next == IPPROTO_DSTOPTS;
		b = known ? packet_at(p, at, 8) : NULL;
		if (!b || (next == IPPROTO_FRAGMENT && ((b[2] << 8 | b[3]) & 0xfff8)))
			return false;
		at += next == IPPROTO_FRAGMENT ? 8u
		      : next == IPPROTO_AH     ? (b[1] + 2u) * 4
		                               : (b[1] + 1u) * 8;
		next = b[0];
	}
	*off = at;
	return p->family == NFPROTO_IPV6 && at < p->end;
}

/* TCP's and IPv4's options alike: kind, length, value; 0 ends, 1 fills. */
static bool find_option(const struct packet *p, uint32_t from, uint32_t to,
                        uint8_t wanted, uint32_t *off, uint32_t *len)
{
	while (from < to) {
		const uint8_t *b = packet_at(p, from, 1);
		if (!b || *b == 0)
			return false;
		if (*b == 1 && wanted != 1) {
			from++;
			continue;
		}
		b = packet_at(p, from, 2);
		if (!b || from + 2 > to || b[1] < 2 || from + b[1] > to)
			return false;
		if (b[0] == wanted) {
			*off = from;
			*len = b[1];
			return true;
		}
		from += b[1];
	}
	return false;
}

static bool has_tcp_header(const struct packet *p)
{
	const uint8_t *b = packet_at(p, p->th, 20);

	return p->has_l4 && !p->frag_off && p->l4 == IPPROTO_TCP && b &&
	       packet_l4_length(p) >= (uint32_t)(b[12] >> 4) * 4;
}

static bool find_tcp_option(const struct packet *p, uint8_t kind, uint32_t *off,
                            uint32_t *len)
{
	const uint8_t *b = packet_at(p, p->th, 20);

	return has_tcp_header(p) &&
	       find_option(p, p->th + 20, p->th + (uint32_t)(b[12] >> 4) * 4, kind, off,
	                   len);
}

static bool find_ip_option(const struct packet *p, uint8_t kind, uint32_t *off,
                           uint32_t *len)
{
	const uint8_t *b = packet_at(p, p->nh, 20);

	return p->family == NFPROTO_IPV4 && b &&
	       find_option(p, p->nh + 20, p->nh + (b[0] & 15u) * 4, kind, off, len);
}

/* RFC 9260 section 3.2: chunks are padded to words. */
static bool find_chunk(const struct packet *p, uint8_t type, uint32_t *off, uint32_t *len)
{
	uint32_t at = p->th + 12;

	while (p->has_l4 && !p->frag_off && p->l4 == IPPROTO_SCTP && at + 4 <= p->end) {
		const uint8_t *b = packet_at(p, at, 4);
		uint32_t n = b ? (uint32_t)(b[2] << 8 | b[3]) : 0;
		if (n < 4)
			return false;
		if (b[0] == type) {
			*off = at;
			*len = n;
			return true;
		}
		at += (n + 3) & ~3u;
	}
	return false;
}

static bool find_exthdr(const struct packet *p, const struct insn *i, uint32_t *off,
                        uint32_t *len)
{
	switch (i->exthdr.op) {
	case EXTHDR_IPV6:
		*len = UINT16_MAX;
		return find_ip6(p, i->exthdr.type, off);
	case EXTHDR_TCPOPT:
		return find_tcp_option(p, i->exthdr.type, off, len);
	case EXTHDR_IPV4:
		return find_ip_option(p, i->exthdr.type, off, len);
	case EXTHDR_SCTP:
		return find_chunk(p, i->exthdr.type, off, len);
	default:
		return false;
	}
}

/* An MSS is only ever lowered. */
static void write_option(struct exec *x, const struct insn *i, uint32_t off)
{
	struct packet *p = x->pass->pkt;
	uint8_t *b = packet_edit(p, off + i->exthdr.off, i->exthdr.len);
	const uint8_t *v = reg(x, i->sreg);

	if (i->exthdr.type == 2 && i->exthdr.len == 2 && memcmp(b, v, 2) <= 0)
		return;
	bool sum_ok = packet_checksum_ok(p);
	packet_pull(p, p->th + (uint32_t)(*packet_at(p, p->th + 12, 1) >> 4) * 4);
	memcpy(b, v, i->exthdr.len);
	if (sum_ok)
		packet_checksum_l4(p);
}

enum step eval_exthdr(struct exec *x, const struct insn *i)
{
	struct packet *p = x->pass->pkt;
	uint32_t off = 0, len = 0;

	if (i->exthdr.op == EXTHDR_DCCP) {
		reg_unknown(x, i->dreg, i->exthdr.len, "a DCCP option");
		return STEP_ON;
	}
	bool found = find_exthdr(p, i, &off, &len);
	if (i->dreg < REG_WORDS && (i->exthdr.flags & NFT_EXTHDR_F_PRESENT)) {
		uint8_t there = found;
		reg_store(x, i->dreg, &there, 1);
		return STEP_ON;
	}
	/* An option that is not there cannot be changed, and the rule goes on (measured). */
	if (!found && i->dreg >= REG_WORDS && i->exthdr.op == EXTHDR_TCPOPT)
		return has_tcp_header(p) ? STEP_ON : STEP_BREAK;
	if (!found || i->exthdr.off + i->exthdr.len > len ||
	    !packet_at(p, off + i->exthdr.off, i->exthdr.len) || i->exthdr.len > 64)
		return STEP_BREAK;
	if (i->dreg < REG_WORDS && is_drawn(p, off + i->exthdr.off, i->exthdr.len))
		reg_unknown(x, i->dreg, i->exthdr.len, DRAWN);
	else if (i->dreg < REG_WORDS)
		reg_store(x, i->dreg, packet_at(p, off + i->exthdr.off, i->exthdr.len),
		          i->exthdr.len);
	else if (i->sreg < REG_WORDS)
		write_option(x, i, off);
	return STEP_ON;
}
