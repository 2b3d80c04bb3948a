/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the language is told of the machine, this one or another. */
#include "gate/cli/names.h"
#include "unit.h"

#include <errno.h>

static void every_question_has_an_answer(void **state)
{
	struct machine m = { 0 };
	struct names n;

	(void)state;
	names_init(&n, &m);
	assert_non_null(n.ifindex);
	assert_non_null(n.ifname);
	assert_non_null(n.user);
	assert_non_null(n.user_name);
	assert_non_null(n.group);
	assert_non_null(n.group_name);
	assert_non_null(n.host);
	assert_non_null(n.host_name);
	assert_non_null(n.service);
	assert_non_null(n.service_name);
	assert_non_null(n.protocol);
	assert_non_null(n.table_value);
	assert_non_null(n.table_name);
	assert_non_null(n.cgroup);
	assert_non_null(n.cgroup_path);
}

static void another_machine_has_only_the_interfaces_given(void **state)
{
	static const struct str given[] = { STR_INIT("lan0"), STR_INIT("wan0") };
	struct machine m = { .interfaces = given, .n_interfaces = ARRAY_LEN(given) };
	struct names n;
	char name[16];
	uint32_t index = 77;

	(void)state;
	names_init(&n, &m);
	assert_int_equal(n.ifindex(n.ctx, "wan0", &index), 0);
	assert_int_equal(index, 2);
	assert_int_equal(n.ifindex(n.ctx, "lo", &index), -ENOENT);
	assert_int_equal(n.ifname(n.ctx, 1, name), 0);
	assert_string_equal(name, "lan0");
	assert_int_equal(n.ifname(n.ctx, 0, name), -ENOENT);
	assert_int_equal(n.ifname(n.ctx, 3, name), -ENOENT);
}

static void this_machine_has_its_own(void **state)
{
	struct machine m = { 0 };
	struct names n;
	uint32_t index = 0;

	(void)state;
	names_init(&n, &m);
	assert_int_equal(n.ifindex(n.ctx, "lo", &index), 0);
	assert_int_equal(index, 1);
}

static void addresses_come_as_values(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 1 };
	struct machine m = { 0 };
	struct names n;
	struct value addrs[2];
	size_t count = ARRAY_LEN(addrs);

	(void)state;
	names_init(&n, &m);
	assert_int_equal(n.host(n.ctx, "192.0.2.1", false, addrs, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(addrs[0].bits, 32);
	assert_memory_equal(addrs[0].b, v4, sizeof(v4));
	count = ARRAY_LEN(addrs);
	assert_int_equal(n.host(n.ctx, "2001:db8::9", true, addrs, &count), 0);
	assert_int_equal(addrs[0].bits, 128);
	assert_int_equal(addrs[0].b[15], 9);
}

static void types_without_a_table_have_no_names(void **state)
{
	auto_arena a = { 0 };
	struct machine m = { .a = &a };
	struct names n;
	uint64_t value = 77;
	char name[16];

	(void)state;
	names_init(&n, &m);
	assert_int_equal(n.table_value(n.ctx, TYPE_IPV4_ADDR, "default", &value),
	                 -ENOENT);
	assert_int_equal(n.table_name(n.ctx, TYPE_IPV4_ADDR, 0, name, sizeof(name)),
	                 -ENOENT);
	assert_int_equal(n.table_value(n.ctx, TYPE_MARK, "no such mark", &value),
	                 -ENOENT);
	assert_int_equal(value, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_question_has_an_answer),
		UNIT(another_machine_has_only_the_interfaces_given),
		UNIT(this_machine_has_its_own),
		UNIT(addresses_come_as_values),
		UNIT(types_without_a_table_have_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
