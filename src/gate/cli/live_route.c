/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Routes of all tables and the rules that choose one, over rtnetlink(7): linux/rtnetlink.h,
 * linux/fib_rules.h. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "gate/cli/live.h"
#include "gate/cli/live_dump.h"

/* Newer than Debian's header. */
enum {
	DSCP_RULE = 25,
	FLOWLABEL_RULE,
	FLOWLABEL_MASK_RULE,
	SPORT_MASK_RULE,
	DPORT_MASK_RULE
};

static uint8_t family_of(uint8_t af)
{
	return af == AF_INET ? NFPROTO_IPV4 : af == AF_INET6 ? NFPROTO_IPV6 : 0;
}

static void copy_address(const struct nlattr *a, uint8_t out[16])
{
	size_t n = mnl_attr_get_payload_len(a);

	memcpy(out, mnl_attr_get_payload(a), n < 16 ? n : 16);
}

/* ---- routes ---- */

static void read_gateway(const struct nlattr *a, uint8_t family, struct sim_hop *hop)
{
	/* A gateway of the other family (RTA_VIA) is no address that `rt nexthop` could read. */
	if (mnl_attr_get_payload_len(a) != (family == NFPROTO_IPV4 ? 4 : 16))
		return;
	copy_address(a, hop->via);
	hop->has_via = true;
}

/* struct rtnexthop one behind the other, each with attributes. */
static void read_hops(struct sim_machine *m, const struct nlattr *nest,
                      struct sim_route *route)
{
	char *at = mnl_attr_get_payload(nest);
	size_t left = mnl_attr_get_payload_len(nest), n = 0;
	struct sim_hop *hops =
		arena_array(&m->a, struct sim_hop, left / sizeof(struct rtnexthop) + 1);

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *next = (const void *)at;
		if (next->rtnh_len < sizeof(*next) || next->rtnh_len > left)
			break;
		struct sim_hop *hop = &hops[n];
		struct nlattr *attr;
		hop->dev = machine_at(m, (uint32_t)next->rtnh_ifindex);
		mnl_attr_for_each_payload((void *)(uintptr_t)(next + 1),
		                          next->rtnh_len - sizeof(*next))
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				read_gateway(attr, route->family, hop);
		n += hop->dev && !(next->rtnh_flags & RTNH_F_DEAD);
		size_t step = RTNH_ALIGN(next->rtnh_len);
		at += step < left ? step : left;
		left -= step < left ? step : left;
	}
	if (n)
		route->hop = hops[0];
	route->others = hops + 1;
	route->n_others = n ? n - 1 : 0;
}

static uint32_t mtu_of(const struct nlattr *nest)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) == RTAX_MTU)
			return live_u32(a);
	return 0;
}

static void read_route(struct sim_machine *m, const struct nlmsghdr *nlh,
                       struct sim_route *route)
{
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct rtmsg)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_DST:
			copy_address(a, route->dst);
			break;
		case RTA_SRC:
			copy_address(a, route->src);
			break;
		case RTA_OIF:
			route->hop.dev = machine_at(m, live_u32(a));
			break;
		case RTA_GATEWAY:
			read_gateway(a, route->family, &route->hop);
			break;
		case RTA_PRIORITY:
			route->metric = live_u32(a);
			break;
		case RTA_TABLE:
			route->table = live_u32(a);
			break;
		case RTA_METRICS:
			route->mtu = mtu_of(a);
			break;
		case RTA_MULTIPATH:
			read_hops(m, a, route);
			break;
		default:
			break;
		}
	}
}

static int take_route(const struct nlmsghdr *nlh, void *ctx)
{
	struct sim_machine *m = ctx;
	const struct rtmsg *head = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*head))
		return MNL_CB_OK;
	struct sim_route route = { .family = family_of(head->rtm_family),
		                   .prefix = head->rtm_dst_len,
		                   .src_prefix = head->rtm_src_len,
		                   .tos = head->rtm_tos,
		                   .type = (enum route_type)head->rtm_type,
		                   .table = head->rtm_table };
	read_route(m, nlh, &route);
	if (route.family && route.prefix <= 128 && route.src_prefix <= 128 &&
	    route.table != RT_TABLE_UNSPEC && head->rtm_type != RTN_UNSPEC &&
	    head->rtm_type <= RTN_THROW &&
	    !(head->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD)))
		vec_push(&m->routes, route);
	return MNL_CB_OK;
}

/* ---- rules ---- */

static void read_ports(const struct nlattr *a, uint16_t range[2])
{
	const struct fib_rule_port_range *r = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) < sizeof(*r))
		return;
	range[0] = r->start;
	range[1] = r->end;
}

static struct str name_of(struct sim_machine *m, const struct nlattr *a)
{
	const char *text = mnl_attr_get_payload(a);

	return arena_str(
		&m->a, (struct str){ text, strnlen(text, mnl_attr_get_payload_len(a)) });
}

