/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What `ct count` counts, tick by tick. The kernel's own counts: tests/agree/test_facts_count.py. */
#include "track_unit.h"

#include "gate/track/count.h"

#define MS(n) ((uint64_t)(n)*1000000)

/* A SYN to a port is counted on its way, and then dropped or let through. */
struct step {
	uint64_t at_ns;
	uint16_t port;
	bool passes;
	uint32_t least, most;
};

enum { STEPS = 6 };

static const struct row {
	const char *name;
	struct step steps[STEPS];
} rows[] = {
	{ "what was dropped is forgotten in the next tick",
	  { { 0, 1, false, 1, 1 },
	    { MS(10), 2, false, 1, 1 },
	    { MS(20), 3, false, 1, 1 } } },
	{ "in one tick what was dropped stays, and is counted again",
	  { { 0, 1, false, 1, 1 }, { 0, 1, false, 2, 2 }, { 0, 2, false, 3, 3 } } },
	{ "closer than a tick, it has been looked at or not",
	  { { 0, 1, false, 1, 1 },
	    { MS(9), 1, false, 1, 2 },
	    { MS(9), 2, false, 2, 3 },
	    { MS(19), 3, false, 1, 1 } } },
	{ "what lives is counted once, however close",
	  { { 0, 1, true, 1, 1 },
	    { MS(3), 2, true, 2, 2 },
	    { MS(6), 2, true, 2, 2 },
	    { MS(6), 3, true, 3, 3 } } },
};

static struct track_tally count(struct track *t, struct track_counter *c,
                                const struct step *step)
{
	struct track_packet p = packet(IPPROTO_UDP, true, step->port, 53);
	struct track_rewrite rewrite = { 0 };
	struct track_ref ref = { 0 };

	track_at(t, step->at_ns);
	assert_int_equal(track_in(t, &p, TRACK_HOOK_PREROUTING, &ref), TRACK_ACCEPT);
	struct track_tally tally = track_counter_add(t, c, &ref, &p);
	if (step->passes)
		assert_int_equal(track_confirm(t, &p, &ref, &rewrite), TRACK_ACCEPT);
	buf_fini(&rewrite.payload);
	track_release(t, &ref);
	return tally;
}

static void a_tick_is_looked_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_ptr(track) t = track_new(1);
		auto_ptr(track_counter) c = track_counter_new();
		for (unsigned n = 0; n < STEPS && rows[i].steps[n].port; n++) {
			const struct step *step = &rows[i].steps[n];
			struct track_tally tally = count(t, c, step);
			if (tally.least != step->least || tally.most != step->most)
				fail_msg("%s, packet %u: %u to %u", rows[i].name, n,
				         tally.least, tally.most);
		}
	}
}

static void the_65th_of_a_tick_has_it_looked_at_again(void **state)
{
	auto_ptr(track) t = track_new(1);
	auto_ptr(track_counter) c = track_counter_new();

	(void)state;
	for (uint16_t i = 1; i <= 70; i++) {
		struct track_tally tally =
			count(t, c, &(struct step){ 0, i, false, 0, 0 });
		assert_int_equal(tally.most, i <= 64 ? i : i - 64);
		assert_int_equal(tally.least, tally.most);
	}
}

static void what_was_decided_holds(void **state)
{
	static const struct step first = { 0, 1, false, 0, 0 };
	static const struct step soon = { MS(2), 2, false, 0, 0 };
	static const struct step same = { MS(2), 3, false, 0, 0 };

	(void)state;
	for (unsigned most = 0; most < 2; most++) {
		auto_ptr(track) t = track_new(1);
		auto_ptr(track_counter) c = track_counter_new();
		count(t, c, &first);
		count(t, c, &soon);
		track_counter_settle(c, most);
		struct track_tally tally = count(t, c, &same);
		assert_int_equal(tally.least, 2 + most);
		assert_int_equal(tally.most, 2 + most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_tick_is_looked_at_once),
		UNIT(the_65th_of_a_tick_has_it_looked_at_again),
		UNIT(what_was_decided_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
