/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/scenario/words.h"

struct reading {
	struct sources sources;
	struct arena a;
	struct diags diags;
	struct words w;
};

static void start(struct reading *x, const char *text)
{
	*x = (struct reading){ .w = { .failed = false } };
	uint32_t file = sources_add(&x->sources, STR("test"), str_from(text));
	struct span span = { file, 0, (uint32_t)strlen(text) };

	words_init(&x->w, &x->sources, span, &x->a, &x->diags);
}

static void done(struct reading *x)
{
	diags_fini(&x->diags);
	sources_fini(&x->sources);
	arena_fini(&x->a);
}

static void blanks_commas_quotes_and_comments_part_words(void **state)
{
	struct reading x;

	(void)state;
	start(&x, "  syn,ack accept, then \"a \\\"b\\\" # c\" \\\n  d#e # f");
	assert_str(words_next(&x.w), "syn,ack");
	assert_str(words_next(&x.w), "accept");
	assert_true(words_take(&x.w, ","));
	assert_false(words_take(&x.w, "than"));
	assert_true(words_take(&x.w, "then"));
	assert_str(words_next(&x.w), "a \"b\" # c");
	assert_true(x.w.quoted);
	assert_str(words_peek(&x.w), "d");
	assert_str(words_next(&x.w), "d");
	assert_true(words_end(&x.w));
	assert_str(words_next(&x.w), "");
	done(&x);
}

static void a_word_in_quotes_is_no_word_of_the_grammar(void **state)
{
	struct reading x;

	(void)state;
	start(&x, "\"then\"");
	assert_false(words_take(&x.w, "then"));
	assert_false(words_end(&x.w));
	done(&x);
}

static void a_quote_without_its_end_is_taken_as_it_stands(void **state)
{
	struct reading x;

	(void)state;
	start(&x, "\"never ends");
	assert_str(words_next(&x.w), "\"never");
	assert_false(x.w.quoted);
	done(&x);
}

static void numbers_are_bounded_and_errors_point_at_the_word(void **state)
{
	struct reading x;

	(void)state;
	start(&x, "12 0x1f 300");
	assert_int_equal(words_number(&x.w, "a", 255), 12);
	assert_int_equal(words_number(&x.w, "a", 255), 31);
	assert_int_equal(words_number(&x.w, "a", 255), 0);
	assert_true(x.w.failed);
	assert_int_equal(x.diags.list.p[0]->span.off, 8);
	assert_int_equal(x.diags.list.p[0]->span.len, 3);
	done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(blanks_commas_quotes_and_comments_part_words),
		UNIT(a_word_in_quotes_is_no_word_of_the_grammar),
		UNIT(a_quote_without_its_end_is_taken_as_it_stands),
		UNIT(numbers_are_bounded_and_errors_point_at_the_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
