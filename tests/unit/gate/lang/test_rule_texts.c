/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The texts of a block's rules: what is put in comes out, in whatever runs it is kept. */
#include "unit.h"

#include "gate/lang/rule_texts.h"

static char places[2]; /* scopes are only told apart by where they are */

static struct scope *scope_at(size_t i)
{
	union {
		char *place;
		struct scope *scope;
	} u = { &places[i] };

	return u.scope;
}

/* Rule `i`: scope, file and number of definitions change at steps of their own. */
static struct rule_text text_of(size_t i)
{
	return (struct rule_text){ scope_at(i / 7 % 2),
		                   { 1 + (uint32_t)(i / 11), (uint32_t)i * 10, 5 },
		                   (uint32_t)(i / 13) };
}

static void assert_text(const struct rule_texts *r, size_t i, struct rule_text want)
{
	struct rule_text got = rule_texts_get(r, i);

	assert_ptr_equal(got.scope, want.scope);
	assert_int_equal(got.span.file, want.span.file);
	assert_int_equal(got.span.off, want.span.off);
	assert_int_equal(got.span.len, want.span.len);
	assert_int_equal(got.seq, want.seq);
}

static void each_comes_out_as_it_was_put_in(void **state)
{
	struct rule_texts r = { 0 };

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		struct rule_text text = text_of(i);

		rule_texts_add(&r, &text);
	}
	assert_int_equal(r.list.n, 100);
	for (size_t i = 100; i-- > 0;)
		assert_text(&r, i, text_of(i));
	rule_texts_fini(&r);
	assert_int_equal(r.list.n, 0);
}

static void neighbours_with_the_same_surroundings_are_one_run(void **state)
{
	struct rule_texts r = { 0 };
	struct rule_text text = { scope_at(0), { 1, 0, 5 }, 3 };

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		text.span.off = (uint32_t)i * 10;
		rule_texts_add(&r, &text);
	}
	assert_int_equal(r.runs.n, 1);
	text.seq++;
	rule_texts_add(&r, &text);
	assert_int_equal(r.runs.n, 2);
	text.seq--; /* back again, as behind an included file */
	rule_texts_add(&r, &text);
	assert_int_equal(r.runs.n, 3);
	assert_text(&r, 51, text);
	rule_texts_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_comes_out_as_it_was_put_in),
		UNIT(neighbours_with_the_same_surroundings_are_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
