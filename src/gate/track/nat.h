/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Translation of addresses. At each NAT hook (prerouting and output at -100: destination; input
 * and postrouting at +100: source), for every packet, even when no nat chain exists but NAT is
 * in use (some nat chain in the family):
 *
 *   if (track_nat_wants(&ref, hook)) {       // the first packet of a connection
 *           …run the nat chains; snat/dnat/redirect/masquerade call track_nat_setup()…
 *           track_nat_null(t, &ref, hook);   // nothing was set up: keep, unless ports clash
 *   }
 *   if (track_nat_apply(&ref, &packet, hook, &change) == TRACK_DROP) …
 *   …write `change` into the bytes and into `packet`…
 */
#pragma once

#include "gate/track/track.h"

/* The kernel's NF_NAT_RANGE_*, as in nf_tables' NFTA_NAT_FLAGS. */
enum track_nat_flag {
	TRACK_NAT_ADDRS = 1 << 0,        /* addr_min .. addr_max is given */
	TRACK_NAT_PORTS = 1 << 1,        /* port_min .. port_max is given */
	TRACK_NAT_RANDOM = 1 << 2,       /* `random` */
	TRACK_NAT_PERSISTENT = 1 << 3,   /* `persistent` */
	TRACK_NAT_FULLY_RANDOM = 1 << 4, /* `fully-random` */
	TRACK_NAT_OFFSET = 1 << 5,       /* port + (port_min - port_base) */
	TRACK_NAT_NETMAP = 1 << 6, /* `prefix`: addr_min has the network, the differing
	                                  * bits of addr_min and addr_max are the host part */
};

struct track_nat_range {
	uint32_t flags; /* enum track_nat_flag */
	struct track_addr addr_min, addr_max;
	uint16_t port_min, port_max, port_base;
};

/* Whether the nat chains of this hook have to see the packet. */
bool track_nat_wants(const struct track_ref *ref, enum track_hook hook);

/* Binds the connection: source in input and postrouting, destination elsewhere. Does nothing
 * when this was done already. TRACK_DROP (why: TRACK_WHY_NO_NAT) when no entry is there (nat
 * statement on a packet that has none) or a helper forbids it. */
MUST_USE enum track_verdict track_nat_setup(struct track *t, struct track_ref *ref,
                                            enum track_hook hook,
                                            const struct track_nat_range *range);

/* `masquerade`: the interface's address, NULL when it has none: TRACK_DROP. `range` has flags and
 * ports only. */
MUST_USE enum track_verdict track_nat_masquerade(struct track *t, struct track_ref *ref,
                                                 uint32_t ifindex,
                                                 const struct track_addr *address,
                                                 const struct track_nat_range *range);

/* `redirect`: `address` is the incoming interface's first one in prerouting (NULL when it has
 * none: TRACK_DROP); in output it is not looked at, loopback's is taken. */
MUST_USE enum track_verdict track_nat_redirect(struct track *t, struct track_ref *ref,
                                               enum track_hook hook,
                                               const struct track_addr *address,
                                               const struct track_nat_range *range);

/* Behind the nat chains: binds what no rule bound, to itself. */
MUST_USE enum track_verdict track_nat_null(struct track *t, struct track_ref *ref,
                                           enum track_hook hook);

/* In postrouting, before track_nat_wants: a masqueraded connection that now leaves by another
 * interface ends, and its packet is dropped. */
MUST_USE enum track_verdict track_nat_check_oif(struct track *t, struct track_ref *ref,
                                                uint32_t ifindex);

/* One header's new values. */
struct track_side_change {
	bool source, destination; /* which side; at most one of them */
	bool has_port;            /* ports or ICMP id: write `port` too */
	struct track_addr addr;
	uint16_t port;
};

struct track_change {
	struct track_side_change outer;
	struct track_side_change inner; /* the header inside an ICMP error */
};

/* What this hook changes in the packet, in either direction; all zero for nothing. The entry's
 * null binding changes nothing. TRACK_DROP: ICMP redirects of translated connections. */
MUST_USE enum track_verdict track_nat_apply(const struct track_ref *ref,
                                            const struct track_packet *p,
                                            enum track_hook hook,
                                            struct track_change *change);
