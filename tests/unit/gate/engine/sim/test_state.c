/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/state.h"

#define SECOND UINT64_C(1000000000)

static struct insn limit(uint64_t rate, uint64_t unit_s, uint32_t burst, uint32_t type,
                         uint32_t flags)
{
	struct insn in = { .kind = INSN_LIMIT };

	in.limit.rate = rate;
	in.limit.unit_s = unit_s;
	in.limit.burst = burst;
	in.limit.type = type;
	in.limit.flags = flags;
	return in;
}

/* How many of `n` packets of `len` bytes at one moment pass. */
static unsigned passing(const struct insn *in, union sim_state *s, uint64_t now_ns,
                        uint32_t len, unsigned n)
{
	unsigned passed = 0;

	while (n--)
		passed += state_pass(in, s, now_ns, len);
	return passed;
}

struct limit_row {
	uint64_t rate, unit_s;
	uint32_t burst, type, flags, len;
	unsigned passed; /* of 20 at once */
};

static void a_bucket_begins_full(void **state)
{
	/* The first three were measured: 20 packets at 1/hour. */
	static const struct limit_row rows[] = {
		{ 1, 3600, 0, NFT_LIMIT_PKTS, 0, 40, 5 },
		{ 1, 3600, 2, NFT_LIMIT_PKTS, 0, 40, 2 },
		{ 1, 3600, 5, NFT_LIMIT_PKTS, NFT_LIMIT_F_INV, 40, 15 },
		{ 100, 3600, 0, NFT_LIMIT_PKT_BYTES, 0, 40, 2 },
		{ 10, 3600, 60, NFT_LIMIT_PKT_BYTES, 0, 40, 1 },
		{ 10, 3600, 0, NFT_LIMIT_PKT_BYTES, 0, 40, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct limit_row *r = &rows[i];
		struct insn in = limit(r->rate, r->unit_s, r->burst, r->type, r->flags);
		union sim_state s = { 0 };
		state_init(&in, &s);
		assert_int_equal(passing(&in, &s, 0, r->len, 20), r->passed);
	}
}

static void a_bucket_fills_with_time_but_not_over_its_rim(void **state)
{
	struct insn in = limit(5, 60, 5, NFT_LIMIT_PKTS, 0);
	union sim_state s = { 0 };

	(void)state;
	state_init(&in, &s);
	assert_int_equal(passing(&in, &s, 0, 40, 9), 5);
	assert_int_equal(passing(&in, &s, 12 * SECOND - 1, 40, 9), 0);
	assert_int_equal(passing(&in, &s, 12 * SECOND, 40, 9), 1);
	assert_int_equal(passing(&in, &s, 3600 * SECOND, 40, 9), 5);
}

static void a_quota_counts_the_packet_that_is_asked_about(void **state)
{
	struct insn until = { .kind = INSN_QUOTA }, over = { .kind = INSN_QUOTA };
	union sim_state s = { 0 }, o = { 0 };

	(void)state;
	until.quota.bytes = over.quota.bytes = 100;
	over.quota.flags = NFT_QUOTA_F_INV;
	assert_int_equal(passing(&until, &s, 0, 40, 10), 2);
	assert_int_equal(passing(&over, &o, 0, 40, 10), 8);
}

static void a_counter_goes_on_from_what_it_was_given(void **state)
{
	struct insn in = { .kind = INSN_COUNTER };
	union sim_state s = { 0 };

	(void)state;
	in.counter.packets = 7;
	in.counter.bytes = 700;
	state_init(&in, &s);
	assert_int_equal(passing(&in, &s, 0, 40, 2), 2);
	assert_int_equal(s.counter.packets, 9);
	assert_int_equal(s.counter.bytes, 780);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_bucket_begins_full),
		UNIT(a_bucket_fills_with_time_but_not_over_its_rim),
		UNIT(a_quota_counts_the_packet_that_is_asked_about),
		UNIT(a_counter_goes_on_from_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
