/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/sim/set.h"

#define SECOND UINT64_C(1000000000)

static struct prog_elem elem(const void *key, size_t n)
{
	struct prog_elem e = { .has_key = true };

	memcpy(e.key.b, key, n);
	e.key.n = (uint8_t)n;
	return e;
}

struct fixture {
	struct sim_store *store;
	struct sim_set set;
};

static void open_set(struct fixture *f, uint32_t flags, uint32_t key_len)
{
	*f = (struct fixture){ .store = store_new() };
	f->set.set.flags = flags;
	f->set.set.key_len = key_len;
}

static void close_set(struct fixture *f)
{
	set_fini(&f->set);
	store_free(f->store);
}

static bool has(struct fixture *f, const void *key)
{
	return set_find(&f->set, key, f->store->now_ns);
}

static int add(struct fixture *f, const struct prog_elem *e, bool create)
{
	struct sim_elem *made;

	return set_add(f->store, &f->set, e, create, &made);
}

static void a_hash_set_holds_just_its_keys(void **state)
{
	struct fixture f;
	struct prog_elem e = elem("\0\26", 2);

	(void)state;
	open_set(&f, 0, 2);
	assert_int_equal(add(&f, &e, false), 0);
	assert_int_equal(add(&f, &e, false), 0); /* nothing new */
	assert_int_equal(add(&f, &e, true), -EEXIST);
	assert_int_equal(f.set.live, 1);
	assert_true(has(&f, "\0\26"));
	assert_false(has(&f, "\0\27"));
	assert_int_equal(set_remove(&f.set, &e), 0);
	assert_int_equal(set_remove(&f.set, &e), -ENOENT);
	assert_false(has(&f, "\0\26"));
	close_set(&f);
}

struct interval_row {
	const char *key;
	bool inside;
};

