/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Targets but those of NAT. */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_TCPMSS.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

#include "base/be.h"
#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/route.h"
#include "gate/engine/sim/xt.h"

enum xt_answer xt_reject4(struct exec *x, struct xt *m)
{
	static const uint8_t codes[] = {
		[IPT_ICMP_NET_UNREACHABLE] = ICMP_NET_UNREACH,
		[IPT_ICMP_HOST_UNREACHABLE] = ICMP_HOST_UNREACH,
		[IPT_ICMP_PROT_UNREACHABLE] = ICMP_PROT_UNREACH,
		[IPT_ICMP_PORT_UNREACHABLE] = ICMP_PORT_UNREACH,
		[IPT_ICMP_NET_PROHIBITED] = ICMP_NET_ANO,
		[IPT_ICMP_HOST_PROHIBITED] = ICMP_HOST_ANO,
		[IPT_ICMP_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
	};
	const struct ipt_reject_info *i = m->info;

	if (i->with == IPT_TCP_RESET)
		eval_reject_reset(x);
	else
		eval_reject(x, i->with < ARRAY_LEN(codes) ? codes[i->with]
		                                          : ICMP_PORT_UNREACH);
	return XT_YES;
}

enum xt_answer xt_reject6(struct exec *x, struct xt *m)
{
	static const uint8_t codes[] = {
		[IP6T_ICMP6_NO_ROUTE] = ICMPV6_NOROUTE,
		[IP6T_ICMP6_ADM_PROHIBITED] = ICMPV6_ADM_PROHIBITED,
		[IP6T_ICMP6_NOT_NEIGHBOUR] = ICMPV6_NOT_NEIGHBOUR,
		[IP6T_ICMP6_ADDR_UNREACH] = ICMPV6_ADDR_UNREACH,
		[IP6T_ICMP6_PORT_UNREACH] = ICMPV6_PORT_UNREACH,
		[IP6T_ICMP6_POLICY_FAIL] = ICMPV6_POLICY_FAIL,
		[IP6T_ICMP6_REJECT_ROUTE] = ICMPV6_REJECT_ROUTE,
	};
	const struct ip6t_reject_info *i = m->info;

	if (i->with == IP6T_TCP_RESET)
		eval_reject_reset(x);
	else
		eval_reject(x, i->with < ARRAY_LEN(codes) ? codes[i->with]
		                                          : ICMPV6_PORT_UNREACH);
	return XT_YES;
}

enum xt_answer xt_log(struct exec *x, struct xt *m)
{
	(void)m;
	sim_tell_event(x->pass, &(struct sim_event){ .kind = EVENT_LOG,
	                                             .chain = x->chain,
	                                             .rule = x->rule });
	return XT_YES;
}

enum xt_answer xt_set_mark(struct exec *x, struct xt *m)
{
	const struct xt_mark_tginfo2 *i = m->info;

	x->pass->pkt->mark = (x->pass->pkt->mark & ~i->mask) ^ i->mark;
	return XT_YES;
}

/* Revision 2 shifts what it moves. */
static uint32_t shifted(uint32_t v, uint8_t dir, uint8_t bits)
{
	bits &= 31;
	return dir == D_SHIFT_RIGHT ? v >> bits : v << bits;
}

static enum xt_answer set_connmark(struct exec *x, const struct xt_connmark_tginfo2 *i)
{
	struct track_entry *e = x->pass->ref.entry;
	uint32_t *mark = &x->pass->pkt->mark;

	if (!e)
		return XT_YES;
	switch (i->mode) {
	case XT_CONNMARK_SET:
		e->mark = shifted((e->mark & ~i->ctmask) ^ i->ctmark, i->shift_dir,
		                  i->shift_bits);
		return XT_YES;
	case XT_CONNMARK_SAVE:
		e->mark = (e->mark & ~i->ctmask) ^
		          shifted(*mark & i->nfmask, i->shift_dir, i->shift_bits);
		return XT_YES;
	case XT_CONNMARK_RESTORE:
		*mark = (*mark & ~i->nfmask) ^
		        shifted(e->mark & i->ctmask, i->shift_dir, i->shift_bits);
		return XT_YES;
	default:
		return XT_YES;
	}
}

enum xt_answer xt_set_connmark1(struct exec *x, struct xt *m)
{
	const struct xt_connmark_tginfo1 *i = m->info;
	struct xt_connmark_tginfo2 two = { .ctmark = i->ctmark,
		                           .ctmask = i->ctmask,
		                           .nfmask = i->nfmask,
		                           .mode = i->mode };

