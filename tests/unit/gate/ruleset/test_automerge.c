/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `auto-merge`: what touches or overlaps becomes one, also with what the set holds already. */
#include "ruleset_world.h"

static const struct {
	const char *held, *added, *merged;
} rows[] = {
	{ "10-20", "21-30", "10-30" },
	{ "10-20", "15-30", "10-30" },
	{ "10-20", "22-30", "10-20, 22-30" },
	{ "10-20", "12", "10-20" },
	{ "10-20, 30-40", "21-29", "10-40" },
	{ "10-20, 30-40, 50", "0-65535", "0-65535" },
	{ "10-20", "0-9, 5", "0-20" },
	{ "65535", "65530-65534", "65530-65535" },
};

static void intervals_are_joined(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 }, want = { 0 };

		buf_fmt(&text,
		        "flush ruleset\nadd table inet t\nadd set inet t s { type inet_service; "
		        "flags interval; auto-merge; elements = { %s } }\n",
		        rows[i].held);
		world_do(w, text.p);
		buf_reset(&text);
		buf_fmt(&text, "add element inet t s { %s }\n", rows[i].added);
		world_do(w, text.p);
		world_do(w, "list ruleset");
		buf_fmt(&want,
		        "table inet t {\n\tset s {\n\t\ttype inet_service\n\t\tflags interval\n"
		        "\t\tauto-merge\n\t\telements = { %s }\n\t}\n}\n",
		        rows[i].merged);
		assert_str(buf_as_str(&w->out), want.p);
	}
}

static void a_set_without_it_refuses(void **state)
{
	struct world *w = *state;

	world_do(
		w,
		"add table inet t\nadd set inet t s { type inet_service; flags interval; }");
	assert_true(world_run(w, "add element inet t s { 10-20, 15-30 }") < 0);
	assert_true(str_starts(buf_as_str(&w->said), STR("E0501")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(intervals_are_joined, world_begin,
		                                world_end),
		cmocka_unit_test_setup_teardown(a_set_without_it_refuses, world_begin,
		                                world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
