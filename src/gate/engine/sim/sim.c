/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The whole way of a packet: hooks in the IP stack's order, and what the stack itself decides. */
#include "gate/engine/sim/sim.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_arp.h>
#include <stdio.h>
#include <string.h>

#include "gate/engine/sim/address.h"
#include "gate/engine/sim/answer.h"
#include "gate/engine/sim/answer_limit.h"
#include "gate/engine/sim/answer_recent.h"
#include "gate/engine/sim/bridge.h"
#include "gate/engine/sim/hook.h"
#include "gate/engine/sim/leave.h"
#include "gate/engine/sim/plan.h"
#include "gate/engine/sim/route.h"
#include "gate/engine/sim/way.h"

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
	if (store_counts(store))
		(void)!track_sysctl_set(s->track, STR("nf_conntrack_acct"), 1);
	s->defrag = defrag_new();
	s->fdb = fdb_new(machine);
	s->limits = answer_limits_new();
}

void sim_fini(struct sim *s)
{
	track_free(s->track);
	defrag_free(s->defrag);
	fdb_free(s->fdb);
	answer_limits_free(s->limits);
	answer_waiting_free(s->waiting);
	answer_recent_free(s->recent);
}

const char *sim_state_name(const struct pass *p)
{
	if (!p->is_tracked && !p->ref.state)
		return "none";
	return track_state_name(track_state_of(&p->ref));
}

NOINLINE void sim_tell_event(struct pass *p, const struct sim_event *e)
{
	struct sim_event told = *e;

	told.pass = p;
	if (p->sim->watch)
		p->sim->watch(p->sim->watch_ctx, &told);
}

NOINLINE void sim_tell_text(struct pass *p, enum sim_event_kind kind, const char *text)
{
	sim_tell_event(p, &(struct sim_event){ .kind = kind, .text = text });
}

bool sim_doubt(struct pass *p, const char *what)
{
	unsigned n = p->sim->n_doubts++;

	if (!p->result.doubt)
		p->result.doubt = what;
	sim_tell(p, EVENT_DOUBT, what);
	return n < 64 && (p->sim->choices >> n & 1);
}

bool way_stops(struct pass *p, const char *why)
{
	p->result.fate = FATE_DROP;
	p->result.by = BY_STACK;
	p->result.reason = why;
	sim_tell(p, EVENT_STACK, why);
	return false;
}

static bool at_hook(struct pass *p, uint8_t hook, const char *name)
{
	return hook_run(p, p->pkt->family, hook, name);
}

static bool at_device(struct pass *p, uint8_t hook, const char *name)
{
	return hook_run(p, NFPROTO_NETDEV, hook, name);
}

void way_tell(struct pass *p, const char *text)
{
	sim_tell(p, EVENT_ROUTE, text);
}

/* ---- arriving ---- */

enum { VLAN_VID_MASK = 0x0fff }; /* IEEE 802.1Q section 9.6 */

static void set_type(struct packet *p)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	const uint8_t *b = p->has_ll ? packet_at(p, 0, 6) : NULL;

	p->type = !b || !(b[0] & 1)        ? PKT_HOST
	          : memcmp(b, all, 6) == 0 ? PKT_BROADCAST
	                                   : PKT_MULTICAST;
}

/* Whom the frame is for: NULL where the neighbour is not known. */
static const uint8_t *next_mac(struct pass *p, uint8_t mac[6])
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	const uint8_t *dst;

	if (p->pkt->family == NFPROTO_ARP) { /* RFC 826: a request is for all */
		const uint8_t *op = packet_at(p->pkt, p->pkt->nh + 6, 2);
		dst = packet_at(p->pkt, p->pkt->nh + 18, 6);
		return op && op[1] == 1 ? all : dst;
	}
	if (p->pkt->family != NFPROTO_IPV4 && p->pkt->family != NFPROTO_IPV6)
		return NULL;
	dst = packet_destination(p->pkt);
	if (packet_group_mac(p->pkt->family, dst, mac))
		return mac;
	if (!route_known(p))
		return NULL;
	if (p->route.type == ROUTE_BROADCAST)
		return all;
	return machine_neighbour(p->sim->machine, p->pkt->family,
	                         p->route.has_via ? p->route.via : dst);
}

static NOINLINE void frame(struct pass *p)
{
	uint8_t mac[6];

	p->pkt->is_looped = p->out->is_loopback;
	packet_frame(p->pkt, p->out->is_loopback ? p->out->mac : next_mac(p, mac),
	             p->out->mac);
	p->is_framed = true;
}

