/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Files of accounts: users come out, anything else is refused with its line. */
#include "unit.h"

#include <errno.h>

#include "herald/pie/pie.h"

static void on_user(void *ctx, struct str host, struct xml *user, struct arena *a)
{
	struct buf *said = ctx;

	(void)a;
	buf_fmt(said, STR_FMT "@" STR_FMT " ", STR_ARG(xml_get(user, "name")),
	        STR_ARG(host));
	xml_write(said, user, STR(NS_PIE));
	buf_char(said, '\n');
}

static void on_include(void *ctx, struct str host, struct str href)
{
	buf_fmt(ctx, STR_FMT " includes " STR_FMT "\n", STR_ARG(host), STR_ARG(href));
}

static const struct pie_ops ops = { on_user, on_include };

/* What came of a text given in pieces of `piece` bytes, and the error. */
static int read_text(const char *host, const char *text, size_t piece, struct buf *said)
{
	struct pie_reader *r = pie_reader_new(&ops, said, str_from(host));
	struct str rest = str_from(text);
	int result = 0;

	while (rest.n && result == 0) {
		result = pie_reader_feed(r, str_sub(rest, 0, piece), false);
		rest = str_sub(rest, piece, rest.n);
	}
	if (result == 0)
		result = pie_reader_feed(r, STR(""), true);
	if (result < 0)
		buf_str(said, pie_reader_error(r));
	pie_reader_free(r);
	return result;
}

#define HEAD "<?xml version='1.0'?><server-data xmlns='urn:xmpp:pie:0'>"
#define XI   "xmlns:xi='http://www.w3.org/2001/XInclude'"

static void users_come_out_whole(void **state)
{
	static const struct {
		const char *host, *text, *said;
	} rows[] = {
		{ "",
		  HEAD
		  "<!-- kept --><host jid='a.example'><user name='al'/>\n<user name='bo'>"
		  "<x xmlns='y' a='1&amp;2' xml:lang='de'>t&lt;u</x></user></host></server-data>",
		  "al@a.example <user name='al'/>\n"
		  "bo@a.example <user name='bo'><x xmlns='y' a='1&amp;2' xml:lang='de'>t&lt;u</x></user>"
		  "\n" },
		{ "",
		  HEAD
		  "<host jid='a'><user name='x'/></host><host jid='b'><user name='x'/></host>"
		  "</server-data>",
		  "x@a <user name='x'/>\nx@b <user name='x'/>\n" },
		{ "",
		  "<server-data xmlns='urn:xmpp:pie:0' " XI "><xi:include href='f.xml'/>"
		  "<host jid='a'><xi:include href='g.xml'/></host></server-data>",
		  " includes f.xml\na includes g.xml\n" },
		{ "a", "<user xmlns='urn:xmpp:pie:0' name='x'/>",
		  "x@a <user name='x'/>\n" },
		{ "", "<host xmlns='urn:xmpp:pie:0' jid='h'><user name='x'/></host>",
		  "x@h <user name='x'/>\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece < 1000; piece += 331) {
			auto_buf said = { 0 };
			assert_int_equal(
				read_text(rows[i].host, rows[i].text, piece, &said), 0);
			assert_str(buf_as_str(&said), rows[i].said);
		}
	}
}

static void what_is_no_such_file_is_refused(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "line 1: no element found" },
		{ "hello", "line 1: syntax error" },
		{ "<x/>",
		  "line 1: this is not XEP-0227: the first element must be server-data, "
		  "host or user of urn:xmpp:pie:0" },
		{ HEAD "\n<user name='x'/>", "line 2: a user stands outside of a host" },
		{ HEAD "<host/>", "line 1: a host has no `jid`" },
		{ HEAD "<host jid='a'><user name='x'></host>", "line 1: mismatched tag" },
		{ "<!DOCTYPE x [<!ENTITY a 'b'>]>" HEAD, "line 1: a DOCTYPE is refused" },
		{ HEAD "<host jid='a'><user name='x'>&a;</user></host>",
		  "line 1: undefined entity" },
		{ "<host xmlns='urn:xmpp:pie:0' jid='h' " XI
		  "><user name='x'><xi:include href='/etc/passwd'/></user></host>",
		  "line 1: an include inside of a user is not understood" },
		{ HEAD "<xi:include " XI "/></server-data>",
		  "line 1: an include has no `href`" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf said = { 0 };
		assert_int_equal(read_text("", rows[i].text, 7, &said), -EINVAL);
		assert_str(buf_as_str(&said), rows[i].said);
	}
}

static void a_user_may_not_be_too_deep(void **state)
{
	auto_buf text = { 0 }, said = { 0 };

	(void)state;
	buf_cstr(&text, HEAD "<host jid='a'><user name='x'>");
	for (int i = 0; i < PIE_DEPTH + 1; i++)
		buf_cstr(&text, "<a>");
	assert_int_equal(read_text("", text.p, 100, &said), -EINVAL);
	assert_str(buf_as_str(&said), "line 1: this is nested too deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(users_come_out_whole),
		UNIT(what_is_no_such_file_is_refused),
		UNIT(a_user_may_not_be_too_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
