/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0049: Private XML Storage, version 1.2. One element for each namespace and name. */
#include "herald/im/module.h"
#include "herald/modules/kept.h"

#define NS_PRIVATE "jabber:iq:private"

static struct str key_of(const struct xml *x, struct arena *a)
{
	return arena_fmt(a, STR_FMT " " STR_FMT, STR_ARG(x->ns), STR_ARG(x->name));
}

/* Section 3: exactly one element, of a namespace of its own. */
static struct xml *the_element(struct stanza *st, const struct xml *payload)
{
	struct xml *x = xml_first(payload);

	if (x && !xml_next(x) && x->ns.n && !str_is(x->ns, NS_PRIVATE))
		return x;
	im_fail(st, x ? ERROR_NOT_ACCEPTABLE : ERROR_BAD_REQUEST);
	return NULL;
}

static void on_get(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = the_element(st, payload);

	if (x)
		kept_get(st, u, "private", key_of(x, st->a),
		         xml_new(st->a, "query", NS_PRIVATE), x);
}

static void on_set(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *x = the_element(st, payload);

	if (x)
		kept_set(st, u, "private", key_of(x, st->a), x);
}

extern const struct module mod_private;
const struct module mod_private = {
	.name = "mod_private",
	.user_features = NAMES(NS_PRIVATE),
	.iq = LIST(struct iq_handler, { TYPE_GET, TO_SELF, NS_PRIVATE, "query", on_get },
	           { TYPE_SET, TO_SELF, NS_PRIVATE, "query", on_set }),
};
