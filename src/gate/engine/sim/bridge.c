/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A frame's way through a bridge. */
#include "gate/engine/sim/bridge.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/fdb.h"
#include "gate/engine/sim/hook.h"
#include "gate/engine/sim/leave.h"
#include "gate/engine/sim/route.h"
#include "gate/engine/sim/way.h"

enum { MAC_BYTES = 6 };

static bool at_bridge(struct pass *p, uint8_t hook, const char *name)
{
	return hook_run(p, NFPROTO_BRIDGE, hook, name);
}

static const uint8_t *destination(const struct pass *p)
{
	return packet_at(p->pkt, 0, MAC_BYTES);
}

static const uint8_t *source(const struct pass *p)
{
	return packet_at(p->pkt, MAC_BYTES, MAC_BYTES);
}

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* The bridge's own address, and those of its ports. */
static bool is_own(const struct pass *p, const struct sim_dev *bridge, const uint8_t *mac)
{
	vec_for_each(it, &p->sim->machine->devs)
		if ((*it == bridge || (*it)->bridge == bridge) &&
		    memcmp((*it)->mac, mac, MAC_BYTES) == 0)
			return true;
	return false;
}

static void tell_bridge(struct pass *p, const struct sim_dev *bridge, const char *what,
                        const struct sim_dev *port)
{
	if (p->sim->watch)
		way_tell(p, arena_fmt(&p->sim->store->a, "bridge " STR_FMT ": %s" STR_FMT,
		                      STR_ARG(bridge->name), what,
		                      STR_ARG(port ? port->name : STR("")))
		                    .p);
}

/* With a setting that is not modelled nobody can say what becomes of a frame. */
static void doubt_settings(struct pass *p, const struct sim_dev *dev)
{
	if (!dev->beyond)
		return;
	sim_doubt(p, dev->beyond);
	p->is_unknown = true;
}

static bool says_something(const struct sim_chain *c)
{
	return c->c.is_base && (c->rules.n || c->c.policy == NF_DROP);
}

void bridge_doubt(struct pass *p, const struct sim_dev *dev)
{
	if (!dev || dev->is_loopback || p->sim->machine->knows_devices)
		return;
	vec_for_each(table, &p->sim->store->tables) {
		if ((*table)->t.family != NFPROTO_BRIDGE ||
		    ((*table)->t.flags & NFT_TABLE_F_DORMANT))
			continue;
		vec_for_each(it, &(*table)->chains) {
			if (!says_something(*it))
				continue;
			struct str what =
				arena_fmt(&p->sim->store->a,
			                  "the bridge chain `" STR_FMT " " STR_FMT
			                  "`, if " STR_FMT " is a port of a bridge",
			                  STR_ARG((*table)->t.name),
			                  STR_ARG((*it)->c.name), STR_ARG(dev->name));
			sim_doubt(p, what.p);
			p->is_unknown = true;
			return;
		}
	}
}

/* ---- out by a port ---- */

/* `from`: the port it came in by, or NULL when it was made or routed here. */
static bool leave_by(struct pass *p, const struct sim_dev *from,
                     const struct sim_dev *port)
{
	doubt_settings(p, port);
	tell_bridge(p, port->bridge, "to port ", port);
	p->in = from;
	p->out = port;
	if (!(from ? at_bridge(p, NF_INET_FORWARD, "bridge forward")
	           : at_bridge(p, NF_INET_LOCAL_OUT, "bridge output")))
		return false;
	p->in = NULL;
	return at_bridge(p, NF_INET_POST_ROUTING, "bridge postrouting") && leave_port(p);
}

bool bridge_answer(struct pass *p)
{
	return leave_by(p, NULL, p->out);
}

/* A copy of the frame shares its connection. */
static void leave_copy(struct pass *p, const struct sim_dev *from,
                       const struct sim_dev *port, struct outcome *o)
{
	struct packet frame = { .mark = 0 };
	struct pass copy = *p;

	packet_copy(&frame, p->pkt);
	frame.parts.n = 0; /* copies are cut anew */
	copy.pkt = &frame;
	track_ref_copy(&p->ref, &copy.ref);
	outcome_keep(o, &copy, leave_by(&copy, from, port));
	p->is_unknown |= copy.is_unknown;
	track_release(p->sim->track, &copy.ref);
	packet_fini(&frame);
}

