/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0030: Service Discovery, version 2.5. The features are what the modules say. */
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "herald/modules/disco.h"
#include "herald/modules/form.h"

#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"

void disco_put_identity(struct arena *a, struct xml *query, const char *category,
                        const char *type, const char *name)
{
	struct xml *x = xml_add(a, query, "identity", NULL);

	xml_set(a, x, "category", str_from(category));
	xml_set(a, x, "type", str_from(type));
	if (name)
		xml_set(a, x, "name", str_from(name));
}

static void put_features(const struct host_setup *host, struct xml *query, bool of_host,
                         struct arena *a)
{
	for_each_module(m, host)
	{
		const char *const *name = of_host ? m->host_features : m->user_features;
		for (; name && *name; name++)
			xml_set(a, xml_add(a, query, "feature", NULL), "var",
			        str_from(*name));
	}
}

/* XEP-0157: Contact Addresses for XMPP Services, version 1.1.1. */
static void put_contacts(const struct host_setup *host, struct xml *query,
                         struct arena *a)
{
	struct xml *form, *field;

	if (host->contacts.n == 0)
		return;
	form = form_add(a, query, "result");
	form_add_type(a, form, "http://jabber.org/network/serverinfo");
	vec_for_each(contact, &host->contacts) {
		field = form_add_field(a, form, "list-multi", contact->name);
		for (size_t k = 0; k < contact->n; k++)
			form_add_value(a, field, contact->urls[k]);
	}
}

void disco_put_host(const struct host_setup *host, struct xml *query, struct arena *a)
{
	disco_put_identity(a, query, "server", "im", "herald");
	put_features(host, query, true, a);
	put_contacts(host, query, a);
}

/* XEP-0115 section 6.2: the node of the host's capabilities, as they are now. */
static bool is_caps_node(struct stanza *st, struct str node)
{
	struct xml *query = xml_new(st->a, "query", "");

	disco_put_host(im_setup(st), query, st->a);
	return str_eq(node, arena_fmt(st->a, DISCO_CAPS_NODE "#" STR_FMT,
	                              STR_ARG(disco_caps_hash(query, st->a))));
}

/* What the modules have to say of a node of the host. */
static enum node_answer ask_modules(const struct stanza *st, bool items, struct str node,
                                    struct xml *query)
{
	for_each_module(m, im_setup(st))
	{
		enum node_answer answer =
			m->on_node ? m->on_node(st, items, node, query) : NODE_UNKNOWN;
		if (answer != NODE_UNKNOWN)
			return answer;
	}
	return NODE_UNKNOWN;
}

/* Answers a query for a node; accounts have none. */
static void on_node(struct stanza *st, bool items, struct str node, bool of_host,
                    struct xml *reply, struct xml *query)
{
	enum node_answer answer =
		of_host ? ask_modules(st, items, node, query) : NODE_UNKNOWN;

	xml_set(st->a, query, "node", node);
	if (answer == NODE_KNOWN)
		im_route(st->w, reply, st->a);
	else
		im_fail(st, answer == NODE_FORBIDDEN ? ERROR_FORBIDDEN
		                                     : ERROR_ITEM_NOT_FOUND);
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
	struct str node = xml_get(payload, "node");
	if (node.p && (u || !is_caps_node(st, node))) {
		on_node(st, false, node, !u, x, query);
		return;
	}
	if (node.p)
		xml_set(st->a, query, "node", node);
	if (u) {
		disco_put_identity(st->a, query, "account", "registered", NULL);
		put_features(u->setup, query, false, st->a);
	} else {
		disco_put_host(im_setup(st), query, st->a);
	}
	im_route(st->w, x, st->a);
}

static void on_items(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st);

	if (!may_see(st, u)) {
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	struct xml *query = xml_add(st->a, x, "query", NS_ITEMS);
	if (xml_has(payload, "node")) {
		on_node(st, true, xml_get(payload, "node"), !u, x, query);
		return;
	}
	if (!u)
		ask_modules(st, true, STR(""), query);
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
