/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0030: Service Discovery, version 2.5. The features are what the modules say. */
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "herald/modules/disco.h"

#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_DATA  "jabber:x:data"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"

static void put_identity(struct arena *a, struct xml *query, const char *category,
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

static struct xml *put_field(struct arena *a, struct xml *form, struct str var)
{
	struct xml *field = xml_add(a, form, "field", NULL);

	xml_set(a, field, "var", var);
	return field;
}

/* XEP-0157: Contact Addresses for XMPP Services, version 1.1.1. */
static void put_contacts(const struct host_setup *host, struct xml *query,
                         struct arena *a)
{
	struct xml *form, *field;

	if (host->contacts.n == 0)
		return;
	form = xml_add(a, query, "x", NS_DATA);
	xml_set(a, form, "type", STR("result"));
	field = put_field(a, form, STR("FORM_TYPE"));
	xml_set(a, field, "type", STR("hidden"));
	xml_add_text(a, field, "value", NULL,
	             STR("http://jabber.org/network/serverinfo"));
	vec_for_each(contact, &host->contacts) {
		field = put_field(a, form, contact->name);
		xml_set(a, field, "type", STR("list-multi"));
		for (size_t k = 0; k < contact->n; k++)
			xml_add_text(a, field, "value", NULL, contact->urls[k]);
	}
}

void disco_put_host(const struct host_setup *host, struct xml *query, struct arena *a)
{
	put_identity(a, query, "server", "im", "herald");
	put_features(host, query, true, a);
	put_contacts(host, query, a);
}

/* XEP-0115 section 6.2: the node of the host's capabilities, as they are now. */
static bool is_caps_node(struct stanza *st, struct str node)
{
	struct xml *query = xml_new(st->a, "query", "");

	disco_put_host(server_setup(st->w->server, jid_domain(st->to)), query, st->a);
	return str_eq(node, arena_fmt(st->a, DISCO_CAPS_NODE "#" STR_FMT,
	                              STR_ARG(disco_caps_hash(query, st->a))));
}

/* There are no other nodes yet. */
static bool has_unknown_node(struct stanza *st, const struct xml *payload, bool caps)
{
	if (!xml_has(payload, "node") ||
	    (caps && is_caps_node(st, xml_get(payload, "node"))))
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
	if (has_unknown_node(st, payload, !u))
		return;
	if (xml_has(payload, "node"))
		xml_set(st->a, query, "node", xml_get(payload, "node"));
	if (u) {
		put_identity(st->a, query, "account", "registered", NULL);
		put_features(u->setup, query, false, st->a);
	} else {
		disco_put_host(server_setup(st->w->server, jid_domain(st->to)), query,
		               st->a);
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
	if (has_unknown_node(st, payload, false))
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
