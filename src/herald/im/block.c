/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What being blocked means, XEP-0191 sections 3.2 and 3.3. */
#include "herald/im/im.h"

#define NS_BLOCKING_ERRORS "urn:xmpp:blocking:errors"

bool im_block_in(struct user *u, struct stanza *st)
{
	if (u->blocked.n == 0 || jid_bare_eq(st->from, u->jid) ||
	    !user_blocks(u, st->from))
		return false;
	if (st->kind != STANZA_PRESENCE)
		im_fail(st, ERROR_SERVICE_UNAVAILABLE);
	return true;
}

bool im_block_out(struct stanza *st)
{
	struct user *u = st->session->user;

	if (u->blocked.n == 0 || jid_is_none(st->to) || jid_bare_eq(st->to, u->jid) ||
	    !user_blocks(u, st->to))
		return false;
	/* Section 3.2: presence that withdraws may go on, so that nothing is left behind. */
	if (st->kind == STANZA_PRESENCE && st->type != TYPE_AVAILABLE &&
	    st->type != TYPE_SUBSCRIBE && st->type != TYPE_SUBSCRIBED)
		return false;
	if (!stanza_may_fail(st))
		return true;
	struct xml *x = stanza_error(st, ERROR_NOT_ACCEPTABLE);
	xml_add(st->a, xml_child(x, "error", NULL), "blocked", NS_BLOCKING_ERRORS);
	st->session->ops->send(st->session, x);
	return true;
}