static void intervals_reach_from_their_start_to_before_their_end(void **state)
{
	static const struct interval_row rows[] = {
		{ "\12\0\0\0", false },        { "\12\0\0\1", true },
		{ "\12\0\0\5", true },         { "\12\0\0\6", true },
		{ "\12\0\0\11", true },        { "\12\0\0\12", false },
		{ "\377\377\377\377", false },
	};
	struct fixture f;
	struct prog_elem e[4];

	(void)state;
	open_set(&f, NFT_SET_INTERVAL, 4);
	/* 10.0.0.1-5 and 10.0.0.6-9: where one ends the next begins */
	e[0] = elem("\12\0\0\6", 4);
	e[1] = elem("\12\0\0\6", 4);
	e[2] = elem("\12\0\0\1", 4);
	e[3] = elem("\12\0\0\12", 4);
	e[1].flags = e[3].flags = NFT_SET_ELEM_INTERVAL_END;
	for (size_t i = 0; i < ARRAY_LEN(e); i++)
		assert_int_equal(add(&f, &e[i], false), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(has(&f, rows[i].key), rows[i].inside);
	close_set(&f);
}

static void of_overlapping_ranges_the_first_added_counts(void **state)
{
	static const uint8_t fields[] = { 4, 2 };
	struct fixture f;
	struct prog_elem wide = elem("\12\0\0\0\0\0\0\0", 8),
			 narrow = elem("\12\0\0\5\0\26\0\0", 8);

	(void)state;
	open_set(&f, NFT_SET_INTERVAL | NFT_SET_CONCAT, 8);
	f.set.set.field_len = fields;
	f.set.set.n_fields = 2;
	wide.has_key_end = true;
	memcpy(wide.key_end.b, "\12\0\0\377\377\377\0\0", 8);
	assert_int_equal(add(&f, &wide, false), 0);
	assert_int_equal(add(&f, &narrow, false), 0);
	assert_ptr_equal(set_find(&f.set, (const uint8_t *)"\12\0\0\5\0\26\0\0", 0),
	                 f.set.elems.p[0]);
	assert_false(has(&f, "\12\0\1\5\0\26\0\0"));
	close_set(&f);
}

static void what_is_in_no_element_is_in_the_catch_all(void **state)
{
	struct fixture f;
	struct prog_elem e = elem("\0\26", 2), all = { .flags = NFT_SET_ELEM_CATCHALL };

	(void)state;
	open_set(&f, 0, 2);
	assert_int_equal(add(&f, &e, false), 0);
	assert_int_equal(add(&f, &all, false), 0);
	assert_ptr_not_equal(set_find(&f.set, (const uint8_t *)"\0\26", 0),
	                     f.set.catchall);
	assert_ptr_equal(set_find(&f.set, (const uint8_t *)"\0\27", 0), f.set.catchall);
	close_set(&f);
}

static void an_element_ends_with_its_time(void **state)
{
	struct fixture f;
	struct prog_elem e = elem("\0\26", 2);

	(void)state;
	open_set(&f, NFT_SET_TIMEOUT, 2);
	f.set.set.timeout_ms = 2000;
	assert_int_equal(add(&f, &e, false), 0);
	f.store->now_ns = 2 * SECOND - 1;
	assert_true(has(&f, "\0\26"));
	f.store->now_ns = 2 * SECOND;
	assert_false(has(&f, "\0\26"));
	assert_int_equal(add(&f, &e, true), 0); /* it may come again */
	assert_true(has(&f, "\0\26"));
	close_set(&f);
}

static void a_full_set_takes_no_more(void **state)
{
	struct fixture f;
	struct prog_elem a = elem("\0\1", 2), b = elem("\0\2", 2);

	(void)state;
	open_set(&f, 0, 2);
	f.set.set.size = 1;
	assert_int_equal(add(&f, &a, false), 0);
	assert_int_equal(add(&f, &b, false), -ENFILE);
	assert_int_equal(add(&f, &a, false), 0); /* it is there already */
	assert_int_equal(set_remove(&f.set, &a), 0);
	assert_int_equal(add(&f, &b, false), 0);
	close_set(&f);
}

static void what_a_rule_deletes_takes_room_until_it_is_swept(void **state)
{
	struct fixture f;
	struct prog_elem one = elem("\0\1", 2), two = elem("\0\2", 2);

	(void)state;
	open_set(&f, NFT_SET_EVAL, 2);
	f.set.set.size = 1;
	assert_int_equal(add(&f, &one, false), 0);
	assert_int_equal(add(&f, &two, false), -ENFILE);
	f.store->now_ns = SECOND / 2;
	assert_int_equal(set_kill(&f.set, &one, f.store->now_ns), 0);
	assert_int_equal(set_kill(&f.set, &one, f.store->now_ns), -ENOENT);
	assert_false(has(&f, "\0\1"));
	assert_int_equal(add(&f, &two, false), -EAGAIN);
	f.store->now_ns = SECOND / 2 + 3 * SECOND - 1;
	assert_int_equal(add(&f, &two, false), -EAGAIN);
	f.store->now_ns++;
	assert_int_equal(add(&f, &two, false), 0);
	assert_true(has(&f, "\0\2"));
	close_set(&f);
}

static void a_sweep_makes_room_for_one_more(void **state)
{
	struct fixture f;
	struct prog_elem e[4];

	(void)state;
	open_set(&f, NFT_SET_EVAL, 2);
	f.set.set.size = 2;
	for (size_t i = 0; i < ARRAY_LEN(e); i++)
		e[i] = elem((const uint8_t[]){ 0, (uint8_t)i }, 2);
	assert_int_equal(add(&f, &e[0], false), 0);
	assert_int_equal(add(&f, &e[1], false), 0);
	assert_int_equal(set_kill(&f.set, &e[0], 0), 0);
	assert_int_equal(set_kill(&f.set, &e[1], 0), 0);
	assert_int_equal(add(&f, &e[2], false), -EAGAIN);
	set_sweep(&f.set, 0);
	assert_int_equal(add(&f, &e[2], false), 0);
	assert_int_equal(add(&f, &e[3], false), -EAGAIN);
	set_sweep(&f.set, 0);
	assert_int_equal(add(&f, &e[3], false), 0);
	assert_int_equal(add(&f, &e[0], false), -ENFILE);
	close_set(&f);
}

static void what_runs_out_leaves_in_its_order(void **state)
{
	struct fixture f;
	struct prog_elem e[4];
	struct sim_elem *made;

	(void)state;
	open_set(&f, NFT_SET_EVAL | NFT_SET_TIMEOUT, 2);
	f.set.set.size = 2;
	f.set.set.gc_interval_ms = 100;
	for (size_t i = 0; i < ARRAY_LEN(e); i++) {
		e[i] = elem((const uint8_t[]){ 0, (uint8_t)i }, 2);
		e[i].timeout_ms = i == 0 ? 500 : 200;
	}
	assert_int_equal(add(&f, &e[0], false), 0);
	assert_int_equal(set_add(f.store, &f.set, &e[1], false, &made), 0);
	assert_int_equal(add(&f, &e[2], false), -ENFILE);
	made->expires_ns = SECOND; /* it was refreshed */
	f.store->now_ns = SECOND / 2;
	assert_int_equal(add(&f, &e[2], false), -EAGAIN);
	f.store->now_ns = SECOND / 2 + 2100 * SECOND / 1000;
	assert_int_equal(add(&f, &e[2], false), 0);
	assert_int_equal(add(&f, &e[3], false), -EAGAIN);
	f.store->now_ns = 10 * SECOND;
	assert_int_equal(add(&f, &e[3], false), 0);
	assert_int_equal(f.set.live, 1); /* both that were there are swept */
	close_set(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_hash_set_holds_just_its_keys),
		UNIT(intervals_reach_from_their_start_to_before_their_end),
		UNIT(of_overlapping_ranges_the_first_added_counts),
		UNIT(what_is_in_no_element_is_in_the_catch_all),
		UNIT(an_element_ends_with_its_time),
		UNIT(a_full_set_takes_no_more),
		UNIT(what_a_rule_deletes_takes_room_until_it_is_swept),
		UNIT(a_sweep_makes_room_for_one_more),
		UNIT(what_runs_out_leaves_in_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
