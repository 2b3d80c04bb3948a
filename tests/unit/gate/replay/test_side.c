/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/netfilter.h>

#include "gate/engine/sim/build.h"
#include "gate/replay/side.h"

enum { WAN = 1, LAN = 5, CLIENT = 77, OTHER = 200, ALL = 255 };

static struct replay_net net(const struct sim_dev *dev, uint8_t last, uint8_t prefix)
{
	return (struct replay_net){ .dev = dev,
		                    .family = NFPROTO_IPV4,
		                    .addr = { 10, 0, last, 0 },
		                    .prefix = prefix };
}

/* 10.0.0.1 on wan is this machine's; 10.0.5.0/24 is reached by lan. */
static void open_side(struct replay_side *s, struct sim_machine *m, bool forwards)
{
	struct side_addr own = { .family = NFPROTO_IPV4, .addr = { 10, 0, 0, WAN } };

	machine_init(m, 1);
	*s = (struct replay_side){ .machine = m, .forwards = forwards };
	s->dev = machine_dev(m, STR("wan"), 2);
	vec_push(&s->locals, own);
	machine_add_addr(m, s->dev, NFPROTO_IPV4, own.addr, 24);
	if (forwards)
		vec_push(&s->nets, net(machine_dev(m, STR("lan"), 3), LAN, 24));
}

static void frames_get_the_side_that_addresses_and_captures_tell(void **state)
{
	// clang-format off
	static const struct {
		uint8_t src[2], dst[2]; /* the last two bytes */
		enum capture_direction told;
		bool forwards, sees_all;
		enum replay_skip skip;
		enum sim_way way;
		const char *in, *out;
	} rows[] = {
		{ { 0, OTHER }, { 0, WAN }, CAPTURE_ANY_WAY, 0, 0, SKIP_NONE, WAY_IN, "wan", NULL },
		{ { 0, WAN }, { 0, OTHER }, CAPTURE_ANY_WAY, 0, 0, SKIP_NONE, WAY_OUT, NULL, "wan" },
		{ { 0, OTHER }, { 0, ALL }, CAPTURE_ANY_WAY, 0, 0, SKIP_NONE, WAY_IN, "wan", NULL },
		{ { 0, OTHER }, { 0, CLIENT }, CAPTURE_ANY_WAY, 0, 0, SKIP_OTHERS, 0, NULL, NULL },
		{ { 0, WAN }, { 0, WAN }, CAPTURE_ANY_WAY, 0, 0, SKIP_NONE, WAY_OUT, NULL, "lo" },
		{ { 0, WAN }, { 0, WAN }, CAPTURE_IN, 0, 0, SKIP_AGAIN, 0, NULL, NULL },
		{ { 0, OTHER }, { 0, CLIENT }, CAPTURE_IN, 0, 0, SKIP_NONE, WAY_IN, "wan", NULL },
		{ { LAN, CLIENT }, { 0, OTHER }, CAPTURE_ANY_WAY, 1, 0, SKIP_NONE, WAY_IN, "lan", "wan" },
		{ { 0, OTHER }, { LAN, CLIENT }, CAPTURE_IN, 1, 1, SKIP_NONE, WAY_IN, "wan", "lan" },
		{ { 0, OTHER }, { LAN, CLIENT }, CAPTURE_OUT, 1, 1, SKIP_AGAIN, 0, NULL, NULL },
		{ { LAN, CLIENT }, { 0, OTHER }, CAPTURE_OUT, 1, 0, SKIP_NONE, WAY_IN, "lan", "wan" },
		{ { 0, WAN }, { LAN, CLIENT }, CAPTURE_ANY_WAY, 1, 0, SKIP_NONE, WAY_OUT, NULL, "lan" },
	};
	// clang-format on

	(void)state;
	/* Twice each: routes looked up, and only where there is more than one way. */
	for (size_t n = 0; n < 2 * ARRAY_LEN(rows); n++) {
		size_t i = n / 2;
		struct packet_desc d = { .family = NFPROTO_IPV4,
			                 .l4 = 17,
			                 .src = { 10, 0, rows[i].src[0], rows[i].src[1] },
			                 .dst = { 10, 0, rows[i].dst[0],
			                          rows[i].dst[1] } };
		struct capture_frame f = { .link = LINK_RAW };
		struct link_view v = { .direction = rows[i].told,
			               .receiver = LINK_TO_UNKNOWN };
		struct sim_arrival a = { 0 };
		struct packet p = { 0 };
		struct sim_machine m;
		struct replay_side s;

		open_side(&s, &m, rows[i].forwards);
		s.sees_all = rows[i].sees_all;
		if (n % 2)
			side_settle(&s);
		assert_int_equal(s.has_one_way, n % 2 && !rows[i].forwards);
		packet_build(&p, &d);
		assert_int_equal(side_arrival(&s, &f, &v, NULL, &p, &a), rows[i].skip);
		if (rows[i].skip == SKIP_NONE) {
			assert_int_equal(a.way, rows[i].way);
			assert_true(rows[i].in ? a.in && str_is(a.in->name, rows[i].in)
			                       : !a.in);
			assert_true(rows[i].out
			                    ? a.out && str_is(a.out->name, rows[i].out)
			                    : !a.out);
		}
		packet_fini(&p);
		side_fini(&s);
		machine_fini(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(frames_get_the_side_that_addresses_and_captures_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
