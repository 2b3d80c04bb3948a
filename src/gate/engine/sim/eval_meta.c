/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* meta, fib and rt: what the kernel knows of a packet beside its bytes. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <time.h>

#include "gate/engine/sim/address.h"
#include "gate/engine/sim/eval.h"
#include "gate/engine/sim/route.h"
#include "gate/schema/nf_compat.h"

enum { SECONDS_A_DAY = 86400 };
#define NS_PER_S INT64_C(1000000000)

static enum step store_name(struct exec *x, uint8_t dreg, const struct sim_dev *dev)
{
	static const uint8_t none[DEV_NAME_BYTES];

	reg_store(x, dreg, dev ? dev->ifname : none, DEV_NAME_BYTES);
	return STEP_ON;
}

static enum step store32(struct exec *x, uint8_t dreg, uint32_t v)
{
	reg_store32(x, dreg, v);
	return STEP_ON;
}

static enum step store8(struct exec *x, uint8_t dreg, uint8_t v)
{
	reg_store(x, dreg, &v, 1);
	return STEP_ON;
}

static enum step unknown(struct exec *x, uint8_t dreg, size_t n, const char *what)
{
	reg_unknown(x, dreg, n, what);
	return STEP_ON;
}

/* Frames that loop back count by their address, not as what they were to the other end. */
static uint8_t packet_type(const struct pass *p)
{
	const struct packet *pkt = p->pkt;

	if (pkt->type != PKT_LOOPBACK || pkt->family == NFPROTO_ARP)
		return (uint8_t)pkt->type;
	const uint8_t *dst = packet_destination(p->pkt);
	if (address_is_multicast(pkt->family, dst))
		return PKT_MULTICAST;
	return PKT_HOST;
}

static int64_t wall_s(const struct pass *p)
{
	return p->sim->epoch_s + (int64_t)(p->sim->now_ns / (uint64_t)NS_PER_S);
}

/* Day and hour are those of the kernel's time zone. */
static NOINLINE enum step load_time(struct exec *x, const struct insn *i)
{
	int64_t s = wall_s(x->pass), local = s + x->pass->sim->utc_offset_s;

	if (i->meta.key == NFT_META_TIME_NS) {
		int64_t ns = s * NS_PER_S +
		             (int64_t)(x->pass->sim->now_ns % (uint64_t)NS_PER_S);
		reg_store(x, i->dreg, &ns, sizeof(ns));
		return STEP_ON;
	}
	/* nft writes the hour of a rule in UTC: the kernel compares without a time zone. */
	if (i->meta.key == NFT_META_TIME_HOUR)
		return store32(x, i->dreg, (uint32_t)(s % SECONDS_A_DAY));
	/* 1970-01-01 was a Thursday. */
	return store8(x, i->dreg, (uint8_t)((local / SECONDS_A_DAY + 4) % 7));
}

static NOINLINE enum step load_socket_id(struct exec *x, const struct insn *i)
{
	const struct pass *p = x->pass;
	bool uid = i->meta.key == NFT_META_SKUID;

	if (p->arrival->has_uid && p->local)
		return store32(x, i->dreg, uid ? p->arrival->uid : p->arrival->gid);
	const struct sim_socket *sender = p->local ? socket_of_sender(p) : NULL;
	if (sender && sender->has_owner)
		return store32(x, i->dreg, uid ? sender->uid : sender->gid);
	if (p->pf == NFPROTO_ARP || (p->arrival->way == WAY_IN && p->arrival->out))
		return STEP_BREAK; /* nobody here has a socket for it */
	return unknown(x, i->dreg, 4, uid ? "meta skuid" : "meta skgid");
}

/* The device that has the packet now; in postrouting that is the one it leaves by (measured, as
 * is that `iiftype` reads it). */
static const struct sim_dev *holder(const struct pass *p)
{
	bool leaves = p->pf == NFPROTO_NETDEV ? p->hook == NF_NETDEV_EGRESS
	                                      : p->hook == NF_INET_POST_ROUTING ||
	                                                (p->pf == NFPROTO_BRIDGE &&
	                                                 p->hook == NF_INET_LOCAL_OUT);

	return leaves || pass_is_arp_out(p) ? p->out : p->in;
}

