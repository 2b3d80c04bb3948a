/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Families, the hooks each of them has, and the names of priorities.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <stdlib.h>

#include "gate/schema/schema.h"

// clang-format off

static const struct { const char *name; enum family family; } families[] = {
	{ "ip",     FAMILY_IP },     { "inet",   FAMILY_INET },   { "ip6",    FAMILY_IP6 },
	{ "arp",    FAMILY_ARP },    { "bridge", FAMILY_BRIDGE }, { "netdev", FAMILY_NETDEV },
};

/* linux/netfilter.h: enum nf_inet_hooks (bridge numbers its hooks alike), nf_dev_hooks;
 * linux/netfilter_arp.h */
const struct hook_name hook_names[] = {
	{ "prerouting",  FAMILY_IP,     NF_INET_PRE_ROUTING },
	{ "input",       FAMILY_IP,     NF_INET_LOCAL_IN },
	{ "forward",     FAMILY_IP,     NF_INET_FORWARD },
	{ "output",      FAMILY_IP,     NF_INET_LOCAL_OUT },
	{ "postrouting", FAMILY_IP,     NF_INET_POST_ROUTING },
	{ "prerouting",  FAMILY_IP6,    NF_INET_PRE_ROUTING },
	{ "input",       FAMILY_IP6,    NF_INET_LOCAL_IN },
	{ "forward",     FAMILY_IP6,    NF_INET_FORWARD },
	{ "output",      FAMILY_IP6,    NF_INET_LOCAL_OUT },
	{ "postrouting", FAMILY_IP6,    NF_INET_POST_ROUTING },
	{ "prerouting",  FAMILY_INET,   NF_INET_PRE_ROUTING },
	{ "input",       FAMILY_INET,   NF_INET_LOCAL_IN },
	{ "forward",     FAMILY_INET,   NF_INET_FORWARD },
	{ "output",      FAMILY_INET,   NF_INET_LOCAL_OUT },
	{ "postrouting", FAMILY_INET,   NF_INET_POST_ROUTING },
	{ "ingress",     FAMILY_INET,   NF_INET_INGRESS },
	{ "prerouting",  FAMILY_BRIDGE, NF_INET_PRE_ROUTING },
	{ "input",       FAMILY_BRIDGE, NF_INET_LOCAL_IN },
	{ "forward",     FAMILY_BRIDGE, NF_INET_FORWARD },
	{ "output",      FAMILY_BRIDGE, NF_INET_LOCAL_OUT },
	{ "postrouting", FAMILY_BRIDGE, NF_INET_POST_ROUTING },
	{ "input",       FAMILY_ARP,    NF_ARP_IN },
	{ "output",      FAMILY_ARP,    NF_ARP_OUT },
	{ "ingress",     FAMILY_NETDEV, NF_NETDEV_INGRESS },
	{ "egress",      FAMILY_NETDEV, NF_NETDEV_EGRESS },
	{ NULL,          FAMILY_UNSPEC, 0 },
};

#define AT(hook) (1u << NF_INET_##hook)
#define ANYWHERE UINT32_MAX

/* linux/netfilter_ipv4.h: enum nf_ip_hook_priorities; linux/netfilter_bridge.h */
const struct priority_name priority_names[] = {
	{ "dstnat",   FAMILY_BRIDGE, -300, AT(PRE_ROUTING),  0 },
	{ "filter",   FAMILY_BRIDGE, -200, ANYWHERE,         0 },
	{ "out",      FAMILY_BRIDGE,  100, AT(LOCAL_OUT),    0 },
	{ "srcnat",   FAMILY_BRIDGE,  300, AT(POST_ROUTING), 0 },
	{ "filter",   FAMILY_ARP,       0, ANYWHERE,         0 },
	{ "filter",   FAMILY_NETDEV,    0, ANYWHERE,         0 },
	{ "raw",      FAMILY_UNSPEC, -300, ANYWHERE,         0 },
	{ "mangle",   FAMILY_UNSPEC, -150, ANYWHERE,         0 },
	{ "dstnat",   FAMILY_UNSPEC, -100, AT(PRE_ROUTING),  AT(LOCAL_OUT) },
	{ "filter",   FAMILY_UNSPEC,    0, ANYWHERE,         0 },
	{ "security", FAMILY_UNSPEC,   50, ANYWHERE,         0 },
	{ "srcnat",   FAMILY_UNSPEC,  100, AT(POST_ROUTING), AT(LOCAL_IN) },
	{ NULL,       FAMILY_UNSPEC,    0, 0,                0 },
};

// clang-format on

const char *family_name(enum family f)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (families[i].family == f)
			return families[i].name;
	return "unspec";
}

int family_by_name(struct str name, enum family *f)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (str_is(name, families[i].name)) {
			*f = families[i].family;
			return 0;
		}
	}
	return -ENOENT;
}

int hook_by_name(enum family f, struct str name)
{
	for (const struct hook_name *h = hook_names; h->name; h++)
		if (h->family == f && str_is(name, h->name))
			return h->number;
	return -ENOENT;
}

const char *hook_name(enum family f, unsigned number)
{
	for (const struct hook_name *h = hook_names; h->name; h++)
		if (h->family == f && h->number == number)
			return h->name;
	return NULL;
}

/* The family whose rows hold for `f`. */
static enum family priority_family(enum family f)
{
	for (const struct priority_name *p = priority_names; p->name; p++)
		if (p->family == f)
			return f;
	return FAMILY_UNSPEC;
}

static bool is_at(uint32_t hooks, int hook)
{
	return hook >= 0 && hook < 32 && hooks & 1u << hook;
}

int priority_by_name(enum family f, int hook, struct str name, int32_t *value)
{
	enum family rows = priority_family(f);

	for (const struct priority_name *p = priority_names; p->name; p++) {
		if (p->family == rows && is_at(p->hooks | p->hooks_read, hook) &&
		    str_is(name, p->name)) {
			*value = p->value;
			return 0;
		}
	}
	return -ENOENT;
}

enum { PRIORITY_NEAR = 10 };

void priority_print(enum family f, int hook, int32_t value, struct buf *out)
{
	enum family rows = priority_family(f);

	for (const struct priority_name *p = priority_names; p->name; p++) {
		int64_t away = (int64_t)value - p->value;

		if (p->family != rows || !is_at(p->hooks, hook) ||
		    llabs(away) > PRIORITY_NEAR)
			continue;
		buf_cstr(out, p->name);
		if (away)
			buf_fmt(out, " %c %d", away < 0 ? '-' : '+', (int)llabs(away));
		return;
	}
	buf_fmt(out, "%d", (int)value);
}
