/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Capture files from anybody through two rulesets of a router: connections, translation both
 * ways, dropping by state. The first byte has the options.
 */
#include "fuzz.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "gate/replay/replay.h"

static int64_t read_some(void *ctx, void *to, size_t n)
{
	struct str *rest = ctx;

	n = n < rest->n ? n : rest->n;
	memcpy(to, rest->p, n);
	*rest = str_sub(*rest, n, rest->n);
	return (int64_t)n;
}

/* `ct state invalid drop` */
static void drop_invalid(struct program *p, struct arena *a)
{
	static const uint32_t zero = 0, mask = TRACK_INVALID;
	struct insn *i = program_add(p, a, INSN_CT);

	i->ct.key = NFT_CT_STATE;
	i->dreg = 4;
	i = program_add(p, a, INSN_BITWISE);
	i->sreg = i->dreg = 4;
	i->bitwise.len = 4;
	memcpy(i->bitwise.mask.b, &mask, sizeof(mask));
	i = program_add(p, a, INSN_CMP);
	i->sreg = 4;
	i->cmp.op = NFT_CMP_NEQ;
	i->cmp.data.n = 4;
	memcpy(i->cmp.data.b, &zero, sizeof(zero));
	i = program_add(p, a, INSN_IMMEDIATE);
	i->dreg = REG_VERDICT;
	i->immediate.verdict.code = NF_DROP;
}

static void add_chain(struct tx *tx, const struct engine_ops *ops, const char *name,
                      const char *type, uint32_t hook, const struct program *prog)
{
	struct prog_chain c = { .family = NFPROTO_INET,
		                .table = STR("t"),
		                .name = str_from(name),
		                .type = str_from(type),
		                .is_base = true,
		                .policy = NF_ACCEPT,
		                .hook = hook };
	struct prog_rule r = {
		.family = NFPROTO_INET, .table = STR("t"), .chain = c.name, .prog = *prog
	};

	ops->tx_chain(tx, TX_ADD, &c, 1);
	ops->tx_rule(tx, TX_ADD, &r, 2);
}

static struct sim_store *make_store(bool translates)
{
	struct prog_table t = { .family = NFPROTO_INET, .name = STR("t") };
	struct sim_store *s = store_new();
	const struct engine_ops *ops = s->engine.ops;
	struct program drop = { 0 }, masq = { 0 }, redir = { 0 };
	struct tx_error *errors;
	auto_arena a = { 0 };
	struct tx *tx;
	size_t n;

	drop_invalid(&drop, &a);
	program_add(&masq, &a, INSN_MASQ)->dreg = REG_NONE;
	program_add(&redir, &a, INSN_REDIR)->dreg = REG_NONE;
	ops->tx_begin(&s->engine, 0, &tx);
	ops->tx_table(tx, TX_ADD, &t, 1);
	add_chain(tx, ops, "in", "filter", NF_INET_LOCAL_IN, &drop);
	add_chain(tx, ops, "fwd", "filter", NF_INET_FORWARD, &drop);
	if (translates) {
		add_chain(tx, ops, "pre", "nat", NF_INET_PRE_ROUTING, &redir);
		add_chain(tx, ops, "post", "nat", NF_INET_POST_ROUTING, &masq);
	}
	if (ops->tx_commit(tx, false, &a, &errors, &n, NULL, NULL) < 0)
		abort();
	return s;
}

static void add_local(struct replay *r, const struct sim_dev *dev)
{
	struct side_addr own = { .family = NFPROTO_IPV4, .addr = { 10, 0, 0, 1 } };

	vec_push(&r->side.locals, own);
	machine_add_addr(r->side.machine, dev, NFPROTO_IPV4, own.addr, 24);
}

static void send_all(struct replay *r, struct str bytes, bool looks_ahead)
{
	auto_ptr(capture) c = NULL;
	struct replay_outcome out;
	struct capture_frame f, next;
	uint64_t sent = 0, skipped = 0;

	if (capture_open(read_some, &bytes, &c) < 0)
		return;
	while (capture_next(c, &f) > 0) {
		if (looks_ahead && capture_peek(c, &next))
			replay_expect(r, &next);
		replay_frame(r, &f, &out);
	}
	for (unsigned k = 0; k < FATES; k++)
		sent += r->now.record.fates[k].packets;
	for (unsigned k = 0; k < SKIP_KINDS; k++)
		skipped += r->skipped[k];
	if (sent + skipped + r->unknown_links != r->frames)
		abort(); /* each frame is counted once */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t options = n ? data[0] : 0;
	struct sim_store *store = make_store(options & 1), *old = make_store(false);
	struct sim_machine machine;
	struct replay r;

	machine_init(&machine, 1);
	replay_init(&r, &machine, store, options & 2 ? old : NULL);
	r.side.dev = machine_dev(&machine, STR("eth0"), 2);
	r.side.forwards = options & 4;
	r.side.sees_all = options & 8;
	r.checks_sums = options & 16;
	if (options & 32)
		add_local(&r, r.side.dev);
	send_all(&r, (struct str){ (const char *)data + 1, n ? n - 1 : 0 }, options & 64);
	replay_fini(&r);
	machine_fini(&machine);
	store_free(store);
	store_free(old);
	return 0;
}
