/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "base/buf.h"
#include "herald/jid/jid.h"

static const struct {
	const char *in, *out; /* out NULL: refused */
	const char *local, *resource;
} rows[] = {
	{ "juliet@example.org/Balcony", "juliet@example.org/Balcony", "juliet",
	  "Balcony" },
	{ "Juliet@Example.org/Balcony", "juliet@example.org/Balcony", "juliet",
	  "Balcony" },
	{ "juliet@example.org", "juliet@example.org", "juliet", "" },
	{ "example.org", "example.org", "", "" },
	{ "example.org/x", "example.org/x", "", "x" },
	{ "example.org/a@b/c", "example.org/a@b/c", "", "a@b/c" },
	{ "a@example.org./r", "a@example.org/r", "a", "r" },
	{ "a@example.org/ ", "a@example.org/ ", "a", " " },
	{ "\u017f@example.org", "s@example.org", "s", "" },
	{ "", NULL, "", "" },
	{ "@example.org", NULL, "", "" },
	{ "a@", NULL, "", "" },
	{ "/r", NULL, "", "" },
	{ "a@/r", NULL, "", "" },
	{ "a@example.org/", NULL, "", "" },
	{ "a@b@example.org", NULL, "", "" },
	{ "a b@example.org", NULL, "", "" },
	{ "\u00ad@example.org", NULL, "", "" }, /* nothing is left of the soft hyphen */
};

static void an_address_is_split_and_prepared(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct jid j = { 0 };
		int r = jid_parse(str_from(rows[i].in), &a, &j);
		if (r != (rows[i].out ? 0 : -EINVAL))
			fail_msg("`%s`: %d", rows[i].in, r);
		if (r < 0) {
			assert_true(jid_is_none(j));
			continue;
		}
		assert_str(jid_str(j), rows[i].out);
		assert_str(jid_local(j), rows[i].local);
		assert_str(jid_resource(j), rows[i].resource);
	}
}

static void a_normal_address_is_not_copied(void **state)
{
	auto_arena a = { 0 };
	struct str text = STR("juliet@example.org/Balcony");
	struct jid j;

	(void)state;
	assert_int_equal(jid_parse(text, &a, &j), 0);
	assert_ptr_equal(j.p, text.p);
	assert_str(jid_domain(j), "example.org");
	assert_str(jid_bare_str(j), "juliet@example.org");
	assert_str(jid_str(jid_bare(j)), "juliet@example.org");
}

static void parts_are_bounded(void **state)
{
	static const struct {
		size_t local, resource;
		int r;
	} cases[] = {
		{ JID_PART_MAX, JID_PART_MAX, 0 },
		{ JID_PART_MAX + 1, 1, -ENAMETOOLONG },
		{ 1, JID_PART_MAX + 1, -ENAMETOOLONG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_arena a = { 0 };
		auto_buf text = { 0 };
		struct jid j;
		buf_repeat(&text, 'a', cases[i].local);
		buf_cstr(&text, "@example.org/");
		buf_repeat(&text, 'r', cases[i].resource);
		assert_int_equal(jid_parse(buf_as_str(&text), &a, &j), cases[i].r);
	}
}

static void equality_is_of_all_parts(void **state)
{
	auto_arena a = { 0 };
	struct jid full, same, other, shifted;

	(void)state;
	assert_int_equal(jid_parse(STR("a@example.org/r"), &a, &full), 0);
	assert_int_equal(jid_parse(STR("A@EXAMPLE.org/r"), &a, &same), 0);
	assert_int_equal(jid_parse(STR("a@example.org/R"), &a, &other), 0);
	assert_int_equal(jid_parse(STR("a@example.org"), &a, &shifted), 0);
	assert_true(jid_eq(full, same));
	assert_false(jid_eq(full, other));
	assert_false(jid_eq(full, shifted));
	assert_true(jid_bare_eq(full, other));
	assert_true(jid_bare_eq(full, shifted));
}

static void addresses_are_made_of_parts(void **state)
{
	auto_arena a = { 0 };
	struct jid j = { 0 }, full;

	(void)state;
	assert_int_equal(jid_make(STR("Romeo"), STR("EXAMPLE.org"), STR(""), &a, &j), 0);
	assert_str(jid_str(j), "romeo@example.org");
	assert_int_equal(jid_with_resource(j, STR("a/b"), &a, &full), 0);
	assert_str(jid_str(full), "romeo@example.org/a/b");
	assert_int_equal(jid_with_resource(full, STR("c"), &a, &full), 0);
	assert_str(jid_str(jid_copy(full, &a)), "romeo@example.org/c");
	assert_int_equal(jid_make(STR(""), STR("a"), STR("r"), &a, &j), 0);
	assert_str(jid_str(j), "a/r");
	assert_int_equal(jid_make(STR("a@b"), STR("c"), STR(""), &a, &j), -EINVAL);
	assert_int_equal(jid_with_resource(j, STR(""), &a, &j), -EINVAL);
}

static void registering_is_stricter_than_talking(void **state)
{
	static const struct {
		const char *local;
		bool may;
	} cases[] = {
		{ "juliet", true },
		{ "a.b-c_d+e", true },
		{ "\u00e9va", true },
		{ "\u738b", true },
		{ "Juliet", false },           /* not prepared */
		{ "a\u2603", false },          /* snowman */
		{ "\xf0\x9f\x98\x80", false }, /* emoji */
		{ "\u0221", false },           /* unknown to Unicode 3.2 */
		{ "", false },
		{ "a b", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (jid_local_may_register(str_from(cases[i].local)) != cases[i].may)
			fail_msg("`%s`", cases[i].local);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_address_is_split_and_prepared),
		UNIT(a_normal_address_is_not_copied),
		UNIT(parts_are_bounded),
		UNIT(equality_is_of_all_parts),
		UNIT(addresses_are_made_of_parts),
		UNIT(registering_is_stricter_than_talking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
