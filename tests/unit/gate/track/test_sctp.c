/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* SCTP: the life of an association, its timeouts, and what is refused. */
#include "track_unit.h"

enum {
	DATA = 0,
	INIT = 1,
	INIT_ACK = 2,
	HEARTBEAT = 4,
	HEARTBEAT_ACK = 5,
	ABORT = 6,
	SHUTDOWN = 7,
	SHUTDOWN_ACK = 8,
	ERROR = 9,
	COOKIE_ECHO = 10,
	COOKIE_ACK = 11,
	SHUTDOWN_COMPLETE = 14
};
enum { TAG_C = 111, TAG_S = 222 }; /* what packets to the client, to the server carry */

static struct track_packet chunk(bool to_server, uint8_t type)
{
	struct track_packet p = packet(IPPROTO_SCTP, to_server, 1000, 2000);

	p.sctp = (struct track_sctp){ .chunks = 1, .chunk = { type } };
	if (type != INIT)
		p.sctp.vtag = to_server ? TAG_S : TAG_C;
	if (type == INIT || type == INIT_ACK)
		p.sctp.init_tag = to_server ? TAG_C : TAG_S;
	return p;
}

static const struct {
	bool to_server;
	uint8_t type;
	enum track_sctp_state state;
	long left;
	bool assured;
} life[] = {
	{ true, INIT, TRACK_SCTP_CLOSED, 10, false },
	{ false, INIT_ACK, TRACK_SCTP_COOKIE_WAIT, 3, false },
	{ true, COOKIE_ECHO, TRACK_SCTP_COOKIE_ECHOED, 3, false },
	{ false, COOKIE_ACK, TRACK_SCTP_ESTABLISHED, 210, true },
	{ true, DATA, TRACK_SCTP_ESTABLISHED, 210, true },
	{ false, HEARTBEAT, TRACK_SCTP_ESTABLISHED, 210, true },
	{ true, SHUTDOWN, TRACK_SCTP_SHUTDOWN_SENT, 3, true },
	{ false, SHUTDOWN_ACK, TRACK_SCTP_SHUTDOWN_ACK_SENT, 3, true },
	{ true, SHUTDOWN_COMPLETE, TRACK_SCTP_CLOSED, 10, true },
};

static void an_association_lives_and_ends(void **state)
{
	struct track *t = track_new(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(life); i++) {
		struct track_packet p = chunk(life[i].to_server, life[i].type);
		struct walked w = walk(t, p);
		assert_int_not_equal(w.state, TRACK_INVALID);
		assert_int_equal(entry_of(t, p)->sctp.state, life[i].state);
		assert_int_equal(left(t, p), life[i].left);
		assert_int_equal(!!(w.status & TRACK_S_ASSURED), life[i].assured);
	}
	track_free(t);
}

static void tags_must_be_the_associations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(life); i++) {
		struct track *t = track_new(1);
		struct track_packet p = chunk(life[i].to_server, life[i].type);
		/* A heartbeat may try another tag once, a SHUTDOWN ACK has any. */
		bool any = life[i].type == HEARTBEAT || life[i].type == SHUTDOWN_ACK;

		for (size_t n = 0; n < i; n++)
			walk(t, chunk(life[n].to_server, life[n].type));
		p.sctp.vtag += 7;
		assert_int_equal(walk(t, p).state == TRACK_INVALID, !any);
		track_free(t);
	}
}

static void one_heartbeat_with_a_strange_tag_passes_unrefreshed(void **state)
{
	struct track *t = track_new(1);
	struct track_packet p = chunk(true, HEARTBEAT);

	(void)state;
	for (size_t n = 0; n < 4; n++)
		walk(t, chunk(life[n].to_server, life[n].type));
	track_at(t, S(10));
	p.sctp.vtag += 7;
	assert_int_equal(walk(t, p).state, TRACK_ESTABLISHED);
	assert_int_equal(left(t, p), 200);
	track_free(t);
}

static void chunks_that_may_not_stand_together(void **state)
{
	static const struct {
		uint8_t chunks[3], n;
		bool fit;
	} rows[] = {
		{ { COOKIE_ECHO, DATA }, 2, true },
		{ { DATA, COOKIE_ACK }, 2, false },
		{ { INIT, DATA }, 2, false },
		{ { DATA, INIT_ACK }, 2, false },
		{ { DATA, DATA, SHUTDOWN }, 3, true },
		{ { DATA, SHUTDOWN_COMPLETE }, 2, false },
		{ { 0 }, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track *t = track_new(1);
		struct track_packet p = chunk(true, DATA);
		for (size_t n = 0; n < 4; n++)
			walk(t, chunk(life[n].to_server, life[n].type));
		p.sctp.chunks = rows[i].n;
		memcpy(p.sctp.chunk, rows[i].chunks, sizeof(rows[i].chunks));
		assert_int_equal(walk(t, p).why == TRACK_WHY_SCTP_CHUNKS, !rows[i].fit);
		track_free(t);
	}
}

static void what_comes_out_of_the_blue(void **state)
{
	static const struct {
		uint8_t type;
		enum track_state state;
	} rows[] = {
		{ DATA, TRACK_INVALID },       { ABORT, TRACK_INVALID },
		{ COOKIE_ACK, TRACK_INVALID }, { SHUTDOWN_COMPLETE, TRACK_INVALID },
		{ SHUTDOWN_ACK, TRACK_NEW },   { HEARTBEAT, TRACK_NEW },
		{ HEARTBEAT_ACK, TRACK_NEW },  { ERROR, TRACK_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track *t = track_new(1);
		assert_int_equal(walk(t, chunk(true, rows[i].type)).state, rows[i].state);
		track_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_association_lives_and_ends),
		UNIT(tags_must_be_the_associations),
		UNIT(one_heartbeat_with_a_strange_tag_passes_unrefreshed),
		UNIT(chunks_that_may_not_stand_together),
		UNIT(what_comes_out_of_the_blue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
