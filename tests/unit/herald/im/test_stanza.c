/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What a stanza is, and the answers to it. */
#include "unit.h"

#include <errno.h>

#include "herald/im/stanza.h"

static const struct xml_limits limits = { 10000, 8, 100, 32 };
static const struct xml_ns client = { STR_INIT(""), STR_INIT(NS_CLIENT), NULL, 0 };

static int read_text(const char *text, struct arena *a, struct stanza *st)
{
	*st = (struct stanza){ .a = a };
	assert_int_equal(xml_parse(str_from(text), &client, &limits, a, &st->x), XML_OK);
	return stanza_read(st);
}

static void stanzas_are_what_their_attributes_say(void **state)
{
	static const struct {
		const char *in;
		int result;
		enum stanza_type type;
	} rows[] = {
		{ "<message/>", 0, TYPE_NORMAL },
		{ "<message type='chat'/>", 0, TYPE_CHAT },
		{ "<message type='odd'/>", 0, TYPE_NORMAL },
		{ "<message type='error'/>", 0, TYPE_MESSAGE_ERROR },
		{ "<presence/>", 0, TYPE_AVAILABLE },
		{ "<presence type='probe'/>", 0, TYPE_PROBE },
		{ "<presence type='odd'/>", -EINVAL, TYPE_NORMAL },
		{ "<iq type='get' id='1'><a xmlns='u'/></iq>", 0, TYPE_GET },
		{ "<iq type='result' id='1'/>", 0, TYPE_RESULT },
		{ "<iq type='result' id='1'><a/><b/></iq>", -EINVAL, TYPE_RESULT },
		{ "<iq type='get' id='1'/>", -EINVAL, TYPE_GET },
		{ "<iq type='set' id='1'><a/><b/></iq>", -EINVAL, TYPE_SET },
		{ "<iq type='get'><a/></iq>", -EINVAL, TYPE_GET },
		{ "<iq id='1'><a/></iq>", -EINVAL, TYPE_NORMAL },
		{ "<message to='@x'/>", -EADDRNOTAVAIL, TYPE_NORMAL },
		{ "<message to='a@'/>", -EADDRNOTAVAIL, TYPE_NORMAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct stanza st;
		assert_int_equal(read_text(rows[i].in, &a, &st), rows[i].result);
		assert_int_equal(st.type, rows[i].type);
	}
}

static void answers_go_back_to_the_sender(void **state)
{
	static const struct {
		const char *in, *error;
	} rows[] = {
		{ "<message id='1' from='a@b/c' to='d@e/f'><body/></message>",
		  "<message from='d@e/f' to='a@b/c' type='error' id='1'><error type='cancel'>"
		  "<service-unavailable xmlns='" NS_STANZAS "'/></error></message>" },
		{ "<iq type='get' id='&lt;' from='a@b/c'><x xmlns='u'/></iq>",
		  "<iq from='a@b' to='a@b/c' type='error' id='&lt;'><error type='cancel'>"
		  "<service-unavailable xmlns='" NS_STANZAS "'/></error></iq>" },
		{ "<message from='a@b/c' to='@'/>",
		  "<message from='@' to='a@b/c' type='error'><error type='cancel'>"
		  "<service-unavailable xmlns='" NS_STANZAS "'/></error></message>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		auto_buf out = { 0 };
		struct stanza st;
		(void)!read_text(rows[i].in, &a, &st);
		xml_write(&out, stanza_error(&st, ERROR_SERVICE_UNAVAILABLE),
		          STR(NS_CLIENT));
		assert_str(buf_as_str(&out), rows[i].error);
	}
}

static void errors_and_results_are_not_answered(void **state)
{
	static const char *const rows[] = { "<message type='error'/>",
		                            "<presence type='error'/>",
		                            "<iq type='error' id='1'/>",
		                            "<iq type='result' id='1'/>" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct stanza st;
		assert_int_equal(read_text(rows[i], &a, &st), 0);
		assert_false(stanza_may_fail(&st));
	}
}

static void times_are_written_for_everybody(void **state)
{
	auto_arena a = { 0 };

	(void)state;
	assert_str(stanza_time(0, &a), "1970-01-01T00:00:00Z");
	assert_str(stanza_time(1800000000, &a), "2027-01-15T08:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(stanzas_are_what_their_attributes_say),
		UNIT(answers_go_back_to_the_sender),
		UNIT(errors_and_results_are_not_answered),
		UNIT(times_are_written_for_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
