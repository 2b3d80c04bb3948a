/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Arenas: zeroed, aligned, released whole. */
#include "unit.h"

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
	auto_arena a = { 0 };

	(void)state;
	for (size_t n = 0; n < 5000; n = n * 3 + 1) {
		unsigned char *p = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		if (n)
			memset(p, 0xff, n);
	}
}

static void allocations_do_not_overlap(void **state)
{
	auto_arena a = { 0 };
	unsigned char *p[600];

	(void)state;
	/* Small ones, and some with a chunk of their own. */
	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		p[i] = arena_alloc(&a, i * i % 9000 + 1);
		memset(p[i], (int)(i & 0xff), i * i % 9000 + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		assert_int_equal(p[i][0], i & 0xff);
		assert_int_equal(p[i][i * i % 9000], i & 0xff);
	}
}

static void a_large_block_leaves_the_current_chunk_in_use(void **state)
{
	auto_arena a = { 0 };
	char *first = arena_alloc(&a, 16);

	(void)state;
	arena_alloc(&a, 3 << 20);
	char *second = arena_alloc(&a, 16);
	assert_true(second > first && second - first <= 64);
}

static void reset_gives_zeroed_memory_again(void **state)
{
	auto_arena a = { 0 };
	unsigned char *p = arena_alloc(&a, 1000);

	(void)state;
	memset(p, 0xff, 1000);
	arena_alloc(&a, 100000);
	arena_reset(&a);
	unsigned char *again = arena_alloc(&a, 1000);
	assert_ptr_equal(again, p);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(again[i], 0);
}

struct trace {
	char text[8];
	size_t n;
};

struct step {
	struct trace *trace;
	char c;
};

static void note_step(void *arg)
{
	struct step *s = arg;

	s->trace->text[s->trace->n++] = s->c;
}

static void deferred_functions_run_newest_first(void **state)
{
	struct arena a;
	struct trace trace = { 0 };
	struct step steps[] = { { &trace, 'a' }, { &trace, 'b' }, { &trace, 'c' } };

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < 2; i++)
		arena_defer(&a, note_step, &steps[i]);
	arena_reset(&a);
	assert_string_equal(trace.text, "ba");
	arena_defer(&a, note_step, &steps[2]);
	arena_fini(&a);
	assert_string_equal(trace.text, "bac");
	arena_fini(&a);
	assert_string_equal(trace.text, "bac");
}

static void copies_end_in_nul(void **state)
{
	auto_arena a = { 0 };
	struct str s = arena_str(&a, str_sub(STR("input hook"), 0, 5));

	(void)state;
	assert_string_equal(s.p, "input");
	assert_int_equal(s.n, 5);
	assert_string_equal(arena_str(&a, (struct str){ NULL, 0 }).p, "");
	s = arena_fmt(&a, "%s/%d", "chain", 7);
	assert_str(s, "chain/7");
	assert_int_equal(s.p[s.n], 0);
	assert_int_equal(arena_fmt(&a, "%5000d", 1).n, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(memory_is_zeroed_and_aligned),
		UNIT(allocations_do_not_overlap),
		UNIT(a_large_block_leaves_the_current_chunk_in_use),
		UNIT(reset_gives_zeroed_memory_again),
		UNIT(deferred_functions_run_newest_first),
		UNIT(copies_end_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