/* Whether anybody looks at the header that the frame gets here; one that only passes a bridge keeps
 * its own. */
static bool is_frame_seen(struct pass *p)
{
	return !p->out->bridge &&
	       (p->out->is_bridge || p->out->is_loopback ||
	        plan_at(p->sim->store, NFPROTO_NETDEV, NF_NETDEV_EGRESS)->n);
}

bool way_loop_back(struct pass *p)
{
	if (!p->is_unrouted)
		route_known(p); /* it keeps the route it left by */
	p->in = p->out;
	p->out = NULL;
	p->local = p->is_made = false;
	return way_receive(p);
}

static bool transmit_frame(struct pass *p)
{
	p->in = NULL;
	if (!at_device(p, NF_NETDEV_EGRESS, "egress"))
		return false;
	if (p->out->is_bridge)
		return bridge_send(p);
	if (p->out->is_loopback)
		return !p->is_made || answer_waits(p) || way_loop_back(p);
	sim_tell(p, EVENT_SENT, NULL);
	return true;
}

bool way_transmit(struct pass *p)
{
	if (!p->out)
		return true;
	if (p->out->bridge && !leave_link_takes(p))
		return false;
	if (is_frame_seen(p))
		frame(p);
	return transmit_frame(p);
}

void outcome_keep(struct outcome *o, struct pass *p, bool passed)
{
	p->result.out = p->out;
	if (passed || !o->passed)
		*o = (struct outcome){ passed, p->result, p->out };
}

bool outcome_take(const struct outcome *o, struct pass *p)
{
	p->result = o->result;
	p->out = o->out;
	return o->passed;
}

static bool leave(struct pass *p)
{
	return at_hook(p, NF_INET_POST_ROUTING, "postrouting") && leave_ip(p);
}

static bool hop_limit(struct pass *p)
{
	uint8_t *b = packet_edit(
		p->pkt, p->pkt->nh + (p->pkt->family == NFPROTO_IPV4 ? 8 : 7), 1);

	if (*b <= 1)
		return way_stops(
			p, p->pkt->family == NFPROTO_IPV4
				   ? "the time to live is over: no router passes it on"
				   : "the hop limit is reached: no router passes it on");
	return true;
}

/* An address of the link; the unspecified and the loopback address go no further either. */
static bool is_bound_to_link(struct pass *p)
{
	static const uint8_t zeros[15];
	const uint8_t *src = packet_source(p->pkt);

	return p->pkt->family == NFPROTO_IPV6 &&
	       (address_is_of_link(src) || (memcmp(src, zeros, 15) == 0 && src[15] < 2));
}

/* A router gives a packet of IPv4 the priority of its type of service: tc-prio(8). */
static void set_priority(struct pass *p)
{
	enum { NORMAL = 0, BULK = 2, INTERACTIVE_BULK = 4, INTERACTIVE = 6 };
	static const uint8_t priorities[4] = { NORMAL, BULK, INTERACTIVE,
		                               INTERACTIVE_BULK };
	const uint8_t *tos = packet_at(p->pkt, p->pkt->nh + 1, 1);

	if (p->pkt->family == NFPROTO_IPV4)
		p->pkt->priority = priorities[*tos >> 3 & 3];
}

