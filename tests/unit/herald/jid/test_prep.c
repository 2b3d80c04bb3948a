/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "herald/jid/prep.h"

struct row {
	enum prep_profile profile;
	const char *in, *out; /* out NULL: refused */
};

/* U+202E, byte by byte: a reader of this file should see what is there. */
static const char override[] = { 'a', '\xe2', '\x80', '\xae', 'b', '\0' };

/* Appendices A and B of RFC 6122; RFC 3491; the examples of RFC 4013 section 3. */
static const struct row rows[] = {
	{ PREP_NODE, "juliet", "juliet" },
	{ PREP_NODE, "Juliet", "juliet" },
	{ PREP_NODE, "a b", NULL },
	{ PREP_NODE, "a@b", NULL },
	{ PREP_NODE, "a'b", NULL },
	{ PREP_NODE, "a<b", NULL },
	{ PREP_NODE, "a\x7f", NULL },
	{ PREP_NODE, "\u00c9va", "\u00e9va" },
	{ PREP_NODE, "\u017f", "s" },        /* long s */
	{ PREP_NODE, "\u212a", "k" },        /* Kelvin sign */
	{ PREP_NODE, "\uff41\uff22", "ab" }, /* full width */
	{ PREP_NODE, "\uff20", NULL },       /* full width @ */
	{ PREP_NODE, "a\u200db", "ab" },     /* zero width joiner goes */
	{ PREP_NODE, "\u05d0\u05d1", "\u05d0\u05d1" },
	{ PREP_NODE, "\u05d0a", NULL }, /* right to left and left to right mixed */
	{ PREP_NODE, override, NULL },  /* override */
	{ PREP_NODE, "a\u2028b", NULL },
	{ PREP_NODE, "a\xc3", NULL },         /* cut UTF-8 */
	{ PREP_NODE, "a\xed\xa0\x80", NULL }, /* surrogate */
	{ PREP_RESOURCE, "My Phone", "My Phone" },
	{ PREP_RESOURCE, "a@b/c", "a@b/c" },
	{ PREP_RESOURCE, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, /* after Unicode 3.2 */
	{ PREP_RESOURCE, "a\tb", NULL },
	{ PREP_RESOURCE, "\ufb01", "fi" },
	{ PREP_NAME, "EXAMPLE.org", "example.org" },
	{ PREP_NAME, "STRA\u00dfE", "strasse" },
	{ PREP_SASL, "I\u00adX", "IX" },
	{ PREP_SASL, "user", "user" },
	{ PREP_SASL, "USER", "USER" },
	{ PREP_SASL, "\u00aa", "a" },
	{ PREP_SASL, "\u2168", "IX" },
	{ PREP_SASL, "\x07", NULL },
	{ PREP_SASL, "\u0627\x31", NULL },
	{ PREP_SASL, "a\u00a0b", "a b" },
};

static void each_profile_does_what_its_standard_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct str out = STR("untouched");
		int r = prep(rows[i].profile, PREP_QUERY, str_from(rows[i].in), 100, &a,
		             &out);
		if (r != (rows[i].out ? 0 : -EINVAL))
			fail_msg("row %zu, `%s`: %d", i, rows[i].in, r);
		assert_str(out, rows[i].out ? rows[i].out : "untouched");
	}
}

static void what_is_normal_is_not_copied(void **state)
{
	static const char *const texts[] = { "juliet", "\u00e9va" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		auto_arena a = { 0 };
		struct str in = str_from(texts[i]), out;
		assert_int_equal(prep(PREP_NODE, PREP_QUERY, in, 100, &a, &out), 0);
		assert_ptr_equal(out.p, in.p);
	}
}

static void sizes_are_bounded(void **state)
{
	static const struct {
		const char *in;
		int r;
	} cases[] = {
		{ "abcd", 0 },
		{ "abcde", -ENAMETOOLONG },
		{ "\uff41\uff42\uff43\uff44", 0 }, /* 12 bytes in, 4 out */
		{ "\ufdfa", -ENAMETOOLONG },       /* 3 bytes in, 33 out */
		{ "\uff41\uff42\uff43\uff44\uff45", -ENAMETOOLONG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_arena a = { 0 };
		struct str out;
		assert_int_equal(prep(PREP_RESOURCE, PREP_QUERY, str_from(cases[i].in), 4,
		                      &a, &out),
		                 cases[i].r);
	}
}

static void a_nul_is_refused(void **state)
{
	auto_arena a = { 0 };
	struct str out;

	(void)state;
	assert_int_equal(prep(PREP_SASL, PREP_QUERY, STR("a\0b"), 9, &a, &out), -EINVAL);
	assert_int_equal(prep(PREP_SASL, PREP_QUERY, STR("\u00e9\0b"), 9, &a, &out),
	                 -EINVAL);
}

static void unassigned_code_points_are_not_stored(void **state)
{
	auto_arena a = { 0 };
	struct str in = STR("\u0221"), out; /* unassigned in Unicode 3.2 */

	(void)state;
	assert_int_equal(prep(PREP_SASL, PREP_QUERY, in, 9, &a, &out), 0);
	assert_int_equal(prep(PREP_SASL, PREP_STORED, in, 9, &a, &out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_profile_does_what_its_standard_says),
		UNIT(what_is_normal_is_not_copied),
		UNIT(sizes_are_bounded),
		UNIT(a_nul_is_refused),
		UNIT(unassigned_code_points_are_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
