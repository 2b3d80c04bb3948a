/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Headers, errors and phases of a client's stream, RFC 6120 section 4. */
#include "owner.h"

#define FEATURES                                    \
	"<stream:features><starttls xmlns='" NS_TLS \
	"'><required/></starttls></stream:features>"
#define NO_HOST                                                                              \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM \
	"' id='abababababababababababab' version='1.0' xml:lang='en'>"

/* What one opening gets, in the clear. */
static const struct {
	const char *in, *out, *notes;
} openings[] = {
	{ TO, HELLO FEATURES, "" },
	{ "<?xml version='1.0'?>" TO " \n ", HELLO FEATURES, "" },
	{ "<s:stream xmlns:s='" NS_STREAM
	  "' xmlns='jabber:client' to='example.org' version='1.1'>",
	  HELLO FEATURES, "" },
	{ TO "</stream:stream>", HELLO FEATURES "</stream:stream>", "[closed ]" },
	{ HEAD "to='example.com'>", NO_HOST ERROR("host-unknown"),
	  "[closed host-unknown]" },
	{ HEAD ">",
	  NO_HOST
	  "<stream:error><improper-addressing xmlns='" NS_STREAMS
	  "'/><text xmlns='" NS_STREAMS
	  "' xml:lang='en'>The stream&apos;s `to` is missing</text></stream:error>"
	  "</stream:stream>",
	  "[closed improper-addressing]" },
	{ "<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
	  "' to='example.org'>",
	  HELLO ERROR("unsupported-version"), "[closed unsupported-version]" },
	{ "<stream:stream xmlns='jabber:server' xmlns:stream='" NS_STREAM
	  "' to='example.org' version='1.0'>",
	  NO_HOST ERROR("invalid-namespace"), "[closed invalid-namespace]" },
	{ "<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' to='example.org'>",
	  NO_HOST ERROR("invalid-namespace"), "[closed invalid-namespace]" },
	{ "<stream xmlns='jabber:client' to='example.org' version='1.0'>",
	  NO_HOST ERROR("invalid-namespace"), "[closed invalid-namespace]" },
	{ "GET / HTTP/1.1\r\n", NO_HOST ERROR("not-well-formed"),
	  "[closed not-well-formed]" },
	{ "<!DOCTYPE x [", NO_HOST ERROR("restricted-xml"), "[closed restricted-xml]" },
	{ TO "<!-- -->", HELLO FEATURES ERROR("restricted-xml"),
	  "[closed restricted-xml]" },
	{ TO "<message/>", HELLO FEATURES ERROR("not-authorized"),
	  "[closed not-authorized]" },
	{ TO TO "<a/></stream:stream>", HELLO FEATURES ERROR("not-authorized"),
	  "[closed not-authorized]" },
	{ TO "<a><b></a>", HELLO FEATURES, "" },
};

static void an_opening_gets_what_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
		struct owner o;
		owner_init(&o, &owner_config, false);
		owner_feed(&o, openings[i].in);
		assert_str(buf_as_str(&o.stream.out), openings[i].out);
		assert_str(buf_as_str(&o.notes), openings[i].notes);
		owner_fini(&o);
	}
}

/* Everything a session says, byte by byte. */
static void pieces_do_not_matter(void **state)
{
	static const char *const session =
		TO AUTH "cmlnaHQ=</auth>" TO BIND
			"<message to='b@example.org'><body>&lt;</body></message>"
			"<iq type='set' id='s'><session xmlns='" NS_SESSION "'/></iq>"
			"<presence/></stream:stream>";
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	for (const char *p = session; *p; p++)
		stream_input(&o.stream, (struct str){ p, 1 }, &o.arena);
	assert_str(
		buf_as_str(&o.notes),
		"[auth PLAIN right][bind ][<message to='b@example.org'><body>&lt;</body>"
		"</message>][<iq type='set' id='s'><session xmlns='" NS_SESSION
		"'/></iq>][<presence/>][closed ]");
	assert_str(buf_as_str(&o.stream.out),
	           HELLO "<stream:features><mechanisms/></stream:features>"
	                 "<success xmlns='" NS_SASL "'>b2s=</success>" HELLO
	                 "<stream:features><bind xmlns='" NS_BIND
	                 "'/><session xmlns='" NS_SESSION
	                 "'><optional/></session><after/></stream:features>"
	                 "<iq type='result' id='b'><bind xmlns='" NS_BIND
	                 "'><jid>a@example.org/r</jid>"
	                 "</bind></iq></stream:stream>");
	owner_fini(&o);
}

static void a_stream_cannot_change_its_host(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	owner_feed(&o, TO AUTH "cmlnaHQ=</auth>" HEAD "to='example.net'>");
	assert_str(buf_as_str(&o.notes), "[auth PLAIN right][closed not-authorized]");
	owner_fini(&o);
}

static void limits_are_tight_before_authentication(void **state)
{
	struct owner o;
	auto_buf big = { 0 };

	(void)state;
	owner_init(&o, &owner_config, true);
	buf_cstr(&big, "<message><body>");
	buf_repeat(&big, 'x', owner_config.before.size);
	buf_cstr(&big, "</body></message>");
	owner_feed(&o, TO AUTH "cmlnaHQ=</auth>" TO BIND);
	buf_reset(&o.notes);
	owner_feed(&o, big.p);
	assert_int_equal(o.notes.n, big.n + 2);
	owner_fini(&o);

	owner_init(&o, &owner_config, true);
	owner_feed(&o, TO);
	owner_feed(&o, big.p);
	assert_str(buf_as_str(&o.notes), "[closed policy-violation]");
	owner_fini(&o);
}

static void prefixes_of_the_header_hold_for_stanzas(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	owner_feed(&o,
	           TO AUTH "cmlnaHQ=</auth>" HEAD "xmlns:p='urn:p' to='example.org'>");
	owner_feed(&o, BIND);
	buf_reset(&o.notes);
	owner_feed(&o, "<message><p:x/><stream:y/></message>");
	assert_str(buf_as_str(&o.notes),
	           "[<message><x xmlns='urn:p'/><y xmlns='" NS_STREAM "'/></message>]");
	owner_fini(&o);
}

static void strange_elements_end_an_open_stream(void **state)
{
	static const struct {
		const char *in, *notes;
	} rows[] = {
		{ "<foo/>", "[closed unsupported-stanza-type]" },
		{ "<stream:stream/>", "[closed unsupported-stanza-type]" },
		{ AUTH "</auth>", "[closed unsupported-stanza-type]" },
		{ "<r xmlns='urn:xmpp:sm:3'/>", "[<r xmlns='urn:xmpp:sm:3'/>]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct owner o;
		owner_init(&o, &owner_config, true);
		owner_feed(&o, TO AUTH "cmlnaHQ=</auth>" TO BIND);
		buf_reset(&o.notes);
		owner_feed(&o, rows[i].in);
		assert_str(buf_as_str(&o.notes), rows[i].notes);
		owner_fini(&o);
	}
}

static void an_idle_stream_keeps_no_buffer(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &owner_config, true);
	owner_feed(&o, TO AUTH "cmlnaHQ=</auth>" TO BIND "<presence/>");
	assert_null(o.stream.frame.pending.p);
	assert_null(o.stream.ns.first);
	owner_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_opening_gets_what_it_should),
		UNIT(pieces_do_not_matter),
		UNIT(a_stream_cannot_change_its_host),
		UNIT(limits_are_tight_before_authentication),
		UNIT(prefixes_of_the_header_hold_for_stanzas),
		UNIT(strange_elements_end_an_open_stream),
		UNIT(an_idle_stream_keeps_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
