/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A rule is found by what it does, however it is written. */
#include "ruleset_world.h"

static const struct {
	const char *loaded, *named; /* the same rule in other words */
	bool found;
} rows[] = {
	{ "tcp dport 22 accept", "tcp dport ssh accept", true },
	{ "tcp dport { 22, 80 } accept", "tcp dport { http, ssh } accept", true },
	{ "tcp dport { 22, 80 } accept", "tcp dport { 22, 81 } accept", false },
	{ "tcp dport 22 accept", "meta l4proto tcp tcp dport 22 accept", true },
	{ "tcp dport 22 counter accept", "tcp dport 22 counter packets 5 bytes 7 accept",
	  true },
	{ "tcp dport 22 accept", "udp dport 22 accept", false },
	{ "ip saddr 10.0.0.0/8 drop", "ip saddr & 255.0.0.0 == 10.0.0.0 drop", false },
	{ "meta mark 5", "mark 0x5", true },
};

static void a_rule_is_deleted_by_its_text(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };

		buf_fmt(&text,
		        "flush ruleset\nadd table inet t\nadd chain inet t c\n"
		        "add rule inet t c %s\n",
		        rows[i].loaded);
		world_do(w, text.p);
		buf_reset(&text);
		buf_fmt(&text, "delete rule inet t c %s\n", rows[i].named);
		int r = world_run(w, text.p);
		if ((r == 0) != rows[i].found)
			fail_msg("%s\nas %s\n%s", rows[i].loaded, rows[i].named,
			         w->said.n ? w->said.p : "was deleted");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_rule_is_deleted_by_its_text,
		                                world_begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
