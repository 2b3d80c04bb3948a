/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The last few answers. */
#include "gate/engine/sim/answer_recent.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>

#include "base/oom.h"
#include "gate/engine/sim/build.h"

/* An answer is captured right behind what it answers. */
enum { ANSWERS = 32, IP4_BYTES = 20, IP6_BYTES = 40, ICMP_BYTES = 8 };

struct remembered {
	struct packet made, left;
	struct sim_result result;
	bool is_there;
};

struct answer_recent {
	struct remembered list[ANSWERS];
	unsigned next, n_there;
};

void answer_remember(struct sim *s)
{
	s->recent = base_calloc(1, sizeof(*s->recent));
}

void answer_recent_free(struct answer_recent *r)
{
	for (size_t i = 0; r && i < ANSWERS; i++) {
		packet_fini(&r->list[i].made);
		packet_fini(&r->list[i].left);
	}
	free(r);
}

void answer_note(struct sim *s, const struct packet *made, const struct packet *left,
                 const struct sim_result *result)
{
	struct remembered *it;

	if (!s->recent)
		return;
	it = &s->recent->list[s->recent->next++ % ANSWERS];
	s->recent->n_there += !it->is_there;
	packet_copy(&it->made, made);
	packet_copy(&it->left, left);
	it->result = *result;
	it->is_there = true;
}

static bool same_bytes(const struct packet *a, const struct packet *b, uint32_t at_a,
                       uint32_t at_b, uint32_t n)
{
	const uint8_t *x = packet_at(a, at_a, n), *y = packet_at(b, at_b, n);

	return x && y && memcmp(x, y, n) == 0;
}

/* The quoted packet by its protocol, addresses and ports: the rest may be cut, or summed anew. */
static bool quotes_same(const struct packet *a, const struct packet *b)
{
	bool ip6 = a->family == NFPROTO_IPV6;
	uint32_t addresses = ip6 ? 32 : 8, at = ICMP_BYTES + (ip6 ? 8 : 12);

	return same_bytes(a, b, a->th + ICMP_BYTES + (ip6 ? 6 : 9),
	                  b->th + ICMP_BYTES + (ip6 ? 6 : 9), 1) &&
	       same_bytes(a, b, a->th + at, b->th + at, addresses) &&
	       same_bytes(a, b, a->th + ICMP_BYTES + (ip6 ? IP6_BYTES : IP4_BYTES),
	                  b->th + ICMP_BYTES + (ip6 ? IP6_BYTES : IP4_BYTES), 4);
}

/* Whatever the kernel draws, and sums, is left out. */
static bool is_alike(const struct packet *a, const struct packet *b)
{
	enum { TCP_COMPARED = 14, ICMP_COMPARED = 2 };
	bool ip6 = a->family == NFPROTO_IPV6, tcp = a->l4 == IPPROTO_TCP;
	uint32_t at = ip6 ? 8 : 12;

	return a->family == b->family && a->has_l4 && b->has_l4 && a->l4 == b->l4 &&
	       same_bytes(a, b, a->nh + at, b->nh + at, ip6 ? 32 : 8) &&
	       same_bytes(a, b, a->th, b->th, tcp ? TCP_COMPARED : ICMP_COMPARED) &&
	       (tcp || quotes_same(a, b));
}

/* A reset, or an error that a rule may have sent. */
static bool looks_like_answer(const struct packet *p)
{
	const uint8_t *b = packet_at(p, p->th, p->l4 == IPPROTO_TCP ? 14 : 1);

	if (!p->has_l4 || !b)
		return false;
	return p->l4 == IPPROTO_TCP      ? b[13] & TCP_RST
	       : p->l4 == IPPROTO_ICMP   ? b[0] == ICMP_DEST_UNREACH
	       : p->l4 == IPPROTO_ICMPV6 ? b[0] == ICMPV6_DEST_UNREACH
	                                 : false;
}

bool answer_claim(struct sim *s, const struct packet *p, struct sim_result *result)
{
	struct answer_recent *r = s->recent;

	if (!r || !r->n_there || !looks_like_answer(p))
		return false;
	for (size_t i = 0; i < ANSWERS; i++) {
		struct remembered *it = &r->list[i];
		if (!it->is_there || !(is_alike(&it->made, p) || is_alike(&it->left, p)))
			continue;
		it->is_there = false;
		r->n_there--;
		*result = it->result;
		return true;
	}
	return false;
}
