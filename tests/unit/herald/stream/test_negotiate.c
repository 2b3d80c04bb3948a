/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* STARTTLS, SASL and binding, RFC 6120 sections 5 to 7. */
#include "owner.h"

#define RIGHT   AUTH "cmlnaHQ=</auth>"
#define FAIL(c) "<failure xmlns='" NS_SASL "'><" c "/></failure>"

/* What is said behind the header, and what becomes of it. */
static const struct {
	const char *in, *out, *notes;
	bool encrypted;
} rows[] = {
	{ TLS, "<proceed xmlns='" NS_TLS "'/>", "[tls]", false },
	{ TLS, "<failure xmlns='" NS_TLS "'/></stream:stream>", "[closed ]", true },
	{ RIGHT, FAIL("encryption-required"), "", false },
	{ RIGHT, "<success xmlns='" NS_SASL "'>b2s=</success>", "[auth PLAIN right]",
	  true },
	{ AUTH "d3Jvbmc=</auth>", FAIL("not-authorized"), "[auth PLAIN wrong]", true },
	{ AUTH "=</auth>", FAIL("not-authorized"), "[auth PLAIN ]", true },
	{ AUTH "***</auth>", FAIL("incorrect-encoding"), "", true },
	{ AUTH "</auth>", "<challenge xmlns='" NS_SASL "'>d2hv</challenge>",
	  "[auth PLAIN none]", true },
	{ AUTH "</auth><response xmlns='" NS_SASL "'>cmlnaHQ=</response>",
	  "<challenge xmlns='" NS_SASL "'>d2hv</challenge><success xmlns='" NS_SASL
	  "'>b2s=</success>",
	  "[auth PLAIN none][response right]", true },
	{ AUTH "</auth><abort xmlns='" NS_SASL "'/>",
	  "<challenge xmlns='" NS_SASL "'>d2hv</challenge>" FAIL("aborted"),
	  "[auth PLAIN none][abort]", true },
	{ AUTH "</auth><response xmlns='" NS_SASL "'>*</response>",
	  "<challenge xmlns='" NS_SASL "'>d2hv</challenge>" FAIL("incorrect-encoding"),
	  "[auth PLAIN none][abort]", true },
	{ "<response xmlns='" NS_SASL "'/>", ERROR("not-authorized"),
	  "[closed not-authorized]", true },
	{ AUTH "</auth>" AUTH "</auth>",
	  "<challenge xmlns='" NS_SASL "'>d2hv</challenge>" ERROR("not-authorized"),
	  "[auth PLAIN none][closed not-authorized]", true },
	{ AUTH "*</auth>" AUTH "*</auth>",
	  FAIL("incorrect-encoding") FAIL(
		  "incorrect-encoding") "<stream:error><policy-violation xmlns='" NS_STREAMS
	                                "'/><text xmlns='" NS_STREAMS
	                                "' xml:lang='en'>Too many failed logins</text></stream:error></stream:stream>",
	  "[closed policy-violation]", true },
};

static void each_step_gets_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct owner o;
		owner_init(&o, &owner_config, rows[i].encrypted);
		owner_feed(&o, TO);
		buf_reset(&o.stream.out);
		owner_feed(&o, rows[i].in);
		assert_str(buf_as_str(&o.stream.out), rows[i].out);
		assert_str(buf_as_str(&o.notes), rows[i].notes);
		owner_fini(&o);
	}
}

static void nothing_from_the_clear_follows_into_tls(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, false);
	o.later = true;
	owner_feed(&o, TO TLS RIGHT TO);
	owner_feed(&o, "<presence/>");
	assert_str(buf_as_str(&o.notes), "[tls]");
	assert_false(xml_frame_is_inside(&o.stream.frame) && o.stream.frame.opened);
	owner_fini(&o);
}

