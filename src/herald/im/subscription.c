/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Subscriptions: RFC 6121 section 3 and the tables of its appendix A. A state is an item's
 * flags (none of them for a contact without item); what a stanza does to it is written down
 * once for each direction, and what follows (store, push, route) reads the difference.
 */
#include "herald/im/im.h"

#include "herald/im/module.h"
#include "herald/im/subscription.h"

struct subscription subscription_out(struct subscription s, enum stanza_type type)
{
	s.route = true;
	switch (type) {
	case TYPE_SUBSCRIBE: /* A.2.1 */
		if (!s.to)
			s.ask = true;
		s.listed = true;
		break;
	case TYPE_UNSUBSCRIBE: /* A.2.2 */
		s.to = s.ask = false;
		break;
	case TYPE_SUBSCRIBED: /* A.2.3 */
		s.route = s.pending;
		if (s.pending)
			s.from = s.listed = true;
		else if (!s.from) /* section 3.4.2: before they asked */
			s.approved = s.listed = true;
		s.pending = false;
		break;
	default: /* unsubscribed: A.2.4 */
		s.route = s.pending || s.from;
		s.pending = s.from = s.approved = false;
	}
	return s;
}

struct subscription subscription_in(struct subscription s, enum stanza_type type)
{
	s.route = false;
	switch (type) {
	case TYPE_SUBSCRIBE: /* A.3.1; section 3.1.3 and 3.4.3 for the answers */
		if (s.from || s.approved) {
			s.answer = true;
			s.from = true;
		} else if (!s.pending) {
			s.pending = s.route = true;
		}
		break;
	case TYPE_UNSUBSCRIBE: /* A.3.2 */
		s.route = s.from || s.pending;
		s.answer = s.from;
		s.from = s.pending = false;
		break;
	case TYPE_SUBSCRIBED: /* A.3.3 */
		s.route = s.ask;
		if (s.ask)
			s.to = true;
		s.ask = false;
		break;
	default: /* unsubscribed: A.3.4 */
		s.route = s.ask || s.to;
		s.ask = s.to = false;
	}
	return s;
}

/* ---- items -------------------------------------------------------------------------------- */

static struct subscription state_of(const struct roster_item *item)
{
	if (!item)
		return (struct subscription){ 0 };
	return (struct subscription){
		.to = item->to,
		.from = item->from,
		.ask = item->ask,
		.pending = item->pending,
		.approved = item->approved,
		.listed = item->listed,
	};
}

static bool is_nothing(const struct subscription *s)
{
	return !s->to && !s->from && !s->ask && !s->pending && !s->approved && !s->listed;
}

static bool is_same(const struct subscription *a, const struct subscription *b)
{
	return a->to == b->to && a->from == b->from && a->ask == b->ask &&
	       a->pending == b->pending && a->approved == b->approved &&
	       a->listed == b->listed;
}

/* Stores the new state and pushes what the client may see of it. */
static void set_state(struct user *u, struct jid bare, const struct subscription *now,
                      struct arena *a)
{
	struct roster_item *item = roster_find(&u->roster, bare);
	struct subscription was = state_of(item);

	if (is_same(&was, now))
		return;
	item = roster_need(&u->roster, bare);
	item->to = now->to;
	item->from = now->from;
	item->ask = now->ask;
	item->pending = now->pending;
	item->approved = now->approved;
	item->listed = now->listed;
	bool gone = is_nothing(now);
	im_roster_put(user_tx(u), u, bare, gone ? NULL : item);
	if (now->listed)
		im_roster_push(u, item, false, a);
	if (gone)
		roster_remove(&u->roster, item);
}

void im_subscription_out(struct stanza *st)
{
	struct user *u = st->session->user;
	struct jid bare = jid_bare(st->to);
	struct subscription was = state_of(roster_find(&u->roster, bare));
	struct subscription now = subscription_out(was, st->type);

	if (jid_is_none(st->to) || jid_eq(bare, u->jid)) {
		st->session->ops->send(st->session, stanza_error(st, ERROR_BAD_REQUEST));
		return;
	}
	if (was.from && !now.from) /* section 3.2.2: first the presence, then the end */
		im_presence_send(u, bare, true, st->a);
	set_state(u, bare, &now, st->a);
	if (now.route) { /* section 3.1.2: from the bare JID */
		st->from = u->jid;
		st->to = bare;
		xml_set(st->a, st->x, "from", arena_str(st->a, jid_str(u->jid)));
		xml_set(st->a, st->x, "to", arena_str(st->a, jid_str(bare)));
		im_dispatch(st);
	}
	if (!was.from && now.from)
		im_presence_send(u, bare, false, st->a);
}

static void show(struct user *u, const struct stanza *st)
{
	for (struct session *s = u->sessions; s; s = s->next) {
		if (session_is_available(s))
			s->ops->send(s, st->x);
	}
}

static void answer(struct user *u, struct stanza *st, struct jid bare)
{
	const char *type = st->type == TYPE_SUBSCRIBE ? "subscribed" : "unsubscribed";

	im_route(st->w, stanza_new(st->a, "presence", type, u->jid, bare), st->a);
}

void im_subscription_in(struct user *u, struct stanza *st)
{
	struct jid bare = jid_bare(st->from);
	struct subscription was = state_of(roster_find(&u->roster, bare));
	struct subscription now = subscription_in(was, st->type);

	if (was.from && !now.from)
		im_presence_send(u, bare, true, st->a);
	set_state(u, bare, &now, st->a);
	if (now.route)
		show(u, st);
	if (now.answer)
		answer(u, st, bare);
	if (!was.from && now.from)
		im_presence_send(u, bare, false, st->a);
}
