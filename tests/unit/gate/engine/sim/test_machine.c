/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "gate/engine/sim/machine.h"

struct route_row {
	uint8_t addr[4];
	int r;
	enum route_type type;
};

static void addresses_are_routes(void **state)
{
	static const struct route_row rows[] = {
		{ { 192, 168, 1, 12 }, 0, ROUTE_LOCAL },
		{ { 192, 168, 1, 20 }, 0, ROUTE_UNICAST },
		{ { 192, 168, 1, 255 }, 0, ROUTE_BROADCAST },
		{ { 127, 9, 9, 9 }, 0, ROUTE_LOCAL },
		{ { 8, 8, 8, 8 }, -EAGAIN, 0 },
	};
	static const uint8_t own[4] = { 192, 168, 1, 12 };
	struct sim_machine m;
	struct route_answer to;

	(void)state;
	machine_init(&m, 1);
	machine_add_addr(&m, machine_dev(&m, STR("eth0"), 2), NFPROTO_IPV4, own, 24);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(machine_route(&m, NFPROTO_IPV4, rows[i].addr, &to),
		                 rows[i].r);
		if (rows[i].r == 0)
			assert_int_equal(to.type, rows[i].type);
	}
	m.is_complete = true;
	assert_int_equal(machine_route(&m, NFPROTO_IPV4, rows[4].addr, &to), -ENOENT);
	machine_fini(&m);
}

/* 8.8.8.0/24 by table 7 for mark 1; 8.0.0.0/8 is a blackhole of the main table. */
static void rules_choose_the_table(void **state)
{
	static const struct {
		uint32_t mark;
		uint8_t last;
		int r;
		enum route_type type;
		uint32_t table;
	} rows[] = {
		{ 0, 8, 0, ROUTE_BLACKHOLE, TABLE_MAIN },
		{ 1, 8, 0, ROUTE_UNICAST, 7 },
		{ 0x11, 8, 0, ROUTE_UNICAST,
		  7 }, /* of which the mask sees the last four bits */
		{ 1, 9, 0, ROUTE_BLACKHOLE, TABLE_MAIN }, /* thrown back */
		{ 2, 8, 0, ROUTE_PROHIBIT, 0 },
		{ 3, 8, -ENOENT, 0, 0 }, /* goes past the main table */
	};
	struct sim_machine m;
	struct route_answer to;

	(void)state;
	machine_init(&m, 1);
	m.is_complete = true;
	const struct sim_hop hop = { .dev = machine_dev(&m, STR("eth0"), 2) };
	const struct sim_route routes[] = {
		{ .family = NFPROTO_IPV4,
		  .dst = { 8 },
		  .prefix = 8,
		  .type = ROUTE_BLACKHOLE },
		{ .family = NFPROTO_IPV4,
		  .dst = { 8, 8, 8 },
		  .prefix = 24,
		  .table = 7,
		  .hop = hop },
		{ .family = NFPROTO_IPV4,
		  .dst = { 8, 8, 8, 9 },
		  .prefix = 32,
		  .table = 7,
		  .type = ROUTE_THROW },
	};
	const struct sim_policy policies[] = {
		{ .family = NFPROTO_IPV4,
		  .pref = PREF_NONE,
		  .mark = 1,
		  .mask = 15,
		  .table = 7,
		  .suppress = -1 },
		{ .family = NFPROTO_IPV4,
		  .pref = 9,
		  .mark = 2,
		  .mask = 15,
		  .action = POLICY_PROHIBIT },
		{ .family = NFPROTO_IPV4,
		  .pref = 10,
		  .mark = 3,
		  .mask = 15,
		  .action = POLICY_GOTO,
		  .target = 32767 },
	};
	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		vec_push(&m.routes, routes[i]);
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		machine_add_policy(&m, &policies[i]);
	assert_int_equal(m.policies.p[4].pref, 32765);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct route_query q = { .family = NFPROTO_IPV4,
			                       .dst = { 8, 8, 8, rows[i].last },
			                       .mark = rows[i].mark };
		assert_int_equal(machine_lookup(&m, &q, &to), rows[i].r);
		if (rows[i].r == 0) {
			assert_int_equal(to.type, rows[i].type);
			assert_int_equal(to.table, rows[i].table);
		}
	}
	machine_fini(&m);
}