static bool pass_up(struct pass *p, const struct sim_dev *from)
{
	p->in = from;
	p->out = NULL;
	if (!at_bridge(p, NF_INET_LOCAL_IN, "bridge input"))
		return false;
	tell_bridge(p, from->bridge, "for this machine", NULL);
	p->in = from->bridge;
	p->has_route = false;      /* that was the bridge's */
	p->pkt->largest_piece = 0; /* IP does not know of it */
	p->pkt->pieces_forbid = false;
	return way_receive(p);
}

/* To every other port, the one that was added last first; then to the machine (`up`). All but the
 * last are copies. */
static bool flood(struct pass *p, const struct sim_dev *bridge,
                  const struct sim_dev *from, bool up)
{
	const struct sim_dev *port = NULL;
	struct outcome o = { .passed = false };

	tell_bridge(p, bridge,
	            up ? "for a group: to all ports and this machine"
	               : "the station is not known: to all ports",
	            NULL);
	for (size_t i = p->sim->machine->devs.n; i-- > 0;) {
		const struct sim_dev *it = p->sim->machine->devs.p[i];
		if (it->bridge != bridge || it == from || it->is_blocked)
			continue;
		if (port)
			leave_copy(p, from, port, &o);
		port = it;
	}
	if (up && port)
		leave_copy(p, from, port, &o);
	else if (!up && !port)
		return way_stops(p, "the bridge has no other port to send the frame by");
	outcome_keep(&o, p, up ? pass_up(p, from) : leave_by(p, from, port));
	return outcome_take(&o, p);
}

/* ---- made here ---- */

/* Without the next hop's hardware address one cannot say which port leads to it. */
static const struct sim_dev *guess_port(struct pass *p, const struct sim_dev *bridge,
                                        const struct sim_dev *from)
{
	const struct sim_dev *last = NULL;

	vec_for_each(it, &p->sim->machine->devs) {
		if ((*it)->bridge != bridge || *it == from || (*it)->is_blocked)
			continue;
		if (last &&
		    sim_doubt(p, "which port of the bridge leads to the next hop"))
			break;
		last = *it;
	}
	return last;
}

static bool send_on(struct pass *p, const struct sim_dev *bridge,
                    const struct sim_dev *from, const struct sim_dev *port)
{
	if (!port)
		return flood(p, bridge, from, false);
	if (port == from)
		return way_stops(
			p, "the bridge sends no frame back by the port it came in by");
	if (port->is_blocked)
		return way_stops(p, "the port of the bridge is blocked");
	return leave_by(p, from, port);
}

static const struct sim_dev *known_port(struct pass *p, const struct sim_dev *bridge,
                                        const struct sim_dev *from)
{
	if (p->pkt->hides_mac)
		return guess_port(p, bridge, from);
	return fdb_find(p->sim->fdb, bridge, destination(p), p->sim->now_ns);
}

bool bridge_send(struct pass *p)
{
	const struct sim_dev *bridge = p->out;

	p->pkt->largest_piece = 0; /* that was IP's to know */
	doubt_settings(p, bridge);
	if (!p->pkt->hides_mac && is_group(destination(p)))
		return flood(p, bridge, NULL, false);
	return send_on(p, bridge, NULL, known_port(p, bridge, NULL));
}

/* ---- in by a port ---- */

/* IEEE 802.1Q section 8.6.3: addresses that no bridge forwards. Spanning tree's own is forwarded
 * where there is no spanning tree. */
static bool is_of_link(const uint8_t *mac)
{
	static const uint8_t head[5] = { 1, 0x80, 0xc2, 0, 0 };

	return memcmp(mac, head, sizeof(head)) == 0 && mac[5] && mac[5] < 16;
}

enum { MAC_PAUSE = 1, MAC_LLDP = 14 };

static void learn(struct pass *p, const struct sim_dev *from)
{
	if (!is_own(p, from->bridge, source(p)))
		fdb_learn(p->sim->fdb, from, source(p), p->sim->now_ns);
}

