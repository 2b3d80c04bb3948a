/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Announcements, as ejabberd has them: a message to host/announce/online and its like goes to
 * the host's people, when the sender may do that. And the message of the day, which everybody
 * sees once: the host's own store "motd" has it under its number, an account's store of that
 * name the number that was seen last.
 */
#include <sys/time.h>

#include "base/oom.h"
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "herald/modules/announce.h"

#define NAME "mod_announce"
#define MOTD STR("motd")

struct motd {
	char *host;
	bool is_known; /* the store has been asked */
	char *number;  /* NULL: there is none */
	struct buf text;
};

struct announce_state {
	struct map hosts; /* to struct motd */
};

/* Somebody who has become available. */
struct greeting {
	struct user *user;
	char *resource;
};

static struct motd *motd_of(struct worker *w, struct str host)
{
	struct announce_state *state = worker_state(w, NAME, sizeof(*state));
	struct motd *motd = map_get(&state->hosts, host);

	if (motd)
		return motd;
	motd = base_calloc(1, sizeof(*motd));
	motd->host = strndup(host.p, host.n);
	map_put(&state->hosts, (struct str){ motd->host, host.n }, motd);
	return motd;
}

static void set_motd(struct motd *motd, struct str number, struct str text)
{
	free(motd->number);
	motd->number = number.n ? strndup(number.p, number.n) : NULL;
	motd->is_known = true;
	buf_reset(&motd->text);
	buf_str(&motd->text, text);
}

/* ---- who comes ---------------------------------------------------------------------------- */

static void greeting_free(struct greeting *g)
{
	user_unref(g->user);
	free(g->resource);
	free(g);
}

static void mark(struct user *u, const struct motd *motd)
{
	struct store_place at = user_place(u, "motd");

	tx_put(user_tx(u), &at, STR(""), str_from(motd->number));
}

static void give(struct session *s, const struct motd *motd)
{
	auto_arena a = { 0 };
	struct xml *x = xml_parse_kept(buf_as_str(&motd->text), &a);

	if (!x)
		return;
	xml_set(&a, x, "from", jid_domain(s->jid));
	xml_set(&a, x, "to", jid_str(s->jid));
	s->ops->send(s, x);
}

static void on_seen(void *arg, int result, const struct store_rows *rows)
{
	struct greeting *g = arg;
	const struct motd *motd = motd_of(g->user->worker, jid_domain(g->user->jid));
	struct session *s = user_find_session(g->user, str_from(g->resource));
	bool seen =
		rows && rows->n && motd->number && str_is(rows->p[0].value, motd->number);

	if (s && result == 0 && motd->number && !seen) {
		give(s, motd);
		mark(g->user, motd);
	}
	greeting_free(g);
}

static void ask_user(void *arg, int result)
{
	struct greeting *g = arg;
	struct store_place at = user_place(g->user, "motd");

	(void)result;
	store_get(g->user->worker->server->store, &at, STR(""),
	          worker_inbox(g->user->worker), on_seen, g);
}

/* What the store has is a number, a newline and the message. */
static void on_motd(void *arg, int result, const struct store_rows *rows)
{
	struct greeting *g = arg;
	struct worker *w = g->user->worker;
	struct motd *motd = motd_of(w, jid_domain(g->user->jid));
	struct str value = result == 0 && rows->n ? rows->p[0].value : STR("");
	size_t n = str_find(value, '\n');

	if (result == 0 && !motd->is_known)
		set_motd(motd, str_sub(value, 0, n), str_sub(value, n + 1, value.n));
	if (motd->number)
		worker_settled(w, ask_user, g);
	else
		greeting_free(g);
}

static void on_available(struct session *s, struct arena *a)
{
	struct user *u = s->user;
	struct worker *w = s->worker;
	const struct motd *motd = motd_of(w, jid_domain(s->jid));
	struct store_place at = { jid_domain(s->jid), STR(""), MOTD };
	struct str resource = jid_resource(s->jid);

	(void)a;
	if (motd->is_known && !motd->number)
		return;
	struct greeting *g = base_calloc(1, sizeof(*g));
	g->user = u;
	user_ref(u);
	g->resource = strndup(resource.p, resource.n);
	if (motd->is_known)
		worker_settled(w, ask_user, g);
	else
		store_get(w->server->store, &at, STR(""), worker_inbox(w), on_motd, g);
}

/* ---- the message of the day --------------------------------------------------------------- */

static void tell_online(struct worker *w, const struct motd *motd)
{
	map_for_each(it, &w->users) {
		struct user *u = it->value;
		if (!str_is(jid_domain(u->jid), motd->host) || !u->sessions)
			continue;
		for (struct session *s = u->sessions; s; s = s->next)
			give(s, motd);
		mark(u, motd);
	}
}

