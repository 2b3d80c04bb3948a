/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <netinet/in.h>

#include "gate/scenario/endpoint.h"

struct row {
	const char *word;
	bool ok, drawn_addr, drawn_port;
	const char *wrong; /* the part that is no good */
};

static void words_are_one_value_or_several_or_none(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.1", true, false, false, NULL },
		{ "192.0.2.1:80", true, false, false, NULL },
		{ ":80", true, false, false, NULL },
		{ "fd00::1", true, false, false, NULL },
		{ "[fd00::1]:80", true, false, false, NULL },
		{ "any", true, true, false, NULL },
		{ "any:any", true, true, true, NULL },
		{ "10.0.0.0/8", true, true, false, NULL },
		{ "10.0.0.1/32", true, false, false, NULL },
		{ "[fd00::/64]:1-2", true, true, true, NULL },
		{ "192.0.2.1-192.0.2.9:1024-65535", true, true, true, NULL },
		{ "192.0.2.9-192.0.2.1", false, false, false, "192.0.2.9-192.0.2.1" },
		{ "192.0.2.1-fd00::1", false, false, false, "192.0.2.1-fd00::1" },
		{ "192.0.2.1/33", false, false, false, "192.0.2.1/33" },
		{ "192.0.2.1:80-79", false, false, false, "80-79" },
		{ "192.0.2.1:65536", false, false, false, "65536" },
		{ "192.0.2:80", false, false, false, "192.0.2" },
		{ "fd00::1:80-81", false, false, false, "fd00::1:80-81" },
		{ "[fd00::1", false, false, false, "[fd00::1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e;
		struct str wrong;
		const char *what;
		bool ok = endpoint_read(str_from(rows[i].word), NULL, &e, &wrong, &what);
		assert_int_equal(ok, rows[i].ok);
		if (!ok) {
			assert_str(wrong, rows[i].wrong);
			continue;
		}
		assert_int_equal(addr_range_is_drawn(&e.addr), rows[i].drawn_addr);
		assert_int_equal(port_range_is_drawn(&e.port), rows[i].drawn_port);
	}
}

static void a_range_holds_its_ends_and_nothing_beside_them(void **state)
{
	static const struct {
		const char *range, *addr;
		bool inside;
	} rows[] = {
		{ "10.0.0.0/8", "10.0.0.0", true },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "fd00::1", false },
		{ "10.0.0.5-10.0.0.7", "10.0.0.5", true },
		{ "10.0.0.5-10.0.0.7", "10.0.0.7", true },
		{ "10.0.0.5-10.0.0.7", "10.0.0.4", false },
		{ "10.0.0.5-10.0.0.7", "10.0.0.8", false },
		{ "fd00::/126", "fd00::3", true },
		{ "fd00::/126", "fd00::4", false },
		{ "any", "fd00::4", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint e;
		struct str wrong;
		const char *what;
		uint8_t family, addr[16];
		assert_true(
			endpoint_read(str_from(rows[i].range), NULL, &e, &wrong, &what));
		assert_true(address_read(str_from(rows[i].addr), &family, addr));
		assert_int_equal(addr_range_has(&e.addr, family, addr), rows[i].inside);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(words_are_one_value_or_several_or_none),
		UNIT(a_range_holds_its_ends_and_nothing_beside_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
