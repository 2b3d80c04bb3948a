/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* UDP, UDP-Lite, GRE and the rest: timeouts and when an entry is assured. */
#include "track_unit.h"

enum { ESP = 50 };

struct row {
	const char *name;
	uint8_t proto;
	double at[4]; /* seconds: request, answer, request, request */
	long left[4]; /* seconds after each */
	bool assured[4];
};

static const struct row rows[] = {
	{ "all at once",
	  IPPROTO_UDP,
	  { 0, 0, 0, 0 },
	  { 30, 30, 30, 30 },
	  { 0, 0, 0, 0 } },
	{ "older than two seconds",
	  IPPROTO_UDP,
	  { 0, 0, 1, 2.5 },
	  { 30, 30, 30, 120 },
	  { 0, 0, 0, 1 } },
	{ "a late answer",
	  IPPROTO_UDP,
	  { 0, 5, 5, 5 },
	  { 30, 30, 120, 120 },
	  { 0, 0, 1, 1 } },
	{ "exactly two seconds",
	  IPPROTO_UDP,
	  { 0, 0, 2, 2.001 },
	  { 30, 30, 30, 120 },
	  { 0, 0, 0, 1 } },
	{ "lite", IPPROTO_UDPLITE, { 0, 0, 0, 0 }, { 30, 30, 120, 120 }, { 0, 0, 1, 1 } },
	{ "gre", IPPROTO_GRE, { 0, 0, 0, 0 }, { 30, 30, 180, 180 }, { 0, 0, 1, 1 } },
	{ "any", ESP, { 0, 1, 2, 9 }, { 600, 600, 600, 600 }, { 0, 0, 0, 0 } },
};

static void timeouts_follow_the_conversation(void **state)
{
	static const bool from_client[] = { true, false, true, true };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track *t = track_new(1);
		bool ports = rows[i].proto != IPPROTO_GRE && rows[i].proto != ESP;
		for (unsigned n = 0; n < 4; n++) {
			struct track_packet p = packet(rows[i].proto, from_client[n],
			                               ports ? 1000 : 0, ports ? 53 : 0);
			struct walked w;
			track_at(t, S(rows[i].at[n]));
			w = walk(t, p);
			if (left(t, p) != rows[i].left[n] ||
			    !!(w.status & TRACK_S_ASSURED) != rows[i].assured[n])
				fail_msg("%s, packet %u: %ld s, assured %d", rows[i].name,
				         n, left(t, p), !!(w.status & TRACK_S_ASSURED));
			assert_int_equal(w.state, n ? TRACK_ESTABLISHED : TRACK_NEW);
		}
		track_free(t);
	}
}

static void a_second_request_is_still_new(void **state)
{
	struct track *t = track_new(1);

	(void)state;
	assert_int_equal(walk(t, packet(IPPROTO_UDP, true, 1000, 53)).state, TRACK_NEW);
	assert_int_equal(walk(t, packet(IPPROTO_UDP, true, 1000, 53)).state, TRACK_NEW);
	assert_int_equal(walk(t, packet(IPPROTO_UDP, false, 1000, 53)).state,
	                 TRACK_ESTABLISHED);
	track_free(t);
}

static void protocols_without_ports_have_one_entry_for_two_hosts(void **state)
{
	struct track *t = track_new(1);

	(void)state;
	walk(t, packet(ESP, true, 0, 0));
	walk(t, packet(ESP, true, 0, 0));
	walk(t, packet(IPPROTO_GRE, true, 0, 0));
	assert_int_equal(track_count(t), 2);
	track_free(t);
}

/* What the events since the last call say of one entry, together. */
static uint32_t told(struct track *t, uint64_t *id)
{
	uint32_t what = 0;
	size_t n;
	const struct track_event *events = track_events(t, &n);

	for (size_t i = 0; i < n; i++) {
		assert_true(*id == 0 || events[i].id == *id);
		*id = events[i].id;
		assert_int_equal(events[i].original.dst_port, 53);
		what |= events[i].what;
	}
	return what;
}

static void events_tell_an_entrys_life(void **state)
{
	struct track *t = track_new(1);
	struct track_packet ask = packet(IPPROTO_UDP, true, 1000, 53);
	struct track_packet answer = packet(IPPROTO_UDP, false, 1000, 53);
	uint64_t id = 0;

	(void)state;
	walk(t, packet(IPPROTO_UDP, true, 999, 53));
	assert_int_equal(told(t, &id), 0); /* nobody has asked for them */
	track_events_on(t, true);
	walk(t, ask);
	assert_int_equal(told(t, &id), TRACK_E_NEW);
	assert_int_equal(told(t, &id), 0);
	walk(t, answer);
	assert_int_equal(told(t, &id), TRACK_E_REPLY);
	track_at(t, S(3));
	walk(t, ask);
	walk(t, ask);
	assert_int_equal(told(t, &id), TRACK_E_ASSURED);
	track_delete(t, entry_of(t, ask));
	assert_int_equal(told(t, &id), TRACK_E_DESTROY);
	track_events_on(t, false);
	walk(t, packet(IPPROTO_UDP, true, 1001, 53));
	assert_int_equal(told(t, &id), 0);
	track_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(timeouts_follow_the_conversation),
		UNIT(a_second_request_is_still_new),
		UNIT(protocols_without_ports_have_one_entry_for_two_hosts),
		UNIT(events_tell_an_entrys_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
