/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Counts at their limits, a store that fails under a session, and sessions as the store has them
 * after a restart.
 */
#include "world.h"

#include "herald/c2s/sm.h"
#include "herald/xml/parse.h"

static void give_message_from(struct link *l, struct str from, int number)
{
	auto_arena a = { 0 };
	struct xml *x = xml_new(&a, "message", NS_CLIENT);

	xml_set(&a, x, "id", arena_fmt(&a, "m%d", number));
	xml_set(&a, x, "from", from);
	xml_set(&a, x, "to", STR("juliet@example.org"));
	xml_add_text(&a, x, "body", NULL, STR("x"));
	l->client->session.ops->send(&l->client->session, x);
}

static void give_message(struct link *l, int number)
{
	give_message_from(l, STR("romeo@example.org/r"), number);
}

static void expect_message(struct link *l, int number)
{
	char text[32];

	snprintf(text, sizeof(text), "<message id='m%d'", number);
	link_until(l, text);
	link_until(l, "</message>");
}

/* The transaction of this round will not be. */
static void spoil(struct world *w)
{
	static const struct store_place none = { STR_INIT("h"), STR_INIT("u"),
		                                 STR_INIT("m") };

	tx_expect_present(worker_tx(&w->worker), &none, STR("nothing"));
}

/* The client's bytes, in this very round. */
static void input(struct link *l, const char *text)
{
	auto_arena a = { 0 };

	stream_input(&l->client->stream, str_from(text), &a);
	client_later(l->client);
}

static void counts_go_around(void **state)
{
	struct link l;

	link_login(*state, &l, PLAIN_JULIET, BIND2_WITH(ENABLE));
	l.client->sm->acked = UINT32_MAX - 2;
	l.client->sm->h = l.client->sm->h_flying = l.client->sm->h_stored = UINT32_MAX;
	for (int i = 0; i < 6; i++)
		give_message(&l, i);
	for (int i = 0; i < 6; i++)
		expect_message(&l, i);
	link_until(&l, "<r xmlns='urn:xmpp:sm:3'/>");
	link_send(
		&l,
		"<a xmlns='urn:xmpp:sm:3' h='1'/><iq type='result' id='x'/><r xmlns='urn:xmpp:sm:3'/>");
	link_until(&l, "<a xmlns='urn:xmpp:sm:3' h='0'/>");
	assert_int_equal(l.client->sm->queue.n, 2);
	assert_int_equal(l.client->sm->acked, 1);
	link_send(&l, "<a xmlns='urn:xmpp:sm:3' h='3'/><r xmlns='urn:xmpp:sm:3'/>");
	link_until(&l, "<a xmlns");
	assert_int_equal(l.client->sm->queue.n, 0);
	link_close(&l);
}

static void counts_that_cannot_be_end_the_stream(void **state)
{
	static const struct {
		const char *h, *error;
	} rows[] = {
		{ "3",
		  "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='3' send-count='2'/>" },
		{ "4294967295", "<handled-count-too-high" },
		{ "4294967296", "<bad-format" },
		{ "-1", "<bad-format" },
		{ "", "<bad-format" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };
		struct link l;
		link_login(*state, &l, PLAIN_JULIET, BIND2_WITH(ENABLE));
		give_message(&l, 1);
		give_message(&l, 2);
		expect_message(&l, 2);
		buf_fmt(&text, "<a xmlns='urn:xmpp:sm:3' h='%s'/>%c", rows[i].h, 0);
		link_send(&l, text.p);
		link_until(&l, rows[i].error);
		link_until(&l, "</stream:stream>");
		link_close(&l);
	}
}

/* Who sent it is told; the session goes on, as nothing of the client's own was lost. */
static void what_cannot_be_stored_is_not_given(void **state)
{
	struct link l, romeo;

	link_login(*state, &romeo, PLAIN_ROMEO, BIND2_WITH("<tag>r</tag>"));
	link_login(*state, &l, PLAIN_JULIET, BIND2_WITH(ENABLE));
	give_message(&l, 1);
	expect_message(&l, 1);
	link_send(&l, "<a xmlns='urn:xmpp:sm:3' h='1'/><r xmlns='urn:xmpp:sm:3'/>");
	link_until(&l, "<a xmlns");
	worker_finish(&world.worker);
	spoil(*state);
	give_message_from(&l, jid_str(romeo.client->session.jid), 2);
	assert_int_equal(l.client->sm->queue.n, 1);
	link_until(&romeo, "id='m2'");
	link_until(&romeo, "<resource-constraint");
	assert_int_equal(l.client->sm->queue.n, 0);
	give_message(&l, 3);
	auto_arena a = { 0 };
	struct str before = link_expect(&l, "<message id='m3'", &a);
	assert_null(strstr(str_dup_c(&a, before), "m2"));
	assert_false(l.client->over);
	link_close(&l);
	link_close(&romeo);
}

