/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Presence: RFC 6121 section 4. */
#include "herald/im/im.h"
#include "herald/im/module.h"

#include "base/oom.h"

enum { DIRECTED_MAX = 1000 };

static void set_to(struct arena *a, struct xml *x, struct jid to)
{
	xml_set(a, x, "to", arena_str(a, jid_str(to)));
}

/* Section 4.2.2: to the contacts who may see it, and to the user's other resources. */
static void broadcast(struct session *s, struct xml *x, struct arena *a)
{
	struct user *u = s->user;

	for (struct session *other = u->sessions; other; other = other->next) {
		if (!session_is_available(other) && other != s)
			continue;
		set_to(a, x, other->jid);
		other->ops->send(other, x);
	}
	map_for_each(it, &u->roster.items) {
		const struct roster_item *item = it->value;
		if (!item->from || user_blocks(u, item->jid))
			continue;
		set_to(a, x, item->jid);
		im_route(s->worker, x, a);
	}
}

/* Section 4.2.2: what the others' presence is, and who asks to see ours. */
static void catch_up(struct session *s, struct arena *a)
{
	struct user *u = s->user;

	for (struct session *other = u->sessions; other; other = other->next) {
		struct xml *x = other == s ? NULL : session_presence(other, a);
		if (!x)
			continue;
		set_to(a, x, s->jid);
		s->ops->send(s, x);
	}
	map_for_each(it, &u->roster.items) {
		const struct roster_item *item = it->value;
		if (item->pending)
			s->ops->send(s, stanza_new(a, "presence", "subscribe", item->jid,
			                           jid_bare(s->jid)));
		if (item->to && !user_blocks(u, item->jid))
			im_route(s->worker,
			         stanza_new(a, "presence", "probe", s->jid, item->jid),
			         a);
	}
}

/* Section 4.7.2.3: -128 to 127, 0 when it is missing. */
static bool read_priority(const struct xml *x, struct arena *a, int8_t *out)
{
	struct str text = str_trim(xml_text(xml_child(x, "priority", NULL), a));
	bool negative = str_starts(text, STR("-"));
	uint64_t v = 0;

	if (str_starts(text, STR("-")) || str_starts(text, STR("+")))
		text = str_sub(text, 1, text.n);
	if (text.n && (str_to_u64(text, 10, &v) < 0 || v > (negative ? 128u : 127u)))
		return false;
	*out = (int8_t)(negative ? -(int)v : (int)v);
	return true;
}

/* Shows it and remembers it. */
static void show(struct session *s, struct xml *x, struct arena *a)
{
	for_each_module(m, s->user->setup)
	{
		if (m->on_presence)
			m->on_presence(s, x, a);
	}
	session_set_presence(s, x);
	broadcast(s, x, a);
}

void im_presence_again(struct session *s, struct xml *x, struct arena *a)
{
	xml_set(a, x, "from", arena_str(a, jid_str(s->jid)));
	show(s, x, a);
}

static void available(struct stanza *st)
{
	struct session *s = st->session;
	bool first = !session_is_available(s);

	if (!read_priority(st->x, st->a, &s->priority)) {
		s->ops->send(s, stanza_error(st, ERROR_BAD_REQUEST));
		return;
	}
	show(s, st->x, st->a);
	if (!first)
		return;
	catch_up(s, st->a);
	for_each_module(m, s->user->setup)
	{
		if (m->on_available)
			m->on_available(s, st->a);
	}
	s->has_been_available = true;
}

/* Section 4.6.3: who saw it without being subscribed. */
static void withdraw_directed(struct session *s, struct xml *x, struct arena *a)
{
	vec_for_each(to, &s->directed) {
		xml_set(a, x, "to", str_from(*to));
		im_route(s->worker, x, a);
		free(*to);
	}
	vec_fini(&s->directed);
}

static void unavailable(struct session *s, struct xml *x, struct arena *a)
{
	bool was = session_is_available(s);

	session_set_presence(s, NULL);
	if (was)
		broadcast(s, x, a);
	for_each_module(m, s->user->setup)
	{
		if (was && m->on_unavailable)
			m->on_unavailable(s, x, a);
	}
	withdraw_directed(s, x, a);
}

void im_presence_own(struct stanza *st)
{
	if (st->type == TYPE_AVAILABLE)
		available(st);
	else if (st->type == TYPE_UNAVAILABLE)
		unavailable(st->session, st->x, st->a);
	else if (st->type == TYPE_PROBE)
		st->session->ops->send(st->session, stanza_error(st, ERROR_BAD_REQUEST));
}

void im_session_resumed(struct session *s, struct arena *a)
{
	if (session_is_available(s))
		catch_up(s, a);
}

void im_session_ends(struct session *s, struct arena *a)
{
	struct xml *x =
		stanza_new(a, "presence", "unavailable", s->jid, (struct jid){ 0 });

	unavailable(s, x, a);
}

/* ---- directed ----------------------------------------------------------------------------- */

static char **find_directed(struct session *s, struct str to)
{
	vec_for_each(text, &s->directed) {
		if (str_is(to, *text))
			return text;
	}
	return NULL;
}

static void forget_directed(struct session *s, struct str to)
{
	char **at = find_directed(s, to);

	if (!at)
		return;
	free(*at);
	*at = s->directed.p[--s->directed.n];
	s->unsaved = true;
}

static bool keep_directed(struct session *s, struct str to)
{
	if (find_directed(s, to))
		return true;
	if (s->directed.n == DIRECTED_MAX)
		return false;
	char *copy = base_realloc(NULL, to.n + 1, 1);
	memcpy(copy, to.p, to.n);
	copy[to.n] = '\0';
	vec_push(&s->directed, copy);
	s->unsaved = true;
	return true;
}

void im_presence_directed(struct stanza *st)
{
	const struct roster_item *item = roster_find(&st->session->user->roster, st->to);

	/* Who is subscribed hears of the end anyway (section 4.6.3). */
	if (st->type == TYPE_UNAVAILABLE)
		forget_directed(st->session, jid_str(st->to));
	else if (st->type == TYPE_AVAILABLE && !(item && item->from) &&
	         !keep_directed(st->session, jid_str(st->to))) {
		st->session->ops->send(st->session,
		                       stanza_error(st, ERROR_RESOURCE_CONSTRAINT));
		return;
	}
	im_dispatch(st);
}

/* ---- probes ------------------------------------------------------------------------------- */

void im_presence_send(struct user *u, struct jid to, bool gone, struct arena *a)
{
	for (struct session *s = u->sessions; s; s = s->next) {
		struct xml *x = session_presence(s, a);
		if (!x)
			continue;
		if (gone)
			x = stanza_new(a, "presence", "unavailable", s->jid, to);
		set_to(a, x, to);
		im_route(u->worker, x, a);
	}
}

static bool is_any_available(const struct user *u)
{
	for (const struct session *s = u->sessions; s; s = s->next) {
		if (session_is_available(s))
			return true;
	}
	return false;
}

/* Section 4.3.2. */
void im_probe(struct user *u, struct stanza *st)
{
	const struct roster_item *item = roster_find(&u->roster, st->from);
	bool may_see = jid_bare_eq(st->from, u->jid) || (item && item->from);

	if (!may_see)
		im_route(st->w,
		         stanza_new(st->a, "presence", "unsubscribed", u->jid,
		                    jid_bare(st->from)),
		         st->a);
	else if (is_any_available(u))
		im_presence_send(u, st->from, false, st->a);
	else
		im_route(st->w,
		         stanza_new(st->a, "presence", "unavailable", u->jid, st->from),
		         st->a);
}
