/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A rule to byte code, and what is refused on the way. */
#include "ruleset_world.h"

static const struct {
	const char *family, *rule, *code; /* code: of the error; NULL: taken */
} rows[] = {
	{ "inet", "tcp dport 22", NULL },
	{ "inet", "tcp dport 22 udp sport 5", "E0302" },
	{ "inet", "ip saddr 1.2.3.4 ip6 daddr ::1", "E0302" },
	{ "ip", "ip6 daddr ::1", "E0301" },
	{ "arp", "tcp dport 22", "E0301" },
	{ "netdev", "arp operation request reject", "E0301" },
	{ "netdev", "ip saddr 1.2.3.4 reject", NULL },
	{ "inet", "symhash mod 4 offset 2 == 164", "E0244" },
	{ "inet", "symhash mod 4 offset 2 == 5", NULL },
	{ "inet", "socket wildcard 2", "E0244" },
	{ "ip", "meta nfproto ipv4", "E0247" },
	{ "ip", "reject with icmpx port-unreachable", "E0309" },
	{ "inet", "meta l4proto udp reject with tcp reset", "E0304" },
	{ "inet", "icmp id 5 icmp mtu 5", "E0302" },
	{ "inet", "osf name . tcp dport { \"Linux\" . 5 }", "E0248" },
};

static void rules_are_taken_or_refused(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };

		buf_fmt(&text,
		        "flush ruleset\nadd table %s t\nadd chain %s t c\nadd rule %s t c %s\n",
		        rows[i].family, rows[i].family, rows[i].family, rows[i].rule);
		int r = world_run(w, text.p);
		struct str said = buf_as_str(&w->said);

		if (rows[i].code ? !str_starts(said, str_from(rows[i].code)) : r < 0)
			fail_msg("%s: " STR_FMT, rows[i].rule, STR_ARG(said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_are_taken_or_refused, world_begin,
		                                world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
