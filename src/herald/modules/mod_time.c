/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0202: Entity Time, version 2.0. The server's zone is UTC. */
#include <time.h>

#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_TIME "urn:xmpp:time"

static void on_time(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st);
	struct xml *time_x = xml_add(st->a, x, "time", NS_TIME);

	(void)payload, (void)u;
	xml_add_text(st->a, time_x, "tzo", NULL, STR("+00:00"));
	xml_add_text(st->a, time_x, "utc", NULL, stanza_time(time(NULL), st->a));
	im_route(st->w, x, st->a);
}

extern const struct module mod_time;
const struct module mod_time = {
	.name = "mod_time",
	.host_features = NAMES(NS_TIME),
	.iq = LIST(struct iq_handler, { TYPE_GET, TO_HOST, NS_TIME, "time", on_time }),
};
