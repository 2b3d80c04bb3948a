/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* snat, dnat, masquerade, redirect. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/eval.h"

static uint16_t port_at(struct exec *x, uint8_t number)
{
	const uint8_t *b = reg(x, number);

	return (uint16_t)(b[0] << 8 | b[1]);
}

static void load_ports(struct exec *x, const struct insn *i, struct track_nat_range *r)
{
	if (i->nat.proto_min >= REG_WORDS)
		return;
	r->port_min = port_at(x, i->nat.proto_min);
	r->port_max =
		i->nat.proto_max < REG_WORDS ? port_at(x, i->nat.proto_max) : r->port_min;
	r->flags |= TRACK_NAT_PORTS;
}

static void load_addresses(struct exec *x, const struct insn *i,
                           struct track_nat_range *r)
{
	size_t n = i->nat.family == NFPROTO_IPV4 ? 4 : 16;
	uint8_t max = i->nat.addr_max < REG_WORDS ? i->nat.addr_max : i->nat.addr_min;

	if (i->nat.addr_min >= REG_WORDS)
		return;
	memcpy(r->addr_min.b, reg(x, i->nat.addr_min), n);
	memcpy(r->addr_max.b, reg(x, max), n);
	r->flags |= TRACK_NAT_ADDRS;
}

/* Whether all it was given is known. */
static bool knows_registers(const struct exec *x, const struct insn *i)
{
	uint8_t regs[] = { i->nat.addr_min, i->nat.addr_max, i->nat.proto_min,
		           i->nat.proto_max };

	for (size_t k = 0; k < sizeof(regs); k++)
		if (regs[k] < REG_WORDS && !reg_is_known(x, regs[k], 4))
			return false;
	return true;
}

/* The device's address: *found says whether it has one. -1: nobody knows. */
static int own_address(const struct pass *p, const struct sim_dev *dev,
                       struct track_addr *a)
{
	const struct sim_machine *m = p->sim->machine;
	const uint8_t *own = dev ? machine_source(m, dev, p->pkt->family) : NULL;

	if (!own)
		return m->is_complete ? 0 : -1;
	memcpy(a->b, own, packet_address_size(p->pkt));
	return 1;
}

static enum step accept_with_doubt(struct exec *x, const char *what)
{
	sim_doubt(x->pass, what);
	x->verdict = NF_ACCEPT;
	return STEP_ON;
}

static enum step give(struct exec *x, enum track_verdict v)
{
	x->verdict = v == TRACK_ACCEPT ? NF_ACCEPT : NF_DROP;
	return STEP_ON;
}

enum step nat_masquerade(struct exec *x, const struct track_nat_range *r)
{
	struct pass *p = x->pass;
	struct track_addr own = { 0 };
	int known = own_address(p, p->out, &own);

	if (known < 0)
		return accept_with_doubt(x, "masquerade: the device's address");
	return give(x, track_nat_masquerade(p->sim->track, &p->ref,
	                                    p->out ? p->out->index : 0,
	                                    known ? &own : NULL, r));
}

enum step nat_redirect(struct exec *x, const struct track_nat_range *r)
{
	struct pass *p = x->pass;
	struct track_addr own = { 0 };
	int known = p->hook == NF_INET_LOCAL_OUT ? 1 : own_address(p, p->in, &own);

	if (known < 0)
		return accept_with_doubt(x, "redirect: the device's address");
	return give(x,
	            track_nat_redirect(p->sim->track, &p->ref, (enum track_hook)p->hook,
	                               known ? &own : NULL, r));
}

enum step eval_nat(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct track_nat_range r = { .flags = i->nat.flags };

	if (i->kind == INSN_NAT && i->nat.family != p->pkt->family)
		return STEP_ON; /* as if it were not there (measured) */
	if (p->hook > NF_INET_POST_ROUTING || !p->ref.entry)
		return give(x, TRACK_DROP);
	if (!knows_registers(x, i))
		return accept_with_doubt(x, x->doubt);
	load_ports(x, i, &r);
	if (i->kind == INSN_MASQ)
		return nat_masquerade(x, &r);
	if (i->kind == INSN_REDIR)
		return nat_redirect(x, &r);
	load_addresses(x, i, &r);
	return give(
		x, track_nat_setup(p->sim->track, &p->ref, (enum track_hook)p->hook, &r));
}
