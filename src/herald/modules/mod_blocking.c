/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0191: Blocking Command, version 1.3. The list is the user's (in memory and in the map
 * "blocked"); what it means for stanzas is in im/block.c.
 */
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_BLOCKING "urn:xmpp:blocking"

enum { BLOCKED_MAX = 1000 };

static void add_item(struct arena *a, struct xml *x, struct str jid)
{
	xml_set(a, xml_add(a, x, "item", NULL), "jid", arena_str(a, jid));
}

static void on_get(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *reply = stanza_result(st);
	struct xml *list = xml_add(st->a, reply, "blocklist", NS_BLOCKING);

	(void)payload;
	if (st->session)
		st->session->wants_blocks = st->session->unsaved = true;
	map_for_each(it, &u->blocked)
		add_item(st->a, list, it->key);
	im_route(st->w, reply, st->a);
}

/* Section 3.3.4: the resources that have asked for the list. */
static void push(struct stanza *st, struct user *u, const struct xml *payload)
{
	struct xml *x =
		stanza_new(st->a, "iq", "set", (struct jid){ 0 }, (struct jid){ 0 });

	xml_append(x, xml_copy(st->a, payload));
	xml_set(st->a, x, "id", arena_fmt(st->a, "push%llu", ++st->w->pushes));
	for (struct session *s = u->sessions; s; s = s->next) {
		if (!s->wants_blocks)
			continue;
		xml_set(st->a, x, "to", jid_str(s->jid));
		s->ops->send(s, x);
	}
}

static void put(struct user *u, struct str jid)
{
	struct store_place at = user_place(u, "blocked");

	if (!user_block(u, jid))
		return;
	tx_put(user_tx(u), &at, jid, STR("1"));
}

static void forget(struct user *u, struct str jid)
{
	struct store_place at = user_place(u, "blocked");

	tx_del(user_tx(u), &at, jid);
	user_unblock(u, jid);
}

/* The addresses of the items; false: one is none. */
static bool read_items(struct stanza *st, const struct xml *payload, struct jid *jids,
                       size_t *n)
{
	*n = 0;
	xml_for_each(item, payload)
	{
		if (!xml_is(item, "item", NS_BLOCKING))
			continue;
		if (*n == BLOCKED_MAX ||
		    jid_parse(xml_get(item, "jid"), st->a, &jids[*n]) < 0)
			return false;
		(*n)++;
	}
	return true;
}

/* Contacts that are hidden from: they see the user go, or come. */
static void show(struct stanza *st, struct user *u, struct jid other, bool gone)
{
	map_for_each(it, &u->roster.items) {
		const struct roster_item *item = it->value;
		if (item->from && user_pattern_fits(jid_str(other), item->jid))
			im_presence_send(u, item->jid, gone, st->a);
	}
}

static void on_block(struct stanza *st, struct xml *payload, struct user *u)
{
	struct jid *jids = arena_array(st->a, struct jid, BLOCKED_MAX);
	size_t n;

	if (!read_items(st, payload, jids, &n) || n == 0) {
		im_fail(st, n ? ERROR_JID_MALFORMED : ERROR_BAD_REQUEST);
		return;
	}
	if (u->blocked.n + n > BLOCKED_MAX) {
		im_fail(st, ERROR_RESOURCE_CONSTRAINT);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		show(st, u, jids[i], true);
		put(u, jid_str(jids[i]));
	}
	push(st, u, payload);
	im_reply_when_stored(st, stanza_result(st));
}

static void unblock_all(struct stanza *st, struct user *u)
{
	while (u->blocked.n) {
		struct str key = map_next(&u->blocked, NULL)->key;
		struct jid jid;
		key = arena_str(st->a, key);
		forget(u, key);
		if (jid_parse(key, st->a, &jid) == 0)
			show(st, u, jid, false);
	}
}

static void on_unblock(struct stanza *st, struct xml *payload, struct user *u)
{
	struct jid *jids = arena_array(st->a, struct jid, BLOCKED_MAX);
	size_t n;

	if (!read_items(st, payload, jids, &n)) {
		im_fail(st, ERROR_JID_MALFORMED);
		return;
	}
	if (!xml_first(payload))
		unblock_all(st, u);
	for (size_t i = 0; i < n; i++) {
		if (!map_has(&u->blocked, jid_str(jids[i])))
			continue;
		forget(u, jid_str(jids[i]));
		show(st, u, jids[i], false);
	}
	push(st, u, payload);
	im_reply_when_stored(st, stanza_result(st));
}

extern const struct module mod_blocking;
const struct module mod_blocking = {
	.name = "mod_blocking",
	.host_features = NAMES(NS_BLOCKING),
	.user_features = NAMES(NS_BLOCKING),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_SELF, NS_BLOCKING, "blocklist", on_get },
	           { TYPE_SET, TO_SELF, NS_BLOCKING, "block", on_block },
	           { TYPE_SET, TO_SELF, NS_BLOCKING, "unblock", on_unblock }),
};
