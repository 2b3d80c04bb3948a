/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The whole way of a packet: hooks in the IP stack's order, and what the stack itself decides. */
#include "gate/engine/sim/sim.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_arp.h>
#include <string.h>

#include "gate/engine/sim/hook.h"
#include "gate/engine/sim/route.h"

const char *fate_name(enum sim_fate f)
{
	static const char *const names[] = { "accept", "drop",   "reject",
		                             "queue",  "stolen", "unknown" };
	return names[f];
}

void sim_init(struct sim *s, struct sim_store *store, struct sim_machine *machine)
{
	*s = (struct sim){ .store = store, .machine = machine };
	s->track = track_new(1);
	s->defrag = defrag_new();
}

void sim_fini(struct sim *s)
{
	track_free(s->track);
	defrag_free(s->defrag);
}

const char *sim_state_name(const struct pass *p)
{
	if (!p->is_tracked && !p->ref.state)
		return "none";
	switch (track_state_of(&p->ref)) {
	case TRACK_INVALID:
		return "invalid";
	case TRACK_ESTABLISHED:
		return "established";
	case TRACK_RELATED:
		return "related";
	case TRACK_NEW:
		return "new";
	case TRACK_UNTRACKED:
		return "untracked";
	}
	return "none";
}

void sim_tell_watcher(struct pass *p, const struct sim_event *e)
{
	struct sim_event told = *e;

	told.pass = p;
	p->sim->watch(p->sim->watch_ctx, &told);
}

bool sim_doubt(struct pass *p, const char *what)
{
	unsigned n = p->sim->n_doubts++;

	if (!p->result.doubt)
		p->result.doubt = what;
	sim_tell(p, &(struct sim_event){ .kind = EVENT_DOUBT, .text = what });
	return n < 64 && (p->sim->choices >> n & 1);
}

static bool at_hook(struct pass *p, uint8_t hook, const char *name)
{
	const struct hook_place at = { p->pkt->family, hook, name };

	return hook_run(p, &at);
}

static bool at_device(struct pass *p, uint8_t hook, const char *name)
{
	const struct hook_place at = { NFPROTO_NETDEV, hook, name };

	return hook_run(p, &at);
}

/* ---- arriving ---- */

static void set_type(struct packet *p)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	const uint8_t *b = p->has_ll ? packet_at(p, 0, 6) : NULL;

	p->type = !b || !(b[0] & 1)        ? PKT_HOST
	          : memcmp(b, all, 6) == 0 ? PKT_BROADCAST
	                                   : PKT_MULTICAST;
}

static bool leave(struct pass *p)
{
	return at_hook(p, NF_INET_POST_ROUTING, "postrouting") &&
	       (!p->out || at_device(p, NF_NETDEV_EGRESS, "egress"));
}

static bool hop_limit(struct pass *p)
{
	uint8_t *b = packet_edit(
		p->pkt, p->pkt->nh + (p->pkt->family == NFPROTO_IPV4 ? 8 : 7), 1);

	if (*b <= 1)
		return stack_drops(
			p, p->pkt->family == NFPROTO_IPV4
				   ? "the time to live is over: no router passes it on"
				   : "the hop limit is reached: no router passes it on");
	return true;
}

/* RFC 4291 section 2.5.6; the unspecified and the loopback address go no further either. */
static bool is_bound_to_link(struct pass *p)
{
	static const uint8_t zeros[15];
	const uint8_t *src = packet_source(p->pkt);

	return p->pkt->family == NFPROTO_IPV6 &&
	       ((src[0] == 0xfe && (src[1] & 0xc0) == 0x80) ||
	        (memcmp(src, zeros, 15) == 0 && src[15] < 2));
}

static bool forward(struct pass *p)
{
	uint8_t *b = packet_edit(
		p->pkt, p->pkt->nh + (p->pkt->family == NFPROTO_IPV4 ? 8 : 7), 1);

	if (p->sim->machine->is_complete && !p->sim->machine->forwards &&
	    !p->arrival->out)
		return stack_drops(p, "this machine does not forward");
	if (!hop_limit(p))
		return false;
	if (is_bound_to_link(p))
		return stack_drops(p, "the source is an address of its own link only: no "
		                      "router passes it on");
	if (p->pkt->family == NFPROTO_IPV6) { /* IPv4 lowers it before the hook as well */
		(*b)--;
	} else {
		(*b)--;
		uint8_t *sum = packet_edit(p->pkt, p->pkt->nh + 10, 2);
		uint32_t v = (uint32_t)(sum[0] << 8 | sum[1]) + 0x100; /* RFC 1624 */
		v = (v & 0xffff) + (v >> 16);
		sum[0] = (uint8_t)(v >> 8);
		sum[1] = (uint8_t)v;
	}
	return at_hook(p, NF_INET_FORWARD, "forward") && leave(p);
}

