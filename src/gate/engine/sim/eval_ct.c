/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ct keys and NAT statements. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/eval.h"

/* linux/netfilter/nf_conntrack_common.h: NF_CT_STATE_BIT and its neighbours. */
enum {
	STATE_INVALID = 1,
	STATE_ESTABLISHED = 2,
	STATE_RELATED = 4,
	STATE_NEW = 8,
	STATE_UNTRACKED = 64
};

static uint32_t state_bit(const struct pass *p)
{
	switch (p->info) {
	case CT_NEW:
		return STATE_NEW;
	case CT_ESTABLISHED:
		return STATE_ESTABLISHED;
	case CT_RELATED:
		return STATE_RELATED;
	case CT_UNTRACKED:
		return STATE_UNTRACKED;
	case CT_NONE: /* not looked up yet */
	case CT_INVALID:
		return STATE_INVALID;
	}
	return STATE_INVALID;
}

static enum step store(struct exec *x, const struct insn *i, const void *v, size_t n)
{
	reg_store(x, i->dreg, v, n);
	return STEP_ON;
}

static enum step store32(struct exec *x, const struct insn *i, uint32_t v)
{
	return store(x, i, &v, sizeof(v));
}

static enum step store64(struct exec *x, const struct insn *i, uint64_t v)
{
	return store(x, i, &v, sizeof(v));
}

static uint64_t sum(const uint64_t *v, int8_t dir)
{
	return dir < 0 ? v[0] + v[1] : v[dir ? 1 : 0];
}

static enum step load_tuple(struct exec *x, const struct insn *i)
{
	const struct conn *ct = x->pass->ct;
	const struct tuple *t = &ct->tuple[i->ct.dir > 0];
	size_t n = t->family == NFPROTO_IPV4 ? 4 : 16;
	uint8_t port[2];

	switch (i->ct.key) {
	case NFT_CT_SRC:
		return store(x, i, t->src, n);
	case NFT_CT_DST:
		return store(x, i, t->dst, n);
	case NFT_CT_SRC_IP:
	case NFT_CT_DST_IP:
		if (t->family != NFPROTO_IPV4)
			return STEP_BREAK;
		return store(x, i, i->ct.key == NFT_CT_SRC_IP ? t->src : t->dst, 4);
	case NFT_CT_SRC_IP6:
	case NFT_CT_DST_IP6:
		if (t->family != NFPROTO_IPV6)
			return STEP_BREAK;
		return store(x, i, i->ct.key == NFT_CT_SRC_IP6 ? t->src : t->dst, 16);
	case NFT_CT_PROTO_SRC:
		port[0] = (uint8_t)(t->sport >> 8);
		port[1] = (uint8_t)t->sport;
		return store(x, i, port, 2);
	default: /* NFT_CT_PROTO_DST; of ICMP type and code stand there */
		port[0] = (uint8_t)(t->dport >> 8);
		port[1] = (uint8_t)t->dport;
		return store(x, i, port, 2);
	}
}

static enum step load_helper(struct exec *x, const struct insn *i)
{
	const struct conn *ct = x->pass->ct->master ? x->pass->ct->master : x->pass->ct;
	char name[16] = { 0 };

	if (!ct->helper.n)
		return STEP_BREAK;
	memcpy(name, ct->helper.p, ct->helper.n < 15 ? ct->helper.n : 15);
	return store(x, i, name, sizeof(name));
}

static enum step load_counts(struct exec *x, const struct insn *i)
{
	const struct conn *ct = x->pass->ct;

	if (!x->pass->sim->conns.accounts)
		return STEP_BREAK; /* net.netfilter.nf_conntrack_acct is 0 */
	if (i->ct.key == NFT_CT_PKTS)
		return store64(x, i, sum(ct->packets, i->ct.dir));
	if (i->ct.key == NFT_CT_BYTES)
		return store64(x, i, sum(ct->bytes, i->ct.dir));
	uint64_t packets = sum(ct->packets, i->ct.dir);
	return store64(x, i, packets ? sum(ct->bytes, i->ct.dir) / packets : 0);
}

