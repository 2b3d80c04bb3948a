/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0030: Service Discovery, version 2.5. The features are what the modules say. */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"

static void put_identity(struct stanza *st, struct xml *query, const char *category,
                         const char *type, const char *name)
{
	struct xml *x = xml_add(st->a, query, "identity", NULL);

	xml_set(st->a, x, "category", str_from(category));
	xml_set(st->a, x, "type", str_from(type));
	if (name)
		xml_set(st->a, x, "name", str_from(name));
}

static void put_features(struct stanza *st, struct xml *query, bool of_host)
{
	for_each_module(m, st->w)
	{
		const char *const *name = of_host ? m->host_features : m->user_features;
		for (; name && *name; name++)
			xml_set(st->a, xml_add(st->a, query, "feature", NULL), "var",
			        str_from(*name));
	}
}

/* Nobody has nodes yet. */
static bool has_node(struct stanza *st, const struct xml *payload)
{
	if (!xml_has(payload, "node"))
		return false;
	im_fail(st, ERROR_ITEM_NOT_FOUND);
	return true;
}

/* Section 8: an account shows itself to those who may see its presence only. */
static bool may_see(const struct stanza *st, const struct user *u)
{
	const struct roster_item *item = u ? roster_find(&u->roster, st->from) : NULL;

	return !u || jid_bare_eq(st->from, u->jid) || (item && item->from);
}

static void on_info(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st);
	struct xml *query = xml_add(st->a, x, "query", NS_INFO);

	if (!may_see(st, u)) {
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	if (has_node(st, payload))
		return;
	if (u)
		put_identity(st, query, "account", "registered", NULL);
	else
		put_identity(st, query, "server", "im", "herald");
	put_features(st, query, !u);
	im_route(st->w, x, st->a);
}

static void on_items(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st);

	if (!may_see(st, u)) {
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	if (has_node(st, payload))
		return;
	xml_add(st->a, x, "query", NS_ITEMS);
	im_route(st->w, x, st->a);
}

extern const struct module mod_disco;
const struct module mod_disco = {
	.name = "mod_disco",
	.host_features = NAMES(NS_INFO, NS_ITEMS),
	.user_features = NAMES(NS_INFO, NS_ITEMS),
	.iq = LIST(
		struct iq_handler,
		{ TYPE_GET, TO_HOST | TO_SELF | TO_USER, NS_INFO, "query", on_info },
		{ TYPE_GET, TO_HOST | TO_SELF | TO_USER, NS_ITEMS, "query", on_items }),
};