/* Kernels with CONFIG_NFT_BRIDGE_META; only a port has a bridge, all else an empty name. */
static enum step load_bridge(struct exec *x, uint8_t dreg, const struct sim_dev *port)
{
	return store_name(x, dreg, port ? port->bridge : NULL);
}

static enum step load_dev(struct exec *x, const struct insn *i)
{
	const struct sim_dev *in = x->pass->in, *out = x->pass->out;

	switch (i->meta.key) {
	case NFT_META_IIF:
		return store32(x, i->dreg, in ? in->index : 0);
	case NFT_META_OIF:
		return store32(x, i->dreg, out ? out->index : 0);
	case NFT_META_IIFNAME:
		return store_name(x, i->dreg, in);
	case NFT_META_OIFNAME:
		return store_name(x, i->dreg, out);
	case NFT_META_IIFTYPE:
	case NFT_META_OIFTYPE: {
		const struct sim_dev *dev =
			i->meta.key == NFT_META_IIFTYPE ? holder(x->pass) : out;
		if (!dev)
			return STEP_BREAK;
		reg_store(x, i->dreg, &dev->type, sizeof(dev->type));
		return STEP_ON;
	}
	case NFT_META_IIFGROUP:
		return in ? store32(x, i->dreg, in->group) : STEP_BREAK;
	case NFT_META_OIFGROUP:
		return out ? store32(x, i->dreg, out->group) : STEP_BREAK;
	case NFT_META_BRI_IIFNAME:
		return load_bridge(x, i->dreg, in);
	case NFT_META_BRI_OIFNAME:
		return load_bridge(x, i->dreg, out);
	case NFT_META_BRI_IIFPVID:
	case NFT_META_BRI_IIFVPROTO:
		return STEP_BREAK; /* no bridge here filters VLANs */
	case NFT_META_SDIF:
		return store32(x, i->dreg, 0);
	case NFT_META_SDIFNAME:
		return store_name(x, i->dreg, NULL);
	default:
		return unknown(x, i->dreg, 16, "a meta key of a device");
	}
}

static enum step load_meta(struct exec *x, const struct insn *i)
{
	const struct pass *p = x->pass;
	uint16_t wire;

	switch (i->meta.key) {
	case NFT_META_LEN:
		return store32(x, i->dreg, pass_length(p));
	case NFT_META_PROTOCOL:
		wire = htobe16(p->pkt->ethertype);
		reg_store(x, i->dreg, &wire, sizeof(wire));
		return STEP_ON;
	case NFT_META_NFPROTO:
		return store8(x, i->dreg, p->pf);
	case NFT_META_L4PROTO:
		return p->pkt->has_l4 ? store8(x, i->dreg, p->pkt->l4) : STEP_BREAK;
	case NFT_META_PRIORITY:
		return store32(x, i->dreg, p->pkt->priority);
	case NFT_META_MARK:
		return store32(x, i->dreg, p->pkt->mark);
	case NFT_META_PKTTYPE:
		return store8(x, i->dreg, packet_type(p));
	case NFT_META_SKUID:
	case NFT_META_SKGID:
		return load_socket_id(x, i);
	case NFT_META_RTCLASSID:
		return store32(x, i->dreg, 0); /* no route has a realm */
	case NFT_META_TIME_NS:
	case NFT_META_TIME_DAY:
	case NFT_META_TIME_HOUR:
		return load_time(x, i);
	case NFT_META_CPU:
		return unknown(x, i->dreg, 4, "meta cpu");
	case NFT_META_PRANDOM:
		return unknown(x, i->dreg, 4, "meta random");
	case NFT_META_CGROUP:
		return unknown(x, i->dreg, 4, "meta cgroup");
	case NFT_META_SECMARK:
		return unknown(x, i->dreg, 4, "meta secmark");
	case NFT_META_SECPATH:
		return unknown(x, i->dreg, 1, "meta ipsec");
	case NFT_META_IIFKIND:
	case NFT_META_OIFKIND:
		return unknown(x, i->dreg, 16, "the kind of a device");
	default:
		return load_dev(x, i);
	}
}

