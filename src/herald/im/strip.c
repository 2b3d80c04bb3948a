/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What only servers and services may say in a message, clients believe: so no client says it. */
#include "herald/im/im.h"

/* With an attribute that names who says it, only where that is a host of ours (or an account
 * there, which archives); without, always. */
static const struct {
	const char *ns, *name, *by;
} forgeable[] = {
	{ "urn:xmpp:delay", "delay", "from" },   /* XEP-0203 section 7 */
	{ "urn:xmpp:sid:0", "stanza-id", "by" }, /* XEP-0359 section 3.1 */
	{ "urn:xmpp:carbons:2", "received", NULL },
	{ "urn:xmpp:carbons:2", "sent", NULL },
	{ "urn:xmpp:mam:2", "result", NULL },
	{ "urn:xmpp:occupant-id:0", "occupant-id", NULL },
	{ "urn:xmpp:privilege:2", "privilege", NULL },
	{ "urn:xmpp:delegation:2", "delegation", NULL },
};

static bool speaks_for_us(const struct stanza *st, struct str by, bool accounts)
{
	struct jid jid;

	return jid_parse(by, st->a, &jid) == 0 && (accounts || !jid.local_n) &&
	       server_has_host(st->w->server, jid_domain(jid));
}

static bool is_forged(const struct stanza *st, const struct xml *x)
{
	for (size_t i = 0; i < ARRAY_LEN(forgeable); i++) {
		const char *by = forgeable[i].by;
		if (!xml_is(x, forgeable[i].name, forgeable[i].ns))
			continue;
		/* A client may say when it wrote what it could not send, as itself. */
		return !by || speaks_for_us(st, xml_get(x, by), strcmp(by, "by") == 0);
	}
	return false;
}

void im_strip(struct stanza *st)
{
	struct xml *next;

	for (struct xml *x = xml_first(st->x); x; x = next) {
		next = xml_next(x);
		if (is_forged(st, x))
			xml_remove(x);
	}
}
