/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Slices: numbers, order, and "did you mean". */
#include "unit.h"

#include <errno.h>

#include "base/arena.h"

static void slices_compare_by_bytes(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq((struct str){ NULL, 0 }, STR("")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
	assert_true(str_starts(STR("__set0"), STR("__set")));
	assert_false(str_starts(STR("__"), STR("__set")));
	assert_true(str_ends(STR("rules.nft"), STR(".nft")));
	assert_false(str_ends(STR("nft"), STR(".nft")));
	assert_int_equal(str_from(NULL).n, 0);
}

static void a_tables_word_is_the_whole_text(void **state)
{
	static const struct {
		struct str text;
		const char *word;
		bool same;
	} rows[] = {
		{ STR_INIT("saddr"), "saddr", true },   { STR_INIT(""), "", true },
		{ STR_INIT("sadd"), "saddr", false },   { STR_INIT(""), "saddr", false },
		{ STR_INIT("saddrs"), "saddr", false }, { STR_INIT("a\0b"), "a", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(str_is_word(rows[i].text, rows[i].word), rows[i].same);
}

static void parts_are_cut_to_what_is_there(void **state)
{
	(void)state;
	assert_str(str_sub(STR("input"), 2, 2), "pu");
	assert_str(str_sub(STR("input"), 2, 99), "put");
	assert_str(str_sub(STR("input"), 9, 1), "");
	assert_str(str_trim(STR(" \t a b\r\n")), "a b");
	assert_str(str_trim(STR("  ")), "");
	assert_int_equal(str_find(STR("a:b"), ':'), 1);
	assert_int_equal(str_find(STR("ab"), ':'), 2);
}

static void numbers_are_read_strictly(void **state)
{
	static const struct {
		struct str in;
		unsigned base;
		int result;
		uint64_t value;
	} rows[] = {
		{ STR_INIT("0"), 10, 0, 0 },
		{ STR_INIT("4294967296"), 10, 0, 4294967296 },
		{ STR_INIT("18446744073709551615"), 10, 0, UINT64_MAX },
		{ STR_INIT("18446744073709551616"), 10, -ERANGE, 0 },
		{ STR_INIT("99999999999999999999999"), 10, -ERANGE, 0 },
		{ STR_INIT("99999999999999999999999x"), 10, -EINVAL, 0 },
		{ STR_INIT(""), 10, -EINVAL, 0 },
		{ STR_INIT("+1"), 10, -EINVAL, 0 },
		{ STR_INIT("-1"), 10, -EINVAL, 0 },
		{ STR_INIT(" 1"), 10, -EINVAL, 0 },
		{ STR_INIT("1 "), 10, -EINVAL, 0 },
		{ STR_INIT("1\0"), 10, -EINVAL, 0 },
		{ STR_INIT("0x1F"), 0, 0, 31 },
		{ STR_INIT("0x"), 0, -EINVAL, 0 },
		{ STR_INIT("017"), 0, 0, 15 },
		{ STR_INIT("08"), 0, -EINVAL, 0 },
		{ STR_INIT("0"), 0, 0, 0 },
		{ STR_INIT("ff"), 16, 0, 255 },
		{ STR_INIT("0x1"), 16, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 77;
		assert_int_equal(str_to_u64(rows[i].in, rows[i].base, &v),
		                 rows[i].result);
		assert_int_equal(v, rows[i].result < 0 ? 77 : rows[i].value);
	}
}

static void distance_counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "input", "input", 0 },
		{ "htpp", "http", 1 },
		{ "estblished", "established", 1 },
		{ "ct", "tc", 1 },
		{ "accept", "drop", 5 },
		{ "INPUT", "input", 5 },
		{ "sport", "dport", 1 },
		{ "kitten", "sitting", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str a = str_from(rows[i].a), b = str_from(rows[i].b);
		assert_int_equal(str_distance(a, b), rows[i].distance);
		assert_int_equal(str_distance(b, a), rows[i].distance);
	}
}

static void long_words_are_not_compared(void **state)
{
	static const char as[STR_DISTANCE_MAX + 1] = { 'a' };
	struct str word = { as, sizeof(as) };

	(void)state;
	assert_true(str_distance(word, STR("a")) == SIZE_MAX);
	assert_int_equal(str_distance(word, word), 0);
	assert_int_equal(str_nearest(word, &STR("a"), 1).n, 0);
}

static void the_nearest_word_is_found_when_it_is_near(void **state)
{
	static const struct str words[] = {
		STR_INIT("established"), STR_INIT("related"),   STR_INIT("new"),
		STR_INIT("invalid"),     STR_INIT("untracked"), STR_INIT("input"),
		STR_INIT("ip"),
	};
	static const struct {
		const char *word, *found;
	} rows[] = {
		{ "establised", "established" },
		{ "INPUT", "input" },
		{ "nwe", "new" },
		{ "relatd", "related" },
		{ "zzz", "" },
		{ "", "" },
		{ "x", "" },
		{ "ipp", "ip" },
		{ "forward", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_str(str_nearest(str_from(rows[i].word), words, ARRAY_LEN(words)),
		           rows[i].found);
}

static void a_c_string_is_copied_into_the_arena(void **state)
{
	auto_arena a = { 0 };

	(void)state;
	assert_string_equal(str_dup_c(&a, str_sub(STR("eth0:1"), 0, 4)), "eth0");
	assert_string_equal(str_dup_c(&a, (struct str){ NULL, 0 }), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(slices_compare_by_bytes),
		UNIT(a_tables_word_is_the_whole_text),
		UNIT(parts_are_cut_to_what_is_there),
		UNIT(numbers_are_read_strictly),
		UNIT(distance_counts_edits),
		UNIT(long_words_are_not_compared),
		UNIT(the_nearest_word_is_found_when_it_is_near),
		UNIT(a_c_string_is_copied_into_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