/* Keys that need an entry. */
static enum step load_entry(struct exec *x, const struct insn *i)
{
	const struct pass *p = x->pass;
	const struct conn *ct = p->ct;
	uint8_t byte;

	switch (i->ct.key) {
	case NFT_CT_DIRECTION:
		byte = (uint8_t)p->dir;
		return store(x, i, &byte, 1);
	case NFT_CT_STATUS:
		return store32(x, i, ct->status);
	case NFT_CT_MARK:
		return store32(x, i, ct->mark);
	case NFT_CT_EXPIRATION:
		return store32(
			x, i,
			(ct->status & CONN_CONFIRMED) && ct->expires_ns > p->sim->now_ns
				? (uint32_t)((ct->expires_ns - p->sim->now_ns) / 1000000)
				: 0);
	case NFT_CT_HELPER:
		return load_helper(x, i);
	case NFT_CT_L3PROTOCOL:
		return store(x, i, &ct->tuple[0].family, 1);
	case NFT_CT_PROTOCOL:
		return store(x, i, &ct->tuple[0].l4, 1);
	case NFT_CT_LABELS:
		return store(x, i, ct->labels, sizeof(ct->labels));
	case NFT_CT_PKTS:
	case NFT_CT_BYTES:
	case NFT_CT_AVGPKT:
		return load_counts(x, i);
	case NFT_CT_ZONE:
		return store(x, i, &ct->tuple[i->ct.dir > 0].zone, 2);
	case NFT_CT_SECMARK:
		reg_unknown(x, i->dreg, 4, "ct secmark");
		return STEP_ON;
	case NFT_CT_EVENTMASK:
		reg_unknown(x, i->dreg, 4, "ct event");
		return STEP_ON;
	case NFT_CT_ID:
		reg_unknown(x, i->dreg, 4, "ct id");
		return STEP_ON;
	default:
		return load_tuple(x, i);
	}
}

static enum step set_ct(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	uint32_t v;
	uint16_t zone;

	memcpy(&v, reg(x, i->sreg), sizeof(v));
	memcpy(&zone, reg(x, i->sreg), sizeof(zone));
	if (i->ct.key == NFT_CT_ZONE) {
		if (!p->ct && p->info == CT_NONE)
			p->zone = zone;
		return STEP_ON;
	}
	if (!p->ct)
		return STEP_ON;
	if (i->ct.key == NFT_CT_MARK)
		p->ct->mark = v;
	if (i->ct.key == NFT_CT_LABELS)
		memcpy(p->ct->labels, reg(x, i->sreg), sizeof(p->ct->labels));
	return STEP_ON;
}

enum step eval_ct(struct exec *x, const struct insn *i)
{
	if (i->dreg >= REG_WORDS)
		return set_ct(x, i);
	if (i->ct.key == NFT_CT_STATE)
		return store32(x, i, state_bit(x->pass));
	return x->pass->ct ? load_entry(x, i) : STEP_BREAK;
}

void eval_notrack(struct exec *x)
{
	if (!x->pass->ct && x->pass->info == CT_NONE)
		x->pass->info = CT_UNTRACKED;
}

/* ---- NAT ---- */

static uint16_t port_at(struct exec *x, uint8_t number)
{
	const uint8_t *b = reg(x, number);

	return (uint16_t)(b[0] << 8 | b[1]);
}

static void load_ports(struct exec *x, const struct insn *i, struct nat_range *r)
{
	if (i->nat.proto_min >= REG_WORDS)
		return;
	r->port_min = port_at(x, i->nat.proto_min);
	r->port_max =
		i->nat.proto_max < REG_WORDS ? port_at(x, i->nat.proto_max) : r->port_min;
	r->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
}

