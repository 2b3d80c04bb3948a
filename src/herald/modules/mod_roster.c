/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The roster: RFC 6121 section 2. */
#include "herald/im/im.h"
#include "herald/im/module.h"

enum { ITEMS_MAX = 5000, NAME_MAX_BYTES = 1024, GROUPS_MAX = 50 };

static void on_get(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = stanza_result(st), *query;
	struct str version = roster_version(&u->roster, st->a);

	if (st->session)
		st->session->wants_roster = st->session->unsaved = true;
	/* RFC 6121 section 2.6.3: the client has it already. */
	if (xml_has(payload, "ver") && str_eq(xml_get(payload, "ver"), version)) {
		im_route(st->w, x, st->a);
		return;
	}
	query = xml_add(st->a, x, "query", NS_ROSTER);
	if (xml_has(payload, "ver"))
		xml_set(st->a, query, "ver", version);
	map_for_each(it, &u->roster.items) {
		const struct roster_item *item = it->value;
		if (item->listed)
			roster_item_xml(item, query, st->a);
	}
	im_route(st->w, x, st->a);
}

/* Section 2.1.2.5: groups have names, each once. */
static bool read_groups(const struct xml *item, struct arena *a, struct buf *out)
{
	size_t n = 0;

	xml_for_each(group, item)
	{
		struct str name = xml_text(group, a);
		if (!str_is(group->name, "group"))
			continue;
		if (name.n == 0 || name.n > NAME_MAX_BYTES || ++n > GROUPS_MAX)
			return false;
		for (const struct xml *c = xml_first(item); c != group; c = xml_next(c)) {
			if (str_is(c->name, "group") && str_eq(xml_text(c, a), name))
				return false;
		}
		buf_cstr(out, "<group>");
		xml_escape(out, name);
		buf_cstr(out, "</group>");
	}
	return true;
}

static void commit(struct stanza *st, struct user *u, struct jid bare,
                   const struct roster_item *item)
{
	im_roster_put(worker_tx(st->w), u, bare, item);
	im_reply_when_stored(st, stanza_result(st));
}

static void notify(struct stanza *st, struct user *u, const char *type, struct jid to)
{
	im_route(st->w, stanza_new(st->a, "presence", type, u->jid, to), st->a);
}

/* Section 2.5.2: the contact hears of it, then the item is gone. */
static void remove_item(struct stanza *st, struct user *u, struct jid jid)
{
	struct roster_item *item = roster_find(&u->roster, jid);

	if (!item || !item->listed) {
		im_fail(st, ERROR_ITEM_NOT_FOUND);
		return;
	}
	bool wanted = item->to || item->ask, gave = item->from || item->pending;
	if (item->from)
		im_presence_send(u, item->jid, true, st->a);
	commit(st, u, jid, NULL);
	item->listed = false; /* the version is that without it */
	im_roster_push(u, item, true, st->a);
	roster_remove(&u->roster, item);
	if (wanted)
		notify(st, u, "unsubscribe", jid);
	if (gave)
		notify(st, u, "unsubscribed", jid);
}

static void set_item(struct stanza *st, struct user *u, const struct xml *x,
                     struct jid jid)
{
	auto_buf groups = { 0 };
	struct str name = xml_get(x, "name");

	if (name.n > NAME_MAX_BYTES || !read_groups(x, st->a, &groups)) {
		im_fail(st, ERROR_NOT_ACCEPTABLE);
		return;
	}
	if (u->roster.items.n >= ITEMS_MAX && !roster_find(&u->roster, jid)) {
		im_fail(st, ERROR_RESOURCE_CONSTRAINT);
		return;
	}
	struct roster_item *item = roster_need(&u->roster, jid);
	roster_item_describe(item, name, buf_as_str(&groups));
	item->listed = true;
	commit(st, u, jid, item);
	im_roster_push(u, item, false, st->a);
}

static void on_set(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *item = xml_child(payload, "item", NS_ROSTER);
	struct jid jid;

	if (!item || xml_next(xml_first(payload))) {
		im_fail(st, ERROR_BAD_REQUEST);
		return;
	}
	if (jid_parse(xml_get(item, "jid"), st->a, &jid) < 0) {
		im_fail(st, ERROR_JID_MALFORMED);
		return;
	}
	jid = jid_copy(jid_bare(jid), st->a);
	if (jid_eq(jid, u->jid))
		im_fail(st, ERROR_NOT_ALLOWED);
	else if (str_is(xml_get(item, "subscription"), "remove"))
		remove_item(st, u, jid);
	else
		set_item(st, u, item, jid);
}

extern const struct module mod_roster;
const struct module mod_roster = {
	.name = "mod_roster",
	.host_features = NAMES(NS_ROSTER),
	.stream_features = "<sub xmlns='urn:xmpp:features:pre-approval'/>"
			   "<ver xmlns='urn:xmpp:features:rosterver'/>",
	.iq = LIST(struct iq_handler, { TYPE_GET, TO_SELF, NS_ROSTER, "query", on_get },
	           { TYPE_SET, TO_SELF, NS_ROSTER, "query", on_set }),
};
