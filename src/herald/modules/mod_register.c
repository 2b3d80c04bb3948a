/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0077: In-Band Registration, version 2.4, for those who have an account: a new password, and
 * the end of the account. New accounts are made by the administrator; the feature that would
 * announce otherwise is not sent.
 */
#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/im/im.h"
#include "herald/im/module.h"

#include <errno.h>

#define NS_REGISTER "jabber:iq:register"

struct changing {
	struct arena arena;
	struct worker *w;
	struct session *session; /* held */
	struct xml *x;
	struct jid account;
	bool removes;
};

static void on_get(struct stanza *st, struct xml *payload, struct user *u)
{
	struct xml *reply = stanza_result(st);
	struct xml *query = xml_add(st->a, reply, "query", NS_REGISTER);

	(void)payload, (void)u;
	if (!st->session) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	xml_add(st->a, query, "registered", NULL);
	xml_add_text(st->a, query, "username", NULL, jid_local(st->from));
	xml_add(st->a, query, "password", NULL);
	im_route(st->w, reply, st->a);
}

static enum stanza_error error_of(int result)
{
	switch (result) {
	case -EINVAL:
		return ERROR_NOT_ACCEPTABLE;
	case -ENOENT:
		return ERROR_ITEM_NOT_FOUND;
	default:
		return ERROR_RESOURCE_CONSTRAINT;
	}
}

/* Section 3.2: who has removed the account is told, then all its connections end. */
static void end_sessions(struct user *u, const struct stanza *st)
{
	for (struct session *s = u->sessions; s; s = s->next) {
		if (jid_eq(s->jid, st->from))
			s->ops->send(s, stanza_result(st));
		s->ops->close(s, STREAM_NOT_AUTHORIZED, "The account was removed");
	}
}

/* Whoever knew the old password only is out; the session that changed it stays. */
static void end_others(struct user *u, struct jid except)
{
	for (struct session *s = u->sessions; s; s = s->next) {
		if (!jid_eq(s->jid, except))
			s->ops->close(s, STREAM_RESET, "The password was changed");
	}
}

static void on_changed(void *arg, int result)
{
	struct changing *c = arg;
	struct stanza st = { .w = c->w, .a = &c->arena, .x = c->x };
	struct user *u = user_get(c->w, c->account);

	if (stanza_read(&st) == 0) {
		if (result < 0)
			im_fail(&st, error_of(result));
		else if (c->removes && u)
			end_sessions(u, &st);
		else if (!c->removes)
			im_route(c->w, stanza_result(&st), st.a);
	}
	if (u && result == 0 && !c->removes)
		end_others(u, st.from);
	session_release(c->session);
	arena_fini(&c->arena);
	free(c);
}

static void on_set(struct stanza *st, struct xml *payload, struct user *u)
{
	struct str name = xml_text(xml_child(payload, "username", NULL), st->a);
	struct str password = xml_text(xml_child(payload, "password", NULL), st->a);
	bool removes = xml_child(payload, "remove", NULL);
	struct accounts *accounts = st->w->server->accounts;
	struct str local;

	if (!st->session) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	u = st->session->user; /* also when it was sent to the host */
	if (!removes && (name.n == 0 || password.n == 0)) {
		im_fail(st, ERROR_BAD_REQUEST);
		return;
	}
	if (!removes && (jid_prep_local(name, st->a, &local) < 0 ||
	                 !str_eq(local, jid_local(u->jid)))) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	struct changing *c = base_calloc(1, sizeof(*c));
	c->w = st->w;
	c->session = st->session;
	c->removes = removes;
	c->x = xml_copy(&c->arena, st->x);
	c->account = jid_copy(u->jid, &c->arena);
	session_hold(c->session);
	if (removes)
		accounts_unregister(accounts, jid_domain(u->jid), jid_local(u->jid),
		                    worker_inbox(st->w), on_changed, c);
	else
		accounts_set_password(accounts, jid_domain(u->jid), jid_local(u->jid),
		                      password, worker_inbox(st->w), on_changed, c);
}

extern const struct module mod_register;
const struct module mod_register = {
	.name = "mod_register",
	.host_features = NAMES(NS_REGISTER),
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_SELF | TO_HOST, NS_REGISTER, "query", on_get },
	           { TYPE_SET, TO_SELF | TO_HOST, NS_REGISTER, "query", on_set }),
};
