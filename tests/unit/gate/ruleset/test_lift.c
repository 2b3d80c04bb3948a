/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A rule's byte code back to text: what is listed, and that it loads to the same again. */
#include "ruleset_world.h"

struct row {
	const char *family, *rule, *listed; /* listed NULL: as written */
};

static const struct row rows[] = {
	{ "inet", "tcp dport 22 accept", NULL },
	{ "inet", "ip saddr 10.0.0.0/8 drop", NULL },
	{ "inet", "meta nfproto ipv4 tcp dport { 22, 80-90 }", NULL },
	{ "inet", "meta mark & 0xffff0000 == 0x7fff0000", "meta mark 0x7fff0000/16" },
	/* no prefix has bits behind its mask: as one it would match all */
	{ "inet", "meta mark & 0 == 5", "meta mark & 0x00000000 == 0x00000005" },
	{ "inet", "iifgroup & 0xff000000 == 0x1000000", "iifgroup 16777216/8" },
	{ "inet", "fib daddr type <= local", "fib daddr type <= 2" },
	{ "inet", "fib daddr type local", NULL },
	/* fields of less than a byte end where the field does */
	{ "inet", "tcp reserved { 1, 13-15 }", NULL },
	{ "inet", "tcp reserved vmap { 1 : drop, 15 : accept, 3-5 : return }",
	  "tcp reserved vmap { 1 : drop, 3-5 : return, 15 : accept }" },
	{ "inet", "ip hdrlength vmap { 9 : accept, 14-15 : drop }", NULL },
	{ "inet", "ct label & (7|5|1) == 7", "ct label 7 / 1,5,7" },
	{ "inet", "ct label 7 / 1,5", NULL },
	{ "inet", "meta l4proto tcp log tcp dport 5", NULL },
	/* what is implied and listed is not implied again */
	{ "ip", "icmp type { echo-reply, echo-request } icmp id 5", NULL },
	/* neighbours are one match across others, not across what counts */
	{ "inet", "tcp dport 5 ct state new tcp sport 6",
	  "ct state new tcp sport 6 tcp dport 5" },
	{ "inet", "tcp sport 6 numgen inc mod 2 1 tcp dport 5", NULL },
	{ "inet", "tcp sport 6 ip saddr @s tcp dport 5", NULL },
	{ "inet", "ct label & 5 != 7", NULL },
	{ "inet", "tcp flags { ack, 0, syn }", "tcp flags { 0x0, syn, ack }" },
	{ "inet", "@nh,96,32 { 16, 5 }", "@nh,96,32 { 0x5, 0x10 }" },
	{ "inet", "@nh,64,128 0x0102030405060708090a0b0c0d0e0f10",
	  "@nh,64,128 0x102030405060708090a0b0c0d0e0f10" },
	{ "netdev", "vlan type vlan vlan id 5",
	  "ether type 8021q vlan type 8021q vlan id 5" },
	{ "netdev", "vlan id 5", NULL },
	{ "inet", "ip protocol set gre", NULL },
};

/* What a rule with `@s` needs. */
#define SET "\tset s {\n\t\ttype ipv4_addr\n\t}\n\n"

static void load(struct world *w, const char *family, const char *rule)
{
	auto_buf text = { 0 };

	buf_fmt(&text, "flush ruleset\ntable %s t {\n%s\tchain c {\n\t\t%s\n\t}\n}\n",
	        family, strstr(rule, "@s") ? SET : "", rule);
	world_do(w, text.p);
	world_do(w, "list ruleset");
}

static void rules_are_listed(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *listed = rows[i].listed ? rows[i].listed : rows[i].rule;
		auto_buf want = { 0 };

		buf_fmt(&want, "table %s t {\n%s\tchain c {\n\t\t%s\n\t}\n}\n",
		        rows[i].family, strstr(listed, "@s") ? SET : "", listed);
		load(w, rows[i].family, rows[i].rule);
		assert_str(buf_as_str(&w->out), want.p);
		load(w, rows[i].family, listed);
		assert_str(buf_as_str(&w->out), want.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_are_listed, world_begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
