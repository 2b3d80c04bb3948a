/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>

#include "gate/scenario/scenario.h"

struct reading {
	struct sources sources;
	struct arena a;
	struct diags diags;
	struct scenario s;
	int r;
};

static void read_text(struct reading *x, const char *text)
{
	*x = (struct reading){ .r = 0 };
	uint32_t file = sources_add(&x->sources, STR("x.test"), str_from(text));

	x->r = scenario_read(&x->sources, file, NULL, &x->a, &x->diags, &x->s);
}

static void done(struct reading *x)
{
	scenario_fini(&x->s);
	diags_fini(&x->diags);
	sources_fini(&x->sources);
	arena_fini(&x->a);
}

/* The example of the manual, gate-test(5). */
static void the_manuals_example_is_read_whole(void **state)
{
	struct reading x;

	(void)state;
	read_text(
		&x,
		"use \"server.nft\"\n"
		"interface eth0 192.168.1.12/24 fd00::12/64\n"
		"at 0s    in eth0 tcp 198.51.100.7:40000 > 192.168.1.12:22 syn      expect accept\n"
		"         out eth0 reply syn,ack              expect accept   # established\n"
		"repeat 8 at 10s every 1s  in eth0 tcp 198.51.100.7 > 192.168.1.12:22 syn   "
		"expect accept, then drop by \"ssh limit\"\n"
		"connection ftp 198.51.100.7 > 192.168.1.12:21  passive data 40123   expect related\n"
		"never    in eth0 tcp any > 192.168.1.12:5432                        expect drop\n");
	assert_int_equal(x.r, 0);
	assert_str(x.s.uses.p[0].path, "server.nft");
	assert_int_equal(x.s.devs.p[0].n_addrs, 2);
	assert_int_equal(x.s.devs.p[0].addrs[1].prefix, 64);
	assert_int_equal(x.s.steps.n, 5);
	const struct step *s = x.s.steps.p;
	assert_true(s[0].has_at);
	assert_int_equal(s[0].line.desc.dport, 22);
	assert_true(s[1].line.is_reply);
	assert_int_equal(s[2].repeat, 8);
	assert_int_equal(s[2].at_ns, 10000000000);
	assert_int_equal(s[2].every_ns, 1000000000);
	assert_int_equal(s[2].expect.n, 2);
	assert_int_equal(s[3].kind, STEP_CONNECTION);
	assert_int_equal(s[3].connection.kind, CONNECTION_FTP);
	assert_int_equal(s[3].connection.data_port, 40123);
	assert_int_equal(s[4].kind, STEP_NEVER);
	assert_true(packet_line_is_drawn(&s[4].line));
	done(&x);
}

static void the_machine_is_read(void **state)
{
	struct reading x;

	(void)state;
	read_text(&x, "router\n"
	              "interface wan0 mac 02:00:00:00:00:ff group 3\n"
	              "route default via 192.0.2.254 dev wan0\n"
	              "route 2001:db8::/32 dev wan0\n"
	              "socket udp 127.0.0.1:53 uid 101 gid 102 mark 0x5 transparent\n"
	              "sysctl nf_conntrack_tcp_loose = 0\n"
	              "clock 2000-03-01 00:00 zone -5\n"
	              "seed 77\n");
	assert_int_equal(x.r, 0);
	assert_true(x.s.forwards);
	assert_int_equal(x.s.devs.p[0].mac[5], 0xff);
	assert_int_equal(x.s.devs.p[0].group, 3);
	assert_int_equal(x.s.routes.p[0].to.prefix, 0);
	assert_true(x.s.routes.p[0].hops[0].has_via);
	assert_int_equal(x.s.routes.p[1].to.prefix, 32);
	assert_int_equal(x.s.sockets.p[0].l4, IPPROTO_UDP);
	assert_int_equal(x.s.sockets.p[0].end.port.from, 53);
	assert_true(x.s.sockets.p[0].transparent && x.s.sockets.p[0].has_owner);
	assert_int_equal(x.s.sockets.p[0].gid, 102);
	assert_int_equal(x.s.sysctls.p[0].value, 0);
	assert_int_equal(x.s.clock_s, 951868800 + 5 * 3600);
	assert_int_equal(x.s.utc_offset_s, -5 * 3600);
	assert_int_equal(x.s.seed, 77);
	done(&x);
}

static void all_mistakes_of_a_file_are_found_in_one_go(void **state)
{
	struct reading x;

	(void)state;
	read_text(&x, "usee \"a\"\n\ninterface\nat 5s expect accpt\n"
	              "at 4s expect counter a packets 1\nrepeat x in eth0 tcp > :1\n");
	assert_int_equal(x.r, -EINVAL);
	assert_int_equal(x.diags.errors, 5);
	done(&x);
}

static void a_statement_may_go_on_behind_a_backslash(void **state)
{
	struct reading x;

	(void)state;
	read_text(&x, "in eth0 tcp 1.2.3.4 > 5.6.7.8:22 \\\n  syn \\\n  expect accept\n");
	assert_int_equal(x.r, 0);
	assert_int_equal(x.s.steps.n, 1);
	assert_int_equal(x.s.steps.p[0].line.desc.tcp_flags, TCP_SYN);
	done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(the_manuals_example_is_read_whole),
		UNIT(the_machine_is_read),
		UNIT(all_mistakes_of_a_file_are_found_in_one_go),
		UNIT(a_statement_may_go_on_behind_a_backslash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
