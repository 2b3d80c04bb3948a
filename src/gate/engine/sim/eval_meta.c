/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* meta, fib and rt: what the kernel knows of a packet beside its bytes. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <time.h>

#include "gate/engine/sim/eval.h"

enum { NAME_BYTES = 16, SECONDS_A_DAY = 86400 };
#define NS_PER_S INT64_C(1000000000)

static enum step store_name(struct exec *x, uint8_t dreg, const struct sim_dev *dev)
{
	char name[NAME_BYTES] = { 0 };

	if (dev)
		memcpy(name, dev->name.p,
		       dev->name.n < NAME_BYTES ? dev->name.n : NAME_BYTES - 1);
	reg_store(x, dreg, name, NAME_BYTES);
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
	struct route_answer to;

	if (p->pkt->type != PKT_LOOPBACK || p->pkt->family == NFPROTO_ARP)
		return (uint8_t)p->pkt->type;
	if (machine_route(p->sim->machine, p->pkt->family, packet_destination(p->pkt),
	                  &to) == 0 &&
	    to.type == ROUTE_MULTICAST)
		return PKT_MULTICAST;
	return PKT_HOST;
}

static int64_t wall_s(const struct pass *p)
{
	return p->sim->epoch_s + (int64_t)(p->sim->now_ns / (uint64_t)NS_PER_S);
}

/* Day and hour are those of the kernel's time zone. */
static enum step load_time(struct exec *x, const struct insn *i)
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

static enum step load_socket_id(struct exec *x, const struct insn *i)
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

	return leaves ? p->out : p->in;
}

/* Kernels with CONFIG_NFT_BRIDGE_META; only a port has one. */
static enum step load_bridge(struct exec *x, uint8_t dreg, const struct sim_dev *port)
{
	return port && port->bridge ? store_name(x, dreg, port->bridge) : STEP_BREAK;
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
	uint8_t wire[2] = { (uint8_t)(p->pkt->ethertype >> 8),
		            (uint8_t)p->pkt->ethertype };

	switch (i->meta.key) {
	case NFT_META_LEN:
		return store32(x, i->dreg, pass_length(p));
	case NFT_META_PROTOCOL:
		reg_store(x, i->dreg, wire, 2);
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

static enum step set_meta(struct exec *x, const struct insn *i)
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
	default: /* secmark, broute: nothing here depends on them */
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

/* RFC 4291 sections 2.5.6 and 2.7: such addresses and groups are those of the link it came by. */
static bool is_of_link(const struct pass *p, const uint8_t *addr)
{
	return p->pkt->family == NFPROTO_IPV6 &&
	       ((addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80) ||
	        (addr[0] == 0xff && (addr[1] & 0x0f) == 2));
}

static bool is_looped(const struct pass *p)
{
	bool arrives = p->pf == NFPROTO_NETDEV ? p->hook == NF_NETDEV_INGRESS
	                                       : p->hook <= NF_INET_LOCAL_IN;

	return arrives && p->in && p->in->is_loopback;
}

/* The device a route leads to: none for the machine's own addresses, what came by lo came from lo,
 * and groups of IPv4 follow the routes (all measured). */
static enum step fib_device(struct exec *x, const struct insn *i, const uint8_t *addr,
                            struct route_answer *to, const struct sim_dev *bound)
{
	const struct pass *p = x->pass;

	if (is_looped(p))
		return fib_answer(x, i, p->in, 0);
	if (to->type == ROUTE_LOCAL || to->type == ROUTE_UNREACHABLE)
		return fib_answer(x, i, NULL, 0);
	if (!to->dev && p->pkt->family == NFPROTO_IPV6)
		return unknown(x, i->dreg, 16, "fib: the routes of multicast groups");
	if (!to->dev && !machine_route_on(p->sim->machine, p->pkt->family, addr, to))
		to->dev = NULL;
	return fib_answer(x, i, bound && to->dev != bound ? NULL : to->dev, 0);
}

enum step eval_fib(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct route_answer to = { .type = ROUTE_UNREACHABLE };
	const struct sim_dev *bound = i->fib.flags & NFTA_FIB_F_IIF   ? p->in
	                              : i->fib.flags & NFTA_FIB_F_OIF ? p->out
	                                                              : NULL;
	bool wants_type = i->fib.result == NFT_FIB_RESULT_ADDRTYPE;
	const uint8_t *addr;

	if (p->pkt->family != NFPROTO_IPV4 && p->pkt->family != NFPROTO_IPV6)
		return STEP_BREAK;
	addr = i->fib.flags & NFTA_FIB_F_SADDR ? packet_source(p->pkt)
	                                       : packet_destination(p->pkt);
	int r = machine_route(p->sim->machine, p->pkt->family, addr, &to);
	if (p->in && is_of_link(p, addr) && (r < 0 || !wants_type)) {
		if (to.type != ROUTE_LOCAL)
			to = (struct route_answer){ .type = ROUTE_UNICAST, .dev = p->in };
		r = 0;
	}
	if (r == -EAGAIN)
		return unknown(x, i->dreg, 16, "fib: the routes");
	if (!wants_type)
		return fib_device(x, i, addr, &to, bound);
	/* An address of another device is as somebody else's. */
	if (bound && to.dev && to.dev != bound && to.type == ROUTE_LOCAL)
		to.type = ROUTE_UNICAST;
	return fib_answer(x, i, NULL, (uint32_t)to.type);
}

enum step eval_rt(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct route_answer to = { 0 };
	bool ip6 = i->rt.key == NFT_RT_NEXTHOP6;

	if (i->rt.key == NFT_RT_CLASSID)
		return store32(x, i->dreg, 0);
	if (i->rt.key != NFT_RT_NEXTHOP4 && !ip6)
		return unknown(x, i->dreg, 4,
		               i->rt.key == NFT_RT_TCPMSS ? "rt mtu" : "rt ipsec");
	if (p->pkt->family != (ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4))
		return STEP_BREAK;
	/* What arrives has no route yet; what loops back keeps the one it left by. */
	if (p->hook == NF_INET_PRE_ROUTING && !(p->in && p->in->is_loopback))
		return STEP_BREAK;
	uint8_t *dst = packet_destination(p->pkt);
	/* A frame that is only bridged has a route of form's sake, without a gateway. */
	if (p->is_bridged && !p->is_renamed) {
		reg_store(x, i->dreg, dst, ip6 ? 16 : 4);
		return STEP_ON;
	}
	if (machine_route(p->sim->machine, p->pkt->family, dst, &to) < 0)
		return unknown(x, i->dreg, ip6 ? 16 : 4, "rt: the routes");
	reg_store(x, i->dreg, to.has_via ? to.via : dst, ip6 ? 16 : 4);
	return STEP_ON;
}
