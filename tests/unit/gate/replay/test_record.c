/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/replay/record.h"

static struct track_tuple tuple(uint8_t src, uint16_t sport, uint8_t dst, uint16_t dport)
{
	return (struct track_tuple){ .src.b = { 10, 0, 0, src },
		                     .dst.b = { 10, 0, 0, dst },
		                     .src_port = sport,
		                     .dst_port = dport,
		                     .family = 4,
		                     .proto = 6 };
}

static void verdicts_are_counted_by_who_gave_them(void **state)
{
	static const struct sim_rule a, b;
	static const char why[] = "a martian";
	const struct sim_result results[] = {
		{ .fate = FATE_ACCEPT, .by = BY_RULE, .rule = &a },
		{ .fate = FATE_DROP, .by = BY_RULE, .rule = &b },
		{ .fate = FATE_DROP, .by = BY_STACK, .reason = why },
		{ .fate = FATE_ACCEPT, .by = BY_RULE, .rule = &a },
	};
	struct record t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		const struct record_fate f = { &results[i], 1u << results[i].fate,
			                       i % 3 ? why : NULL };
		assert_int_equal(record_packet(&t, &f, 100), i % 3);
	}
	assert_int_equal(t.judges.n, 3);
	assert_int_equal(t.judges.p[0].count.packets, 2);
	assert_int_equal(t.judges.p[0].count.bytes, 200);
	assert_int_equal(t.fates[FATE_DROP].packets, 2);
	assert_int_equal(t.doubts.n, 1);
	assert_int_equal(t.doubts.p[0].packets, 2);
	record_fini(&t);
}

static void what_can_come_out_otherwise_is_a_fate_of_its_own(void **state)
{
	static const struct sim_rule a;
	static const char random[] = "numgen random", mark[] = "meta cpu";
	const struct sim_result drop = { .fate = FATE_DROP, .by = BY_RULE, .rule = &a };
	const unsigned both = 1u << FATE_DROP | 1u << FATE_ACCEPT;
	const struct record_fate fates[] = { { &drop, both, random },
		                             { &drop, 1u << FATE_DROP, random },
		                             { &drop, both, mark },
		                             { &drop, both, random } };
	static const uint32_t judges[] = { 0, 1, 2, 0 };
	struct record t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fates); i++)
		assert_int_equal(record_packet(&t, &fates[i], 10), judges[i]);
	assert_int_equal(t.fates[FATE_SOMETIMES].packets, 3);
	assert_int_equal(t.fates[FATE_DROP].packets, 1);
	assert_int_equal(t.judges.p[0].fates, both);
	assert_string_equal(t.judges.p[2].reason, mark);
	record_fini(&t);
}

static void answers_belong_to_the_flow_of_the_question(void **state)
{
	struct track_tuple there = tuple(1, 4000, 2, 80), back = tuple(2, 80, 1, 4000);
	struct track_tuple other = tuple(1, 4000, 2, 81);
	struct record t = { 0 };

	(void)state;
	record_flow(&t, &there, &(struct record_seen){ 3, 4, 7, 60, false });
	record_flow(&t, &back, &(struct record_seen){ 5, 6, 8, 40, true });
	record_flow(&t, &other, &(struct record_seen){ 5, 6, 9, 40, false });
	assert_int_equal(t.flows.n, 2);
	assert_int_equal(t.flows.p[0].count.packets, 2);
	assert_int_equal(t.flows.p[0].count.bytes, 100);
	assert_int_equal(t.flows.p[0].judge, 3); /* of the first packet */
	assert_int_equal(t.flows.p[0].old_judge, 4);
	assert_int_equal(t.flows.p[0].first_ns, 7);
	assert_int_equal(t.flows.p[0].sometimes, 1);
	record_fini(&t);
}

static void flows_beyond_the_bound_are_only_counted(void **state)
{
	struct record t = { 0 };

	(void)state;
	for (uint32_t i = 0; i < RECORD_FLOWS_MAX + 10u; i++) {
		struct track_tuple one = tuple((uint8_t)(i >> 16), (uint16_t)i, 9, 1);
		record_flow(&t, &one, &(struct record_seen){ .length = 1 });
		record_flow(&t, &one, &(struct record_seen){ .length = 1 });
	}
	assert_int_equal(t.flows.n, RECORD_FLOWS_MAX);
	assert_int_equal(t.flows_lost, 20);
	record_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(verdicts_are_counted_by_who_gave_them),
		UNIT(what_can_come_out_otherwise_is_a_fate_of_its_own),
		UNIT(answers_belong_to_the_flow_of_the_question),
		UNIT(flows_beyond_the_bound_are_only_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
