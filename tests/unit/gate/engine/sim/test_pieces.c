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
}

static void pieces_put_together_are_the_whole_again(void **state)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		struct packet whole = { 0 }, piece = { 0 };
		struct defrag *d = defrag_new();
		struct cut c;
		build(&whole, families[f]);
		cut_anew(&c, &whole, LARGEST);
		assert_int_equal(c.n, 4);
		for (size_t i = 0; i < c.n; i++) {
			cut_piece(&c, i, &piece);
			assert_true(packet_length(&piece) <= LARGEST);
			assert_int_equal(piece.fault, FAULT_NONE);
			assert_true(piece.is_fragment);
			assert_int_equal(piece.hidden_id, f ? 44 : 0);
			assert_int_equal(defrag_take(d, &piece, 0, 1),
			                 i == c.n - 1 ? DEFRAG_WHOLE : DEFRAG_WAITS);
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
	struct cut c;

	(void)state;
	build(&whole, NFPROTO_IPV6);
	cut_anew(&c, &whole, PAYLOAD + 100);
	assert_int_equal(c.n, 1);
	cut_piece(&c, 0, &piece);
	assert_true(piece.is_fragment);
	assert_int_equal(piece.frag_off, 0);
	assert_int_equal(packet_length(&piece), packet_length(&whole) + 8);
	packet_fini(&piece);
	packet_fini(&whole);
}

/* Of the lengths given, the first with its header. */
static void as_it_came(struct packet *p, uint32_t first, uint32_t second, uint32_t third)
{
	p->parts.n = 0;
	vec_push(&p->parts, first);
	vec_push(&p->parts, second);
	vec_push(&p->parts, third);
}

static void pieces_are_kept_where_they_fit(void **state)
{
	enum { UDP_BYTES = 8, IP4 = 20 };
	struct packet whole = { 0 }, piece = { 0 };
	struct cut c;

	(void)state;
	build(&whole, NFPROTO_IPV4);
	as_it_came(&whole, IP4 + 800, 1200, PAYLOAD + UDP_BYTES - 2000);
	cut_as_it_came(&c, &whole, 1220);
	assert_int_equal(c.n, 3);
	cut_piece(&c, 1, &piece);
	assert_int_equal(piece.frag_off, 800);
	assert_int_equal(packet_length(&piece), IP4 + 1200);
	cut_piece(&c, 2, &piece);
	assert_int_equal(piece.frag_off, 2000);
	cut_as_it_came(&c, &whole, 1219); /* one is too large */
	cut_piece(&c, 1, &piece);
	assert_int_equal(piece.frag_off, 1192);
	as_it_came(&whole, IP4 + 804, 1196, PAYLOAD + UDP_BYTES - 2000);
	cut_as_it_came(&c, &whole, 1220); /* one does not end at a multiple of 8 */
	cut_piece(&c, 1, &piece);
	assert_int_equal(piece.frag_off, 1200);
	as_it_came(&whole, IP4 + 800, 1200, 8); /* it has grown since */
	cut_as_it_came(&c, &whole, 1220);
	cut_piece(&c, 1, &piece);
	assert_int_equal(piece.frag_off, 1200);
	packet_fini(&piece);
	packet_fini(&whole);
}

/* Only where another follows must it end at a multiple of 8. */
static void the_last_piece_takes_all_the_space(void **state)
{
	enum { CONTENT = PAYLOAD + 8, SPACE = 1004, EACH = 1000, IP4 = 20 };
	struct packet whole = { 0 }, piece = { 0 };
	struct cut c;

	(void)state;
	build(&whole, NFPROTO_IPV4);
	cut_anew(&c, &whole, IP4 + SPACE);
	assert_int_equal(c.n, 4);
	whole.end -= CONTENT - 2 * EACH - SPACE;
	cut_anew(&c, &whole, IP4 + SPACE);
	assert_int_equal(c.n, 3);
	cut_piece(&c, 2, &piece);
	assert_int_equal(packet_length(&piece), IP4 + SPACE);
	packet_fini(&piece);
	packet_fini(&whole);
}

static void where_nothing_fits_there_are_no_pieces(void **state)
{
	struct packet whole = { 0 };
	struct cut c;

	(void)state;
	build(&whole, NFPROTO_IPV6);
	cut_anew(&c, &whole, 40 + 8 + 7);
	assert_int_equal(c.n, 0);
	packet_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(pieces_put_together_are_the_whole_again),
		UNIT(one_piece_of_ip6_still_says_that_it_is_one),
		UNIT(pieces_are_kept_where_they_fit),
		UNIT(the_last_piece_takes_all_the_space),
		UNIT(where_nothing_fits_there_are_no_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
