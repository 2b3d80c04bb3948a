/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ICMP and ICMPv6: what begins something, what answers, and errors. */
#include "track_unit.h"

static struct track_packet icmp(uint8_t family, bool to_server, uint8_t type, uint16_t id)
{
	struct track_packet p =
		packet(family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, to_server, 0, 0);

	p.tuple.family = family;
	p.tuple.src_port = id;
	p.tuple.dst_port = (uint16_t)(type << 8);
	return p;
}

static void only_requests_begin_something(void **state)
{
	static const struct {
		uint8_t family, request, answer;
	} rows[] = { { 4, 8, 0 },   { 4, 13, 14 },   { 4, 15, 16 },
		     { 4, 17, 18 }, { 6, 128, 129 }, { 6, 139, 140 } };

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned type = 0; type < 256; type++) {
			struct track *t = track_new(1);
			struct walked w =
				walk(t, icmp((uint8_t)family, true, (uint8_t)type, 7));
			bool request = false;
			for (size_t i = 0; i < ARRAY_LEN(rows); i++)
				request |= rows[i].family == family &&
				           rows[i].request == type;
			assert_int_equal(w.state == TRACK_NEW, request);
			track_free(t);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track *t = track_new(1);
		struct track_packet p = icmp(rows[i].family, false, rows[i].answer, 7);
		walk(t, icmp(rows[i].family, true, rows[i].request, 7));
		assert_int_equal(walk(t, p).state, TRACK_ESTABLISHED);
		assert_int_equal(left(t, p), 30);
		p.tuple.src_port = 8; /* another identifier */
		assert_int_equal(walk(t, p).state, TRACK_INVALID);
		track_free(t);
	}
}

static void neighbours_and_listeners_are_untracked(void **state)
{
	(void)state;
	for (unsigned type = 128; type < 256; type++) {
		struct track *t = track_new(1);
		struct walked w = walk(t, icmp(6, true, (uint8_t)type, 0));
		assert_int_equal(w.state == TRACK_UNTRACKED,
		                 (type >= 130 && type <= 137) || type == 143);
		track_free(t);
	}
	/* In IPv4 the same numbers are nothing. */
	struct track *t = track_new(1);
	assert_int_equal(walk(t, icmp(4, true, 135, 0)).state, TRACK_INVALID);
	track_free(t);
}

/* An error of the server's side about a packet that the client sent. */
static struct track_packet error(uint8_t family, uint8_t type,
                                 const struct track_tuple *about)
{
	struct track_packet p = icmp(family, false, type, 0);

	p.icmp.has_inner = true;
	p.icmp.inner = *about;
	return p;
}

static void errors_ride_on_what_they_quote(void **state)
{
	static const struct {
		uint8_t family, type;
		enum track_state state;
	} rows[] = {
		{ 4, 3, TRACK_RELATED },   { 4, 4, TRACK_RELATED },
		{ 4, 5, TRACK_RELATED },   { 4, 11, TRACK_RELATED },
		{ 4, 12, TRACK_RELATED },  { 4, 6, TRACK_INVALID },
		{ 6, 1, TRACK_RELATED },   { 6, 2, TRACK_RELATED },
		{ 6, 3, TRACK_RELATED },   { 6, 4, TRACK_RELATED },
		{ 6, 127, TRACK_RELATED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track *t = track_new(1);
		struct track_packet p = packet(IPPROTO_UDP, true, 1000, 53);
		struct walked w;
		p.tuple.family = rows[i].family;
		walk(t, p);
		w = walk(t, error(rows[i].family, rows[i].type, &p.tuple));
		assert_int_equal(w.state, rows[i].state);
		/* An error is no answer. */
		assert_false(entry_of(t, p)->status & TRACK_S_SEEN_REPLY);
		if (w.state == TRACK_RELATED)
			assert_int_equal(w.dir, TRACK_REPLY);
		track_free(t);
	}
}

static void errors_that_fit_nothing_are_invalid(void **state)
{
	struct track *t = track_new(1);
	struct track_packet p = packet(IPPROTO_UDP, true, 1000, 53), e;

	(void)state;
	walk(t, p);
	e = error(4, 3, &p.tuple);
	e.icmp.inner.dst_port = 54;
	assert_int_equal(walk(t, e).why, TRACK_WHY_ICMP_NO_ENTRY);
	e = error(4, 3, &p.tuple);
	e.tuple.dst.b[3] = 77;
	assert_int_equal(walk(t, e).why, TRACK_WHY_ICMP_ADDRESS);
	e.icmp.has_inner = false;
	assert_int_equal(walk(t, e).why, TRACK_WHY_ICMP_INNER);
	track_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(only_requests_begin_something),
		UNIT(neighbours_and_listeners_are_untracked),
		UNIT(errors_ride_on_what_they_quote),
		UNIT(errors_that_fit_nothing_are_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
