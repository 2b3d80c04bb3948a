/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/store.h"

/* A table with a base chain whose only rule jumps to `target`, made in one transaction. */
static int load(struct sim_store *s, const char *target, const char *other)
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
		                    .name = str_from(other) };
	struct prog_rule rule = { .family = NFPROTO_IPV4,
		                  .table = STR("t"),
		                  .chain = STR("in") };
	auto_arena a = { 0 };
	struct tx_error *errors = NULL;
	size_t n = 0;
	struct tx *tx;

	struct insn *in = program_add(&rule.prog, &a, INSN_IMMEDIATE);
	in->dreg = REG_VERDICT;
	in->immediate.verdict =
		(struct verdict){ .code = NFT_JUMP, .chain = str_from(target) };
	assert_int_equal(ops->tx_begin(&s->engine, 0, &tx), 0);
	ops->tx_table(tx, TX_ADD, &t, 1);
	ops->tx_chain(tx, TX_ADD, &base, 2);
	ops->tx_chain(tx, TX_ADD, &plain, 3);
	ops->tx_rule(tx, TX_ADD, &rule, 4);
	int r = ops->tx_commit(tx, false, &a, &errors, &n, NULL, NULL);
	if (r < 0) {
		assert_int_equal(n, 1);
		assert_int_equal(errors[0].tag, 4);
		assert_int_equal(errors[0].part, PART_INSN);
	}
	return r;
}

static void a_rule_is_linked_to_the_chain_it_jumps_to(void **state)
{
	struct sim_store *s = store_new();

	(void)state;
	assert_int_equal(load(s, "x", "x"), 0);
	struct sim_table *t = store_table(s, NFPROTO_IPV4, STR("t"));
	assert_non_null(t);
	const struct sim_chain *in = table_chain(t, STR("in"));
	assert_int_equal(in->c.policy, NF_ACCEPT);
	assert_ptr_equal(in->rules.p[0]->runs[0].chain, table_chain(t, STR("x")));
	store_free(s);
}

static void a_jump_to_nowhere_names_the_rule_and_its_instruction(void **state)
{
	struct sim_store *s = store_new();

	(void)state;
	assert_int_equal(load(s, "x", "y"), -ENOENT);
	store_free(s);
}

static int count_rule(void *ctx, const struct prog_rule *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

static void what_was_stored_is_given_back(void **state)
{
	static const struct dump_ops ops = { .rule = count_rule };
	struct dump_filter in = { .family = NFPROTO_IPV4,
		                  .table = STR("t"),
		                  .name = STR("in") };
	struct dump_filter none = { .family = NFPROTO_IPV4,
		                    .table = STR("t"),
		                    .name = STR("zz") };
	struct sim_store *s = store_new();
	int n = 0;

	(void)state;
	assert_int_equal(load(s, "x", "x"), 0);
	assert_int_equal(s->engine.ops->dump(&s->engine, DUMP_RULES, &in, &ops, NULL, &n),
	                 0);
	assert_int_equal(n, 1);
	assert_int_equal(s->engine.ops->get(&s->engine, DUMP_CHAINS, &none, &ops, &n),
	                 -ENOENT);
	store_free(s);
}

static void deleting_a_table_takes_all_of_it(void **state)
{
	struct prog_table t = { .family = NFPROTO_IPV4, .name = STR("t") };
	struct sim_store *s = store_new();
	auto_arena a = { 0 };
	struct tx_error *errors;
	size_t n;
	struct tx *tx;

	(void)state;
	assert_int_equal(load(s, "x", "x"), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(s->engine.ops->tx_begin(&s->engine, 0, &tx), 0);
		s->engine.ops->tx_table(tx, TX_DELETE, &t, 1);
		assert_int_equal(
			s->engine.ops->tx_commit(tx, false, &a, &errors, &n, NULL, NULL),
			again ? -ENOENT : 0);
	}
	assert_null(store_table(s, NFPROTO_IPV4, STR("t")));
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_rule_is_linked_to_the_chain_it_jumps_to),
		UNIT(a_jump_to_nowhere_names_the_rule_and_its_instruction),
		UNIT(what_was_stored_is_given_back),
		UNIT(deleting_a_table_takes_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
