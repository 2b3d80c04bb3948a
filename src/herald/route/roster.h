/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A user's contacts in memory and as they are stored: map "roster", key the contact's bare JID,
 * value the <item/> with its private attributes. Pure; who asks the store is user.h's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "base/str.h"
#include "herald/jid/jid.h"
#include "herald/xml/xml.h"

#define NS_ROSTER "jabber:iq:roster"

/* One contact. RFC 6121 appendix A.1: `to` and `from` are the subscription, the rest what is
 * pending. */
struct roster_item {
	struct jid jid; /* bare; text in `memory` */
	struct str name;
	struct str groups; /* as XML: <group>…</group>… */
	char *memory;
	bool to, from;
	bool ask;      /* we wait for their answer: pending out */
	bool pending;  /* they wait for ours: pending in */
	bool approved; /* pre-approved, RFC 6121 section 3.4 */
	bool listed;   /* the user knows of it: false for one that is only pending in */
};

struct roster {
	struct map items; /* bare JID to struct roster_item */
};

void roster_fini(struct roster *r);

/* NULL when there is none. */
struct roster_item *roster_find(const struct roster *r, struct jid bare);

/* The item, made when there is none. */
struct roster_item *roster_need(struct roster *r, struct jid bare);

void roster_remove(struct roster *r, struct roster_item *item);

/* Sets name and groups; `groups` is XML as in the struct. */
void roster_item_describe(struct roster_item *item, struct str name, struct str groups);

/* "none", "to", "from" or "both". */
const char *roster_subscription(const struct roster_item *item);

/* RFC 6121 section 2.6: names what the client sees of the whole roster; it changes with that,
 * and stays over restarts. */
struct str roster_version(const struct roster *r, struct arena *a);

/* As the client sees it, as a child of `query`. */
struct xml *roster_item_xml(const struct roster_item *item, struct xml *query,
                            struct arena *a);

/* As it is stored, and back. Errors: -EINVAL. */
void roster_item_store(const struct roster_item *item, struct buf *out);
MUST_USE int roster_item_load(struct roster *r, struct str value, struct arena *a);
