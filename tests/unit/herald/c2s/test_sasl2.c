/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What <authenticate/> asks for, and when <success/> may say that it is done. */
#include "world.h"

#include "herald/c2s/sm.h"

/* The whole <success/> behind a login with PLAIN; empty when it fails. */
static struct str success_of(struct link *l, const char *initial, const char *inside,
                             struct arena *a)
{
	link_authenticate(l, initial, inside);
	link_until(l, "<");
	if (!str_is(link_expect(l, " ", a), "success"))
		return STR("");
	return link_expect(l, "</success>", a);
}

static bool has(struct str s, const char *part, struct arena *a)
{
	return strstr(str_dup_c(a, s), part);
}

static void only_what_is_asked_for_is_done(void **state)
{
	static const struct {
		const char *inside;
		bool full, bound, sm, carbons, inactive;
	} rows[] = {
		{ "", false, false, false, false, false },
		{ BIND2, true, true, false, false, false },
		{ BIND2_WITH("<tag>Tool</tag>"), true, true, false, false, false },
		{ BIND2_WITH(ENABLE), true, true, true, false, false },
		{ BIND2_WITH("<enable xmlns='urn:xmpp:carbons:2'/>"), true, true, false,
		  true, false },
		{ BIND2_WITH("<inactive xmlns='urn:xmpp:csi:0'/>"), true, true, false,
		  false, true },
		{ BIND2_WITH(ENABLE "<enable xmlns='urn:xmpp:carbons:2'/>"
		                    "<inactive xmlns='urn:xmpp:csi:0'/>"),
		  true, true, true, true, true },
		{ BIND2_WITH(
			  "<enable xmlns='urn:nobody:knows'/><tag xmlns='other'>x</tag>"),
		  true, true, false, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct link l;
		link_open(*state, &l);
		struct str got = success_of(&l, PLAIN_JULIET, rows[i].inside, &a);
		const struct client *c = l.client;
		if (has(got, "juliet@example.org/", &a) != rows[i].full ||
		    has(got, "<bound xmlns='urn:xmpp:bind:0'>", &a) != rows[i].bound ||
		    has(got, "<enabled xmlns='urn:xmpp:sm:3' id='", &a) != rows[i].sm ||
		    c->session.carbons != rows[i].carbons ||
		    !c->csi != !rows[i].inactive || !c->negotiation == !rows[i].full)
			fail_msg("row %zu: " STR_FMT, i, STR_ARG(got));
		link_until(&l, "</stream:features>");
		link_close(&l);
	}
}

static void a_tag_that_is_no_name_is_left_out(void **state)
{
	static const struct {
		const char *tag, *begins; /* of the resource */
	} rows[] = {
		{ "<tag>Tool</tag>", "Tool." },
		{ "<tag>a b</tag>", "a b." },
		{ "<tag>&#x1;</tag>", NULL },
		{ "<tag></tag>", "" },
		{ "<tag>12345678901234567890123456789012345678901234567890123456789012345</tag>",
		  "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		auto_buf inside = { 0 }, begins = { 0 };
		struct link l;
		buf_fmt(&inside, "<bind xmlns='urn:xmpp:bind:0'>%s</bind>%c", rows[i].tag,
		        0);
		buf_fmt(&begins, "juliet@example.org/%s%c",
		        rows[i].begins ? rows[i].begins : "", 0);
		link_open(*state, &l);
		if (!rows[i].begins) { /* that is no XML at all */
			link_authenticate(&l, PLAIN_JULIET, inside.p);
			link_until(&l, "<not-well-formed");
			link_close(&l);
			continue;
		}
		struct str got = success_of(&l, PLAIN_JULIET, inside.p, &a);
		if (!has(got, begins.p, &a) ||
		    (!rows[i].begins[0] && has(got, "/1234", &a)))
			fail_msg("row %zu: " STR_FMT, i, STR_ARG(got));
		link_close(&l);
	}
}

/* <enabled/> names a session that must outlive the server: it waits for the disk. */
static void success_waits_for_what_it_promises(void **state)
{
	struct world *w = *state;
	auto_arena a = { 0 };
	struct link l;

	link_open(w, &l);
	link_authenticate(&l, PLAIN_JULIET, BIND2_WITH(ENABLE));
	while (!l.client->sm)
		uv_run(&w->loop.uv, UV_RUN_ONCE);
	assert_true(l.client->negotiation->finishing && !l.client->sm->is_stored);
	assert_false(link_read(&l));
	assert_true(has(link_expect(&l, "</success>", &a), "<enabled", &a));
	link_close(&l);
}

static void a_wrong_password_leaves_nothing_behind(void **state)
{
	auto_arena a = { 0 };
	struct link l;

	link_open(*state, &l);
	link_authenticate(&l, PLAIN_WRONG, BIND2_WITH("<tag>wrong</tag>" ENABLE));
	link_until(&l, "<not-authorized");
	link_until(&l, "</failure>");
	assert_null(l.client->session.user);
	struct str got = success_of(&l, PLAIN_ROMEO, BIND2_WITH("<tag>right</tag>"), &a);
	assert_true(has(got, "romeo@example.org/right.", &a) && !has(got, "enabled", &a));
	link_close(&l);
}

static void a_resumption_in_vain_says_why_and_binds(void **state)
{
	static const char *const asks[] = { "previd='none' h='0'", "previd='none'",
		                            "h='1'", "previd='none' h='x'" };
	static const char *const says[] = { "<item-not-found", "<bad-request",
		                            "<bad-request", "<bad-request" };

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		auto_arena a = { 0 };
		auto_buf inside = { 0 };
		struct link l;
		buf_fmt(&inside, "<resume xmlns='urn:xmpp:sm:3' %s/>" BIND2 "%c", asks[i],
		        0);
		link_open(*state, &l);
		struct str got = success_of(&l, PLAIN_JULIET, inside.p, &a);
		if (!has(got, "<failed xmlns='urn:xmpp:sm:3'>", &a) ||
		    !has(got, says[i], &a) || !has(got, "<bound", &a))
			fail_msg("row %zu: " STR_FMT, i, STR_ARG(got));
		link_close(&l);
	}
}

static void who_goes_before_it_is_done_is_gone(void **state)
{
	struct world *w = *state;

	for (int steps = 0; steps < 12; steps++) {
		struct link l;
		link_open(w, &l);
		link_authenticate(&l, PLAIN_JULIET, BIND2_WITH(ENABLE));
		for (int i = 0; i < steps; i++)
			uv_run(&w->loop.uv, UV_RUN_NOWAIT);
		link_close(&l);
		/* Another one's whole login is behind all of it. */
		struct link other;
		link_login(w, &other, PLAIN_ROMEO, BIND2);
		link_close(&other);
	}
	while (w->c2s->clients && w->c2s->clients->conn)
		uv_run(&w->loop.uv, UV_RUN_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_what_is_asked_for_is_done),
		CASE(a_tag_that_is_no_name_is_left_out),
		CASE(success_waits_for_what_it_promises),
		CASE(a_wrong_password_leaves_nothing_behind),
		CASE(a_resumption_in_vain_says_why_and_binds),
		CASE(who_goes_before_it_is_done_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
