/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* To an account's resources: RFC 6121 section 8.5. */
#include "herald/im/im.h"

#include <errno.h>

#include "herald/im/module.h"

static void send_to(struct session *s, const struct xml *x)
{
	s->ops->send(s, x);
}

static void tell_received(struct user *u, struct session *to, struct stanza *st)
{
	for_each_module(m, u->setup)
	{
		if (m->on_received)
			m->on_received(u, to, st);
	}
}

/* To all available resources of at least that priority; how many that were. */
static size_t send_to_all(struct user *u, const struct xml *x, int priority)
{
	size_t n = 0;

	for (struct session *s = u->sessions; s; s = s->next) {
		if (session_is_available(s) && s->priority >= priority) {
			send_to(s, x);
			n++;
		}
	}
	return n;
}

static void unreachable(struct user *u, struct stanza *st)
{
	for_each_module(m, u->setup)
	{
		if (m->on_unreachable && m->on_unreachable(u, st))
			return;
	}
	im_fail(st, ERROR_SERVICE_UNAVAILABLE);
}

/* Section 8.5.2.1: to the account, by the type of message. */
static void message_to_bare(struct user *u, struct stanza *st)
{
	switch (st->type) {
	case TYPE_GROUPCHAT:
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
		return;
	case TYPE_MESSAGE_ERROR:
		return;
	case TYPE_HEADLINE:
		send_to_all(u, st->x, 0);
		return;
	default: /* normal and chat; other kinds do not come here */
		if (send_to_all(u, st->x, 0) > 0)
			tell_received(u, NULL, st);
		else
			unreachable(u, st);
	}
}

/* Section 8.5.3.2.1: the resource is not there. */
static void message_to_missing(struct user *u, struct stanza *st)
{
	if (st->type == TYPE_NORMAL || st->type == TYPE_CHAT)
		message_to_bare(u, st);
	else if (st->type == TYPE_GROUPCHAT)
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
}

static void message(struct user *u, struct stanza *st)
{
	struct session *s = user_find_session(u, jid_resource(st->to));

	if (st->to.resource_n == 0) {
		message_to_bare(u, st);
	} else if (s) {
		send_to(s, st->x);
		tell_received(u, s, st);
	} else {
		message_to_missing(u, st);
	}
}

static void presence(struct user *u, struct stanza *st)
{
	struct session *s = user_find_session(u, jid_resource(st->to));

	switch (st->type) {
	case TYPE_SUBSCRIBE:
	case TYPE_SUBSCRIBED:
	case TYPE_UNSUBSCRIBE:
	case TYPE_UNSUBSCRIBED:
		im_subscription_in(u, st);
		return;
	case TYPE_PROBE:
		im_probe(u, st);
		return;
	default:
		if (st->to.resource_n == 0)
			send_to_all(u, st->x, INT8_MIN);
		else if (s)
			send_to(s, st->x);
	}
}

static void iq(struct user *u, struct stanza *st)
{
	struct session *s = user_find_session(u, jid_resource(st->to));
	bool asks = st->type == TYPE_GET || st->type == TYPE_SET;
	bool own = jid_bare_eq(st->from, u->jid);

	if (st->to.resource_n == 0 && asks)
		im_iq(st, own ? TO_SELF : TO_USER, u);
	else if (st->to.resource_n && s)
		send_to(s, st->x);
	else if (asks)
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
}

void im_deliver(struct user *u, struct stanza *st)
{
	/* Section 8.5.1: who does not exist looks like who does not answer. */
	if (u->load_error) {
		im_fail(st, u->load_error == -ENOENT ? ERROR_SERVICE_UNAVAILABLE
		                                     : ERROR_RESOURCE_CONSTRAINT);
		return;
	}
	if (im_block_in(u, st))
		return;
	switch (st->kind) {
	case STANZA_MESSAGE:
		message(u, st);
		break;
	case STANZA_PRESENCE:
		presence(u, st);
		break;
	case STANZA_IQ:
		iq(u, st);
		break;
	}
}
