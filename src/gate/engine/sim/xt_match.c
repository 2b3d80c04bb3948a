/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Matches on the packet itself. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <string.h>

#include "base/be.h"
#include "gate/engine/sim/xt.h"

static bool port_fits(const uint16_t range[2], uint16_t port, bool invert)
{
	return (port >= range[0] && port <= range[1]) != invert;
}

/* A TCP option of that kind; malformed ones end the search, as not found. */
static bool has_option(const uint8_t *b, size_t n, uint8_t kind)
{
	for (size_t at = 0; at < n;) {
		if (b[at] == kind)
			return true;
		if (b[at] < 2 || at + 1 >= n || b[at + 1] == 0)
			at++;
		else
			at += b[at + 1];
	}
	return false;
}

static enum xt_answer option_fits(struct exec *x, const struct xt_tcp *m,
                                  const uint8_t *b)
{
	uint32_t header = (uint32_t)(b[12] >> 4) * 4;

	if (!m->option)
		return XT_YES;
	if (header < 20)
		return XT_HOTDROP;
	b = xt_transport(x, header);
	if (!b)
		return XT_HOTDROP;
	return xt_bool(has_option(b + 20, header - 20, m->option) !=
	               !!(m->invflags & XT_TCP_INV_OPTION));
}

/* A fragment that begins at byte 8 could overwrite a header that was judged: it is dropped. */
enum xt_answer xt_tcp(struct exec *x, struct xt *m)
{
	const struct xt_tcp *i = m->info;

	if (x->pass->pkt->frag_off)
		return x->pass->pkt->frag_off == 8 ? XT_HOTDROP : XT_NO;
	const uint8_t *b = xt_transport(x, 20);
	if (!b)
		return XT_HOTDROP;
	if (!port_fits(i->spts, be16(b), i->invflags & XT_TCP_INV_SRCPT) ||
	    !port_fits(i->dpts, be16(b + 2), i->invflags & XT_TCP_INV_DSTPT) ||
	    ((b[13] & i->flg_mask) == i->flg_cmp) == !!(i->invflags & XT_TCP_INV_FLAGS))
		return XT_NO;
	return option_fits(x, i, b);
}

enum xt_answer xt_udp(struct exec *x, struct xt *m)
{
	const struct xt_udp *i = m->info;

	if (x->pass->pkt->frag_off)
		return XT_NO;
	const uint8_t *b = xt_transport(x, 8);
	if (!b)
		return XT_HOTDROP;
	return xt_bool(port_fits(i->spts, be16(b), i->invflags & XT_UDP_INV_SRCPT) &&
	               port_fits(i->dpts, be16(b + 2), i->invflags & XT_UDP_INV_DSTPT));
}

/* Of ICMP and ICMPv6; the two structures are alike, and type 255 is any for the first. */
enum xt_answer xt_icmp(struct exec *x, struct xt *m)
{
	const struct ipt_icmp *i = m->info;
	bool any = i->type == 0xff && x->pass->pkt->family == NFPROTO_IPV4;

	if (x->pass->pkt->frag_off)
		return XT_NO;
	const uint8_t *b = xt_transport(x, 4);
	if (!b)
		return XT_HOTDROP;
	bool fits = b[0] == i->type && b[1] >= i->code[0] && b[1] <= i->code[1];
	return xt_bool((any || fits) != !!(i->invflags & IPT_ICMP_INV));
}

static bool port_wanted(const struct xt_multiport_v1 *m, uint16_t src, uint16_t dst,
                        uint16_t low, uint16_t high)
{
	bool src_in = src >= low && src <= high, dst_in = dst >= low && dst <= high;

	return (m->flags != XT_MULTIPORT_DESTINATION && src_in) ||
	       (m->flags != XT_MULTIPORT_SOURCE && dst_in);
}

enum xt_answer xt_multiport(struct exec *x, struct xt *m)
{
	const struct xt_multiport_v1 *i = m->info;

	if (x->pass->pkt->frag_off)
		return XT_NO;
	const uint8_t *b = xt_transport(x, 4);
	if (!b)
		return XT_HOTDROP;
	for (unsigned k = 0; k < i->count && k < XT_MULTI_PORTS; k++) {
		uint16_t low = i->ports[k], high = low;
		if (i->pflags[k] && k + 1 < XT_MULTI_PORTS)
			high = i->ports[++k];
		if (port_wanted(i, be16(b), be16(b + 2), low, high))
			return xt_bool(!i->invert);
	}
	return xt_bool(i->invert);
}

/* linux/rtnetlink.h: an address's type, or -EAGAIN. What no route of the machine's own has is
 * unicast, whether it can be reached or not. */
static int type_of(const struct exec *x, const uint8_t *addr)
{
	const struct packet *p = x->pass->pkt;
	struct route_answer to;
	int r;

	if (p->family == NFPROTO_IPV4)
		return machine_type4(x->pass->sim->machine, addr, NULL);
	if (addr[0] == 0xff)
		return ROUTE_MULTICAST;
	r = machine_route(x->pass->sim->machine, p->family, addr, &to);
	return r == 0 ? (int)to.type : r == -ENOENT ? ROUTE_UNREACHABLE : r;
}

/* XT_NO, XT_YES; what is not known is a doubt. */
static bool type_fits(struct exec *x, const uint8_t *addr, uint16_t mask, bool invert)
{
	int type = mask ? type_of(x, addr) : 0;

	if (!mask)
		return true;
	if (type < 0)
		return sim_doubt(x->pass, "addrtype: the addresses of this machine");
	return ((mask >> type) & 1) != invert;
}

enum xt_answer xt_addrtype(struct exec *x, struct xt *m)
{
	const struct xt_addrtype_info_v1 *i = m->info;
	struct packet *p = x->pass->pkt;

	if (p->family != NFPROTO_IPV4 && p->family != NFPROTO_IPV6)
		return XT_NO;
	return xt_bool(type_fits(x, packet_source(p), i->source,
	                         i->flags & XT_ADDRTYPE_INVERT_SOURCE) &&
	               type_fits(x, packet_destination(p), i->dest,
	                         i->flags & XT_ADDRTYPE_INVERT_DEST));
}

enum xt_answer xt_mark(struct exec *x, struct xt *m)
{
	const struct xt_mark_mtinfo1 *i = m->info;

	return xt_bool(((x->pass->pkt->mark & i->mask) == i->mark) != i->invert);
}

enum xt_answer xt_comment(struct exec *x, struct xt *m)
{
	(void)x;
	(void)m;
	return XT_YES;
}