/* It is not bridged: the port itself takes it. */
static bool receive_of_link(struct pass *p)
{
	uint8_t last = destination(p)[5];

	if (last == MAC_PAUSE)
		return way_stops(p, "a pause frame goes no further than the link");
	if (last != MAC_LLDP && !at_bridge(p, NF_INET_LOCAL_IN, "bridge input"))
		return false;
	if (!p->in->is_blocked)
		learn(p, p->in);
	return way_receive_protocol(p);
}

/* RFC 4541: what a bridge that snoops forwards to routers only. */
static bool is_snooped(const struct packet *p)
{
	const uint8_t *b = p->has_l4 ? packet_at(p, p->th, 1) : NULL;

	if (p->family == NFPROTO_IPV4)
		return p->l4 == IPPROTO_IGMP;
	return p->family == NFPROTO_IPV6 && p->l4 == IPPROTO_ICMPV6 && b &&
	       ((b[0] >= 130 && b[0] <= 132) || b[0] == 143);
}

static void set_mac(struct pass *p, const uint8_t *mac)
{
	static const uint8_t none[MAC_BYTES];

	memcpy(packet_edit(p->pkt, 0, MAC_BYTES), mac ? mac : none, MAC_BYTES);
	p->pkt->hides_mac = !mac;
}

/* What goes on behind prerouting. */
static bool finish(struct pass *p, const struct sim_dev *from)
{
	const struct sim_dev *bridge = from->bridge, *forced = p->arrival->out;
	const uint8_t *dst;

	if (p->is_renamed)
		set_mac(p, p->next_mac);
	dst = destination(p);
	learn(p, from);
	if (forced && forced->bridge == bridge)
		return send_on(p, bridge, from, forced);
	if (!p->pkt->hides_mac && is_group(dst)) {
		if (bridge->snoops && is_snooped(p->pkt)) {
			sim_doubt(p, "a bridge that snoops on IGMP and MLD");
			p->is_unknown = true;
		}
		return flood(p, bridge, from, true);
	}
	if (!p->pkt->hides_mac && is_own(p, bridge, dst))
		return pass_up(p, from);
	return send_on(p, bridge, from, known_port(p, bridge, from));
}

void bridge_set_type(struct pass *p)
{
	const uint8_t *dst = p->in->bridge && p->pkt->has_ll ? destination(p) : NULL;

	if (dst && !is_group(dst) && memcmp(dst, p->in->mac, MAC_BYTES) != 0)
		p->pkt->type = PKT_OTHERHOST;
}

bool bridge_receive(struct pass *p)
{
	const struct sim_dev *port = p->in;
	const uint8_t *dst = destination(p), *src = source(p);
	static const uint8_t none[MAC_BYTES];

	if (!dst || !src)
		return way_stops(p, packet_fault_text(FAULT_ETHERNET));
	if (is_group(src) || memcmp(src, none, MAC_BYTES) == 0)
		return way_stops(p, "the frame's source is no address of a station");
	doubt_settings(p, port->bridge);
	doubt_settings(p, port);
	if (is_of_link(dst))
		return receive_of_link(p);
	if (port->is_blocked)
		return way_stops(p, "the port of the bridge is blocked");
	if (memcmp(dst, port->bridge->mac, MAC_BYTES) == 0)
		p->pkt->type = PKT_HOST;
	return at_bridge(p, NF_INET_PRE_ROUTING, "bridge prerouting") && finish(p, port);
}

/* ---- br_netfilter ---- */

/* Tagged frames only where net.bridge.bridge-nf-filter-vlan-tagged says so. */
static bool shows_to_ip(const struct pass *p)
{
	const struct sim_machine *m = p->sim->machine;

	if (p->pkt->has_vlan && !m->bridges_show_vlans)
		return false;
	return p->pkt->family == NFPROTO_IPV4   ? m->bridges_call_ip4
	       : p->pkt->family == NFPROTO_IPV6 ? m->bridges_call_ip6
	                                        : false;
}