/* What the client sent in that round is neither done nor acknowledged: it sends it again. */
static void what_a_client_sent_in_vain_is_not_acknowledged(void **state)
{
	struct link l;
	auto_arena a = { 0 };

	link_login(*state, &l, PLAIN_JULIET, BIND2_WITH(ENABLE));
	worker_finish(&world.worker);
	spoil(*state);
	input(&l, "<presence/><r xmlns='urn:xmpp:sm:3'/>");
	struct str before = link_expect(&l, "<resource-constraint", &a);
	assert_null(strstr(str_dup_c(&a, before), "<a "));
	link_until(&l, "</stream:stream>");
	link_close(&l);
}

/* No transaction succeeds any more. */
static void a_login_whose_session_cannot_be_stored_ends(void **state)
{
	struct world *w = *state;
	struct link l;
	auto_arena a = { 0 };

	link_open(w, &l);
	link_authenticate(&l, PLAIN_JULIET, BIND2_WITH(ENABLE));
	while (w->c2s->clients && !w->c2s->clients->over) {
		spoil(w);
		uv_run(&w->loop.uv, UV_RUN_NOWAIT);
	}
	struct str before = link_expect(&l, "</stream:stream>", &a);
	assert_null(strstr(str_dup_c(&a, before), "<success"));
	assert_non_null(strstr(str_dup_c(&a, before), "<resource-constraint"));
	link_close(&l);
}

/* ---- after a restart ---------------------------------------------------------------------- */

static const struct store_place sessions = { STR_INIT("example.org"), STR_INIT(""),
	                                     STR_INIT("sm") };

#define ID "0123456789abcdef0123456789abcdef"

static void put_session(struct world *w, const char *session, const char *count)
{
	struct store_tx *tx = tx_begin(w->server.store);

	tx_put(tx, &sessions, STR(ID), str_from(session));
	if (count)
		tx_put(tx, &sessions, STR(ID " h"), str_from(count));
	tx_commit(tx, &w->loop.inbox, world_on_done, w);
	world_wait(w);
}

static void on_list(void *arg, int result, const struct store_rows *rows)
{
	struct world *w = arg;

	w->answers++;
	w->result = result < 0 ? result : (int)rows->n;
}

static int rows_left(struct world *w)
{
	worker_finish(&w->worker);
	store_list(w->server.store, &sessions, &w->loop.inbox, on_list, w);
	for (size_t before = w->answers; w->answers == before;)
		uv_run(&w->loop.uv, UV_RUN_ONCE);
	return w->result;
}

static void restore(struct world *w)
{
	c2s_restore(w->c2s);
	while (c2s_is_restoring(w->c2s))
		uv_run(&w->loop.uv, UV_RUN_ONCE);
}

static void a_session_is_there_again(void **state)
{
	struct world *w = *state;

	put_session(
		w,
		"<sm xmlns='jabber:client' user='juliet' resource='desk' resume='true' "
		"carbons='true' priority='-7' max='60'><presence><priority>-7</priority></presence>"
		"<to>romeo@example.org/r</to></sm>",
		"41");
	restore(w);
	const struct client *c = map_get(&w->worker.streams, STR(ID));
	assert_non_null(c);
	assert_true(c->sm->resumable && c->session.carbons && !c->session.wants_roster);
	assert_int_equal(c->sm->h, 41);
	assert_int_equal(c->sm->max_s, 60);
	assert_int_equal(c->session.priority, -7);
	assert_true(session_is_available(&c->session) && c->session.directed.n == 1);
	/* Its client goes on. */
	struct link l;
	link_open(w, &l);
	link_authenticate(&l, PLAIN_JULIET,
	                  "<resume xmlns='urn:xmpp:sm:3' previd='" ID "' h='0'/>");
	link_until(&l, "<resumed xmlns='urn:xmpp:sm:3' previd='" ID "' h='41'/>");
	link_close(&l);
}

static void damaged_sessions_are_forgotten(void **state)
{
	static const char *const rows[] = {
		"",
		"nonsense",
		"<sm xmlns='jabber:client' user='juliet'",
		"<sm xmlns='jabber:client' user='' resource='x' resume='true' max='60'/>",
		"<sm xmlns='jabber:client' user='@' resource='x' resume='true' max='60'/>",
		"<sm xmlns='jabber:client' user='nobody' resource='x' resume='true' max='60'/>",
		"<sm xmlns='jabber:client' user='juliet' resume='true' max='60'/>",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_session(*state, rows[i], "1");
		restore(*state);
		if (map_get(&world.worker.streams, STR(ID)) || rows_left(*state) != 0)
			fail_msg("row %zu is there still", i);
	}
}

static void a_count_that_cannot_be_read_is_none(void **state)
{
	put_session(
		*state,
		"<sm xmlns='jabber:client' user='juliet' resource='x' resume='true' max='60'/>",
		"many");
	restore(*state);
	const struct client *c = map_get(&world.worker.streams, STR(ID));
	assert_non_null(c);
	assert_int_equal(c->sm->h, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(counts_go_around),
		CASE(counts_that_cannot_be_end_the_stream),
		CASE(what_cannot_be_stored_is_not_given),
		CASE(what_a_client_sent_in_vain_is_not_acknowledged),
		CASE(a_login_whose_session_cannot_be_stored_ends),
		CASE(a_session_is_there_again),
		CASE(damaged_sessions_are_forgotten),
		CASE(a_count_that_cannot_be_read_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
