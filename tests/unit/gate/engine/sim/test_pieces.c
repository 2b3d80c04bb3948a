/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/netfilter.h>

#include "gate/engine/sim/build.h"
#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/defrag.h"
#include "gate/engine/sim/pieces.h"

enum { PAYLOAD = 3000, LARGEST = 1000 };

static void build(struct packet *p, uint8_t family)
{
	struct packet_desc d = { .family = family,
		                 .l4 = IPPROTO_UDP,
		                 .src = { 0xfd, [15] = 1 },
		                 .dst = { 0xfd, [15] = 2 },
		                 .sport = 1,
		                 .dport = 2,
		                 .ip_id = 7,
		                 .payload_zeros = PAYLOAD };

	packet_build(p, &d);
	p->largest_piece = LARGEST;
}

static void pieces_put_together_are_the_whole_again(void **state)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		struct packet whole = { 0 }, piece = { 0 };
		struct defrag *d = defrag_new();
		build(&whole, families[f]);
		size_t n = pieces_of(&whole);
		assert_int_equal(n, 4);
		for (size_t i = 0; i < n; i++) {
			piece_make(&whole, i, &piece);
			assert_true(packet_length(&piece) <= LARGEST);
			assert_int_equal(piece.fault, FAULT_NONE);
			assert_true(piece.is_fragment);
			assert_int_equal(defrag_take(d, &piece, 0, 1),
			                 i == n - 1 ? DEFRAG_WHOLE : DEFRAG_WAITS);
		}
		assert_int_equal(piece.bytes.n, whole.bytes.n);
		assert_memory_equal(piece.bytes.p, whole.bytes.p, whole.bytes.n);
		assert_true(packet_checksum_ok(&piece));
		assert_in_range(piece.largest_piece, LARGEST - 8, LARGEST);
		packet_fini(&piece);
		packet_fini(&whole);
		defrag_free(d);
	}
}

/* RFC 8200 section 4.5: an atomic fragment. */
static void one_piece_of_ip6_still_says_that_it_is_one(void **state)
{
	struct packet whole = { 0 }, piece = { 0 };

	(void)state;
	build(&whole, NFPROTO_IPV6);
	whole.largest_piece = PAYLOAD + 100;
	assert_int_equal(pieces_of(&whole), 1);
	piece_make(&whole, 0, &piece);
	assert_true(piece.is_fragment);
	assert_int_equal(piece.frag_off, 0);
	assert_int_equal(packet_length(&piece), packet_length(&whole) + 8);
	packet_fini(&piece);
	packet_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(pieces_put_together_are_the_whole_again),
		UNIT(one_piece_of_ip6_still_says_that_it_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
