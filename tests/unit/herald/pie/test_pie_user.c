/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Who a user is, and times. What a user has is tested with a server: tests/herald/test_pie.py. */
#include "unit.h"

#include <errno.h>

#include "herald/pie/pie.h"
#include "herald/xml/parse.h"

#define KEYS(mechanism, count, salt, server, stored)                                   \
	"<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='" mechanism        \
	"'><iter-count>" count "</iter-count><salt>" salt "</salt><server-key>" server \
	"</server-key><stored-key>" stored "</stored-key></scram-credentials>"
#define SALT   "QSXCR+Q6sek8bf92" /* RFC 5802 section 5 */
#define SERVER "D+CSWLOshSulAsxiupA+qs2/fTE="
#define STORED "6dlGYMOdZcOPutkcNY8U2g7vK9Y="
/* The same in base 64 again, as ejabberd 23.01 has it. */
#define SALT2   "UVNYQ1IrUTZzZWs4YmY5Mg=="
#define SERVER2 "RCtDU1dMT3NoU3VsQXN4aXVwQStxczIvZlRFPQ=="
#define STORED2 "NmRsR1lNT2RaY09QdXRrY05ZOFUyZzd2SzlZPQ=="

static int read_user(const char *inner, struct arena *a, struct pie_user *out)
{
	static const struct xml_limits limits = { SIZE_MAX, SIZE_MAX, SIZE_MAX,
		                                  XML_ATTRS_MAX };
	struct xml *x;
	struct str text =
		arena_fmt(a, "<user xmlns='urn:xmpp:pie:0' name='Al'%s</user>", inner);

	assert_int_equal(xml_parse(text, NULL, &limits, a, &x), XML_OK);
	return pie_user_read(x, a, out);
}

static void keys_are_read_as_written_once_or_twice(void **state)
{
	static const char *const rows[] = {
		">" KEYS("SCRAM-SHA-1", "4096", SALT, SERVER, STORED),
		">" KEYS("SCRAM-SHA-1", "4096", SALT2, SERVER2, STORED2),
		">" KEYS("SCRAM-SHA-1", " 4096\n", " " SALT, SERVER " ", STORED),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct pie_user u;
		assert_int_equal(read_user(rows[i], &a, &u), 0);
		assert_str(u.name, "al");
		assert_null(u.password.p);
		assert_int_equal(u.n_keys, 1);
		assert_str(scram_key_write(&u.keys[0], &a),
		           "4096," SALT "," STORED "," SERVER);
		pie_user_fini(&u);
	}
}

static void keys_that_are_none_are_left(void **state)
{
	static const char *const rows[] = {
		">" KEYS("SCRAM-SHA-512", "4096", SALT, SERVER, STORED),
		">" KEYS("SCRAM-SHA-256", "4096", SALT, SERVER, STORED),
		">" KEYS("SCRAM-SHA-1", "0", SALT, SERVER, STORED),
		">" KEYS("SCRAM-SHA-1", "99999999999", SALT, SERVER, STORED),
		">" KEYS("SCRAM-SHA-1", "4096", "", SERVER, STORED),
		">" KEYS("SCRAM-SHA-1", "4096", SALT, "x", STORED),
		">" KEYS("SCRAM-SHA-1", "4096", SALT, SERVER, STORED2),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct pie_user u;
		assert_int_equal(read_user(rows[i], &a, &u), 0);
		if (i + 1 < ARRAY_LEN(rows)) {
			assert_int_equal(u.n_keys, 0);
			assert_int_equal(u.left.n, 1);
		} else {
			assert_int_equal(u.n_keys + u.left.n, 1);
		}
		pie_user_fini(&u);
	}
}

static void a_password_and_a_ban_are_read(void **state)
{
	auto_arena a = { 0 };
	struct pie_user u;

	(void)state;
	assert_int_equal(read_user(" password='x&amp;y'><disabled xmlns='" NS_MOVED
	                           "'>spam</disabled>",
	                           &a, &u),
	                 0);
	assert_str(u.password, "x&y");
	assert_true(u.is_disabled);
	assert_str(u.disabled, "spam");
	pie_user_fini(&u);
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: no time */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01.25Z", 1250000 },
		{ "2026-11-25T13:12:24.219907Z", INT64_C(1795612344219907) },
		{ "2026-11-25T14:42:24+01:30", INT64_C(1795612344000000) },
		{ "1969-12-31T23:00:00-01:00", 0 },
		{ "2026-11-25T13:12:24", -1 },
		{ "2026-13-25T13:12:24Z", -1 },
		{ "2026-11-25 13:12:24Z", -1 },
		{ "2026-11-25T13:12:24+1:00", -1 },
		{ "20261125T13:12:24", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t us = -1;
		int r = pie_time(str_from(rows[i].text), &us);
		if (r != (rows[i].us < 0 ? -EINVAL : 0) || us != rows[i].us)
			fail_msg("`%s` gave %lld", rows[i].text, (long long)us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(keys_are_read_as_written_once_or_twice),
		UNIT(keys_that_are_none_are_left),
		UNIT(a_password_and_a_ban_are_read),
		UNIT(times_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