static bool forward(struct pass *p)
{
	uint8_t *b = packet_edit(
		p->pkt, p->pkt->nh + (p->pkt->family == NFPROTO_IPV4 ? 8 : 7), 1);

	if (p->pkt->type != PKT_HOST)
		return way_stops(p, "the frame was for a group: no router passes it on");
	if (p->sim->machine->is_complete && !p->sim->machine->forwards &&
	    !p->arrival->out)
		return way_stops(p, "this machine does not forward");
	if (!hop_limit(p))
		return false;
	if (is_bound_to_link(p))
		return way_stops(p, "the source is an address of its own link only: no "
		                    "router passes it on");
	if (!leave_fits(p))
		return false;
	set_priority(p);
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

/* IPv4 is put together before the chains of input, IPv6 behind them. */
static bool deliver(struct pass *p)
{
	if (p->pkt->family == NFPROTO_IPV4 && p->pkt->is_fragment &&
	    !hook_defrag_local(p))
		return false;
	return at_hook(p, NF_INET_LOCAL_IN, "input");
}

static bool receive_ip(struct pass *p)
{
	bool local;

	if (p->pkt->fault != FAULT_NONE)
		return way_stops(p, packet_fault_text(p->pkt->fault));
	/* A frame of a bridge has passed prerouting there. */
	if ((!p->is_bridged && !at_hook(p, NF_INET_PRE_ROUTING, "prerouting")) ||
	    !route_in(p, &local))
		return false;
	p->is_bridged = false;
	return local ? deliver(p) : forward(p);
}

/* The device of the frame's VLAN has its name by custom: eth0.5; or NULL. */
static NOINLINE const struct sim_dev *vlan_device(const struct pass *p)
{
	char name[32];
	int n = snprintf(name, sizeof(name), STR_FMT ".%u", STR_ARG(p->in->name),
	                 p->pkt->vlan_tci & VLAN_VID_MASK);

	return machine_find(p->sim->machine, (struct str){ name, (size_t)n });
}

static bool receive_untagged(struct pass *p, const struct sim_dev *dev)
{
	packet_frame(p->pkt, packet_at(p->pkt, 0, 6), packet_at(p->pkt, 6, 6));
	packet_decode(p->pkt); /* there may be another tag */
	p->in = dev;
	return way_receive(p);
}

bool way_receive_protocol(struct pass *p)
{
	if (p->pkt->has_vlan && p->pkt->vlan_tci & VLAN_VID_MASK) {
		const struct sim_dev *dev = vlan_device(p);
		if (dev)
			return receive_untagged(p, dev);
		if (p->sim->machine->knows_devices)
			return way_stops(p,
			                 "the frame is tagged, and the device has none "
			                 "for that VLAN");
	}
	if (p->pkt->type == PKT_OTHERHOST)
		return way_stops(p, "the frame is for another station");
	if (p->pkt->family == NFPROTO_ARP && p->pkt->fault == FAULT_NONE)
		return at_hook(p, NF_ARP_IN, "input");
	if (p->pkt->family == NFPROTO_ARP || p->pkt->family == 0)
		return way_stops(p, packet_fault_text(p->pkt->fault));
	return receive_ip(p);
}

bool way_receive(struct pass *p)
{
	bridge_set_type(p);
	if (!at_device(p, NF_NETDEV_INGRESS, "ingress"))
		return false;
	return p->in->bridge && p->pkt->has_ll ? bridge_receive(p)
	                                       : way_receive_protocol(p);
}

/* ---- leaving ---- */

bool way_send_frame(struct pass *p)
{
	p->is_made = p->is_framed = p->is_unrouted = true;
	return transmit_frame(p);
}

bool way_send(struct pass *p)
{
	if (p->pkt->fault != FAULT_NONE && p->pkt->fault != FAULT_CHECKSUM)
		return way_stops(
			p, packet_fault_text(p->pkt->fault)); /* no socket sends that */
	p->is_made = true;
	if (!at_hook(p, NF_INET_LOCAL_OUT, "output"))
		return false;
	if (p->is_rerouted)
		p->out = p->route.type == ROUTE_LOCAL
		                 ? machine_find(p->sim->machine, STR("lo"))
		                 : p->route.dev;
	return leave(p);
}

static bool send_packet(struct pass *p)
{
	p->out = p->arrival->out;
	bridge_doubt(p, p->out);
	if (p->pkt->family == NFPROTO_ARP)
		return at_hook(p, NF_ARP_OUT, "output") && way_transmit(p);
	if (p->pkt->family == 0)
		return way_transmit(p);
	p->local = true;
	return way_send(p);
}

struct sim_result sim_packet(struct sim *s, const struct sim_arrival *a,
                             struct packet *pkt)
{
	struct pass p = { .sim = s, .pkt = pkt, .arrival = a };
	bool passed;

	s->store->now_ns = s->now_ns;
	track_at(s->track, s->now_ns);
	p.result.fate = FATE_ACCEPT;
	pkt->hides_mac = pkt->is_looped = false;
	pkt->hidden_id = 0;
	packet_forget_pieces(pkt);
	if (a->way == WAY_IN) {
		set_type(pkt);
		p.in = a->in;
		bridge_doubt(&p, p.in);
		passed = way_receive(&p);
	} else {
		passed = send_packet(&p);
	}
	if (passed && p.is_unknown)
		p.result.fate = FATE_UNKNOWN;
	track_release(s->track, &p.ref);
	p.result.out = p.out;
	return p.result;
}
