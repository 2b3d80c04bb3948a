/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/engine/sim/fdb.h"

#define SECOND UINT64_C(1000000000)

struct bridged {
	struct sim_machine m;
	const struct sim_dev *bridge, *port[2], *other, *other_port;
	struct fdb *fdb;
};

static const uint8_t station[6] = { 2, 0, 0, 0, 0, 0x11 };

static void begin(struct bridged *b)
{
	machine_init(&b->m, 1);
	b->bridge = machine_dev(&b->m, STR("br0"), 2);
	b->port[0] = machine_dev(&b->m, STR("eth0"), 3);
	b->port[1] = machine_dev(&b->m, STR("eth1"), 4);
	b->other = machine_dev(&b->m, STR("br1"), 5);
	b->other_port = machine_dev(&b->m, STR("eth2"), 6);
	assert_true(machine_add_port(&b->m, b->bridge, b->port[0]));
	assert_true(machine_add_port(&b->m, b->bridge, b->port[1]));
	assert_true(machine_add_port(&b->m, b->other, b->other_port));
	b->fdb = fdb_new(&b->m);
}

static void end(struct bridged *b)
{
	fdb_free(b->fdb);
	machine_fini(&b->m);
}

static void a_station_is_where_it_was_heard_last(void **state)
{
	struct bridged b;

	(void)state;
	begin(&b);
	assert_null(fdb_find(b.fdb, b.bridge, station, 0));
	fdb_learn(b.fdb, b.port[0], station, 0);
	assert_ptr_equal(fdb_find(b.fdb, b.bridge, station, 0), b.port[0]);
	fdb_learn(b.fdb, b.port[1], station, SECOND);
	assert_ptr_equal(fdb_find(b.fdb, b.bridge, station, SECOND), b.port[1]);
	end(&b);
}

static void bridges_have_tables_of_their_own(void **state)
{
	struct bridged b;

	(void)state;
	begin(&b);
	fdb_learn(b.fdb, b.port[0], station, 0);
	assert_null(fdb_find(b.fdb, b.other, station, 0));
	fdb_learn(b.fdb, b.other_port, station, 0);
	assert_ptr_equal(fdb_find(b.fdb, b.bridge, station, 0), b.port[0]);
	assert_ptr_equal(fdb_find(b.fdb, b.other, station, 0), b.other_port);
	end(&b);
}

static void what_was_learnt_is_forgotten_after_five_minutes_of_silence(void **state)
{
	struct bridged b;

	(void)state;
	begin(&b);
	fdb_learn(b.fdb, b.port[0], station, SECOND);
	assert_non_null(fdb_find(b.fdb, b.bridge, station, 300 * SECOND));
	fdb_learn(b.fdb, b.port[0], station, 300 * SECOND);
	assert_non_null(fdb_find(b.fdb, b.bridge, station, 599 * SECOND));
	assert_null(fdb_find(b.fdb, b.bridge, station, 600 * SECOND));
	end(&b);
}

static void a_station_that_was_told_does_not_age_but_moves(void **state)
{
	struct bridged b;
	struct sim_station told;

	(void)state;
	begin(&b);
	told.port = b.port[0];
	memcpy(told.mac, station, sizeof(station));
	vec_push(&b.m.stations, told);
	fdb_free(b.fdb);
	b.fdb = fdb_new(&b.m);
	assert_ptr_equal(fdb_find(b.fdb, b.bridge, station, 9000 * SECOND), b.port[0]);
	fdb_learn(b.fdb, b.port[1], station, 9000 * SECOND);
	assert_ptr_equal(fdb_find(b.fdb, b.bridge, station, 99999 * SECOND), b.port[1]);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_station_is_where_it_was_heard_last),
		UNIT(bridges_have_tables_of_their_own),
		UNIT(what_was_learnt_is_forgotten_after_five_minutes_of_silence),
		UNIT(a_station_that_was_told_does_not_age_but_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
