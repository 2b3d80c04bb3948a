/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What waits while nobody looks, in which order it comes, and when. */
#include "world.h"

#include "herald/c2s/csi.h"
#include "herald/xml/parse.h"

/* Gives the client a stanza. */
static void give(struct link *l, const char *text)
{
	auto_arena a = { 0 };
	struct xml *x = xml_parse_kept(arena_str(&a, str_from(text)), &a);

	assert_non_null(x);
	l->client->session.ops->send(&l->client->session, x);
}

/* An answer that shows that everything before it was handled. */
static void sync_with(struct link *l)
{
	link_send(l, "<iq type='get' id='sync'><x xmlns='nothing'/></iq>");
	link_until(l, "id='sync'");
	link_until(l, "</iq>");
}

#define TYPING(from, what)                \
	"<message from='" from "'><" what \
	" xmlns='http://jabber.org/protocol/chatstates'/></message>"

static void the_last_of_each_sender_comes_in_order(void **state)
{
	struct link l;
	auto_arena a = { 0 };

	link_login(*state, &l, PLAIN_JULIET, BIND2);
	link_send(&l, "<inactive xmlns='urn:xmpp:csi:0'/>");
	sync_with(&l);
	give(&l, "<presence from='a@x/1'><status>1</status></presence>");
	give(&l, "<presence from='b@x/1'/>");
	give(&l, TYPING("a@x/1", "composing"));
	give(&l, "<presence from='a@x/1'><status>2</status></presence>");
	give(&l, TYPING("a@x/1", "paused"));
	give(&l, "<presence from='b@x/1' type='unavailable'/>");
	link_send(&l, "<active xmlns='urn:xmpp:csi:0'/>");
	assert_str(link_expect(&l, "<presence from='b@x/1' type='unavailable'/>", &a),
	           "<presence from='a@x/1'><status>2</status></presence>" TYPING(
			   "a@x/1", "paused"));
	assert_null(l.client->csi);
	give(&l, "<presence from='a@x/1'/>"); /* at once again */
	link_until(&l, "<presence from='a@x/1'/>");
	link_close(&l);
}

static void what_matters_brings_along_what_waited(void **state)
{
	static const char *const rows[] = {
		"<message from='a@x/1'><body>hello</body></message>",
		"<iq from='a@x/1' type='get' id='1'/>",
		"<presence from='c@x' type='subscribe'/>",
		("<message from='a@x/1'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
		 "<body>x</body></message>"),
	};
	struct link l;

	link_login(*state, &l, PLAIN_JULIET,
	           BIND2_WITH("<inactive xmlns='urn:xmpp:csi:0'/>"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		give(&l, "<presence from='a@x/1'/>");
		give(&l, rows[i]);
		assert_str(link_expect(&l, rows[i], &a), "<presence from='a@x/1'/>");
		assert_non_null(l.client->csi); /* the client is inactive still */
	}
	link_close(&l);
}

static void a_thread_and_hints_are_no_reason_to_come(void **state)
{
	struct link l;

	link_login(*state, &l, PLAIN_JULIET,
	           BIND2_WITH("<inactive xmlns='urn:xmpp:csi:0'/>"));
	give(&l,
	     "<message from='a@x/1'><active xmlns='http://jabber.org/protocol/chatstates'/>"
	     "<thread>t</thread><no-store xmlns='urn:xmpp:hints'/></message>");
	for (int i = 0; i < 5; i++)
		uv_run(&world.loop.uv, UV_RUN_NOWAIT);
	assert_false(link_read(&l));
	link_send(&l, "<active xmlns='urn:xmpp:csi:0'/>");
	link_until(&l, "<thread>t</thread>");
	link_close(&l);
}

/* More senders than are remembered: nothing is lost, it comes early. */
static void so_much_waits_and_no_more(void **state)
{
	auto_arena a = { 0 };
	struct link l;
	char text[64];

	link_login(*state, &l, PLAIN_JULIET,
	           BIND2_WITH("<inactive xmlns='urn:xmpp:csi:0'/>"));
	for (int i = 0; i < 501; i++) {
		snprintf(text, sizeof(text), "<presence from='%d@x/1'/>", i);
		give(&l, text);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "<presence from='%d@x/1'/>", i);
		assert_int_equal(link_expect(&l, text, &a).n, 0);
	}
	link_send(&l, "<active xmlns='urn:xmpp:csi:0'/>");
	assert_int_equal(link_expect(&l, "<presence from='500@x/1'/>", &a).n, 0);
	link_close(&l);
}

static void other_words_end_the_stream(void **state)
{
	struct link l;

	link_login(*state, &l, PLAIN_JULIET, BIND2);
	link_send(&l, "<sleepy xmlns='urn:xmpp:csi:0'/>");
	link_until(&l, "<unsupported-stanza-type");
	link_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_last_of_each_sender_comes_in_order),
		CASE(what_matters_brings_along_what_waited),
		CASE(a_thread_and_hints_are_no_reason_to_come),
		CASE(so_much_waits_and_no_more),
		CASE(other_words_end_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