static bool receive_ip(struct pass *p)
{
	bool local;

	if (p->pkt->fault != FAULT_NONE)
		return stack_drops(p, packet_fault_text(p->pkt->fault));
	if (!at_hook(p, NF_INET_PRE_ROUTING, "prerouting") || !route_in(p, &local))
		return false;
	return local ? at_hook(p, NF_INET_LOCAL_IN, "input") : forward(p);
}

/* Frames of a bridge pass chains of their own, which are not modelled: with such chains nobody
 * can say what becomes of a frame. */
static void doubt_bridge(struct pass *p, const struct sim_dev *dev)
{
	if (!dev || dev->is_loopback)
		return;
	vec_for_each(table, &p->sim->store->tables) {
		if ((*table)->t.family != NFPROTO_BRIDGE ||
		    ((*table)->t.flags & NFT_TABLE_F_DORMANT))
			continue;
		vec_for_each(it, &(*table)->chains) {
			if (!(*it)->c.is_base ||
			    (!(*it)->rules.n && (*it)->c.policy != NF_DROP))
				continue;
			struct str what = arena_fmt(
				&p->sim->store->a,
				"the bridge chain `" STR_FMT " " STR_FMT "`",
				STR_ARG((*table)->t.name), STR_ARG((*it)->c.name));
			sim_doubt(p, what.p);
			p->is_unknown = true;
			return;
		}
	}
}

static bool receive(struct pass *p)
{
	doubt_bridge(p, p->in);
	if (!at_device(p, NF_NETDEV_INGRESS, "ingress"))
		return false;
	if (p->pkt->family == NFPROTO_ARP && p->pkt->fault == FAULT_NONE)
		return at_hook(p, NF_ARP_IN, "input");
	if (p->pkt->family == NFPROTO_ARP)
		return stack_drops(p, packet_fault_text(p->pkt->fault));
	if (p->pkt->family == 0)
		return stack_drops(p, packet_fault_text(p->pkt->fault));
	return receive_ip(p);
}

/* ---- leaving ---- */

static bool loop_back(struct pass *p)
{
	p->in = p->out;
	p->out = NULL;
	p->local = false;
	return receive(p);
}

static bool send_ip(struct pass *p)
{
	if (p->pkt->fault != FAULT_NONE && p->pkt->fault != FAULT_CHECKSUM)
		return stack_drops(
			p, packet_fault_text(p->pkt->fault)); /* no socket sends that */
	p->local = true;
	if (!at_hook(p, NF_INET_LOCAL_OUT, "output"))
		return false;
	if (p->is_rerouted)
		p->out = p->route.type == ROUTE_LOCAL
		                 ? machine_find(p->sim->machine, STR("lo"))
		                 : p->route.dev;
	if (!leave(p))
		return false;
	return !p->out || !p->out->is_loopback || loop_back(p);
}

static bool send_packet(struct pass *p)
{
	p->out = p->arrival->out;
	doubt_bridge(p, p->out);
	if (p->pkt->family == NFPROTO_ARP)
		return at_hook(p, NF_ARP_OUT, "output") &&
		       (!p->out || at_device(p, NF_NETDEV_EGRESS, "egress"));
	if (p->pkt->family == 0)
		return at_device(p, NF_NETDEV_EGRESS, "egress");
	return send_ip(p);
}

struct sim_result sim_packet(struct sim *s, const struct sim_arrival *a,
                             struct packet *pkt)
{
	struct pass p = { .sim = s, .pkt = pkt, .arrival = a };
	bool passed;

	s->store->now_ns = s->now_ns;
	track_at(s->track, s->now_ns);
	p.result.fate = FATE_ACCEPT;
	if (a->way == WAY_IN) {
		set_type(pkt);
		p.in = a->in;
		passed = receive(&p);
	} else {
		passed = send_packet(&p);
	}
	if (passed && p.is_unknown)
		p.result.fate = FATE_UNKNOWN;
	track_release(s->track, &p.ref);
	p.result.out = p.out;
	return p.result;
}
