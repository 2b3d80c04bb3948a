/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0054: vcard-temp, version 1.2. */
#include "herald/im/module.h"
#include "herald/modules/kept.h"

#define NS_VCARD "vcard-temp"

/* Section 3.1: who has none gets an empty one; for another's, item-not-found. */
static void on_get(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *empty =
		jid_bare_eq(st->from, u->jid) ? xml_new(st->a, "vCard", NS_VCARD) : NULL;

	(void)payload;
	kept_get(st, u, "vcard", STR(""), NULL, empty);
}

static void on_set(struct stanza *st, struct xml *payload, struct user *u)
{
	for_each_module(m, u->setup)
	{
		if (m->on_vcard)
			m->on_vcard(u, payload, st->a);
	}
	kept_set(st, u, "vcard", STR(""), payload);
}

extern const struct module mod_vcard;
const struct module mod_vcard = {
	.name = "mod_vcard",
	.host_features = NAMES(NS_VCARD),
	.user_features = NAMES(NS_VCARD),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_SELF | TO_USER, NS_VCARD, "vCard", on_get },
	           { TYPE_SET, TO_SELF, NS_VCARD, "vCard", on_set }),
};