static void load_addresses(struct exec *x, const struct insn *i, struct nat_range *r)
{
	size_t n = i->nat.family == NFPROTO_IPV4 ? 4 : 16;

	if (i->nat.addr_min >= REG_WORDS)
		return;
	memcpy(r->min, reg(x, i->nat.addr_min), n);
	memcpy(r->max,
	       reg(x, i->nat.addr_max < REG_WORDS ? i->nat.addr_max : i->nat.addr_min),
	       n);
	r->flags |= NF_NAT_RANGE_MAP_IPS;
}

/* `prefix to`: the packet's own host part in the new net. */
static void map_prefix(struct exec *x, const struct insn *i, struct nat_range *r)
{
	struct packet *p = x->pass->pkt;
	const uint8_t *own =
		i->nat.type == NFT_NAT_SNAT ? packet_source(p) : packet_destination(p);

	for (size_t k = 0; k < packet_address_size(p); k++) {
		uint8_t mask = (uint8_t) ~(r->min[k] ^ r->max[k]);
		r->min[k] = r->max[k] = (uint8_t)((own[k] & ~mask) | (r->min[k] & mask));
	}
	r->flags &= ~(uint32_t)NF_NAT_RANGE_NETMAP;
}

/* The outgoing device's address; without one the packet is dropped. -1: it is not known. */
static int masquerade(struct exec *x, struct nat_range *r)
{
	struct pass *p = x->pass;
	const uint8_t *addr =
		p->out ? machine_source(p->sim->machine, p->out, p->pkt->family) : NULL;

	if (!addr)
		return p->sim->machine->is_complete ? 0 : -1;
	memcpy(r->min, addr, 16);
	memcpy(r->max, addr, 16);
	r->flags |= NF_NAT_RANGE_MAP_IPS;
	return 1;
}

static int redirect(struct exec *x, struct nat_range *r)
{
	static const uint8_t lo4[16] = { 127, 0, 0, 1 }, lo6[16] = { [15] = 1 };
	struct pass *p = x->pass;
	const uint8_t *addr;

	if (p->hook == NF_INET_LOCAL_OUT)
		addr = p->pkt->family == NFPROTO_IPV4 ? lo4 : lo6;
	else
		addr = p->in ? machine_source(p->sim->machine, p->in, p->pkt->family)
		             : NULL;
	if (!addr)
		return p->sim->machine->is_complete ? 0 : -1;
	memcpy(r->min, addr, packet_address_size(p->pkt));
	memcpy(r->max, addr, packet_address_size(p->pkt));
	r->flags |= NF_NAT_RANGE_MAP_IPS;
	return 1;
}

static bool nat_is_for(const struct exec *x, const struct insn *i)
{
	return i->kind != INSN_NAT || i->nat.family == x->pass->pkt->family;
}

enum step eval_nat(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct nat_range r = { .flags = i->nat.flags };
	bool src = i->kind == INSN_MASQ ||
	           (i->kind == INSN_NAT && i->nat.type == NFT_NAT_SNAT);
	int own = 1;

	if (!nat_is_for(x, i))
		return STEP_BREAK;
	load_ports(x, i, &r);
	if (i->kind == INSN_MASQ)
		own = masquerade(x, &r);
	else if (i->kind == INSN_REDIR)
		own = redirect(x, &r);
	else
		load_addresses(x, i, &r);
	if (own < 0) {
		sim_doubt(p, i->kind == INSN_MASQ ? "masquerade: the device's address"
		                                  : "redirect: the device's address");
		x->verdict = NF_ACCEPT;
		return STEP_ON;
	}
	if (r.flags & NF_NAT_RANGE_NETMAP)
		map_prefix(x, i, &r);
	bool ok = own && p->ct &&
	          conn_nat_setup(&p->sim->conns, p->ct, &r, src ? NAT_SRC : NAT_DST,
	                         p->sim->now_ns);
	x->verdict = ok ? NF_ACCEPT : NF_DROP;
	return STEP_ON;
}
