/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Loads of neighbouring header fields that are each compared with a constant become one load
 * and one comparison, as nft writes them: `tcp sport 1 tcp dport 2` reads four bytes once, also
 * with other matches between the two. The comparison is then where the lower field's was.
 * Unlike nft 1.0.6 this never moves a match across a statement, or a match that counts.
 */
#include "gate/ruleset/lower.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* payload load + cmp eq on it, the pair merging works on. */
static bool is_pair(const struct program *p, size_t i)
{
	if (i + 1 >= p->n)
		return false;
	const struct insn *load = &p->p[i], *cmp = &p->p[i + 1];

	return load->kind == INSN_PAYLOAD && load->sreg == REG_NONE &&
	       cmp->kind == INSN_CMP && cmp->cmp.op == NFT_CMP_EQ &&
	       cmp->sreg == load->dreg && cmp->cmp.data.n == load->payload.len;
}

static bool may_merge(const struct insn *a, const struct insn *b)
{
	uint32_t total = a->payload.len + b->payload.len;

	if (a->payload.base != b->payload.base || a->dreg != b->dreg ||
	    a->payload.is_prefix || b->payload.is_prefix)
		return false;
	/* Of these headers the kernel reads up to four bytes by a fast path of its own. */
	bool both_fast = a->payload.base != NFT_PAYLOAD_LL_HEADER &&
	                 a->payload.len <= 4 && b->payload.len <= 4;

	if (total > 16 || (total > 4 && both_fast))
		return false;
	return a->payload.off + a->payload.len == b->payload.off;
}

/* Of two pairs, `high` right behind `low` in the packet. */
static void merge_into(struct insn *low, const struct insn *high)
{
	struct data *d = &low[1].cmp.data;

	memcpy(d->b + d->n, high[1].cmp.data.b, high[1].cmp.data.n);
	d->n = (uint8_t)(d->n + high[1].cmp.data.n);
	low->payload.len = d->n;
}

static void remove_pair(struct program *p, size_t i)
{
	memmove(&p->p[i], &p->p[i + 2], (p->n - i - 2) * sizeof(p->p[0]));
	p->n -= 2;
}

/* A match that is more than a question: elements of named sets may count and limit. */
static bool has_effects(const struct insn *in)
{
	return in->kind == INSN_NUMGEN ||
	       (in->kind == INSN_LOOKUP && !str_starts(in->lookup.set.name, STR("__")));
}

enum { PAIRS_MAX = 32 };

struct pairs {
	size_t at[PAIRS_MAX]; /* in the order of the packet's bytes */
	size_t n;
};

static bool is_before(const struct insn *a, const struct insn *b)
{
	return a->payload.base != b->payload.base ? a->payload.base < b->payload.base
	                                          : a->payload.off < b->payload.off;
}

static void put_pair(const struct program *prog, struct pairs *pairs, size_t at)
{
	size_t i = pairs->n;

	if (pairs->n == PAIRS_MAX)
		return;
	for (; i > 0 && is_before(&prog->p[at], &prog->p[pairs->at[i - 1]]); i--)
		pairs->at[i] = pairs->at[i - 1];
	pairs->at[i] = at;
	pairs->n++;
}

/* Gives how many instructions are gone. */
static size_t merge_pairs(struct program *prog, const struct pairs *pairs)
{
	bool gone[PAIRS_MAX] = { false };
	size_t n = 0;

	for (size_t i = 1, low = 0; i < pairs->n; i++) {
		gone[i] = may_merge(&prog->p[pairs->at[low]], &prog->p[pairs->at[i]]);
		if (gone[i])
			merge_into(&prog->p[pairs->at[low]], &prog->p[pairs->at[i]]);
		else
			low = i;
	}
	for (;;) { /* the last one first, so that the places of the others hold */
		size_t last = pairs->n;

		for (size_t i = 0; i < pairs->n; i++)
			if (gone[i] &&
			    (last == pairs->n || pairs->at[i] > pairs->at[last]))
				last = i;
		if (last == pairs->n)
			return n;
		remove_pair(prog, pairs->at[last]);
		gone[last] = false;
		n += 2;
	}
}

void merge_payloads(struct program *prog, size_t from)
{
	struct pairs pairs = { .n = 0 };

	for (size_t i = from; i < prog->n; i++) {
		if (is_pair(prog, i))
			put_pair(prog, &pairs, i);
		if (!has_effects(&prog->p[i]) && i + 1 < prog->n)
			continue;
		i -= merge_pairs(prog, &pairs);
		pairs.n = 0;
	}
}
