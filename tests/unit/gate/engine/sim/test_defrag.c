/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/netfilter.h>

#include "gate/engine/sim/build.h"
#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/defrag.h"

#define SECOND UINT64_C(1000000000)

/* A datagram of 8 + 24 bytes in three fragments of 16, 8 and 8. */
struct part {
	uint16_t off;
	uint32_t len;
	bool more;
};

static const struct part parts[3] = { { 0, 8, true }, { 16, 8, true }, { 24, 8, false } };

static enum defrag_result give(struct defrag *d, struct packet *p, uint8_t family,
                               const struct part *part, uint64_t now_ns)
{
	struct packet_desc desc = { .family = family,
		                    .l4 = IPPROTO_UDP,
		                    .src = { 1 },
		                    .dst = { 2 },
		                    .sport = 7,
		                    .dport = 53,
		                    .ip_id = 9,
		                    .frag_off = part->off,
		                    .more_fragments = part->more,
		                    .payload_zeros = part->len };

	packet_build(p, &desc);
	return defrag_take(d, p, 0, now_ns);
}

static void fragments_come_together_in_any_order(void **state)
{
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		                             { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	struct packet p = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders) * 2; i++) {
		struct defrag *d = defrag_new();
		uint8_t family = families[i % 2];
		const uint8_t *order = orders[i / 2];
		assert_int_equal(give(d, &p, family, &parts[order[0]], 0), DEFRAG_WAITS);
		assert_int_equal(give(d, &p, family, &parts[order[1]], 0), DEFRAG_WAITS);
		assert_int_equal(give(d, &p, family, &parts[order[2]], 0), DEFRAG_WHOLE);
		assert_int_equal(p.fault, FAULT_NONE);
		assert_false(p.is_fragment);
		assert_int_equal(p.l4, IPPROTO_UDP);
		assert_int_equal(packet_l4_length(&p), 32);
		defrag_free(d);
	}
	packet_fini(&p);
}

static void what_overlaps_takes_the_others_along(void **state)
{
	static const struct part overlap = { 8, 16, true };
	struct defrag *d = defrag_new();
	struct packet p = { 0 };

	(void)state;
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[0], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &overlap, 0), DEFRAG_DROPS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[1], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[2], 0), DEFRAG_WAITS);
	packet_fini(&p);
	defrag_free(d);
}

static void a_duplicate_changes_nothing(void **state)
{
	struct defrag *d = defrag_new();
	struct packet p = { 0 };

	(void)state;
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[0], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[0], 0), DEFRAG_DROPS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[1], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[2], 0), DEFRAG_WHOLE);
	packet_fini(&p);
	defrag_free(d);
}

static void nobody_waits_for_ever(void **state)
{
	struct defrag *d = defrag_new();
	struct packet p = { 0 };

	(void)state;
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[0], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[1], 30 * SECOND - 1),
	                 DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[2], 30 * SECOND), DEFRAG_WAITS);
	packet_fini(&p);
	defrag_free(d);
}

static void what_is_within_two_pieces_is_there_when_they_came_in_order(void **state)
{
	static const struct part within = { 16, 16, true };
	static const struct part rest = { 32, 8, false };
	struct packet p = { 0 };

	(void)state;
	for (unsigned backwards = 0; backwards < 2; backwards++) {
		struct defrag *d = defrag_new();
		struct part second = { 24, 8, true };
		const struct part *order[2] = { &parts[1], &second };
		give(d, &p, NFPROTO_IPV4, &parts[0], 0);
		give(d, &p, NFPROTO_IPV4, order[backwards], 0);
		give(d, &p, NFPROTO_IPV4, order[!backwards], 0);
		assert_int_equal(give(d, &p, NFPROTO_IPV4, &within, 0), DEFRAG_DROPS);
		assert_int_equal(give(d, &p, NFPROTO_IPV4, &rest, 0),
		                 backwards ? DEFRAG_WAITS : DEFRAG_WHOLE);
		defrag_free(d);
	}
	packet_fini(&p);
}

static void a_middle_piece_of_odd_length_is_cut_or_let_be(void **state)
{
	static const struct part odd = { 16, 15, true };
	struct defrag *d = defrag_new();
	struct packet p = { 0 };

	(void)state;
	assert_int_equal(give(d, &p, NFPROTO_IPV6, &odd, 0), DEFRAG_PASSES);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &odd, 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[0], 0), DEFRAG_WAITS);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[2], 0), DEFRAG_WHOLE);
	assert_int_equal(packet_l4_length(&p), 32);
	packet_fini(&p);
	defrag_free(d);
}

static void a_packet_remembers_its_pieces(void **state)
{
	struct defrag *d = defrag_new();
	struct packet p = { 0 };

	(void)state;
	give(d, &p, NFPROTO_IPV4, &parts[2], 0);
	give(d, &p, NFPROTO_IPV4, &parts[0], 0);
	assert_int_equal(give(d, &p, NFPROTO_IPV4, &parts[1], 0), DEFRAG_WHOLE);
	assert_int_equal(p.parts.n, 3);
	assert_int_equal(p.parts.p[0], 20 + 16);
	assert_int_equal(p.parts.p[1], 8);
	assert_int_equal(p.parts.p[2], 8);
	assert_int_equal(p.largest_piece, 36);
	assert_true(p.may_be_cut);
	packet_pull(&p, p.nh + 20 + 20);
	assert_int_equal(p.parts.p[0], 40);
	assert_int_equal(p.parts.p[1], 4);
	packet_pull(&p, p.nh + 60);
	assert_int_equal(p.parts.p[0], 52);
	packet_forget_pieces(&p);
	assert_int_equal(p.parts.n, 0);
	packet_fini(&p);
	defrag_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(fragments_come_together_in_any_order),
		UNIT(what_overlaps_takes_the_others_along),
		UNIT(a_duplicate_changes_nothing),
		UNIT(nobody_waits_for_ever),
		UNIT(what_is_within_two_pieces_is_there_when_they_came_in_order),
		UNIT(a_middle_piece_of_odd_length_is_cut_or_let_be),
		UNIT(a_packet_remembers_its_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
