/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* DNAT, SNAT, MASQUERADE, REDIRECT: the kernel's ranges as the tracker's. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <string.h>

#include "gate/engine/sim/xt.h"

static uint16_t host16(const void *be)
{
	uint8_t b[2];

	memcpy(b, be, sizeof(b));
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* IPv4's old form: one range. */
static struct track_nat_range range_old(const struct xt *m)
{
	const struct nf_nat_ipv4_multi_range_compat *i = m->info;
	const struct nf_nat_ipv4_range *r = &i->range[0];
	struct track_nat_range out = { .flags = r->flags,
		                       .port_min = host16(&r->min),
		                       .port_max = host16(&r->max) };

	memcpy(out.addr_min.b, &r->min_ip, 4);
	memcpy(out.addr_max.b, &r->max_ip, 4);
	return out;
}

/* Revision 2 has one port more behind it. */
static struct track_nat_range range_new(const struct xt *m)
{
	const struct nf_nat_range *r = m->info;
	struct track_nat_range out = { .flags = r->flags,
		                       .port_min = host16(&r->min_proto),
		                       .port_max = host16(&r->max_proto) };

	memcpy(out.addr_min.b, &r->min_addr, 16);
	memcpy(out.addr_max.b, &r->max_addr, 16);
	return out;
}

static enum xt_answer give(struct exec *x, enum track_verdict v)
{
	x->verdict = v == TRACK_ACCEPT ? NF_ACCEPT : NF_DROP;
	return XT_YES;
}

static enum xt_answer setup(struct exec *x, const struct track_nat_range *r)
{
	struct pass *p = x->pass;

	return give(x,
	            track_nat_setup(p->sim->track, &p->ref, (enum track_hook)p->hook, r));
}

enum xt_answer xt_nat_old(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_old(m);

	return setup(x, &r);
}

enum xt_answer xt_nat1(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_new(m);

	return setup(x, &r);
}

enum xt_answer xt_nat2(struct exec *x, struct xt *m)
{
	const struct nf_nat_range2 *i = m->info;
	struct track_nat_range r = range_new(m);

	r.port_base = host16(&i->base_proto);
	return setup(x, &r);
}

static enum xt_answer masquerade(struct exec *x, const struct track_nat_range *r)
{
	return nat_masquerade(x, r) == STEP_ON ? XT_YES : XT_NO;
}

static enum xt_answer redirect(struct exec *x, const struct track_nat_range *r)
{
	return nat_redirect(x, r) == STEP_ON ? XT_YES : XT_NO;
}

enum xt_answer xt_masquerade4(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_old(m);

	return masquerade(x, &r);
}

enum xt_answer xt_masquerade6(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_new(m);

	return masquerade(x, &r);
}

enum xt_answer xt_redirect4(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_old(m);

	return redirect(x, &r);
}

enum xt_answer xt_redirect6(struct exec *x, struct xt *m)
{
	struct track_nat_range r = range_new(m);

	return redirect(x, &r);
}
