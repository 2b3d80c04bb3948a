/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0199: XMPP Ping, version 2.0.1. */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_PING "urn:xmpp:ping"

static void on_ping(struct stanza *st, struct xml *payload, struct user *u)
{
	(void)payload, (void)u;
	im_route(st->w, stanza_result(st), st->a);
}

extern const struct module mod_ping;
const struct module mod_ping = {
	.name = "mod_ping",
	.host_features = NAMES(NS_PING),
	.user_features = NAMES(NS_PING),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_HOST | TO_SELF, NS_PING, "ping", on_ping }),
};
