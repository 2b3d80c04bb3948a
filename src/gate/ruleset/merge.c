/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Loads of neighbouring header fields that are each compared with a constant become one load
 * and one comparison, as nft writes them: `tcp sport 1 tcp dport 2` reads four bytes once.
 * Unlike nft 1.0.6 this never moves a match across a statement.
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
	return a->payload.off + a->payload.len == b->payload.off ||
	       b->payload.off + b->payload.len == a->payload.off;
}

static void merge_into(struct insn *at, const struct insn *next)
{
	struct insn *load = at, *cmp = at + 1;
	const struct insn *low = load, *high = next;
	struct data d = { 0 };

	if (next->payload.off < load->payload.off) {
		low = next;
		high = load;
	}
	d.n = (uint8_t)(low[1].cmp.data.n + high[1].cmp.data.n);
	memcpy(d.b, low[1].cmp.data.b, low[1].cmp.data.n);
	memcpy(d.b + low[1].cmp.data.n, high[1].cmp.data.b, high[1].cmp.data.n);
	load->payload.off = low->payload.off;
	load->payload.len = d.n;
	cmp->cmp.data = d;
}

static void remove_pair(struct program *p, size_t i)
{
	memmove(&p->p[i], &p->p[i + 2], (p->n - i - 2) * sizeof(p->p[0]));
	p->n -= 2;
}

void merge_payloads(struct program *prog, size_t from)
{
	for (size_t i = from; i + 3 < prog->n;) {
		if (is_pair(prog, i) && is_pair(prog, i + 2) &&
		    may_merge(&prog->p[i], &prog->p[i + 2])) {
			merge_into(&prog->p[i], &prog->p[i + 2]);
			remove_pair(prog, i + 2);
		} else {
			i++;
		}
	}
}
