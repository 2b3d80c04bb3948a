/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "gate/engine/sim/sim.h"
#include "gate/scenario/expect.h"

struct reading {
	struct sources sources;
	struct arena a;
	struct diags diags;
	struct expect_list list;
	int r;
};

static void read_list(struct reading *x, const char *text)
{
	*x = (struct reading){ .r = 0 };
	uint32_t file = sources_add(&x->sources, STR("test"), str_from(text));
	struct span span = { file, 0, (uint32_t)strlen(text) };

	x->r = expect_read(&x->sources, span, NULL, &x->a, &x->diags, &x->list);
}

static void done(struct reading *x)
{
	diags_fini(&x->diags);
	sources_fini(&x->sources);
	arena_fini(&x->a);
}

static void groups_follow_each_other_with_their_numbers(void **state)
{
	struct reading x;

	(void)state;
	read_list(&x, "5 new accept, then drop by \"ssh limit\" no log then 2 reject");
	assert_int_equal(x.r, 0);
	assert_int_equal(x.list.n, 3);
	assert_int_equal(x.list.p[0].count, 5);
	assert_int_equal(x.list.p[0].n, 2);
	assert_int_equal(x.list.p[1].count, 0);
	assert_int_equal(x.list.p[1].n, 3);
	assert_int_equal(x.list.p[1].p[0].fate, FATE_DROP);
	assert_int_equal(x.list.p[1].p[1].by, EXPECT_BY_COMMENT);
	assert_str(x.list.p[1].p[1].text, "ssh limit");
	assert_int_equal(x.list.p[1].p[2].kind, EXPECT_NO_LOG);
	assert_int_equal(x.list.p[2].count, 2);
	assert_int_equal(x.list.p[2].p[0].fate, FATE_REJECT);
	done(&x);
}

static void the_names_of_fates_are_the_simulators(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FATE_SOMETIMES; i++) {
		struct reading x;
		read_list(&x, fate_name((enum sim_fate)i));
		assert_int_equal(x.r, 0);
		assert_int_equal(x.list.p[0].p[0].fate, i);
		done(&x);
	}
}

static void each_kind_is_read_with_what_belongs_to_it(void **state)
{
	static const struct {
		const char *text;
		enum expect_kind kind;
	} rows[] = {
		{ "accept", EXPECT_FATE },
		{ "sometimes", EXPECT_FATE },
		{ "related", EXPECT_STATE },
		{ "by handle 7", EXPECT_BY },
		{ "by line 80", EXPECT_BY },
		{ "by a.nft:80", EXPECT_BY },
		{ "by policy", EXPECT_BY },
		{ "by policy of input", EXPECT_BY },
		{ "by stack", EXPECT_BY },
		{ "through line 5", EXPECT_THROUGH },
		{ "from 10.0.0.1:1-2", EXPECT_FROM },
		{ "to [fd00::1]:22", EXPECT_TO },
		{ "out eth1", EXPECT_OUT },
		{ "mark 0x10", EXPECT_MARK },
		{ "ct mark 16", EXPECT_CT_MARK },
		{ "log", EXPECT_LOG },
		{ "log \"x: \"", EXPECT_LOG },
		{ "no log", EXPECT_NO_LOG },
		{ "counter web packets 3", EXPECT_COUNTER },
		{ "counter inet t web bytes >= 3", EXPECT_COUNTER },
		{ "counter of \"web\" packets != 3", EXPECT_COUNTER },
		{ "@s has 10.0.0.1 . 22", EXPECT_ELEMENT },
		{ "set ip t s lacks 10.0.0.1", EXPECT_ELEMENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reading x;
		read_list(&x, rows[i].text);
		assert_int_equal(x.r, 0);
		assert_int_equal(x.list.n, 1);
		assert_int_equal(x.list.p[0].n, 1);
		assert_int_equal(x.list.p[0].p[0].kind, rows[i].kind);
		done(&x);
	}
}

static void mistakes_are_shown_where_they_are(void **state)
{
	static const struct {
		const char *text;
		uint32_t off;
	} rows[] = {
		{ "", 0 },
		{ "acept", 0 },
		{ "accept, then", 8 },
		{ "accept then acept", 12 },
		{ "0 accept", 0 },
		{ "drop by nobody", 8 },
		{ "through policy", 8 },
		{ "to 1.2.3", 3 },
		{ "mark x", 5 },
		{ "counter web 3", 12 },
		{ "@s is 3", 3 },
		{ "\"accept\"", 0 },
		{ "no", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reading x;
		read_list(&x, rows[i].text);
		assert_int_equal(x.r, -EINVAL);
		assert_int_equal(x.diags.errors, 1);
		assert_int_equal(x.diags.list.p[0]->span.off, rows[i].off);
		done(&x);
	}
}

static void numbers_are_compared_as_written(void **state)
{
	static const struct {
		enum expect_compare how;
		bool below, equal, above;
	} rows[] = {
		{ COMPARE_EQ, false, true, false }, { COMPARE_NE, true, false, true },
		{ COMPARE_LT, true, false, false }, { COMPARE_LE, true, true, false },
		{ COMPARE_GT, false, false, true }, { COMPARE_GE, false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(expect_compare(rows[i].how, 1, 2), rows[i].below);
		assert_int_equal(expect_compare(rows[i].how, 2, 2), rows[i].equal);
		assert_int_equal(expect_compare(rows[i].how, 3, 2), rows[i].above);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(groups_follow_each_other_with_their_numbers),
		UNIT(the_names_of_fates_are_the_simulators),
		UNIT(each_kind_is_read_with_what_belongs_to_it),
		UNIT(mistakes_are_shown_where_they_are),
		UNIT(numbers_are_compared_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
