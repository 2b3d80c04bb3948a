/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0199: XMPP Ping, version 2.0.1. Clients may ask; where the configuration says so
 * (send_pings), those that have been silent for an interval are asked. Whatever comes from a
 * client is an answer.
 */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_PING "urn:xmpp:ping"

static void on_ping(struct stanza *st, struct xml *payload, struct user *u)
{
	(void)payload, (void)u;
	im_route(st->w, stanza_result(st), st->a);
}

static void ask(struct session *s)
{
	auto_arena a = { 0 };
	struct jid host = { 0 };

	if (jid_make(STR(""), jid_domain(s->jid), STR(""), &a, &host) < 0)
		return;
	struct xml *x = stanza_new(&a, "iq", "get", host, s->jid);
	xml_set(&a, x, "id", arena_fmt(&a, "ping%llu", ++s->worker->pushes));
	xml_add(&a, x, "ping", NS_PING);
	s->ops->send(s, x);
}

static void on_tick(struct session *s, uint64_t now_ms)
{
	const struct tuning *t = &s->user->setup->tuning;

	if (!t->send_pings)
		return;
	if (!s->is_asked && now_ms - s->heard_ms >= t->ping_interval_ms) {
		ask(s);
		s->is_asked = true;
		s->asked_ms = now_ms;
	} else if (s->is_asked && now_ms - s->asked_ms >= t->ping_ack_timeout_ms) {
		if (t->ping_kills)
			s->ops->lost(s);
		s->is_asked = false; /* and again after the next interval */
		s->heard_ms = now_ms;
	}
}

extern const struct module mod_ping;
const struct module mod_ping = {
	.name = "mod_ping",
	.host_features = NAMES(NS_PING),
	.user_features = NAMES(NS_PING),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_HOST | TO_SELF, NS_PING, "ping", on_ping }),
	.on_tick = on_tick,
};
