/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Bridges, their ports and tables, and the neighbours of this network namespace: rtnetlink(7). */
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "gate/cli/live.h"
#include "gate/cli/live_dump.h"

enum { MAC_BYTES = 6 };

/* A number of one, two or four bytes, as it stands in memory; 0 when it is none of them. */
static uint32_t number_of(const struct nlattr *a)
{
	switch (mnl_attr_get_payload_len(a)) {
	case 1:
		return mnl_attr_get_u8(a);
	case 2:
		return mnl_attr_get_u16(a);
	case 4:
		return mnl_attr_get_u32(a);
	default:
		return 0;
	}
}

/* ---- settings ---- */

/* A setting, what it is unless somebody changed it, and what is said of it then: the simulator
 * does not have what it does. */
struct setting {
	uint16_t type;
	uint32_t usual;
	const char *beyond;
};

static const struct setting bridge_settings[] = {
	{ IFLA_BR_VLAN_FILTERING, 0, "a bridge that filters VLANs" },
	{ IFLA_BR_GROUP_FWD_MASK, 0, "a bridge that forwards groups of the link" },
	{ IFLA_BR_MCAST_QUERIER, 0, "a bridge that asks for multicast groups" },
};

static const struct setting port_settings[] = {
	{ IFLA_BRPORT_MODE, 0, "a port of the bridge in hairpin mode" },
	{ IFLA_BRPORT_LEARNING, 1, "a port of the bridge that does not learn" },
	{ IFLA_BRPORT_UNICAST_FLOOD, 1, "a port of the bridge that is not flooded" },
	{ IFLA_BRPORT_MCAST_FLOOD, 1, "a port of the bridge that is not flooded" },
	{ IFLA_BRPORT_BCAST_FLOOD, 1, "a port of the bridge that is not flooded" },
	{ IFLA_BRPORT_PROXYARP, 0, "a port of the bridge that answers ARP for others" },
	{ IFLA_BRPORT_PROXYARP_WIFI, 0,
	  "a port of the bridge that answers ARP for others" },
	{ IFLA_BRPORT_NEIGH_SUPPRESS, 0,
	  "a port of the bridge that answers ARP for others" },
	{ IFLA_BRPORT_MCAST_TO_UCAST, 0,
	  "a port of the bridge that sends groups to each station" },
	{ IFLA_BRPORT_VLAN_TUNNEL, 0, "a port of the bridge that is a tunnel of VLANs" },
	{ IFLA_BRPORT_ISOLATED, 0, "a port of the bridge that is isolated" },
	{ IFLA_BRPORT_LOCKED, 0, "a port of the bridge that is locked" },
};

static void read_setting(struct sim_dev *d, const struct setting *rows, size_t n,
                         const struct nlattr *a)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == mnl_attr_get_type(a) && number_of(a) != rows[i].usual)
			d->beyond = rows[i].beyond;
}

/* One that calls br_netfilter though the namespace does not. */
static bool calls_alone(const struct sim_machine *m, const struct nlattr *a)
{
	uint16_t type = mnl_attr_get_type(a);

	return number_of(a) &&
	       ((type == IFLA_BR_NF_CALL_IPTABLES && !m->bridges_call_ip4) ||
	        (type == IFLA_BR_NF_CALL_IP6TABLES && !m->bridges_call_ip6));
}

static void read_bridge(struct sim_machine *m, struct sim_dev *d,
                        const struct nlattr *nest)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == IFLA_BR_MCAST_SNOOPING)
			d->snoops = number_of(a);
		if (calls_alone(m, a))
			d->beyond = "a bridge that alone shows its frames to ip chains";
		read_setting(d, bridge_settings, ARRAY_LEN(bridge_settings), a);
	}
}

static void read_port(struct sim_dev *d, const struct nlattr *nest)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == IFLA_BRPORT_STATE)
			d->is_blocked = number_of(a) != BR_STATE_FORWARDING;
		read_setting(d, port_settings, ARRAY_LEN(port_settings), a);
	}
}

