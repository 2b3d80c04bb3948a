/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0280: Message Carbons, version 1.0.1. */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_CARBONS "urn:xmpp:carbons:2"
#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_HINTS   "urn:xmpp:hints"

static void set_carbons(struct stanza *st, bool on)
{
	if (!st->session) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	st->session->carbons = on;
	st->session->unsaved = true;
	im_route(st->w, stanza_result(st), st->a);
}

static void on_enable(struct stanza *st, struct xml *payload, struct user *u)
{
	(void)payload, (void)u;
	set_carbons(st, true);
}

static void on_disable(struct stanza *st, struct xml *payload, struct user *u)
{
	(void)payload, (void)u;
	set_carbons(st, false);
}

/* Section 6: conversations of two, and what belongs to them; not what says no. */
static bool is_eligible(const struct stanza *st)
{
	const struct xml *x = st->x;

	if (xml_child(x, "private", NS_CARBONS) || xml_child(x, "no-copy", NS_HINTS) ||
	    xml_child(x, "received", NS_CARBONS) || xml_child(x, "sent", NS_CARBONS))
		return false;
	return st->type == TYPE_CHAT ||
	       (st->type == TYPE_NORMAL && xml_child(x, "body", NS_CLIENT));
}

static void copy(struct user *u, struct stanza *st, struct session *to, const char *name)
{
	struct xml *x = stanza_new(st->a, "message", "", u->jid, to->jid);
	struct xml *forwarded = xml_add(st->a, xml_add(st->a, x, name, NS_CARBONS),
	                                "forwarded", NS_FORWARD);

	if (st->type == TYPE_CHAT)
		xml_set(st->a, x, "type", STR("chat"));
	xml_append(forwarded, xml_copy(st->a, st->x));
	to->ops->send(to, x);
}

static void on_sent(struct stanza *st)
{
	struct user *u = st->session->user;

	if (!is_eligible(st))
		return;
	for (struct session *s = u->sessions; s; s = s->next) {
		/* What goes to the own account reaches that resource anyway. */
		bool gets_it = jid_eq(st->to, s->jid) || jid_eq(st->to, u->jid);
		if (s->carbons && s != st->session && !gets_it)
			copy(u, st, s, "sent");
	}
}

static void on_received(struct user *u, struct session *to, struct stanza *st)
{
	if (!is_eligible(st))
		return;
	for (struct session *s = u->sessions; s; s = s->next) {
		bool got_it = to ? s == to : session_is_available(s) && s->priority >= 0;
		bool sent_it = jid_eq(st->from, s->jid);
		if (s->carbons && !got_it && !sent_it)
			copy(u, st, s, "received");
	}
}

extern const struct module mod_carboncopy;
const struct module mod_carboncopy = {
	.name = "mod_carboncopy",
	.host_features = NAMES(NS_CARBONS, "urn:xmpp:carbons:rules:0"),
	.iq = LIST(struct iq_handler,
	           { TYPE_SET, TO_SELF, NS_CARBONS, "enable", on_enable },
	           { TYPE_SET, TO_SELF, NS_CARBONS, "disable", on_disable }),
	.on_sent = on_sent,
	.on_received = on_received,
};
