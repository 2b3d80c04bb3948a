/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0160: Best Practices for Handling Offline Messages, version 1.0.1. What no resource can
 * take waits in the archive "offline" with the time it came (XEP-0203). It is deleted in the
 * same round that gives it to the first resource with a priority that is not negative.
 */
#include <sys/time.h>
#include <time.h>

#include "base/oom.h"
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_DELAY "urn:xmpp:delay"
#define NS_HINTS "urn:xmpp:hints"

enum { MESSAGES_MAX = 100 }; /* ejabberd's max_user_offline_messages */

/* Who gets the messages once the store has answered. */
struct giving {
	struct user *user;
	char *resource;
	uint64_t n_before; /* user->n_offline when the store was asked */
};

/* A message on its way to the disk, for the case that it does not get there. */
struct keeping {
	struct arena arena;
	struct user *user;
	struct xml *x;
};

static int64_t now_us(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* Section 3: a conversation that needs both ends is of no use later; XEP-0334 forbids some. */
static bool is_worth_keeping(const struct stanza *st)
{
	if (xml_child(st->x, "no-store", NS_HINTS))
		return false;
	return xml_child(st->x, "body", NS_CLIENT) ||
	       xml_child(st->x, "store", NS_HINTS) ||
	       (st->type == TYPE_NORMAL && xml_first(st->x));
}

static void on_kept(void *arg, int result)
{
	struct keeping *k = arg;
	struct stanza st = { .w = k->user->worker, .a = &k->arena, .x = k->x };

	if (result < 0) {
		k->user->n_offline--;
		if (stanza_read(&st) == 0)
			im_fail(&st, ERROR_RESOURCE_CONSTRAINT);
	}
	user_unref(k->user);
	arena_fini(&k->arena);
	free(k);
}

/* Committed in the order they come, so they are given in that order. */
static void keep(struct user *u, struct stanza *st)
{
	struct store_place at = user_place(u, "offline");
	struct keeping *k = base_calloc(1, sizeof(*k));
	auto_buf text = { 0 };

	k->user = u;
	k->x = xml_copy(&k->arena, st->x);
	user_ref(u);
	u->n_offline++;
	xml_write(&text, st->x, STR(NS_CLIENT));
	tx_append(worker_tx(u->worker), &at, now_us(), STR(""), buf_as_str(&text));
	worker_then(u->worker, on_kept, k);
}

static bool on_unreachable(struct user *u, struct stanza *st)
{
	uint64_t max = server_limit(st->w->server, u->jid, "max_user_offline_messages",
	                            MESSAGES_MAX);

	if (!is_worth_keeping(st) || u->n_offline >= max)
		return false;
	keep(u, st);
	return true;
}

/* ---- giving ------------------------------------------------------------------------------- */

static void give(struct session *s, const struct store_row *row)
{
	auto_arena a = { 0 };
	struct xml *x = xml_parse_kept(row->value, &a);

	if (!x)
		return;
	struct xml *delay = xml_add(&a, x, "delay", NS_DELAY);
	xml_set(&a, delay, "from", jid_domain(s->jid));
	xml_set(&a, delay, "stamp", stanza_time(row->stamp_us / 1000000, &a));
	s->ops->send(s, x);
}

static void find(struct giving *g);

static void on_more_stored(void *arg, int result)
{
	(void)result;
	find(arg);
}

static void giving_free(struct giving *g)
{
	user_unref(g->user);
	free(g->resource);
	free(g);
}

/* What came while the store was asked is found when it is stored. */
static void go_on(struct giving *g, bool found_any)
{
	struct worker *w = g->user->worker;

	if (g->user->n_offline == 0) {
		giving_free(g);
	} else if (worker_is_storing(w)) {
		worker_then(w, on_more_stored, g);
	} else if (found_any || g->user->n_offline > g->n_before) {
		find(g);
	} else {
		g->user->n_offline = 0;
		giving_free(g);
	}
}

static void on_found(void *arg, int result, const struct store_rows *rows)
{
	struct giving *g = arg;
	struct user *u = g->user;
	struct session *s = user_find_session(u, str_from(g->resource));
	struct store_place at = user_place(u, "offline");

	if (s && result == 0 && rows->n) {
		struct store_range range = { .before_id = rows->p[rows->n - 1].id + 1 };
		for (size_t i = 0; i < rows->n; i++)
			give(s, &rows->p[i]);
		tx_purge(user_tx(u), &at, &range);
		u->n_offline -= rows->n < u->n_offline ? rows->n : u->n_offline;
	}
	if (s && result == 0)
		go_on(g, rows->n > 0);
	else
		giving_free(g);
}

static void find(struct giving *g)
{
	static const struct store_range all = { 0 };
	struct user *u = g->user;
	struct store_place at = user_place(u, "offline");

	g->n_before = u->n_offline;
	store_find(u->worker->server->store, &at, &all, worker_inbox(u->worker), on_found,
	           g);
}

static void on_available(struct session *s, struct arena *a)
{
	struct user *u = s->user;
	struct str resource = jid_resource(s->jid);

	(void)a;
	if (s->priority < 0 || u->n_offline == 0)
		return;
	struct giving *g = base_calloc(1, sizeof(*g));
	g->user = u;
	g->resource = base_calloc(1, resource.n + 1);
	memcpy(g->resource, resource.p, resource.n);
	user_ref(u);
	/* A read that began before the last message was stored would not see it. */
	worker_settled(u->worker, on_more_stored, g);
}

extern const struct module mod_offline;
const struct module mod_offline = {
	.name = "mod_offline",
	.host_features = NAMES("msgoffline"),
	.on_unreachable = on_unreachable,
	.on_available = on_available,
};