/* IFLA_INFO_DATA is read by the kind that stands before it. */
static void read_info(struct sim_machine *m, struct sim_dev *d, const struct nlattr *nest)
{
	struct str kind = STR(""), port_kind = STR("");
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		struct str text = { mnl_attr_get_payload(a),
			            mnl_attr_get_payload_len(a) };
		switch (mnl_attr_get_type(a)) {
		case IFLA_INFO_KIND:
			kind = str_sub(text, 0, str_find(text, '\0'));
			break;
		case IFLA_INFO_SLAVE_KIND:
			port_kind = str_sub(text, 0, str_find(text, '\0'));
			break;
		case IFLA_INFO_DATA:
			if (str_is(kind, "bridge"))
				read_bridge(m, d, a);
			break;
		case IFLA_INFO_SLAVE_DATA:
			if (str_is(port_kind, "bridge"))
				read_port(d, a);
			break;
		default:
			break;
		}
	}
	d->is_bridge = str_is(kind, "bridge");
	if (!str_is(port_kind, "bridge"))
		d->bridge = NULL; /* its master is something else */
}

/* ---- messages ---- */

static int read_link(const struct nlmsghdr *nlh, void *arg)
{
	struct sim_machine *m = arg;
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *info = NULL;
	struct sim_dev *d = machine_at(m, (uint32_t)head->ifi_index);
	struct nlattr *a;

	if (!d)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*head)) {
		if (mnl_attr_get_type(a) == IFLA_MASTER)
			d->bridge = machine_at(m, number_of(a));
		else if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			info = a;
	}
	if (info)
		read_info(m, d, info);
	else
		d->bridge = NULL;
	return MNL_CB_OK;
}

struct neighbour {
	const uint8_t *mac, *addr;
	size_t addr_bytes;
	bool has_master;
};

static void read_attrs(const struct nlmsghdr *nlh, struct neighbour *n)
{
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct ndmsg)) {
		uint16_t type = mnl_attr_get_type(a);
		if (type == NDA_LLADDR && mnl_attr_get_payload_len(a) == MAC_BYTES)
			n->mac = mnl_attr_get_payload(a);
		n->has_master |= type == NDA_MASTER;
		if (type != NDA_DST)
			continue;
		n->addr = mnl_attr_get_payload(a);
		n->addr_bytes = mnl_attr_get_payload_len(a);
	}
}

/* What a bridge learnt or was told: its own addresses are permanent, those of its ports' hardware
 * filters have no master. */
static int read_station(const struct nlmsghdr *nlh, void *arg)
{
	struct sim_machine *m = arg;
	const struct ndmsg *head = mnl_nlmsg_get_payload(nlh);
	struct sim_station station = { .port = machine_at(m,
		                                          (uint32_t)head->ndm_ifindex) };
	struct neighbour n = { .mac = NULL };

	read_attrs(nlh, &n);
	if (!n.mac || !n.has_master || head->ndm_state & NUD_PERMANENT || !station.port)
		return MNL_CB_OK;
	memcpy(station.mac, n.mac, MAC_BYTES);
	vec_push(&m->stations, station);
	return MNL_CB_OK;
}

static int read_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(nlh);
	struct neighbour n = { .mac = NULL };
	bool ip4 = head->ndm_family == AF_INET;

	read_attrs(nlh, &n);
	if (n.mac && n.addr && n.addr_bytes == (ip4 ? 4 : 16) &&
	    !(head->ndm_state & (NUD_FAILED | NUD_INCOMPLETE)))
		machine_add_neighbour(arg, ip4 ? NFPROTO_IPV4 : NFPROTO_IPV6, n.addr,
		                      n.mac);
	return MNL_CB_OK;
}

/* ---- dumps ---- */

int live_read_bridges(struct sim_machine *m)
{
	static const struct ifinfomsg links = { .ifi_family = AF_UNSPEC };
	static const struct ndmsg stations = { .ndm_family = AF_BRIDGE },
				  ip4 = { .ndm_family = AF_INET },
				  ip6 = { .ndm_family = AF_INET6 };
	static const struct dump {
		struct live_request request;
		live_message_fn *take;
	} dumps[] = {
		{ { NETLINK_ROUTE, RTM_GETLINK, &links, sizeof(links) }, read_link },
		{ { NETLINK_ROUTE, RTM_GETNEIGH, &stations, sizeof(stations) },
		  read_station },
		{ { NETLINK_ROUTE, RTM_GETNEIGH, &ip4, sizeof(ip4) }, read_neighbour },
		{ { NETLINK_ROUTE, RTM_GETNEIGH, &ip6, sizeof(ip6) }, read_neighbour },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dumps); i++)
		r = live_dump(&dumps[i].request, dumps[i].take, m);
	m->knows_devices = r == 0;
	return r;
}