	return set_connmark(x, &two);
}

enum xt_answer xt_set_connmark2(struct exec *x, struct xt *m)
{
	return set_connmark(x, m->info);
}

/* ---- TCPMSS ---- */

enum {
	OPTION_MSS = 2,
	MSS_BYTES = 4,
	TCP_MIN = 20,
	TCP_MAX = 60,
	MSS4_DEFAULT = 536,
	MSS6_DEFAULT = 1220
};

/* The option's place behind the header's start; 0: there is none. */
static uint32_t find_mss(const uint8_t *b, uint32_t header)
{
	for (uint32_t at = TCP_MIN; at + MSS_BYTES <= header;) {
		if (b[at] == OPTION_MSS && b[at + 1] == MSS_BYTES)
			return at;
		at += b[at] < 2 || !b[at + 1] ? 1 : b[at + 1];
	}
	return 0;
}

/* A new option right behind the fixed header; only a segment without data has room for it. */
static void add_mss(struct packet *p, uint32_t header, uint16_t mss)
{
	bool sum_ok = packet_checksum_ok(p);
	uint32_t at = p->th + TCP_MIN,
		 limit = p->family == NFPROTO_IPV4 ? MSS4_DEFAULT : MSS6_DEFAULT;

	if (packet_l4_length(p) > header || header + MSS_BYTES > TCP_MAX)
		return;
	mss = mss < limit ? mss
	                  : (uint16_t)limit; /* what the sender would have got without */
	buf_repeat(&p->bytes, 0, MSS_BYTES);
	uint8_t *b = packet_edit(p, 0, p->bytes.n);
	memmove(b + at + MSS_BYTES, b + at, p->bytes.n - at - MSS_BYTES);
	b[at] = OPTION_MSS;
	b[at + 1] = MSS_BYTES;
	put_be16(b + at + 2, mss);
	b[p->th + 12] = (uint8_t)(b[p->th + 12] + (1 << 4));
	uint8_t *length = b + p->nh + (p->family == NFPROTO_IPV4 ? 2 : 4);
	put_be16(length, be16(length) + (uint32_t)MSS_BYTES);
	packet_checksum_ip(p);
	packet_decode(p);
	if (sum_ok)
		packet_checksum_l4(p);
}

static void set_mss(struct packet *p, uint32_t header, uint16_t mss)
{
	uint8_t *b = packet_edit(p, p->th, header);
	uint32_t at = find_mss(b, header);
	bool sum_ok = packet_checksum_ok(p);

	if (!at) {
		add_mss(p, header, mss);
		return;
	}
	if (be16(b + at + 2) <= mss) /* never raised */
		return;
	put_be16(b + at + 2, mss);
	if (sum_ok)
		packet_checksum_l4(p);
}

/* xt_TCPMSS.c: a segment whose header is not whole is dropped, a fragment passes. */
enum xt_answer xt_tcpmss(struct exec *x, struct xt *m)
{
	const struct xt_tcpmss_info *i = m->info;
	struct packet *p = x->pass->pkt;

	if (p->frag_off)
		return XT_YES;
	const uint8_t *b = xt_transport(x, TCP_MIN);
	uint32_t header = b ? (uint32_t)(b[12] >> 4) * 4 : 0;
	if (header < TCP_MIN || packet_l4_length(p) < header)
		return XT_HOTDROP;
	uint32_t mss = i->mss, mtu, headers = p->family == NFPROTO_IPV4 ? 40 : 60;
	if (i->mss == XT_TCPMSS_CLAMP_PMTU) {
		if (!route_mtu(x->pass, &mtu)) {
			sim_doubt(x->pass, "TCPMSS: the path's MTU");
			return XT_YES;
		}
		if (mtu <= headers)
			return XT_HOTDROP;
		mss = mtu - headers;
	}
	set_mss(p, header, (uint16_t)mss);
	return XT_YES;
}
