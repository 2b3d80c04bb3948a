/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* IQs the server answers itself: the module whose row fits. */
#include "herald/im/im.h"
#include "herald/im/module.h"

bool module_is_on(const struct host_setup *host, const char *name)
{
	for_each_module(m, host)
	{
		if (strcmp(m->name, name) == 0)
			return true;
	}
	return false;
}

static bool fits(const struct iq_handler *h, const struct stanza *st,
                 enum iq_target target, const struct xml *payload)
{
	return h->type == st->type && (h->targets & target) &&
	       xml_is(payload, h->name, h->ns);
}

const struct host_setup *im_setup(const struct stanza *st)
{
	return server_setup(st->w->server, jid_domain(st->to));
}

void im_iq(struct stanza *st, enum iq_target target, struct user *u)
{
	const struct host_setup *host = u ? u->setup : im_setup(st);
	struct xml *payload = xml_first(st->x);

	for_each_module(m, host)
	{
		for (const struct iq_handler *h = m->iq; h && h->ns; h++) {
			if (fits(h, st, target, payload)) {
				h->fn(st, payload, u);
				return;
			}
		}
	}
	im_fail(st, ERROR_SERVICE_UNAVAILABLE);
}
