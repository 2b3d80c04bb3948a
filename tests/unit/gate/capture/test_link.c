/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "gate/capture/link.h"

static void each_link_type_tells_where_the_packet_begins(void **state)
{
	// clang-format off
	static const struct {
		uint32_t link;
		struct str bytes;
		int r;
		bool ethernet;
		uint32_t offset;
		uint16_t type;
		enum capture_direction direction;
	} rows[] = {
		{ LINK_ETHERNET, STR_INIT("aaaaaabbbbbb\x08\0"), 0, true, 0, 0, CAPTURE_ANY_WAY },
		{ LINK_ETHERNET, STR_INIT("aaaaaabbbbbb\x08"), -EBADMSG, 0, 0, 0, 0 },
		{ LINK_NULL, STR_INIT("\2\0\0\0"), 0, false, 4, 0x0800, CAPTURE_ANY_WAY },
		{ LINK_NULL, STR_INIT("\0\0\0\2"), 0, false, 4, 0x0800, CAPTURE_ANY_WAY },
		{ LINK_NULL, STR_INIT("\x1e\0\0\0"), 0, false, 4, 0x86dd, CAPTURE_ANY_WAY },
		{ LINK_LOOP, STR_INIT("\0\0\0\x18"), 0, false, 4, 0x86dd, CAPTURE_ANY_WAY },
		{ LINK_LOOP, STR_INIT("\0\0\0"), -EBADMSG, 0, 0, 0, 0 },
		{ LINK_RAW, STR_INIT("\x45"), 0, false, 0, 0x0800, CAPTURE_ANY_WAY },
		{ LINK_RAW_BSD, STR_INIT("\x60"), 0, false, 0, 0x86dd, CAPTURE_ANY_WAY },
		{ LINK_IPV6, STR_INIT("\x60"), 0, false, 0, 0x86dd, CAPTURE_ANY_WAY },
		{ LINK_RAW, STR_INIT(""), -EBADMSG, 0, 0, 0, 0 },
		{ LINK_SLL, STR_INIT("\0\4\0\1\0\6aaaaaabb\x08\0"), 0, false, 16, 0x0800, CAPTURE_OUT },
		{ LINK_SLL, STR_INIT("\0\0\0\1\0\6aaaaaabb\x08\6"), 0, false, 16, 0x0806, CAPTURE_IN },
		{ LINK_SLL, STR_INIT("\0\0\0\1\0\6aaaaaabb\x81\0\0\5\x86\xdd"), 0, false, 20, 0x86dd, CAPTURE_IN },
		{ LINK_SLL, STR_INIT("\0\0\0\1\0\6aaaaaabb\x81\0\0"), -EBADMSG, 0, 0, 0, 0 },
		{ LINK_SLL2, STR_INIT("\x86\xdd\0\0\0\0\0\3\0\1\4\6aaaaaabb"), 0, false, 20, 0x86dd, CAPTURE_OUT },
		{ 105, STR_INIT("a radio"), -EPROTONOSUPPORT, 0, 0, 0, 0 },
	};
	// clang-format on

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct capture_frame f = { .link = rows[i].link, .bytes = rows[i].bytes };
		struct link_view v;
		assert_int_equal(link_view(&f, &v), rows[i].r);
		if (rows[i].r < 0)
			continue;
		assert_int_equal(v.is_ethernet, rows[i].ethernet);
		assert_int_equal(v.offset, rows[i].offset);
		assert_int_equal(v.ethertype, rows[i].type);
		assert_int_equal(v.direction, rows[i].direction);
	}
}

static void the_second_cooked_head_has_the_device(void **state)
{
	struct capture_frame f = {
		.link = LINK_SLL2,
		.bytes = STR("\x08\0\0\0\0\0\1\3\0\1\3\6aaaaaabb"),
	};
	struct link_view v;

	(void)state;
	assert_int_equal(link_view(&f, &v), 0);
	assert_int_equal(v.ifindex, 259);
	assert_int_equal(v.receiver, LINK_TO_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_link_type_tells_where_the_packet_begins),
		UNIT(the_second_cooked_head_has_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
