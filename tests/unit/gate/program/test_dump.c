/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The debug text of what not every kernel has; all else is compared with nft itself in
 * tests/kernel/test_program_dump.py. The texts wanted are what Debian's nft printed.
 */
#include "unit.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/program/program.h"

static void assert_dump(const struct insn *i, const char *want)
{
	struct insn copy = *i;
	struct program prog = { &copy, 1, 1 };
	auto_buf out = { 0 };

	program_dump(&prog, &out);
	assert_str(buf_as_str(&out), want);
}

static void queues_are_shown(void **state)
{
	struct insn i;

	(void)state;
	insn_init(&i, INSN_QUEUE);
	i.queue.num = 3;
	i.queue.total = 1;
	assert_dump(&i, "  [ queue num 3 ]\n");
	i.queue.total = 5;
	i.queue.flags = NFT_QUEUE_FLAG_BYPASS | NFT_QUEUE_FLAG_CPU_FANOUT;
	assert_dump(&i, "  [ queue num 3-7 bypass fanout ]\n");
	i.queue.sreg_from = 0;
	i.queue.flags = NFT_QUEUE_FLAG_BYPASS;
	assert_dump(&i, "  [ queue sreg_qnum 1 bypass ]\n");
}

static void flow_tables_are_shown(void **state)
{
	struct insn i;

	(void)state;
	insn_init(&i, INSN_FLOW_OFFLOAD);
	i.flow.table = STR("f");
	assert_dump(&i, "  [ flow_offload flowtable f ]\n");
}

static void bridge_keys_are_shown(void **state)
{
	struct insn i;

	(void)state;
	insn_init(&i, INSN_META);
	i.dreg = 0;
	i.meta.key = NFT_META_BRI_IIFPVID;
	assert_dump(&i, "  [ meta load bri_iifpvid => reg 1 ]\n");
	i.meta.key = 5000;
	assert_dump(&i, "  [ meta load unknown => reg 1 ]\n");
}

static void data_is_words_in_the_machines_order(void **state)
{
	struct insn i;

	(void)state;
	insn_init(&i, INSN_CMP);
	i.sreg = 0;
	i.cmp.data = (struct data){ .n = 5, .b = { 'e', 't', 'h', '0', '1' } };
	assert_dump(&i, "  [ cmp eq reg 1 0x30687465 0x00000031 ]\n");
	i.sreg = 1;
	i.cmp.op = NFT_CMP_NEQ;
	i.cmp.data.n = 2;
	assert_dump(&i, "  [ cmp neq reg 9 0x00007465 ]\n");
}

static void a_foreign_expression_is_named(void **state)
{
	struct insn i;

	(void)state;
	insn_init(&i, INSN_FOREIGN);
	i.foreign.name = STR("match");
	i.foreign.n = 36;
	assert_dump(&i, "  [ match 36 bytes ]\n");
}

static void a_rule_has_a_head_and_user_data(void **state)
{
	static const uint8_t user[] = { 0, 3, 'h', 'i', 0 };
	struct prog_rule r = { .family = NFPROTO_INET,
		               .table = STR("t"),
		               .chain = STR("c"),
		               .handle = 7,
		               .userdata = { user, sizeof(user) } };
	auto_buf out = { 0 };

	(void)state;
	prog_rule_dump(&r, &out);
	assert_str(buf_as_str(&out), "inet t c 7\n  userdata = { \\x00\\x03hi\\x00 }\n");
	buf_reset(&out);
	r.userdata.n = r.handle = 0;
	prog_rule_dump(&r, &out);
	assert_str(buf_as_str(&out), "inet t c\n\n");
}

static void a_new_set_shows_its_properties(void **state)
{
	struct prog_set s = { .table = STR("t"),
		              .name = STR("s2"),
		              .flags = 0x30,
		              .timeout_ms = 60000,
		              .has_size = true,
		              .size = 65535 };
	auto_buf out = { 0 };

	(void)state;
	prog_set_dump_new(&s, &out);
	assert_str(buf_as_str(&out), "s2 t 30 timeout 60000ms size 65535\n");
}

static void elements_show_key_data_and_flags(void **state)
{
	struct prog_elem e = { .has_key = true, .key = { .n = 4, .b = { 1, 2, 3, 4 } } };
	auto_buf out = { 0 };

	(void)state;
	prog_elem_dump(&e, &out);
	assert_str(buf_as_str(&out), "\telement 04030201  : 0 [end]");
	buf_reset(&out);
	e.has_data = e.is_verdict = true;
	e.verdict = (struct verdict){ .code = NFT_JUMP, .chain = STR("d") };
	prog_elem_dump(&e, &out);
	assert_str(buf_as_str(&out), "\telement 04030201  : jump -> d 0 [end]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(queues_are_shown),
		UNIT(flow_tables_are_shown),
		UNIT(bridge_keys_are_shown),
		UNIT(data_is_words_in_the_machines_order),
		UNIT(a_foreign_expression_is_named),
		UNIT(a_rule_has_a_head_and_user_data),
		UNIT(a_new_set_shows_its_properties),
		UNIT(elements_show_key_data_and_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
