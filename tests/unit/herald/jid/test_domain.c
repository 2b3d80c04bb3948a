/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "herald/jid/jid.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *in, *out; /* out NULL: refused */
} rows[] = {
	{ "example.org", "example.org" },
	{ "Example.ORG", "example.org" },
	{ "example.org.", "example.org" },
	{ "localhost", "localhost" },
	{ "im_1.lan", "im_1.lan" },
	{ "192.0.2.7", "192.0.2.7" },
	{ "[2001:DB8::1]", "[2001:db8::1]" },
	{ "[2001:db8:0:0::1]", "[2001:db8::1]" },
	{ "[::1", NULL },
	{ "[]", NULL },
	{ "[192.0.2.7]", NULL },
	{ "[example.org]", NULL },
	{ "b\u00fccher.example", "b\u00fccher.example" },
	{ "B\u00dcCHER.example", "b\u00fccher.example" },
	{ "xn--bcher-kva.example", "b\u00fccher.example" },
	{ "XN--BCHER-KVA.example", "b\u00fccher.example" },
	{ "b\u00fccher\u3002example", "b\u00fccher.example" }, /* ideographic full stop */
	{ "stra\u00dfe.example", "strasse.example" },
	{ "xn--a.example", NULL },
	{ "", NULL },
	{ ".", NULL },
	{ "example..org", NULL },
	{ ".example.org", NULL },
	{ "example.org..", NULL },
	{ "-a.org", NULL },
	{ "a-.org", NULL },
	{ "a b.org", NULL },
	{ "a@b.org", NULL },
	{ "a'b.org", NULL },
	{ "a&b", NULL },
	{ L63 ".org", L63 ".org" },
	{ L63 "l.org", NULL },
	{ "\xff", NULL },
};

static void a_domain_has_one_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct str out = STR("untouched");
		int r = jid_prep_domain(str_from(rows[i].in), &a, &out);
		if (r != (rows[i].out ? 0 : -EINVAL))
			fail_msg("`%s`: %d " STR_FMT, rows[i].in, r, STR_ARG(out));
		assert_str(out, rows[i].out ? rows[i].out : "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_domain_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
