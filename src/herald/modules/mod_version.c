/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0092: Software Version, version 1.1. The operating system is nobody's business. */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_VERSION "jabber:iq:version"

static void on_version(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st);
	struct xml *query = xml_add(st->a, x, "query", NS_VERSION);

	(void)payload, (void)u;
	xml_add_text(st->a, query, "name", NULL, STR("herald"));
	xml_add_text(st->a, query, "version", NULL, STR(GATEHOUSE_VERSION));
	im_route(st->w, x, st->a);
}

extern const struct module mod_version;
const struct module mod_version = {
	.name = "mod_version",
	.host_features = NAMES(NS_VERSION),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_HOST, NS_VERSION, "query", on_version }),
};