/* The chains of ip or ip6, where all frames seem to be for this machine. */
static bool run_ip(struct pass *p, uint8_t hook, const char *name,
                   const struct sim_dev *in, const struct sim_dev *out)
{
	const struct pass was = *p;
	bool other = p->pkt->type == PKT_OTHERHOST;

	p->in = in;
	p->out = out;
	if (other)
		p->pkt->type = PKT_HOST;
	bool passed = hook_run(p, p->pkt->family, hook, name);
	if (other)
		p->pkt->type = PKT_OTHERHOST;
	p->pf = was.pf;
	p->hook = was.hook;
	p->way = was.way;
	p->in = was.in;
	p->out = was.out;
	if (passed)
		sim_tell(p, EVENT_HOOK, p->way);
	return passed;
}

static void set_route(struct pass *p, const struct route_answer *to)
{
	p->route = *to;
	p->has_route = true;
}

/* A new destination on the bridge's own network: the frame is bridged to whom it is for now. */
static void rename_to(struct pass *p, const struct route_answer *to)
{
	set_route(p, to);
	p->is_renamed = true;
	p->next_mac =
		machine_neighbour(p->sim->machine, p->pkt->family,
	                          to->has_via ? to->via : packet_destination(p->pkt));
}

/* Where a new destination leads: on by the bridge, or up to this machine, which may route it. */
static bool reroute(struct pass *p)
{
	const struct sim_machine *m = p->sim->machine;
	const struct sim_dev *port = p->in, *bridge = port->bridge;
	struct route_answer to;
	const char *why;

	p->in = bridge;
	int r = route_find(p, &to, &why);
	p->in = port;
	if (r == -EAGAIN) {
		sim_doubt(p, "the route to the new destination");
		p->is_unknown = true;
		return true;
	}
	if (r < 0)
		return way_stops(p, why);
	if (to.type == ROUTE_UNICAST && to.dev == bridge) {
		rename_to(p, &to);
		return true;
	}
	if (to.type == ROUTE_UNICAST && m->is_complete && !m->forwards)
		return way_stops(p, "this machine does not forward");
	set_mac(p, bridge->mac);
	p->pkt->type = PKT_HOST;
	return true;
}

static bool prerouting(struct pass *p)
{
	/* A frame that is only bridged has a route of form's sake, without a gateway. */
	const struct sim_dev *bridge = p->in->bridge;
	const struct route_answer form = { .type = ROUTE_UNICAST,
		                           .dev = bridge,
		                           .mtu = bridge->mtu };
	uint8_t was[16];
	size_t n = packet_address_size(p->pkt);

	if (!shows_to_ip(p))
		return true;
	if (p->pkt->fault != FAULT_NONE && p->pkt->fault != FAULT_SOURCE)
		return way_stops(p, packet_fault_text(p->pkt->fault));
	memcpy(was, packet_destination(p->pkt), n);
	p->is_bridged = true;
	p->bridged_in = p->in;
	/* What the bridge's connection tracking knew is forgotten. */
	p->pkt->largest_piece = 0;
	p->pkt->pieces_forbid = false;
	if (!run_ip(p, NF_INET_PRE_ROUTING, "prerouting", bridge, NULL))
		return false;
	set_route(p, &form);
	return memcmp(was, packet_destination(p->pkt), n) == 0 || reroute(p);
}

bool bridge_passes_by(struct pass *p, int32_t priority)
{
	enum { SINGLE_HOOK = 0x607 };
	uint32_t kernel = p->sim->machine->kernel;

	if (p->hook != NF_INET_FORWARD || priority != 0 || !p->is_bridged)
		return false;
	return kernel ? kernel < SINGLE_HOOK
	              : sim_doubt(p,
	                          "priority 0 at the bridge's forward, which kernels "
	                          "before 6.7 pass by for frames that ip's chains see");
}

bool bridge_calls_ip(struct pass *p)
{
	const struct sim_dev *bridge = p->out ? p->out->bridge : NULL;

	switch (p->hook) {
	case NF_INET_PRE_ROUTING:
		return prerouting(p);
	case NF_INET_FORWARD:
		return !p->is_bridged ||
		       run_ip(p, NF_INET_FORWARD, "forward", bridge, bridge);
	case NF_INET_POST_ROUTING:
		return !p->is_bridged ||
		       run_ip(p, NF_INET_POST_ROUTING, "postrouting", NULL, bridge);
	default: /* input: copies share a connection, which no later hook could confirm for all */
		return p->pkt->type == PKT_HOST || hook_confirm(p);
	}
}
