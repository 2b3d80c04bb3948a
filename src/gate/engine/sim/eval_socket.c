/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sockets, which are only known when somebody has said what there is. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/eval.h"

static bool has_sockets(const struct pass *p)
{
	return p->pkt->l4 == IPPROTO_TCP || p->pkt->l4 == IPPROTO_UDP;
}

static const struct sim_socket *receiver(const struct pass *p)
{
	struct track_packet view;

	view_packet(p->pkt, &view);
	return machine_socket(p->sim->machine, p->pkt->family, p->pkt->l4,
	                      view.tuple.dst.b, view.tuple.dst_port);
}

const struct sim_socket *socket_of_sender(const struct pass *p)
{
	struct track_packet view;

	if (!has_sockets(p) || !p->sim->machine->knows_sockets)
		return NULL;
	view_packet(p->pkt, &view);
	return machine_socket(p->sim->machine, p->pkt->family, p->pkt->l4,
	                      view.tuple.src.b, view.tuple.src_port);
}

static enum step store8(struct exec *x, const struct insn *i, bool v)
{
	uint8_t byte = v;

	reg_store(x, i->dreg, &byte, 1);
	return STEP_ON;
}

/* A packet without a socket breaks the rule. */
enum step eval_socket(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	const struct sim_socket *k;

	if (!has_sockets(p))
		return STEP_BREAK;
	if (!p->sim->machine->knows_sockets) {
		reg_unknown(x, i->dreg, 16, "socket");
		return STEP_ON;
	}
	k = receiver(p);
	if (!k)
		return STEP_BREAK;
	switch (i->socket.key) {
	case NFT_SOCKET_TRANSPARENT:
		return store8(x, i, k->transparent);
	case NFT_SOCKET_MARK:
		reg_store32(x, i->dreg, k->mark);
		return STEP_ON;
	case NFT_SOCKET_WILDCARD:
		return store8(x, i, k->family == 0);
	default:
		reg_unknown(x, i->dreg, 16, "socket cgroupv2");
		return STEP_ON;
	}
}

/* Goes on when a transparent socket listens where the packet is sent; else the rule breaks. */
enum step eval_tproxy(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;
	struct track_packet view;
	const uint8_t *b;

	if (i->tproxy.family && i->tproxy.family != p->pkt->family)
		return STEP_BREAK;
	if (!has_sockets(p))
		return STEP_BREAK;
	if (!p->sim->machine->knows_sockets)
		return sim_doubt(p, "tproxy: whether a socket listens") ? STEP_ON
		                                                        : STEP_BREAK;
	view_packet(p->pkt, &view);
	b = i->tproxy.port < REG_WORDS ? reg(x, i->tproxy.port) : NULL;
	uint16_t port = b ? (uint16_t)(b[0] << 8 | b[1]) : view.tuple.dst_port;
	const uint8_t *addr = i->tproxy.addr < REG_WORDS ? reg(x, i->tproxy.addr) : NULL;
	const struct sim_socket *k =
		machine_socket(p->sim->machine, p->pkt->family, p->pkt->l4, addr, port);
	return k && k->transparent ? STEP_ON : STEP_BREAK;
}

/* nft_synproxy.c: what is neither a SYN nor an ACK goes on. Whether an ACK bears the cookie only
 * the kernel can tell, which then opens a connection to the server on its own. */
enum step eval_synproxy(struct exec *x)
{
	struct pass *p = x->pass;
	struct track_packet view;

	if (p->pkt->l4 != IPPROTO_TCP || !p->pkt->has_l4)
		return STEP_BREAK;
	view_packet(p->pkt, &view);
	if (view.flags) {
		x->verdict = NF_DROP;
	} else if (view.tcp.flags & 2 /* SYN */) {
		x->verdict = NF_STOLEN;
	} else if (view.tcp.flags & 16 /* ACK */) {
		x->verdict = sim_doubt(p, "synproxy: whether the ACK bears the cookie")
		                     ? NF_STOLEN
		                     : NF_DROP;
	}
	return STEP_ON;
}
