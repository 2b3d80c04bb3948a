/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Token buckets of net/ipv4/inetpeer.c and net/ipv4/icmp.c. */
#include "gate/engine/sim/answer_limit.h"

#include <linux/netfilter.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/oom.h"
#include "gate/engine/sim/address.h"

#define NS_PER_MS UINT64_C(1000000)

/* Errors one host is told at once. When so many hosts are remembered, all are forgotten. */
enum { BURST = 6, PEERS_MAX = 1 << 16 };
/* net.ipv4.icmp_msgs_burst and icmp_msgs_per_sec; an error takes none, one or two. */
enum { ALL_BURST = 50, ALL_PER_MS = 1, ALL_COST_MAX = 2 };

struct peer {
	uint8_t key[17]; /* family, address */
	uint64_t tokens_ns, last_ns;
};

struct answer_limits {
	struct map peers;      /* by key: struct peer */
	struct arena a;        /* of those */
	uint64_t all, last_ms; /* what is left for all of them, at least */
};

struct answer_limits *answer_limits_new(void)
{
	struct answer_limits *l = base_calloc(1, sizeof(*l));

	l->all = ALL_BURST;
	return l;
}

static void forget_peers(struct answer_limits *l)
{
	map_fini(&l->peers);
	arena_reset(&l->a);
}

void answer_limits_free(struct answer_limits *l)
{
	if (!l)
		return;
	forget_peers(l);
	arena_fini(&l->a);
	free(l);
}

static struct peer *peer_of(struct answer_limits *l, uint8_t family, const uint8_t *addr,
                            uint64_t now_ns)
{
	uint8_t key[sizeof(((struct peer *)0)->key)] = { family };

	address_copy(family, key + 1, addr);
	struct peer *p =
		map_get(&l->peers, (struct str){ (const char *)key, sizeof(key) });
	if (p)
		return p;
	if (l->peers.n == PEERS_MAX)
		forget_peers(l);
	p = arena_new(&l->a, struct peer);
	memcpy(p->key, key, sizeof(key));
	p->tokens_ns = UINT64_MAX;
	p->last_ns = now_ns;
	map_put(&l->peers, (struct str){ (const char *)p->key, sizeof(key) }, p);
	return p;
}

static bool takes_token(struct peer *peer, uint64_t each_ns, uint64_t now_ns)
{
	uint64_t most = BURST * each_ns, since = now_ns - peer->last_ns;

	peer->last_ns = now_ns;
	peer->tokens_ns = peer->tokens_ns > most || since > most - peer->tokens_ns
	                          ? most
	                          : peer->tokens_ns + since;
	if (peer->tokens_ns < each_ns)
		return false;
	peer->tokens_ns -= each_ns;
	return true;
}

/* What all errors together may: chance has a hand in it. */
static bool all_allow(struct pass *p, struct answer_limits *l)
{
	uint64_t now_ms = p->sim->now_ns / NS_PER_MS;

	l->all += (now_ms - l->last_ms) * ALL_PER_MS;
	l->all = l->all < ALL_BURST ? l->all : ALL_BURST;
	l->last_ms = now_ms;
	if (l->all < ALL_COST_MAX)
		return sim_doubt(
			p, "net.ipv4.icmp_msgs_per_sec, which is used up by chance");
	l->all -= ALL_COST_MAX;
	return true;
}

/* What a kernel begins with, in milliseconds; for IPv6 measured on 6.1 and 6.18. */
static uint32_t begins_with(const struct sim_machine *m, uint8_t family)
{
	enum { SHORTER = 0x612, OFTEN_MS = 100, SELDOM_MS = 1000 };
	bool is_old = m->kernel && m->kernel < SHORTER;

	return family == NFPROTO_IPV6 && !is_old ? OFTEN_MS : SELDOM_MS;
}

/* Milliseconds; IPv6 is more patient with what lies behind a short prefix. */
static uint64_t interval(const struct pass *p, const struct route_answer *way)
{
	const struct sim_machine *m = p->sim->machine;
	uint8_t family = p->pkt->family;
	uint32_t ms = family == NFPROTO_IPV4 ? m->icmp_ratelimit4 : m->icmp_ratelimit6;

	if (ms == RATELIMIT_OF_KERNEL)
		ms = begins_with(m, family);
	return family == NFPROTO_IPV6 && way->prefix < 128
	               ? ms >> ((128 - way->prefix) >> 5)
	               : ms;
}

bool answer_allowed(struct pass *p, const struct route_answer *way, const uint8_t *peer)
{
	struct answer_limits *l = p->sim->limits;
	uint64_t each_ms = interval(p, way);

	if (!each_ms || (way->dev && way->dev->is_loopback))
		return true;
	if (all_allow(p, l) &&
	    takes_token(peer_of(l, p->pkt->family, peer, p->sim->now_ns),
	                each_ms * NS_PER_MS, p->sim->now_ns))
		return true;
	p->result.silence = "the sender was told often enough (icmp_ratelimit)";
	sim_tell(p, EVENT_SILENCE, p->result.silence);
	return false;
}