/* Each prohibits packets that this one is not. */
static void a_rule_that_asks_one_thing_is_not_for_all(void **state)
{
	static const struct sim_policy rows[] = {
		{ .src = { 10 }, .src_prefix = 8 },
		{ .dst = { 10 }, .dst_prefix = 8 },
		{ .iif = STR_INIT("eth0") },
		{ .oif = STR_INIT("eth0") },
		{ .mark = 1, .mask = 1 },
		{ .tos = 4 },
		{ .l4 = 6 },
		{ .sport = { 1, 9 } },
		{ .dport = { 1, 9 } },
		{ .doubt = "what nobody knows" },
		{ .invert = true },
	};
	const struct route_query q = { .family = NFPROTO_IPV4, .dst = { 192, 0, 2, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sim_policy policy = rows[i];
		struct sim_machine m;
		struct route_answer to;
		machine_init(&m, 1);
		m.is_complete = true;
		policy.family = NFPROTO_IPV4;
		policy.action = POLICY_PROHIBIT;
		machine_add_policy(&m, &policy);
		assert_int_equal(machine_lookup(&m, &q, &to), -ENOENT);
		machine_fini(&m);
	}
}

static void a_device_is_made_once_and_its_number_is_its_own(void **state)
{
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	const struct sim_dev *a = machine_dev(&m, STR("a"), 0),
			     *b = machine_dev(&m, STR("b"), 1);
	assert_ptr_equal(machine_dev(&m, STR("a"), 7), a);
	assert_int_not_equal(a->index, b->index);
	assert_int_not_equal(b->index, 1); /* lo has it */
	machine_fini(&m);
}

static void a_host_listens_to_its_own_groups(void **state)
{
	static const uint8_t own[16] = { 0xfd, [15] = 0x12 };
	static const uint8_t solicited[16] = { 0xff, 2, [11] = 1, 0xff, 0, 0, 0x12 };
	static const uint8_t other[16] = { 0xff, 2, [11] = 1, 0xff, 0, 0, 0x13 };
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	machine_add_addr(&m, machine_dev(&m, STR("eth0"), 2), NFPROTO_IPV6, own, 64);
	assert_true(machine_listens(&m, NFPROTO_IPV6, solicited));
	assert_false(machine_listens(&m, NFPROTO_IPV6, other));
	assert_true(
		machine_listens(&m, NFPROTO_IPV4, (const uint8_t[4]){ 224, 0, 0, 1 }));
	assert_false(
		machine_listens(&m, NFPROTO_IPV4, (const uint8_t[4]){ 224, 0, 0, 22 }));
	machine_fini(&m);
}

static void a_router_listens_to_the_routers_group(void **state)
{
	static const uint8_t routers[16] = { 0xff, 2, [15] = 2 };
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	assert_false(machine_listens(&m, NFPROTO_IPV6, routers));
	m.forwards = true;
	assert_true(machine_listens(&m, NFPROTO_IPV6, routers));
	machine_fini(&m);
}

static void the_socket_of_an_address_comes_before_one_of_all(void **state)
{
	static const uint8_t own[4] = { 192, 0, 2, 1 }, other[4] = { 192, 0, 2, 2 };
	struct sim_socket any = { .l4 = IPPROTO_TCP, .port = 22 };
	struct sim_socket one = { .family = NFPROTO_IPV4,
		                  .addr = { 192, 0, 2, 1 },
		                  .l4 = IPPROTO_TCP,
		                  .port = 22,
		                  .mark = 5 };
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	vec_push(&m.sockets, any);
	vec_push(&m.sockets, one);
	assert_int_equal(machine_socket(&m, NFPROTO_IPV4, IPPROTO_TCP, own, 22)->mark, 5);
	assert_int_equal(machine_socket(&m, NFPROTO_IPV4, IPPROTO_TCP, other, 22)->mark,
	                 0);
	assert_null(machine_socket(&m, NFPROTO_IPV4, IPPROTO_TCP, own, 23));
	assert_null(machine_socket(&m, NFPROTO_IPV4, IPPROTO_UDP, own, 22));
	machine_fini(&m);
}

static void a_port_is_in_one_bridge_and_is_none_itself(void **state)
{
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	const struct sim_dev *br0 = machine_dev(&m, STR("br0"), 2),
			     *br1 = machine_dev(&m, STR("br1"), 3),
			     *eth0 = machine_dev(&m, STR("eth0"), 4);
	assert_true(machine_add_port(&m, br0, eth0));
	assert_true(br0->is_bridge);
	assert_ptr_equal(eth0->bridge, br0);
	assert_false(machine_add_port(&m, br0, eth0));
	assert_false(machine_add_port(&m, br1, eth0));
	assert_false(machine_add_port(&m, br1, br0));
	assert_false(machine_add_port(&m, br1, br1));
	assert_false(machine_add_port(&m, eth0, br1));
	assert_false(machine_add_port(&m, br1, machine_find(&m, STR("lo"))));
	assert_false(br1->is_bridge);
	machine_fini(&m);
}

static void neighbours_are_known_by_family_and_address(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 }, addr[16] = { 192, 0, 2, 1 },
			     other[16] = { 192, 0, 2, 2 };
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	machine_add_neighbour(&m, NFPROTO_IPV4, addr, mac);
	assert_memory_equal(machine_neighbour(&m, NFPROTO_IPV4, addr), mac, 6);
	assert_null(machine_neighbour(&m, NFPROTO_IPV4, other));
	assert_null(machine_neighbour(&m, NFPROTO_IPV6, addr));
	machine_fini(&m);
}

static void settings_of_bridges_go_by_both_names(void **state)
{
	struct sim_machine m;

	(void)state;
	machine_init(&m, 1);
	assert_int_equal(machine_set(&m, STR("net.bridge.bridge-nf-call-iptables"), 0),
	                 0);
	assert_true(!m.bridges_call_ip4 && m.bridges_call_ip6);
	assert_int_equal(machine_set(&m, STR("bridge-nf-call-iptables"), 1), 0);
	assert_int_equal(machine_set(&m, STR("bridge-nf-call-ip6tables"), 0), 0);
	assert_int_equal(machine_set(&m, STR("bridge-nf-filter-vlan-tagged"), 1), 0);
	assert_true(m.bridges_call_ip4 && !m.bridges_call_ip6 && m.bridges_show_vlans);
	assert_int_equal(machine_set(&m, STR("net.bridge.bridge-nf-call-tables"), 1),
	                 -ENOENT);
	machine_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(addresses_are_routes),
		UNIT(rules_choose_the_table),
		UNIT(a_rule_that_asks_one_thing_is_not_for_all),
		UNIT(a_device_is_made_once_and_its_number_is_its_own),
		UNIT(a_host_listens_to_its_own_groups),
		UNIT(a_router_listens_to_the_routers_group),
		UNIT(the_socket_of_an_address_comes_before_one_of_all),
		UNIT(a_port_is_in_one_bridge_and_is_none_itself),
		UNIT(neighbours_are_known_by_family_and_address),
		UNIT(settings_of_bridges_go_by_both_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