static NOINLINE enum step set_meta(struct exec *x, const struct insn *i)
{
	uint32_t v;

	memcpy(&v, reg(x, i->sreg), sizeof(v));
	switch (i->meta.key) {
	case NFT_META_MARK:
		x->pass->pkt->mark = v;
		return STEP_ON;
	case NFT_META_PRIORITY:
		x->pass->pkt->priority = v;
		return STEP_ON;
	case NFT_META_PKTTYPE:
		x->pass->pkt->type = (enum packet_type)(v & 0xff);
		return STEP_ON;
	case NFT_META_NFTRACE:
		x->pass->nft_trace = v & 1;
		return STEP_ON;
	case META_BRI_BROUTE:
		sim_doubt(x->pass, "meta broute: whether the frame is bridged or routed");
		x->pass->is_unknown = true;
		return STEP_ON;
	default: /* secmark: nothing here depends on it */
		return STEP_ON;
	}
}

enum step eval_meta(struct exec *x, const struct insn *i)
{
	return i->dreg < REG_WORDS ? load_meta(x, i) : set_meta(x, i);
}

/* ---- routes ---- */

static enum step fib_answer(struct exec *x, const struct insn *i,
                            const struct sim_dev *dev, uint32_t type)
{
	uint8_t there = dev != NULL;

	if (i->fib.result == NFT_FIB_RESULT_ADDRTYPE)
		return store32(x, i->dreg, type);
	if (i->fib.flags & NFTA_FIB_F_PRESENT)
		return store8(x, i->dreg, there);
	if (i->fib.result == NFT_FIB_RESULT_OIFNAME)
		return store_name(x, i->dreg, dev);
	return store32(x, i->dreg, dev ? dev->index : 0);
}

/* RFC 6890: for this network, nobody in it in particular. */
static bool is_zeronet(const uint8_t *addr)
{
	return addr[0] == 0;
}

static bool is_many(uint8_t family, const uint8_t *addr)
{
	if (family == NFPROTO_IPV6)
		return addr[0] == 0xff;
	return addr[0] >> 4 == 14 || memcmp(addr, "\377\377\377\377", 4) == 0;
}

/* Asks as if the packet were made here: no rule about `iif` counts. A source that is nobody's is
 * not asked with. */
static struct route_query fib_query(struct pass *p, const struct insn *i,
                                    const struct sim_dev *bound)
{
	struct route_query q = route_query_of(p), packet = q;
	bool source = i->fib.flags & NFTA_FIB_F_SADDR, ip4 = q.family == NFPROTO_IPV4;

	memcpy(q.dst, source ? packet.src : packet.dst, sizeof(q.dst));
	memcpy(q.src, source ? packet.dst : packet.src, sizeof(q.src));
	if (ip4 && (is_zeronet(q.src) || is_many(q.family, q.src)))
		memset(q.src, 0, sizeof(q.src));
	q.iif = NULL;
	if (ip4 && source && p->hook == NF_INET_FORWARD && i->fib.flags & NFTA_FIB_F_IIF)
		q.iif = p->out;
	q.sport = q.dport = 0;
	if (!(i->fib.flags & NFTA_FIB_F_MARK))
		q.mark = 0;
	/* RFC 4007 section 6: such an address means nothing without its link. */
	bool link = !ip4 && ((q.dst[0] == 0xfe && (q.dst[1] & 0xc0) == 0x80) ||
	                     (q.dst[0] == 0xff && (q.dst[1] & 0xf) == 2));
	if (link)
		q.oif = bound ? bound : p->in ? p->in : p->out;
	return q;
}

/* IPv4 looks into the local table alone; for IPv6 the whole decision counts. */
static enum step fib_type(struct exec *x, const struct insn *i,
                          const struct route_query *q, const struct sim_dev *bound)
{
	const struct sim_machine *m = x->pass->sim->machine;
	struct route_answer to;
	int type;

	if (q->family == NFPROTO_IPV4) {
		type = machine_type4(m, q->dst, bound);
	} else if (is_many(q->family, q->dst)) {
		type = ROUTE_MULTICAST;
	} else {
		type = machine_lookup(m, q, &to);
		if (type == 0)
			type = bound && to.type == ROUTE_LOCAL && to.dev != bound
			               ? ROUTE_UNICAST
			               : (int)to.type;
		else if (type == -ENOENT)
			type = ROUTE_UNREACHABLE;
	}
	if (type < 0)
		type = route_assumed_type(x->pass, i->fib.flags & NFTA_FIB_F_SADDR);
	if (type < 0)
		return unknown(x, i->dreg, 4, "fib: the addresses of this machine");
	return fib_answer(x, i, NULL, (uint32_t)type);
}

