/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Building a rule's list of expressions. */
#include "unit.h"

#include "gate/program/program.h"

static void a_new_expression_has_no_registers(void **state)
{
	struct arena a = { 0 };
	struct program prog = { 0 };
	struct insn *i = program_add(&prog, &a, INSN_META);

	(void)state;
	assert_int_equal(i->kind, INSN_META);
	assert_int_equal(i->dreg, REG_NONE);
	assert_int_equal(i->sreg, REG_NONE);
	assert_int_equal(i->meta.key, 0);
	assert_int_equal(program_add(&prog, &a, INSN_CT)->ct.dir, -1);
	i = program_add(&prog, &a, INSN_NAT);
	assert_int_equal(i->nat.addr_min, REG_NONE);
	assert_int_equal(i->nat.proto_max, REG_NONE);
	assert_int_equal(program_add(&prog, &a, INSN_DYNSET)->dynset.sreg_data, REG_NONE);
	assert_int_equal(program_add(&prog, &a, INSN_QUEUE)->queue.sreg_from, REG_NONE);
	assert_int_equal(program_add(&prog, &a, INSN_TPROXY)->tproxy.port, REG_NONE);
	assert_int_equal(program_add(&prog, &a, INSN_FWD)->dup.dev, REG_NONE);
	arena_fini(&a);
}

static void a_program_keeps_its_order_as_it_grows(void **state)
{
	struct arena a = { 0 };
	struct program prog = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		program_add(&prog, &a, INSN_META)->meta.key = i;
	assert_int_equal(prog.n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(prog.p[i].meta.key, i);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_new_expression_has_no_registers),
		UNIT(a_program_keeps_its_order_as_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
