/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Interfaces and addresses of this network namespace, over rtnetlink(7), and its settings. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "gate/cli/live.h"
#include "gate/cli/live_dump.h"

enum { LO_INDEX = 1, MAC_BYTES = 6 };

/* ---- interfaces ---- */

static void read_link(struct sim_dev *dev, const struct nlmsghdr *nlh)
{
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == MAC_BYTES)
				memcpy(dev->mac, mnl_attr_get_payload(a), MAC_BYTES);
			break;
		case IFLA_MTU:
			dev->mtu = live_u32(a);
			break;
		case IFLA_GROUP:
			dev->group = live_u32(a);
			break;
		default:
			break;
		}
	}
}

static int take_link(const struct nlmsghdr *nlh, void *ctx)
{
	struct sim_machine *m = ctx;
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(nlh);
	struct str name = STR("");
	struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*head) || head->ifi_index <= 0)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*head)) {
		const char *text = mnl_attr_get_payload(a);
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			name = (struct str){ text,
				             strnlen(text, mnl_attr_get_payload_len(a)) };
	}
	machine_dev(m, name, (uint32_t)head->ifi_index);
	struct sim_dev *dev = machine_at(m, (uint32_t)head->ifi_index);
	if (!dev)
		return MNL_CB_OK;
	dev->type = head->ifi_type;
	dev->is_loopback = head->ifi_flags & IFF_LOOPBACK;
	read_link(dev, nlh);
	return MNL_CB_OK;
}

/* ---- addresses ---- */

static bool is_known(const struct sim_machine *m, const struct sim_dev *dev,
                     uint8_t family, const uint8_t *addr)
{
	vec_for_each(it, &m->addrs)
		if (it->dev == dev && it->family == family &&
		    memcmp(it->addr, addr, family == NFPROTO_IPV4 ? 4 : 16) == 0)
			return true;
	return false;
}

/* IFA_LOCAL is the own address where IFA_ADDRESS is the other end's. */
static int take_address(const struct nlmsghdr *nlh, void *ctx)
{
	struct sim_machine *m = ctx;
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(nlh);
	const uint8_t *local = NULL, *addr = NULL;
	struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*head) ||
	    (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
		return MNL_CB_OK;
	size_t n = head->ifa_family == AF_INET ? 4 : 16;
	uint8_t family = head->ifa_family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	mnl_attr_for_each(a, nlh, sizeof(*head)) {
		if (mnl_attr_get_payload_len(a) != n)
			continue;
		if (mnl_attr_get_type(a) == IFA_LOCAL)
			local = mnl_attr_get_payload(a);
		else if (mnl_attr_get_type(a) == IFA_ADDRESS)
			addr = mnl_attr_get_payload(a);
	}
	const uint8_t *own = local ? local : addr;
	const struct sim_dev *dev = machine_at(m, head->ifa_index);
	if (own && dev && !is_known(m, dev, family, own))
		machine_add_addr(m, dev, family, own, head->ifa_prefixlen);
	return MNL_CB_OK;
}

/* ---- settings ---- */

static bool read_number(const char *path, uint64_t *value)
{
	char line[32];
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, sizeof(line), file) &&
	          str_to_u64(str_trim(str_from(line)), 10, value) == 0;

	if (file)
		fclose(file);
	return ok;
}

static void read_settings(struct sim_machine *m, struct str dev)
{
	char path[128], name[64];
	struct str key;
	uint64_t value;

	for (size_t i = 0; (key = machine_setting(i)).n; i++) {
		snprintf(path, sizeof(path),
		         "/proc/sys/net/ipv4/conf/" STR_FMT "/" STR_FMT, STR_ARG(dev),
		         STR_ARG(key));
		snprintf(name, sizeof(name), "net.ipv4.conf." STR_FMT "." STR_FMT,
		         STR_ARG(dev), STR_ARG(key));
		if (read_number(path, &value))
			(void)!machine_set(m, str_from(name), value);
	}
}

/* net.ipv4.icmp_ratelimit is /proc/sys/net/ipv4/icmp_ratelimit. */
static void read_answer_settings(struct sim_machine *m)
{
	char path[128];
	struct str key;
	uint64_t value;

	for (size_t i = 0; (key = machine_answer_setting(i)).n; i++) {
		int n = snprintf(path, sizeof(path), "/proc/sys/" STR_FMT, STR_ARG(key));
		for (int at = n - (int)key.n; at < n; at++)
			if (path[at] == '.')
				path[at] = '/';
		if (read_number(path, &value))
			(void)!machine_set(m, key, value);
	}
}

static bool is_on(const char *path)
{
	uint64_t value;

	return read_number(path, &value) && value;
}

static int read_links(struct sim_machine *m)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	const struct live_request request = { NETLINK_ROUTE, RTM_GETLINK, &head,
		                              sizeof(head) };

	return live_dump(&request, take_link, m);
}

static int read_addresses(struct sim_machine *m)
{
	const struct ifaddrmsg head = { .ifa_family = AF_UNSPEC };
	const struct live_request request = { NETLINK_ROUTE, RTM_GETADDR, &head,
		                              sizeof(head) };

	return live_dump(&request, take_address, m);
}

int live_read_machine(struct sim_machine *m)
{
	machine_init(m, LO_INDEX);
	int r = read_links(m);
	if (r == 0)
		r = read_addresses(m);
	if (r == 0)
		r = live_read_routes(m);
	if (r < 0)
		return r;
	read_settings(m, STR("all"));
	vec_for_each(it, &m->devs)
		read_settings(m, (*it)->name);
	m->forwards = is_on("/proc/sys/net/ipv4/ip_forward");
	m->is_complete = true;
	/* Without br_netfilter there is no such file. */
	read_answer_settings(m);
	m->bridges_call_ip4 = is_on("/proc/sys/net/bridge/bridge-nf-call-iptables");
	m->bridges_call_ip6 = is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	m->bridges_show_vlans =
		is_on("/proc/sys/net/bridge/bridge-nf-filter-vlan-tagged");
	return live_read_bridges(m);
}