/* Whether the kernel takes the device it loops back by for the answer: at input since 6.12. */
static bool answers_by_loopback(struct pass *p)
{
	uint32_t kernel = p->sim->machine->kernel;

	/* At egress there is no p->in. */
	if (!p->in || !(p->in->is_loopback || p->pkt->type == PKT_LOOPBACK))
		return false;
	if (p->hook != NF_INET_LOCAL_IN)
		return p->hook == NF_INET_PRE_ROUTING;
	return kernel ? kernel >= 0x60c
	              : sim_doubt(
				p,
				"fib at input of what loops back: whether the kernel is "
				"Linux 6.12 or later");
}

/* The device an address is reached by; an address of this machine is reached by none. */
static enum step fib_dev(struct exec *x, const struct insn *i,
                         const struct route_query *q, const struct sim_dev *bound)
{
	struct pass *p = x->pass;
	struct route_answer to;

	if (answers_by_loopback(p))
		return fib_answer(x, i, p->in, 0);
	if (q->family == NFPROTO_IPV4 && is_zeronet(packet_source(p->pkt)) &&
	    is_many(q->family, packet_destination(p->pkt)))
		return fib_answer(x, i, p->in ? p->in : p->out, 0);
	int r = machine_lookup(p->sim->machine, q, &to);
	if (r == -EAGAIN && route_assumes_own(p, i->fib.flags & NFTA_FIB_F_SADDR))
		return fib_answer(x, i, NULL, 0);
	if (r == -EAGAIN)
		return unknown(x, i->dreg, 16, "fib: the routes");
	if (r < 0 || to.type == ROUTE_LOCAL || to.type == ROUTE_ANYCAST ||
	    (bound && !route_uses(&to, bound)))
		return fib_answer(x, i, NULL, 0);
	return fib_answer(x, i, bound ? bound : to.dev, 0);
}

enum step eval_fib(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	const struct sim_dev *bound = i->fib.flags & NFTA_FIB_F_IIF   ? p->in
	                              : i->fib.flags & NFTA_FIB_F_OIF ? p->out
	                                                              : NULL;

	if (p->pkt->family != NFPROTO_IPV4 && p->pkt->family != NFPROTO_IPV6)
		return STEP_BREAK;
	struct route_query q = fib_query(p, i, bound);
	return i->fib.result == NFT_FIB_RESULT_ADDRTYPE ? fib_type(x, i, &q, bound)
	                                                : fib_dev(x, i, &q, bound);
}

/* The segment size that fits the smaller of the ways there and back, without options; RFC 9293
 * section 3.7.1 has the size for where nothing is known. */
static enum step load_mss(struct exec *x, const struct insn *i)
{
	enum { MSS_DEFAULT = 536 };
	struct pass *p = x->pass;
	uint32_t headers = p->pkt->family == NFPROTO_IPV4 ? 40 : 60, mtu;

	if (!route_mtu(p, &mtu))
		return unknown(x, i->dreg, 2, "rt mtu: the MTU of the route");
	uint16_t mss = mtu <= headers || mtu > UINT16_MAX ? MSS_DEFAULT
	                                                  : (uint16_t)(mtu - headers);
	reg_store(x, i->dreg, &mss, sizeof(mss));
	return STEP_ON;
}

enum step eval_rt(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	bool ip6 = i->rt.key == NFT_RT_NEXTHOP6;

	if (i->rt.key == NFT_RT_CLASSID)
		return store32(x, i->dreg, 0);
	/* What arrives has no route yet; what loops back keeps the one it left by. */
	bool none = p->hook == NF_INET_PRE_ROUTING && !(p->in && p->in->is_loopback);
	if (i->rt.key == NFT_RT_TCPMSS)
		return none ? STEP_BREAK : load_mss(x, i);
	if (i->rt.key != NFT_RT_NEXTHOP4 && !ip6)
		return unknown(x, i->dreg, 4, "rt ipsec");
	if (p->pkt->family != (ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4) || none)
		return STEP_BREAK;
	if (!route_known(p))
		return unknown(x, i->dreg, ip6 ? 16 : 4, "rt: the routes");
	reg_store(x, i->dreg,
	          p->route.has_via ? p->route.via : packet_destination(p->pkt),
	          ip6 ? 16 : 4);
	return STEP_ON;
}