/* What a rule asks that only the kernel knows of a packet. */
static const char *unknown_of(uint16_t type)
{
	switch (type) {
	case FRA_UID_RANGE:
		return "a routing rule asks for the sender's uid";
	case FRA_TUN_ID:
		return "a routing rule asks for a tunnel's number";
	case FRA_L3MDEV:
		return "a routing rule asks for the device's VRF";
	case FRA_SUPPRESS_IFGROUP:
		return "a routing rule asks for the group of the device that was found";
	case DSCP_RULE:
		return "a routing rule asks for the DSCP";
	case FLOWLABEL_RULE:
		return "a routing rule asks for the flow label";
	case SPORT_MASK_RULE:
	case DPORT_MASK_RULE:
		return "a routing rule asks for some bits of a port";
	default:
		return NULL;
	}
}

/* No group, whole ports: told although nobody asked for them. */
static bool is_nothing(const struct nlattr *a)
{
	switch (mnl_attr_get_type(a)) {
	case FRA_SUPPRESS_IFGROUP:
		return live_u32(a) == UINT32_MAX;
	case SPORT_MASK_RULE:
	case DPORT_MASK_RULE:
		return mnl_attr_get_payload_len(a) == 2 &&
		       mnl_attr_get_u16(a) == UINT16_MAX;
	default:
		return false;
	}
}

static void read_rule(struct sim_machine *m, const struct nlattr *a, struct sim_policy *p)
{
	uint16_t type = mnl_attr_get_type(a);

	switch (type) {
	case FRA_DST:
		copy_address(a, p->dst);
		break;
	case FRA_SRC:
		copy_address(a, p->src);
		break;
	case FRA_IIFNAME:
		p->iif = name_of(m, a);
		break;
	case FRA_OIFNAME:
		p->oif = name_of(m, a);
		break;
	case FRA_GOTO:
		p->target = live_u32(a);
		break;
	case FRA_PRIORITY:
		p->pref = live_u32(a);
		break;
	case FRA_FWMARK:
		p->mark = live_u32(a);
		break;
	case FRA_FWMASK:
		p->mask = live_u32(a);
		break;
	case FRA_TABLE:
		p->table = live_u32(a);
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		p->suppress = (int)live_u32(a);
		break;
	case FRA_IP_PROTO:
		p->l4 = live_u8(a);
		break;
	case FRA_SPORT_RANGE:
		read_ports(a, p->sport);
		break;
	case FRA_DPORT_RANGE:
		read_ports(a, p->dport);
		break;
	default:
		break;
	}
	if (unknown_of(type) && !is_nothing(a))
		p->doubt = unknown_of(type);
}

static enum policy_action action_of(uint8_t action)
{
	return action == FR_ACT_TO_TBL        ? POLICY_TABLE
	       : action == FR_ACT_GOTO        ? POLICY_GOTO
	       : action == FR_ACT_BLACKHOLE   ? POLICY_BLACKHOLE
	       : action == FR_ACT_UNREACHABLE ? POLICY_UNREACHABLE
	       : action == FR_ACT_PROHIBIT    ? POLICY_PROHIBIT
	                                      : POLICY_NOTHING;
}

static int take_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct sim_machine *m = ctx;
	const struct fib_rule_hdr *head = mnl_nlmsg_get_payload(nlh);
	struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*head) || head->src_len > 128 ||
	    head->dst_len > 128 || !family_of(head->family))
		return MNL_CB_OK;
	struct sim_policy p = { .family = family_of(head->family),
		                .src_prefix = head->src_len,
		                .dst_prefix = head->dst_len,
		                .tos = head->tos,
		                .table = head->table,
		                .action = action_of(head->action),
		                .invert = head->flags & FIB_RULE_INVERT,
		                .suppress = -1 };
	mnl_attr_for_each(a, nlh, sizeof(*head))
		read_rule(m, a, &p);
	machine_add_policy(m, &p);
	return MNL_CB_OK;
}

/* ---- both ---- */

static bool is_own(const struct sim_policy *p)
{
	uint32_t pref = p->table == TABLE_LOCAL  ? 0
	                : p->table == TABLE_MAIN ? 32766
	                                         : 32767;

	return p->pref == pref && p->action == POLICY_TABLE && !p->invert && !p->mask &&
	       !p->src_prefix && !p->dst_prefix && !p->iif.n && !p->oif.n;
}

int live_read_routes(struct sim_machine *m)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	m->policies.n = 0;
	for (size_t i = 0; i < ARRAY_LEN(families) && r == 0; i++) {
		const struct rtmsg route = { .rtm_family = families[i] };
		const struct fib_rule_hdr rule = { .family = families[i] };
		const struct live_request requests[] = {
			{ NETLINK_ROUTE, RTM_GETROUTE, &route, sizeof(route) },
			{ NETLINK_ROUTE, RTM_GETRULE, &rule, sizeof(rule) },
		};
		r = live_dump(&requests[0], take_route, m);
		if (r == 0)
			r = live_dump(&requests[1], take_rule, m);
		if (r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
			r = 0; /* a kernel without IPv6, or without rules */
	}
	m->has_all_routes = true;
	m->has_policies = false;
	vec_for_each(it, &m->policies)
		m->has_policies |= !is_own(it);
	return r;
}