static void what_comes_while_a_login_runs_waits(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	o.later = true;
	owner_feed(&o, TO RIGHT TO);
	owner_feed(&o, BIND);
	assert_str(buf_as_str(&o.notes), "[auth PLAIN right]");
	stream_auth_success(&o.stream, STR(""), &o.arena);
	assert_str(buf_as_str(&o.notes), "[auth PLAIN right][bind ]");
	owner_feed(&o, "<presence/>");
	stream_bound(&o.stream, STR("a@example.org/r"), &o.arena);
	assert_str(buf_as_str(&o.notes), "[auth PLAIN right][bind ][<presence/>]");
	/* an answer nobody asked for changes nothing */
	stream_auth_failure(&o.stream, "not-authorized", &o.arena);
	assert_int_equal(o.stream.phase, STREAM_OPEN);
	owner_fini(&o);
}

static void binding_goes_by_the_book(void **state)
{
	static const struct {
		const char *in, *out, *notes;
	} binds[] = {
		{ "<iq type='set' id='1'><bind xmlns='" NS_BIND
		  "'><resource>taken</resource></bind>"
		  "</iq>",
		  "<iq type='error' id='1'><error type='cancel'><conflict xmlns='" NS_STANZAS
		  "'/></error></iq>",
		  "[bind taken]" },
		{ "<iq type='get' id='&lt;'><bind xmlns='" NS_BIND "'/></iq>",
		  "<iq type='error' id='&lt;'><error type='modify'><bad-request xmlns='" NS_STANZAS
		  "'/></error></iq>",
		  "" },
		{ "<iq type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>",
		  "<iq type='error' id='2'><error type='modify'><not-allowed xmlns='" NS_STANZAS
		  "'/></error></iq>",
		  "" },
		{ "<resume xmlns='urn:xmpp:sm:3'/>", "",
		  "[<resume xmlns='urn:xmpp:sm:3'/>]" },
		{ "<message/>",
		  "<stream:error><not-authorized xmlns='" NS_STREAMS
		  "'/><text xmlns='" NS_STREAMS
		  "' xml:lang='en'>A resource must be bound first</text></stream:error>"
		  "</stream:stream>",
		  "[closed not-authorized]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(binds); i++) {
		struct owner o;
		owner_init(&o, &owner_config, true);
		owner_feed(&o, TO RIGHT TO);
		buf_reset(&o.stream.out);
		buf_reset(&o.notes);
		owner_feed(&o, binds[i].in);
		assert_str(buf_as_str(&o.stream.out), binds[i].out);
		assert_str(buf_as_str(&o.notes), binds[i].notes);
		owner_fini(&o);
	}
}

#define ASKS "<iq type='get' id='1'><q xmlns='r'/></iq>"

static void strangers_ask_over_tls_alone(void **state)
{
	static const struct {
		bool encrypted;
		const char *in, *notes;
	} asks[] = {
		{ true, ASKS ASKS, "[stranger][stranger]" },
		{ true, ASKS RIGHT, "[stranger][auth PLAIN right]" },
		{ true, "<iq type='get' id='1'><q xmlns='s'/></iq>",
		  "[closed not-authorized]" },
		{ true, "<message><q xmlns='r'/></message>", "[closed not-authorized]" },
		{ true, AUTH "</auth>" ASKS, "[auth PLAIN none][closed not-authorized]" },
		{ false, ASKS, "[closed not-authorized]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		struct owner o;
		owner_init(&o, &owner_config, asks[i].encrypted);
		owner_feed(&o, TO);
		owner_feed(&o, asks[i].in);
		assert_str(buf_as_str(&o.notes), asks[i].notes);
		owner_fini(&o);
	}
}

static void what_comes_while_a_stranger_waits_waits_too(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	o.later = true;
	owner_feed(&o, TO ASKS ASKS RIGHT);
	assert_str(buf_as_str(&o.notes), "[stranger]");
	assert_true(stream_is_waiting(&o.stream));
	stream_release(&o.stream, &o.arena);
	assert_str(buf_as_str(&o.notes), "[stranger][stranger]");
	stream_release(&o.stream, &o.arena);
	assert_str(buf_as_str(&o.notes), "[stranger][stranger][auth PLAIN right]");
	owner_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(each_step_gets_its_answer),
		UNIT(nothing_from_the_clear_follows_into_tls),
		UNIT(what_comes_while_a_login_runs_waits),
		UNIT(binding_goes_by_the_book),
		UNIT(strangers_ask_over_tls_alone),
		UNIT(what_comes_while_a_stranger_waits_waits_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
