/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Words in tables: keys order as the words do, and long words are told apart behind them. */
#include "unit.h"

#include "base/word.h"

static const struct row {
	struct word word;
	int value;
} rows[] = {
	/* sorted */
	{ WORD("a"), 0 },         { WORD("ab"), 1 },       { WORD("abc"), 2 },
	{ WORD("abcdefg"), 3 },   { WORD("abcdefgh"), 4 }, { WORD("abcdefghi"), 5 },
	{ WORD("abcdefghj"), 6 }, { WORD("b"), 7 },        { WORD("rt0"), 8 },
	{ WORD("zz"), 9 },
};

static void literal_and_text_have_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(rows[i].word.key == word_key(str_from(rows[i].word.text)));
	assert_true(word_key(STR("")) == 0);
	assert_true(WORD_KEY("tcp") == UINT64_C(0x7463700000000000));
}

static void keys_never_fall_in_a_sorted_table(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(rows); i++)
		assert_true(rows[i - 1].word.key <= rows[i].word.key);
}

static void each_word_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str text = str_from(rows[i].word.text);
		const struct row *row = WORD_FIND(rows, word_key(text), text);

		assert_non_null(row);
		assert_int_equal(row->value, i);
	}
}

static void other_words_are_not(void **state)
{
	static const struct str none[] = {
		STR_INIT(""),         STR_INIT("A"),          STR_INIT("abcd"),
		STR_INIT("abcdef"),   STR_INIT("abcdefgi"),   STR_INIT("abcdefghk"),
		STR_INIT("abcdefg "), STR_INIT("abcdefghij"), STR_INIT("zzz"),
		STR_INIT("~"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_null(WORD_FIND(rows, word_key(none[i]), none[i]));
}

/* The bytes behind a slice belong to others: a sanitizer sees who reads them. */
static void a_key_reads_its_text_alone(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 9; n++) {
		auto_free char *text = malloc(n);

		memcpy(text, "abcdefghi", n);
		assert_true(word_key((struct str){ text, n }) >> 56 == 'a');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(literal_and_text_have_one_key),
		UNIT(keys_never_fall_in_a_sorted_table),
		UNIT(each_word_is_found),
		UNIT(other_words_are_not),
		UNIT(a_key_reads_its_text_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