static struct str new_number(struct arena *a)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return arena_fmt(a, "%lld%06ld", (long long)tv.tv_sec, (long)tv.tv_usec);
}

void announce_set_motd(struct worker *w, struct str host, const struct xml *x, bool tell,
                       store_done_fn done, void *arg)
{
	struct motd *motd = motd_of(w, host);
	struct store_place at = { host, STR(""), MOTD };
	auto_arena a = { 0 };
	auto_buf text = { 0 };
	struct str number = x ? new_number(&a) : STR("");

	if (x) {
		xml_write(&text, x, STR(NS_CLIENT));
		tx_put(worker_tx(w), &at, STR(""),
		       arena_fmt(&a, STR_FMT "\n" STR_FMT, STR_ARG(number),
		                 STR_ARG(buf_as_str(&text))));
	} else {
		tx_del(worker_tx(w), &at, STR(""));
	}
	set_motd(motd, number, buf_as_str(&text));
	if (x && tell)
		tell_online(w, motd);
	if (done)
		worker_then(w, done, arg);
}

/* ---- messages to the host ----------------------------------------------------------------- */

enum verb {
	VERB_ALL,
	VERB_ONLINE,
	VERB_MOTD,
	VERB_MOTD_UPDATE,
	VERB_MOTD_DELETE,
};

static const struct {
	const char *resource;
	enum verb verb;
	bool all_hosts;
} addresses[] = {
	{ "announce/all", VERB_ALL, false },
	{ "announce/all-hosts/all", VERB_ALL, true },
	{ "announce/online", VERB_ONLINE, false },
	{ "announce/all-hosts/online", VERB_ONLINE, true },
	{ "announce/motd", VERB_MOTD, false },
	{ "announce/all-hosts/motd", VERB_MOTD, true },
	{ "announce/motd/update", VERB_MOTD_UPDATE, false },
	{ "announce/all-hosts/motd/update", VERB_MOTD_UPDATE, true },
	{ "announce/motd/delete", VERB_MOTD_DELETE, false },
	{ "announce/all-hosts/motd/delete", VERB_MOTD_DELETE, true },
};

static void announce(const struct stanza *st, enum verb verb, struct str host)
{
	struct xml *x = xml_copy(st->a, st->x);
	struct str none = { NULL, 0 };

	xml_set(st->a, x, "from", none);
	xml_set(st->a, x, "to", none);
	switch (verb) {
	case VERB_ALL:
		announce_all(st->w, host, x, NULL, NULL);
		break;
	case VERB_ONLINE:
		announce_online(st->w, host, x, st->a);
		break;
	case VERB_MOTD:
	case VERB_MOTD_UPDATE:
		announce_set_motd(st->w, host, x, verb == VERB_MOTD, NULL, NULL);
		break;
	case VERB_MOTD_DELETE:
		announce_set_motd(st->w, host, NULL, false, NULL, NULL);
		break;
	}
}

static void announce_at(const struct stanza *st, enum verb verb, bool all_hosts)
{
	const struct server *s = st->w->server;

	log_line(&s->log, LOG_LEVEL_NOTICE, "announced", STR_FMT " to " STR_FMT,
	         STR_ARG(jid_str(st->from)), STR_ARG(jid_str(st->to)));
	if (!all_hosts)
		announce(st, verb, jid_domain(st->to));
	for (size_t i = 0; all_hosts && i < s->hosts.n; i++)
		announce(st, verb, s->hosts.p[i].name);
}

static bool on_host_message(struct stanza *st)
{
	struct str resource = jid_resource(st->to);

	if (!str_starts(resource, STR("announce/")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		bool all = addresses[i].all_hosts;
		if (!str_is(resource, addresses[i].resource))
			continue;
		if (!server_may(st->w->server, MAY_ANNOUNCE,
		                all ? STR("") : jid_domain(st->to), st->from, NULL))
			im_fail(st, ERROR_FORBIDDEN);
		else if (stanza_may_fail(st))
			announce_at(st, addresses[i].verb, all);
		return true;
	}
	im_fail(st, ERROR_ITEM_NOT_FOUND);
	return true;
}

static void on_stop(struct worker *w)
{
	struct announce_state *state = worker_state(w, NAME, sizeof(*state));

	map_for_each(it, &state->hosts) {
		struct motd *motd = it->value;
		free(motd->host);
		free(motd->number);
		buf_fini(&motd->text);
		free(motd);
	}
	map_fini(&state->hosts);
}

extern const struct module mod_announce;
const struct module mod_announce = {
	.name = NAME,
	.on_host_message = on_host_message,
	.on_available = on_available,
	.on_stop = on_stop,
};
