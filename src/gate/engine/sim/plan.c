/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The built-in hooks stand at the priorities of linux/netfilter_ipv4.h; of what has the same
 * priority, the last registered runs first (measured: the manual leaves it open).
 */
#include "gate/engine/sim/plan.h"

#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/oom.h"
#include "gate/engine/sim/store.h"

enum { FAMILIES = 16, HOOKS = 8 };
enum {
	PRI_DEFRAG = -400,
	PRI_TRACK = -200,
	PRI_NAT_DST = -100,
	PRI_NAT_SRC = 100,
	PRI_CONFIRM = INT_MAX
};
/* linux/netfilter_bridge.h: enum nf_br_hook_priorities */
enum { PRI_BR_NETFILTER = 0, PRI_BR_LAST = INT_MAX };

struct hook_plan {
	struct plan_hook hooks[FAMILIES][HOOKS];
};

struct chain_list {
	VEC(struct sim_chain *) v;
};

static bool is_ip(uint8_t pf)
{
	return pf == NFPROTO_IPV4 || pf == NFPROTO_IPV6;
}

static bool is_at(const struct sim_chain *c, uint8_t pf, uint8_t hook)
{
	uint8_t family = c->table->t.family;

	if (!c->c.is_base)
		return false;
	if (pf == NFPROTO_NETDEV) {
		bool inet = family == NFPROTO_INET && c->c.hook == NF_INET_INGRESS &&
		            hook == NF_NETDEV_INGRESS;
		return (inet || (family == NFPROTO_NETDEV && c->c.hook == hook)) &&
		       c->c.n_devs;
	}
	return c->c.hook == hook &&
	       (family == pf || (is_ip(pf) && family == NFPROTO_INET));
}

static bool runs_before(const struct sim_chain *a, const struct sim_chain *b)
{
	if (a->c.priority != b->c.priority)
		return a->c.priority < b->c.priority;
	return a->registered > b->registered;
}

static void list_add(struct chain_list *l, struct sim_chain *c)
{
	vec_push(&l->v, c);
	for (size_t i = l->v.n - 1; i > 0 && runs_before(c, l->v.p[i - 1]); i--) {
		l->v.p[i] = l->v.p[i - 1];
		l->v.p[i - 1] = c;
	}
}

static void collect(const struct sim_store *s, uint8_t pf, uint8_t hook,
                    struct chain_list *filter, struct chain_list *nat)
{
	vec_for_each(table, &s->tables) {
		if ((*table)->t.flags & NFT_TABLE_F_DORMANT)
			continue;
		vec_for_each(it, &(*table)->chains)
			if (is_at(*it, pf, hook))
				list_add(str_is((*it)->c.type, "nat") ? nat : filter,
				         *it);
	}
}

static bool has_nat(const struct sim_store *s, uint8_t pf)
{
	vec_for_each(table, &s->tables) {
		if ((*table)->t.family != pf && (*table)->t.family != NFPROTO_INET)
			continue;
		vec_for_each(it, &(*table)->chains)
			if (str_is((*it)->c.type, "nat"))
				return true;
	}
	return false;
}

/* A built-in hook and its priority. br_netfilter's are registered with the first bridge, before
 * any chain, so that chains of the same priority run before them; those of connection tracking
 * with the first rule that asks for it. */
struct builtin {
	int64_t priority;
	enum plan_kind kind;
	bool is_behind;
};

static size_t builtins_of_bridge(const struct sim_store *s, uint8_t hook,
                                 struct builtin out[3])
{
	bool ends = hook == NF_INET_POST_ROUTING || hook == NF_INET_LOCAL_IN;
	size_t n = 0;

	if (hook >= NF_INET_NUMHOOKS || hook == NF_INET_LOCAL_OUT)
		return 0;
	if (store_tracks(s, NFPROTO_BRIDGE)) {
		if (hook == NF_INET_PRE_ROUTING)
			out[n++] =
				(struct builtin){ PRI_TRACK, PLAN_BRIDGE_TRACK, false };
		if (ends)
			out[n++] = (struct builtin){ PRI_CONFIRM, PLAN_BRIDGE_CONFIRM,
				                     false };
	}
	out[n++] = (struct builtin){ ends ? PRI_BR_LAST : PRI_BR_NETFILTER, PLAN_BRIDGE,
		                     true };
	return n;
}

static size_t builtins_of(const struct sim_store *s, uint8_t pf, uint8_t hook,
                          struct builtin out[3])
{
	bool begins = hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_OUT;
	bool ends = hook == NF_INET_LOCAL_IN || hook == NF_INET_POST_ROUTING;
	bool nats = (begins || ends) && has_nat(s, pf);
	size_t n = 0;

	if (pf == NFPROTO_BRIDGE)
		return builtins_of_bridge(s, hook, out);
	if (!is_ip(pf) || !store_tracks(s, pf))
		return 0;
	if (begins) {
		out[n++] = (struct builtin){ PRI_DEFRAG, PLAN_DEFRAG, false };
		out[n++] = (struct builtin){ PRI_TRACK, PLAN_TRACK, false };
	}
	if (nats)
		out[n++] = (struct builtin){ begins ? PRI_NAT_DST : PRI_NAT_SRC, PLAN_NAT,
			                     false };
	if (ends)
		out[n++] = (struct builtin){ PRI_CONFIRM, PLAN_CONFIRM, false };
	return n;
}

static void plan_one(struct sim_store *s, struct plan_hook *h, uint8_t pf, uint8_t hook)
{
	struct chain_list filter = { 0 }, nat = { 0 };
	struct builtin builtins[3];
	size_t n = builtins_of(s, pf, hook, builtins), b = 0, f = 0;
	VEC(struct plan_step) steps = { 0 };

	collect(s, pf, hook, &filter, &nat);
	while (b < n || f < filter.v.n) {
		int64_t next = f < filter.v.n ? filter.v.p[f]->c.priority : INT64_MAX;
		if (b < n && builtins[b].priority + builtins[b].is_behind <= next)
			vec_push(&steps, (struct plan_step){ builtins[b++].kind, NULL });
		else
			vec_push(&steps,
			         (struct plan_step){ PLAN_CHAIN, filter.v.p[f++] });
	}
	*h = (struct plan_hook){ steps.p, steps.n, nat.v.p, nat.v.n };
	vec_fini(&filter.v);
}

static COLD void plan_make(struct sim_store *s)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_ARP,
		                            NFPROTO_BRIDGE, NFPROTO_NETDEV };

	s->plan = base_calloc(1, sizeof(*s->plan));
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (unsigned hook = 0; hook < HOOKS; hook++)
			plan_one(s, &s->plan->hooks[families[i]][hook], families[i],
			         (uint8_t)hook);
}

const struct plan_hook *plan_at(struct sim_store *s, uint8_t pf, uint8_t hook)
{
	if (!s->plan)
		plan_make(s);
	return &s->plan->hooks[pf % FAMILIES][hook % HOOKS];
}

void plan_free(struct sim_store *s)
{
	for (unsigned pf = 0; s->plan && pf < FAMILIES; pf++)
		for (unsigned hook = 0; hook < HOOKS; hook++) {
			free(s->plan->hooks[pf][hook].steps);
			free(s->plan->hooks[pf][hook].nat);
		}
	free(s->plan);
	s->plan = NULL;
}
