/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Elements: what is well formed, what it means, and what is refused by which stream error. */
#include "unit.h"

#include "herald/xml/parse.h"

static const struct xml_limits limits = { 1000, 5, 20, 4 };

/* The declarations of every client's stream. */
static const struct xml_ns stream_ns = { STR_INIT("stream"), STR_INIT("urn:streams"),
	                                 NULL, 0 };
static const struct xml_ns outside = { STR_INIT(""), STR_INIT("jabber:client"),
	                               &stream_ns, 0 };

static void elements_are_what_they_should_be(void **state)
{
	static const struct {
		const char *in;
		const char *
			want; /* written again where jabber:client is the default, or the error */
	} rows[] = {
		{ "<a/>", "<a/>" },
		{ "<a></a>", "<a/>" },
		{ "<a b='1' c = \"2\" />", "<a b='1' c='2'/>" },
		{ "<a b='&lt;&#39;'/>", "<a b='&lt;&apos;'/>" },
		{ "<a>x<b>y</b>z</a >", "<a>x<b>y</b>z</a>" },
		{ "<a xmlns='u'><b/></a>", "<a xmlns='u'><b/></a>" },
		{ "<a><b xmlns='u'><c/></b><d/></a>",
		  "<a><b xmlns='u'><c/></b><d/></a>" },
		{ "<a xmlns:p='u'><p:b p:c='1'/></a>",
		  "<a><b xmlns='u' xmlns:a0='u' a0:c='1'/></a>" },
		{ "<stream:error/>", "<error xmlns='urn:streams'/>" },
		{ "<a xml:lang='de'/>", "<a xml:lang='de'/>" },
		{ "<a xmlns=''/>", "<a xmlns=''/>" },
		{ "<xml:a><b/></xml:a>", "<xml:a><b/></xml:a>" },
		{ "<a xmlns='u'><xml:b><c/></xml:b></a>",
		  "<a xmlns='u'><xml:b><c/></xml:b></a>" },
		{ "<a><![CDATA[<&]]></a>", "<a>&lt;&amp;</a>" },
		{ "<a><![CDATA[]]></a>", "<a/>" },
		{ "<p:a xmlns:p='u' xmlns='v'><b/></p:a>",
		  "<a xmlns='u'><b xmlns='v'/></a>" },
		{ "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<a/>" },
		/* not well formed */
		{ "<a", "not-well-formed" },
		{ "<a>", "not-well-formed" },
		{ "<a></b>", "not-well-formed" },
		{ "<a></ab>", "not-well-formed" },
		{ "<a/><b/>", "not-well-formed" },
		{ "<a/>x", "not-well-formed" },
		{ "< a/>", "not-well-formed" },
		{ "<a b/>", "not-well-formed" },
		{ "<a b=c/>", "not-well-formed" },
		{ "<a b='1'c='2'/>", "not-well-formed" },
		{ "<a b='1' b='2'/>", "not-well-formed" },
		{ "<a b='<'/>", "not-well-formed" },
		{ "<a / >", "not-well-formed" },
		{ "<a>&b;</a>", "not-well-formed" },
		{ "<a>]]></a>", "not-well-formed" },
		{ "<a>\x01</a>", "not-well-formed" },
		{ "<a>\xff</a>", "not-well-formed" },
		{ "<1/>", "not-well-formed" },
		{ "<a:b:c xmlns:a='u'/>", "not-well-formed" },
		{ "<:a/>", "not-well-formed" },
		{ "<a:/>", "not-well-formed" },
		{ "<p:a/>", "not-well-formed" },
		{ "<a p:b='1'/>", "not-well-formed" },
		{ "<a xmlns:p=''/>", "not-well-formed" },
		{ "<a xmlns:xmlns='u'/>", "not-well-formed" },
		{ "<a xmlns:xml='u'/>", "not-well-formed" },
		{ "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
		  "not-well-formed" },
		{ "<a xmlns='http://www.w3.org/2000/xmlns/'/>", "not-well-formed" },
		{ "<xmlns:a/>", "not-well-formed" },
		{ "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "not-well-formed" },
		{ "<a><![CDATA[x]]</a>", "not-well-formed" },
		/* RFC 6120 section 11.1 */
		{ "<a><!-- --></a>", "restricted-xml" },
		{ "<a><?b?></a>", "restricted-xml" },
		{ "<a><!DOCTYPE b></a>", "restricted-xml" },
		/* the limits */
		{ "<a><a><a><a><a/></a></a></a></a>",
		  "<a><a><a><a><a/></a></a></a></a>" },
		{ "<a><a><a><a><a><a/></a></a></a></a></a>", "policy-violation" },
		{ "<a b='' c='' d='' e=''/>", "<a b='' c='' d='' e=''/>" },
		{ "<a b='' c='' d='' e='' f=''/>", "policy-violation" },
		{ "<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/>"
		  "<b/><b/></a>",
		  "policy-violation" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		auto_buf out = { 0 };
		struct xml *x;
		enum xml_error e =
			xml_parse(str_from(rows[i].in), &outside, &limits, &a, &x);
		if (e == XML_OK) {
			x->inner_stands = false;
			xml_write(&out, x, STR("jabber:client"));
		} else {
			buf_cstr(&out, xml_error_name(e));
		}
		assert_str(buf_as_str(&out), rows[i].want);
	}
}

static void what_leans_on_nothing_goes_out_as_it_came(void **state)
{
	static const struct {
		const char *in;
		bool stands;
		const char *inner;
	} rows[] = {
		{ "<message><body>&#x41;</body></message>", true, "<body>&#x41;</body>" },
		{ "<message/>", true, "" },
		{ "<message><stream:x/></message>", false, "<stream:x/>" },
		{ "<message><x stream:y=''/></message>", false, "<x stream:y=''/>" },
		{ "<message xmlns:p='u'><p:x/></message>", false, "<p:x/>" },
		{ "<message><x xmlns:p='u'><p:y/></x></message>", true,
		  "<x xmlns:p='u'><p:y/></x>" },
		{ "<message><x xml:lang='en'/></message>", true, "<x xml:lang='en'/>" },
		{ "<p:m xmlns:p='jabber:client'><body/></p:m>", true, "<body/>" },
		{ "<p:m xmlns:p='other'><body/></p:m>", false, "<body/>" },
		{ "<m stream:a=''><b/></m>", true, "<b/>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct xml *x;
		assert_int_equal(
			xml_parse(str_from(rows[i].in), &outside, &limits, &a, &x), 0);
		assert_int_equal(x->inner_stands, rows[i].stands);
		assert_str(x->inner, rows[i].inner);
	}
}

static void a_start_tag_gives_its_declarations(void **state)
{
	auto_arena a = { 0 };
	struct xml *x;
	struct str qname;
	const struct xml_ns *scope;

	(void)state;
	assert_int_equal(
		xml_parse_start(STR("<s:stream to='h' xmlns:s='urn:s' xmlns='c'>"),
	                        &limits, &a, &x, &scope, &qname),
		XML_OK);
	assert_true(xml_is(x, "stream", "urn:s"));
	assert_str(qname, "s:stream");
	assert_str(xml_get(x, "to"), "h");
	assert_int_equal(xml_parse(STR("<s:b/>"), scope, &limits, &a, &x), XML_OK);
	assert_true(xml_is(x, "b", "urn:s"));
	assert_int_equal(xml_parse(STR("<b/>"), scope, &limits, &a, &x), XML_OK);
	assert_true(xml_is(x, "b", "c"));
	assert_int_equal(xml_parse_start(STR("<s/>"), &limits, &a, &x, &scope, &qname),
	                 XML_NOT_WELL_FORMED);
	assert_int_equal(xml_parse_start(STR("<s>x"), &limits, &a, &x, &scope, &qname),
	                 XML_NOT_WELL_FORMED);
}

static void a_stanza_over_the_size_is_refused(void **state)
{
	auto_arena a = { 0 };
	auto_buf in = { 0 };
	struct xml *x;

	(void)state;
	buf_cstr(&in, "<a>");
	buf_repeat(&in, 'x', limits.size);
	buf_cstr(&in, "</a>");
	assert_int_equal(xml_parse(buf_as_str(&in), NULL, &limits, &a, &x), XML_TOO_MUCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(elements_are_what_they_should_be),
		UNIT(what_leans_on_nothing_goes_out_as_it_came),
		UNIT(a_start_tag_gives_its_declarations),
		UNIT(a_stanza_over_the_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
