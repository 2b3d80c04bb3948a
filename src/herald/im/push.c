/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Rosters: telling the clients and the store. RFC 6121 section 2.1.6. */
#include "herald/im/im.h"
#include "herald/im/module.h"

void im_roster_push(struct user *u, const struct roster_item *item, bool removed,
                    struct arena *a)
{
	struct xml *x = stanza_new(a, "iq", "set", (struct jid){ 0 }, (struct jid){ 0 });
	struct xml *query = xml_add(a, x, "query", NS_ROSTER);
	struct xml *child = roster_item_xml(item, query, a);

	if (removed) {
		xml_remove(child);
		child = xml_add(a, query, "item", NULL);
		xml_set(a, child, "jid", arena_str(a, jid_str(item->jid)));
		xml_set(a, child, "subscription", STR("remove"));
	}
	xml_set(a, query, "ver", roster_version(&u->roster, a));
	xml_set(a, x, "id", arena_fmt(a, "push%llu", ++u->worker->pushes));
	for (struct session *s = u->sessions; s; s = s->next) {
		if (!s->wants_roster)
			continue;
		xml_set(a, x, "to", jid_str(s->jid));
		s->ops->send(s, x);
	}
}

void im_roster_put(struct store_tx *tx, const struct user *u, struct jid bare,
                   const struct roster_item *item)
{
	auto_buf value = { 0 };
	struct store_place at = user_place(u, "roster");

	if (!item) {
		tx_del(tx, &at, jid_bare_str(bare));
		return;
	}
	roster_item_store(item, &value);
	tx_put(tx, &at, jid_bare_str(bare), buf_as_str(&value));
}
