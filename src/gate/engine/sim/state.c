/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Limits, quotas, counters. */
#include "gate/engine/sim/state.h"

#include <linux/netfilter/nf_tables.h>

#define NS_PER_S UINT64_C(1000000000)

/* A token bucket: `limit rate`, in a rule, an element or an object. */
struct bucket {
	uint64_t rate, unit_s;
	uint32_t burst, type, flags;
};

static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	__extension__ unsigned __int128 r = a;

	r = c ? r * b / c : 0;
	return r > UINT64_MAX ? UINT64_MAX : (uint64_t)r;
}

/* Packets: a packet costs unit / rate. The default of 5 belongs to the kernel: a rule from nft
 * may come without. */
static uint64_t packet_cost(const struct bucket *b)
{
	return mul_div(b->unit_s, NS_PER_S, b->rate);
}

static uint64_t capacity(const struct bucket *b)
{
	if (b->type == NFT_LIMIT_PKTS)
		return packet_cost(b) * (b->burst ? b->burst : 5);
	return mul_div(b->unit_s * NS_PER_S, b->rate + b->burst, b->rate);
}

static bool bucket_pass(const struct bucket *b, union sim_state *s, uint64_t now_ns,
                        uint32_t len)
{
	uint64_t max = capacity(b);
	uint64_t cost = b->type == NFT_LIMIT_PKTS
	                        ? packet_cost(b)
	                        : mul_div(b->unit_s * NS_PER_S, len, b->rate);
	uint64_t passed = now_ns - s->limit.last_ns;
	uint64_t tokens = passed > max ? max : s->limit.tokens + passed;
	bool inverted = b->flags & NFT_LIMIT_F_INV;

	if (tokens > max)
		tokens = max;
	s->limit.last_ns = now_ns;
	if (tokens < cost) {
		s->limit.tokens = tokens;
		return inverted;
	}
	s->limit.tokens = tokens - cost;
	return !inverted;
}

/* nft_quota.c: the packet is added, then the sum compared. */
static bool quota_pass(uint64_t limit, uint32_t flags, union sim_state *s, uint32_t len)
{
	s->quota.used += len;
	return (s->quota.used > limit) == !!(flags & NFT_QUOTA_F_INV);
}

static struct bucket insn_bucket(const struct insn *in)
{
	return (struct bucket){ in->limit.rate, in->limit.unit_s, in->limit.burst,
		                in->limit.type, in->limit.flags };
}

static struct bucket obj_bucket(const struct prog_obj *o)
{
	return (struct bucket){ o->limit.rate, o->limit.unit_s, o->limit.burst,
		                o->limit.type, o->limit.flags };
}

void state_init(const struct insn *in, union sim_state *s)
{
	if (in->kind == INSN_COUNTER) {
		s->counter.packets = in->counter.packets;
		s->counter.bytes = in->counter.bytes;
	} else if (in->kind == INSN_QUOTA) {
		s->quota.used = in->quota.used;
	} else if (in->kind == INSN_LIMIT) {
		struct bucket b = insn_bucket(in);
		s->limit.tokens = capacity(&b);
	}
}

void state_init_obj(const struct prog_obj *o, union sim_state *s)
{
	if (o->type == NFT_OBJECT_COUNTER) {
		s->counter.packets = o->counter.packets;
		s->counter.bytes = o->counter.bytes;
	} else if (o->type == NFT_OBJECT_QUOTA) {
		s->quota.used = o->quota.used;
	} else if (o->type == NFT_OBJECT_LIMIT) {
		struct bucket b = obj_bucket(o);
		s->limit.tokens = capacity(&b);
	}
}

bool state_pass(const struct insn *in, union sim_state *s, uint64_t now_ns, uint32_t len)
{
	if (in->kind == INSN_COUNTER)
		state_count(s, len);
	if (in->kind == INSN_QUOTA)
		return quota_pass(in->quota.bytes, in->quota.flags, s, len);
	if (in->kind == INSN_LIMIT) {
		struct bucket b = insn_bucket(in);
		return bucket_pass(&b, s, now_ns, len);
	}
	if (in->kind == INSN_LAST) {
		s->last.last_ns = now_ns;
		s->last.set = true;
	}
	return true;
}

bool state_pass_obj(const struct prog_obj *o, union sim_state *s, uint64_t now_ns,
                    uint32_t len)
{
	if (o->type == NFT_OBJECT_COUNTER)
		state_count(s, len);
	if (o->type == NFT_OBJECT_QUOTA)
		return quota_pass(o->quota.bytes, o->quota.flags, s, len);
	if (o->type == NFT_OBJECT_LIMIT) {
		struct bucket b = obj_bucket(o);
		return bucket_pass(&b, s, now_ns, len);
	}
	return true;
}
