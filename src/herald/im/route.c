/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From a session to an address, and from an address to whoever answers for it. */
#include "herald/im/im.h"

#include <errno.h>

#include "base/oom.h"
#include "herald/im/module.h"

/* A stanza that waits for its account to be loaded. */
struct held {
	struct arena arena;
	struct worker *w;
	struct session *session; /* that is held; may be NULL */
	struct xml *x;
};

void im_fail(const struct stanza *st, enum stanza_error e)
{
	if (stanza_may_fail(st) && st->kind != STANZA_PRESENCE && !jid_is_none(st->from))
		im_route(st->w, stanza_error(st, e), st->a);
}

static bool is_taken_by_host(struct stanza *st)
{
	for_each_module(m, im_setup(st))
	{
		if (m->on_host_message && m->on_host_message(st))
			return true;
	}
	return false;
}

static void to_host(struct stanza *st)
{
	if (st->kind == STANZA_IQ && (st->type == TYPE_GET || st->type == TYPE_SET))
		im_iq(st, TO_HOST, NULL);
	else if (st->kind == STANZA_MESSAGE && !is_taken_by_host(st))
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
}

static void on_loaded(void *arg, struct user *u)
{
	struct held *held = arg;
	struct stanza st = { .w = held->w, .a = &held->arena, .x = held->x };

	if (stanza_read(&st) == 0)
		im_deliver(u, &st);
	if (held->session)
		session_release(held->session);
	arena_fini(&held->arena);
	free(held);
}

static void to_account(struct stanza *st)
{
	struct user *u = user_get(st->w, st->to);

	if (u) {
		user_ref(u);
		im_deliver(u, st);
		user_unref(u);
		return;
	}
	struct held *held = base_calloc(1, sizeof(*held));
	held->w = st->w;
	held->session = st->session;
	if (held->session)
		session_hold(held->session);
	held->x = xml_copy(&held->arena, st->x);
	user_with(st->w, st->to, on_loaded, held);
}

void im_dispatch(struct stanza *st)
{
	if (!server_has_host(st->w->server, jid_domain(st->to)))
		im_fail(st, ERROR_REMOTE_SERVER_NOT_FOUND);
	else if (st->to.local_n == 0)
		to_host(st);
	else
		to_account(st);
}

void im_route(struct worker *w, struct xml *x, struct arena *a)
{
	struct stanza st = { .w = w, .a = a, .x = x };

	if (stanza_read(&st) == 0 && !jid_is_none(st.to))
		im_dispatch(&st);
}

/* ---- from a session ----------------------------------------------------------------------- */

/* RFC 6120 section 8.1.2.1: the sender's own address, full or bare, or none. */
static bool is_honest(const struct session *s, const struct xml *x, struct arena *a)
{
	struct str from = xml_get(x, "from");
	struct jid jid;

	if (!from.p)
		return true;
	return jid_parse(from, a, &jid) == 0 &&
	       (jid_eq(jid, s->jid) || jid_eq(jid, jid_bare(s->jid)));
}

static bool is_subscription(enum stanza_type type)
{
	return type == TYPE_SUBSCRIBE || type == TYPE_SUBSCRIBED ||
	       type == TYPE_UNSUBSCRIBE || type == TYPE_UNSUBSCRIBED;
}

static void on_presence(struct stanza *st)
{
	if (is_subscription(st->type))
		im_subscription_out(st);
	else if (jid_is_none(st->to))
		im_presence_own(st);
	else
		im_presence_directed(st);
}

static bool is_own(const struct stanza *st)
{
	return jid_is_none(st->to) || jid_eq(st->to, jid_bare(st->session->jid));
}

static void on_message(struct stanza *st)
{
	if (jid_is_none(st->to)) {
		st->to = jid_bare(st->session->jid);
		xml_set(st->a, st->x, "to", arena_str(st->a, jid_str(st->to)));
	}
	im_strip(st);
	for_each_module(m, st->session->user->setup)
	{
		if (m->on_sent)
			m->on_sent(st);
	}
	im_dispatch(st);
}

static void on_iq(struct stanza *st)
{
	if (!is_own(st))
		im_dispatch(st);
	else if (st->type == TYPE_GET || st->type == TYPE_SET)
		im_iq(st, TO_SELF, st->session->user);
}

void im_from_session(struct session *s, struct xml *x, struct arena *a)
{
	struct stanza st = {
		.w = s->worker, .a = a, .x = x, .session = s, .from = s->jid
	};
	int r = stanza_read(&st);

	if (!is_honest(s, x, a)) {
		s->ops->close(s, STREAM_INVALID_FROM, "");
		return;
	}
	xml_set(a, x, "from", arena_str(a, jid_str(s->jid)));
	if (r < 0) {
		if (stanza_may_fail(&st))
			s->ops->send(s, stanza_error(&st, r == -EINVAL
			                                          ? ERROR_BAD_REQUEST
			                                          : ERROR_JID_MALFORMED));
		return;
	}
	if (im_block_out(&st))
		return;
	user_ref(s->user);
	struct user *u = s->user;
	switch (st.kind) {
	case STANZA_MESSAGE:
		on_message(&st);
		break;
	case STANZA_PRESENCE:
		on_presence(&st);
		break;
	case STANZA_IQ:
		on_iq(&st);
		break;
	}
	user_unref(u);
}

/* ---- the store ---------------------------------------------------------------------------- */

struct storing {
	struct arena arena;
	struct worker *w;
	struct user
		*user; /* whose data it is: in memory until it is stored; may be NULL */
	struct xml *reply, *error;
};

static void on_stored(void *arg, int result)
{
	struct storing *s = arg;

	im_route(s->w, result == 0 ? s->reply : s->error, &s->arena);
	if (s->user)
		user_unref(s->user);
	arena_fini(&s->arena);
	free(s);
}

void im_reply_when_stored(const struct stanza *st, const struct xml *reply)
{
	struct storing *s = base_calloc(1, sizeof(*s));

	s->w = st->w;
	s->user = user_get(st->w, st->from);
	if (s->user)
		user_ref(s->user);
	s->reply = xml_copy(&s->arena, reply);
	s->error = xml_copy(&s->arena, stanza_error(st, ERROR_RESOURCE_CONSTRAINT));
	worker_then(st->w, on_stored, s);
}
