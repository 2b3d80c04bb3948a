/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/c2s/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit.h"

static struct sockaddr_storage peer(const char *text)
{
	struct sockaddr_storage ss = { 0 };

	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	return ss;
}

/* Enters one after the other, two an address and three a prefix; all leave at the end. */
static void addresses_and_prefixes_have_their_limits(void **state)
{
	static const struct {
		const char *address;
		bool enters;
	} rows[] = {
		{ "192.0.2.1", true },
		{ "192.0.2.1", true },
		{ "192.0.2.1", false }, /* the address is full */
		{ "::ffff:192.0.2.1", false },
		{ "192.0.2.2", true },
		{ "192.0.2.3", false }, /* the /24 is */
		{ "192.0.3.1", true },
		{ "2001:db8:0:1::1", true },
		{ "2001:db8:0:1::2", true },
		{ "2001:db8:0:1::3", false }, /* the /64 */
		{ "2001:db8:0:2::1", true },
		{ "2001:db8:0:3::1", false }, /* the /48 */
		{ "2001:db8:1::1", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1", true },
		{ "::1", true },
		{ "::1", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
	};
	struct crowd_place places[ARRAY_LEN(rows)];
	struct crowd crowd = { .address_max = 2, .prefix_max = 3 };

	(void)state;
	for (int round = 0; round < 2; round++) { /* who leaves makes room */
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			struct sockaddr_storage ss = peer(rows[i].address);
			assert_int_equal(crowd_enter(&crowd, &ss, &places[i]),
			                 rows[i].enters);
		}
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			crowd_leave(&crowd, &places[i]);
			crowd_leave(&crowd, &places[i]); /* is nowhere */
		}
		assert_int_equal(crowd.addresses.counts.n + crowd.prefixes.counts.n, 0);
	}
	crowd_fini(&crowd);
}

static void failures_bar_an_address_for_a_while(void **state)
{
	struct crowd crowd = { .address_max = 100, .prefix_max = 100 };
	struct sockaddr_storage bad = peer("192.0.2.1"), good = peer("192.0.2.2"),
				own = peer("127.0.0.1");
	struct crowd_place b, g, o;

	(void)state;
	assert_true(crowd_enter(&crowd, &bad, &b) && crowd_enter(&crowd, &good, &g) &&
	            crowd_enter(&crowd, &own, &o));
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(crowd_failed(&crowd, &b, 3, 1000, 100), i == 3);
		assert_int_equal(crowd_is_barred(&crowd, &b, 100), i >= 3);
		assert_false(crowd_failed(&crowd, &o, 3, 1000, 100));
	}
	assert_false(crowd_is_barred(&crowd, &g, 100));
	assert_false(crowd_is_barred(&crowd, &o, 100));
	assert_true(crowd_is_barred(&crowd, &b, 1099));
	assert_false(crowd_is_barred(&crowd, &b, 1100));
	/* Afterwards it counts from the start. */
	assert_false(crowd_failed(&crowd, &b, 3, 1000, 1100));
	assert_false(crowd_is_barred(&crowd, &b, 1100));
	crowd_fini(&crowd);
}

static void an_address_registers_once_in_a_while(void **state)
{
	struct crowd crowd = { .address_max = 9,
		               .prefix_max = 9,
		               .registration_ms = 1000 };
	struct sockaddr_storage one = peer("2001:db8:0:1::1"),
				neighbour = peer("2001:db8:0:1::2"),
				far = peer("2001:db8:0:2::1"), own = peer("127.0.0.1");
	struct crowd_place o, n, f, l;

	(void)state;
	assert_true(crowd_enter(&crowd, &one, &o) &&
	            crowd_enter(&crowd, &neighbour, &n) &&
	            crowd_enter(&crowd, &far, &f) && crowd_enter(&crowd, &own, &l));
	assert_true(crowd_may_register(&crowd, &o, 100));
	assert_false(crowd_may_register(&crowd, &o, 100));
	assert_false(crowd_may_register(&crowd, &n, 1099)); /* of the same /64 */
	assert_true(crowd_may_register(&crowd, &f, 100));
	assert_true(crowd_may_register(&crowd, &n, 1100));
	assert_false(crowd_may_register(&crowd, &o, 1200));
	crowd_not_registered(&crowd, &n); /* it came to nothing */
	assert_true(crowd_may_register(&crowd, &o, 1200));
	for (int i = 0; i < 3; i++)
		assert_true(crowd_may_register(&crowd, &l, 100));
	crowd_not_registered(&crowd, &l);
	crowd.registration_ms = 0; /* no limit */
	assert_true(crowd_may_register(&crowd, &o, 1200));
	crowd_fini(&crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(addresses_and_prefixes_have_their_limits),
		UNIT(failures_bar_an_address_for_a_while),
		UNIT(an_address_registers_once_in_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
