/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From what the engine in memory holds to what packets run through. */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/set.h"
#include "gate/engine/sim/store.h"

static struct tx *begin(struct sim_store *s)
{
	struct tx *tx;

	assert_int_equal(s->engine.ops->tx_begin(&s->engine, 0, &tx), 0);
	return tx;
}

static int commit(struct sim_store *s, struct tx *tx)
{
	struct tx_error *errors;
	auto_arena a = { 0 };
	size_t n;

	return s->engine.ops->tx_commit(tx, false, &a, &errors, &n, NULL, NULL);
}

/* A table with a base chain whose only rule counts and jumps to a chain `x`. */
static void load(struct sim_store *s)
{
	const struct engine_ops *ops = s->engine.ops;
	struct prog_table t = { .family = NFPROTO_IPV4, .name = STR("t") };
	struct prog_chain base = { .family = NFPROTO_IPV4,
		                   .table = STR("t"),
		                   .name = STR("in"),
		                   .is_base = true,
		                   .hook = 1,
		                   .type = STR("filter") };
	struct prog_chain plain = { .family = NFPROTO_IPV4,
		                    .table = STR("t"),
		                    .name = STR("x") };
	struct prog_rule rule = { .family = NFPROTO_IPV4,
		                  .table = STR("t"),
		                  .chain = STR("in") };
	struct tx *tx = begin(s);
	auto_arena a = { 0 };

	program_add(&rule.prog, &a, INSN_COUNTER)->counter.packets = 7;
	struct insn *in = program_add(&rule.prog, &a, INSN_IMMEDIATE);
	in->dreg = REG_VERDICT;
	in->immediate.verdict = (struct verdict){ .code = NFT_JUMP, .chain = STR("x") };
	ops->tx_table(tx, TX_ADD, &t, 1);
	ops->tx_chain(tx, TX_ADD, &base, 2);
	ops->tx_chain(tx, TX_ADD, &plain, 3);
	ops->tx_rule(tx, TX_ADD, &rule, 4);
	assert_int_equal(commit(s, tx), 0);
	store_link(s);
}

static void a_rule_is_linked_to_the_chain_it_jumps_to(void **state)
{
	struct sim_store *s = store_new();

	(void)state;
	load(s);
	struct sim_table *t = store_table(s, NFPROTO_IPV4, STR("t"));
	assert_non_null(t);
	const struct sim_chain *in = table_chain(t, STR("in"));
	assert_int_equal(in->c.policy, NF_ACCEPT);
	assert_int_equal(in->rules.p[0]->tag, 4);
	assert_ptr_equal(in->rules.p[0]->chain, in);
	assert_ptr_equal(in->rules.p[0]->runs[1].chain, table_chain(t, STR("x")));
	store_free(s);
}

static struct sim_rule *the_rule(struct sim_store *s)
{
	return table_chain(store_table(s, NFPROTO_IPV4, STR("t")), STR("in"))->rules.p[0];
}

static void linking_again_forgets_what_packets_left_behind(void **state)
{
	struct sim_store *s = store_new();

	(void)state;
	load(s);
	the_rule(s)->runs[0].state.counter.packets += 3;
	the_rule(s)->looked = 3;
	s->now_ns = 5;
	store_link(s);
	assert_int_equal(the_rule(s)->runs[0].state.counter.packets, 7);
	assert_int_equal(the_rule(s)->looked, 0);
	assert_int_equal(s->now_ns, 0);
	store_free(s);
}

static void put_interval(struct sim_store *s, struct tx *tx, uint8_t from, uint8_t end)
{
	struct prog_elem e = { .has_key = true, .key = { 1, { from } } };

	s->engine.ops->tx_elem(tx, &e);
	e.key.b[0] = end;
	e.flags = NFT_SET_ELEM_INTERVAL_END;
	s->engine.ops->tx_elem(tx, &e);
}

static void intervals_that_touch_are_both_found(void **state)
{
	struct prog_set set = { .family = NFPROTO_IPV4,
		                .table = STR("t"),
		                .name = STR("s"),
		                .flags = NFT_SET_INTERVAL,
		                .key_len = 1 };
	struct sim_store *s = store_new();
	uint8_t key;

	(void)state;
	load(s);
	struct tx *tx = begin(s);
	s->engine.ops->tx_set(tx, TX_ADD, &set, 1);
	s->engine.ops->tx_elems_begin(tx, TX_ADD, &set, 2);
	put_interval(s, tx, 20, 30);
	put_interval(s, tx, 10, 20);
	s->engine.ops->tx_elems_end(tx);
	assert_int_equal(commit(s, tx), 0);
	store_link(s);
	struct sim_set *linked =
		table_set(store_table(s, NFPROTO_IPV4, STR("t")), STR("s"));
	for (key = 0; key < 40; key++)
		assert_int_equal(set_find(linked, &key, 0) != NULL,
		                 key >= 10 && key < 30);
	store_free(s);
}

static void what_is_deleted_is_gone_when_linked(void **state)
{
	struct prog_table t = { .family = NFPROTO_IPV4, .name = STR("t") };
	struct sim_store *s = store_new();

	(void)state;
	load(s);
	struct tx *tx = begin(s);
	s->engine.ops->tx_table(tx, TX_DELETE, &t, 1);
	assert_int_equal(commit(s, tx), 0);
	store_link(s);
	assert_null(store_table(s, NFPROTO_IPV4, STR("t")));
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_rule_is_linked_to_the_chain_it_jumps_to),
		UNIT(linking_again_forgets_what_packets_left_behind),
		UNIT(intervals_that_touch_are_both_found),
		UNIT(what_is_deleted_is_gone_when_linked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
