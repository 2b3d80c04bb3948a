/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The hash map, against what is known to be in it. */
#include "unit.h"

#include "base/arena.h"
#include "base/map.h"

static int one = 1, two = 2;

static void values_are_found_by_key(void **state)
{
	auto_map m = { 0 };

	(void)state;
	assert_null(map_get(&m, STR("input")));
	assert_false(map_has(&m, STR("input")));
	assert_null(map_put(&m, STR("input"), &one));
	assert_null(map_put(&m, STR(""), &two));
	assert_ptr_equal(map_get(&m, STR("input")), &one);
	assert_ptr_equal(map_get(&m, STR("")), &two);
	assert_null(map_get(&m, STR("inpu")));
	assert_ptr_equal(map_put(&m, STR("input"), &two), &one);
	assert_int_equal(m.n, 2);
	assert_null(map_put(&m, STR("null"), NULL));
	assert_true(map_has(&m, STR("null")));
}

static void deleted_keys_are_gone_and_can_come_back(void **state)
{
	auto_map m = { 0 };

	(void)state;
	map_put(&m, STR("a"), &one);
	assert_ptr_equal(map_del(&m, STR("a")), &one);
	assert_null(map_del(&m, STR("a")));
	assert_int_equal(m.n, 0);
	map_put(&m, STR("a"), &two);
	assert_ptr_equal(map_get(&m, STR("a")), &two);
}

static void many_keys_come_and_go(void **state)
{
	enum { COUNT = 20000 };
	auto_arena a = { 0 };
	auto_map m = { 0 };
	struct str *keys = arena_array(&a, struct str, COUNT);
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		keys[i] = arena_fmt(&a, "key%zu", i);
		assert_null(map_put(&m, keys[i], &keys[i]));
		if (i % 2) /* deletions in between leave marks that growth must drop */
			assert_ptr_equal(map_del(&m, keys[i]), &keys[i]);
	}
	assert_int_equal(m.n, COUNT / 2);
	for (size_t i = 0; i < COUNT; i++)
		assert_ptr_equal(map_get(&m, keys[i]), i % 2 ? NULL : &keys[i]);
	map_for_each(it, &m) {
		assert_true(str_eq(it->key, *(struct str *)it->value));
		map_del(&m, it->key);
		seen++;
	}
	assert_int_equal(seen, COUNT / 2);
	assert_int_equal(m.n, 0);
}

static void a_map_that_is_only_churned_does_not_grow(void **state)
{
	auto_arena a = { 0 };
	auto_map m = { 0 };

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		struct str key = arena_fmt(&a, "%zu", i);
		map_put(&m, key, &one);
		map_del(&m, key);
	}
	assert_true(m.cap <= 64);
}

/* Who chooses keys that collide must not know where they go. */
static void a_seed_puts_keys_elsewhere(void **state)
{
	auto_arena a = { 0 };
	auto_map plain = { 0 }, seeded = { .seed = 0x1234567 };
	bool differs = false;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		struct str key = arena_fmt(&a, "%zu", i);
		map_put(&plain, key, &one);
		map_put(&seeded, key, &one);
		assert_ptr_equal(map_get(&seeded, key), &one);
	}
	const struct map_entry *p = NULL, *s = NULL;
	while ((p = map_next(&plain, p)) && (s = map_next(&seeded, s)))
		differs = differs || !str_eq(p->key, s->key);
	assert_true(differs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(values_are_found_by_key),
		UNIT(deleted_keys_are_gone_and_can_come_back),
		UNIT(many_keys_come_and_go),
		UNIT(a_map_that_is_only_churned_does_not_grow),
		UNIT(a_seed_puts_keys_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
