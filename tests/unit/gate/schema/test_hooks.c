/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Families, hooks and the names of priorities. tests/differential/test_schema.py compares every
 * family and hook with nft. */
#include "unit.h"

#include <errno.h>
#include <limits.h>

#include "base/buf.h"
#include "gate/schema/schema.h"

static void families_have_their_names(void **state)
{
	static const struct {
		const char *name;
		enum family family;
	} rows[] = { { "ip", FAMILY_IP },         { "ip6", FAMILY_IP6 },
		     { "inet", FAMILY_INET },     { "arp", FAMILY_ARP },
		     { "bridge", FAMILY_BRIDGE }, { "netdev", FAMILY_NETDEV } };
	enum family f = FAMILY_UNSPEC;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(family_by_name(str_from(rows[i].name), &f), 0);
		assert_int_equal(f, rows[i].family);
		assert_string_equal(family_name(f), rows[i].name);
	}
	f = FAMILY_ARP;
	assert_int_equal(family_by_name(STR("ipv4"), &f), -ENOENT);
	assert_int_equal(f, FAMILY_ARP);
}

static void hooks_have_their_familys_numbers(void **state)
{
	(void)state;
	assert_int_equal(hook_by_name(FAMILY_INET, STR("postrouting")), 4);
	assert_int_equal(hook_by_name(FAMILY_INET, STR("ingress")), 5);
	assert_int_equal(hook_by_name(FAMILY_ARP, STR("input")), 0);
	assert_int_equal(hook_by_name(FAMILY_NETDEV, STR("egress")), 1);
	assert_int_equal(hook_by_name(FAMILY_IP, STR("ingress")), -ENOENT);
	assert_int_equal(hook_by_name(FAMILY_ARP, STR("forward")), -ENOENT);
	for (const struct hook_name *h = hook_names; h->name; h++) {
		assert_int_equal(hook_by_name(h->family, str_from(h->name)), h->number);
		assert_string_equal(hook_name(h->family, h->number), h->name);
	}
	assert_null(hook_name(FAMILY_ARP, 2));
}

static void priorities_have_names_where_they_mean_something(void **state)
{
	static const struct {
		enum family family;
		const char *hook, *name;
		int result;
		int32_t value;
	} rows[] = {
		{ FAMILY_IP, "prerouting", "raw", 0, -300 },
		{ FAMILY_IP, "prerouting", "dstnat", 0, -100 },
		{ FAMILY_IP, "output", "dstnat", 0, -100 },
		{ FAMILY_IP, "input", "srcnat", 0, 100 },
		{ FAMILY_IP6, "forward", "srcnat", -ENOENT, 0 },
		{ FAMILY_INET, "ingress", "mangle", 0, -150 },
		{ FAMILY_INET, "input", "out", -ENOENT, 0 },
		{ FAMILY_BRIDGE, "prerouting", "dstnat", 0, -300 },
		{ FAMILY_BRIDGE, "output", "out", 0, 100 },
		{ FAMILY_BRIDGE, "output", "dstnat", -ENOENT, 0 },
		{ FAMILY_BRIDGE, "input", "raw", -ENOENT, 0 },
		{ FAMILY_ARP, "input", "filter", 0, 0 },
		{ FAMILY_ARP, "input", "security", -ENOENT, 0 },
		{ FAMILY_NETDEV, "ingress", "filter", 0, 0 },
		{ FAMILY_NETDEV, "ingress", "raw", -ENOENT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int hook = hook_by_name(rows[i].family, str_from(rows[i].hook));
		int32_t value = 0;

		assert_int_equal(priority_by_name(rows[i].family, hook,
		                                  str_from(rows[i].name), &value),
		                 rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
	int32_t untouched = 7;

	assert_int_equal(priority_by_name(FAMILY_IP, -ENOENT, STR("raw"), &untouched),
	                 -ENOENT);
	assert_int_equal(untouched, 7);
}

static void priorities_are_listed_by_the_nearest_name(void **state)
{
	static const struct {
		enum family family;
		int32_t value;
		const char *hook, *text;
	} rows[] = {
		{ FAMILY_IP, 0, "input", "filter" },
		{ FAMILY_IP, 10, "input", "filter + 10" },
		{ FAMILY_IP, -10, "input", "filter - 10" },
		{ FAMILY_IP, 11, "input", "11" },
		{ FAMILY_IP, -100, "output", "-100" },
		{ FAMILY_IP, -95, "prerouting", "dstnat + 5" },
		{ FAMILY_BRIDGE, 0, "input", "0" },
		{ FAMILY_BRIDGE, -201, "input", "filter - 1" },
		{ FAMILY_NETDEV, -300, "ingress", "-300" },
		{ FAMILY_INET, INT32_MAX, "forward", "2147483647" },
		{ FAMILY_INET, INT32_MIN, "forward", "-2147483648" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };

		priority_print(rows[i].family,
		               hook_by_name(rows[i].family, str_from(rows[i].hook)),
		               rows[i].value, &text);
		assert_str(buf_as_str(&text), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(families_have_their_names),
		UNIT(hooks_have_their_familys_numbers),
		UNIT(priorities_have_names_where_they_mean_something),
		UNIT(priorities_are_listed_by_the_nearest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
