/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What every Linux system knows: lo, root, and numbers as host names. No name server is asked. */
#include "io/lookup.h"
#include "unit.h"

#include <errno.h>

static void the_loopback_interface_is_number_1(void **state)
{
	char name[16];
	uint32_t index = 0;

	(void)state;
	assert_int_equal(lookup_ifindex("lo", &index), 0);
	assert_int_equal(index, 1);
	assert_int_equal(lookup_ifname(1, name), 0);
	assert_string_equal(name, "lo");
	assert_int_equal(lookup_ifindex("no-such-if0", &index), -ENOENT);
	assert_int_equal(lookup_ifname(0x7ffffff0, name), -ENOENT);
	assert_int_equal(index, 1);
}

static void root_is_user_and_group_0(void **state)
{
	char name[32], tiny[3];
	uint32_t id = 77;

	(void)state;
	assert_int_equal(lookup_user("root", &id), 0);
	assert_int_equal(id, 0);
	id = 77;
	assert_int_equal(lookup_group("root", &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(lookup_user_name(0, name, sizeof(name)), 0);
	assert_string_equal(name, "root");
	assert_int_equal(lookup_group_name(0, name, sizeof(name)), 0);
	assert_string_equal(name, "root");
	assert_int_equal(lookup_user("no such user", &id), -ENOENT);
	assert_int_equal(lookup_group("no such group", &id), -ENOENT);
	assert_int_equal(lookup_user_name(3999999999, name, sizeof(name)), -ENOENT);
	assert_int_equal(lookup_group_name(3999999999, name, sizeof(name)), -ENOENT);
	assert_int_equal(lookup_user_name(0, tiny, sizeof(tiny)), -ERANGE);
}

static void an_address_is_its_own_host(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 7 };
	uint8_t addrs[4][16];
	size_t n = ARRAY_LEN(addrs);

	(void)state;
	assert_int_equal(lookup_host("192.0.2.7", false, addrs, &n), 0);
	assert_int_equal(n, 1);
	assert_memory_equal(addrs[0], v4, sizeof(v4));
	n = ARRAY_LEN(addrs);
	assert_int_equal(lookup_host("::1", true, addrs, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(addrs[0][15], 1);
	assert_int_equal(lookup_host("::1", false, addrs, &n), -ENOENT);
	n = 0;
	assert_int_equal(lookup_host("192.0.2.7", false, addrs, &n), -E2BIG);
}

static void services_and_protocols_come_from_the_system(void **state)
{
	char name[32];
	uint16_t port = 0;
	uint8_t proto = 0;

	(void)state;
	if (access("/etc/services", R_OK) < 0 || access("/etc/protocols", R_OK) < 0)
		skip(); /* package netbase is not installed */
	assert_int_equal(lookup_service("ssh", &port), 0);
	assert_int_equal(port, 22);
	assert_int_equal(lookup_service_name(443, name, sizeof(name)), 0);
	assert_string_equal(name, "https");
	assert_int_equal(lookup_service("no-such-service", &port), -ENOENT);
	assert_int_equal(lookup_service_name(65535, name, sizeof(name)), -ENOENT);
	assert_int_equal(lookup_protocol("vrrp", &proto), 0);
	assert_int_equal(proto, 112);
	assert_int_equal(lookup_protocol("no-such-protocol", &proto), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(the_loopback_interface_is_number_1),
		UNIT(root_is_user_and_group_0),
		UNIT(an_address_is_its_own_host),
		UNIT(services_and_protocols_come_from_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
