/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0077: In-Band Registration, version 2.4. For those who have an account: a new password, and
 * the end of the account. Where the administrator's rules let strangers make accounts, they do so
 * before the login, over TLS; whom another rule names may make more with the one he has.
 */
#include <errno.h>

#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/auth/digest.h"
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "herald/modules/strength.h"

#define NS_REGISTER  "jabber:iq:register"
#define NS_FEATURE   "http://jabber.org/features/iq-register"
#define INSTRUCTIONS STR("Choose a name and a password.")

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

/* ---- refusing ----------------------------------------------------------------------------- */

/* The error, with a word for people. */
static struct xml *error_with(const struct stanza *st, enum stanza_error e,
                              const char *text)
{
	struct xml *x = stanza_error(st, e);

	xml_add_text(st->a, xml_child(x, "error", NULL), "text", NS_STANZAS,
	             str_from(text));
	return x;
}

static bool is_weak(const struct server *s, struct str host, struct str password)
{
	return password_bits(password) < server_setup(s, host)->tuning.password_strength;
}

/* Whether strangers may make accounts at all. */
static bool registers(const struct server *s, struct str host)
{
	return !str_is(server_setup(s, host)->permission_rules[MAY_REGISTER], "none");
}

#define WEAK "The password is too weak"

/* ---- new accounts ------------------------------------------------------------------------- */

/* Of a stranger, or of a session that is held. */
struct registering {
	struct arena arena;
	struct worker *w;
	struct stranger *stranger; /* or NULL */
	struct session *session;   /* or NULL */
	struct xml *x;             /* what is answered, without secrets */
	struct str host, user, password;
};

static struct registering *registering_new(const struct stanza *st, struct str host,
                                           struct str user, struct str password)
{
	struct registering *r = base_calloc(1, sizeof(*r));

	r->w = st->w;
	r->x = stanza_new(&r->arena, "iq", "set", st->from, st->to);
	xml_set(&r->arena, r->x, "id", arena_str(&r->arena, xml_get(st->x, "id")));
	xml_add(&r->arena, r->x, "query", NS_REGISTER);
	r->host = arena_str(&r->arena, host);
	r->user = arena_str(&r->arena, user);
	r->password = arena_str(&r->arena, password);
	return r;
}

static void registering_free(struct registering *r)
{
	if (r->password.n)
		secret_wipe((void *)(uintptr_t)r->password.p, r->password.n);
	arena_fini(&r->arena);
	free(r);
}

static void send_text(struct registering *r, const char *type, struct jid to,
                      struct str subject, struct str body)
{
	struct jid host;

	if (jid_make(STR(""), r->host, STR(""), &r->arena, &host) == 0)
		im_route(r->w, stanza_message(&r->arena, type, host, to, subject, body),
		         &r->arena);
}

/* The newcomer is welcomed, and those who watch are told. */
static void announce(struct registering *r, struct str by)
{
	const struct host_setup *setup = server_setup(r->w->server, r->host);
	const struct welcome *welcome = &setup->tuning.welcome;
	struct jid account;

	log_line(&r->w->server->log, LOG_LEVEL_NOTICE, "account.registered",
	         "`" STR_FMT "@" STR_FMT "` by " STR_FMT, STR_ARG(r->user),
	         STR_ARG(r->host), STR_ARG(by));
	if (welcome->body.n &&
	    jid_make(r->user, r->host, STR(""), &r->arena, &account) == 0)
		send_text(r, "", account, welcome->subject, welcome->body);
	vec_for_each(watcher, &setup->watchers)
		send_text(r, "chat", *watcher, STR(""),
		          arena_fmt(&r->arena,
		                    "The account " STR_FMT "@" STR_FMT
		                    " was registered by " STR_FMT,
		                    STR_ARG(r->user), STR_ARG(r->host), STR_ARG(by)));
}

static struct stanza asked(struct registering *r)
{
	struct stanza st = { .w = r->w, .a = &r->arena, .x = r->x };

	if (stanza_read(&st) < 0)
		abort(); /* it was read before */
	return st;
}

/* To whoever asked. */
static void finish(struct registering *r, enum stranger_outcome outcome,
                   struct xml *reply, const char *reason)
{
	if (r->stranger)
		r->stranger->ops->done(r->stranger, outcome, reply, reason);
	else
		im_route(r->w, reply, &r->arena);
	if (r->session)
		session_release(r->session);
	registering_free(r);
}

static void succeed(struct registering *r)
{
	struct stanza st = asked(r);

	announce(r, r->stranger ? str_from(r->stranger->address) : jid_str(st.from));
	finish(r, STRANGER_REGISTERED, stanza_result(&st), NULL);
}

static void refuse(struct registering *r, enum stanza_error e, const char *text)
{
	struct stanza st = asked(r);

	finish(r, STRANGER_REFUSED, error_with(&st, e, text), text);
}

/* The store's trouble is for the log. */
static void fail_for_now(struct registering *r, int error)
{
	struct stanza st = asked(r);

	finish(r, STRANGER_FAILED,
	       error_with(&st, ERROR_RESOURCE_CONSTRAINT,
	                  "The server is busy; try later"),
	       error == -EBUSY ? "too many key derivations wait"
	                       : store_error_text(error));
}

static void on_registered(void *arg, int result)
{
	struct registering *r = arg;

	switch (result) {
	case 0:
		succeed(r);
		break;
	case -EEXIST:
		refuse(r, ERROR_CONFLICT, "There is an account of that name");
		break;
	case -EINVAL:
		refuse(r, ERROR_NOT_ACCEPTABLE,
		       "The name or the password is not allowed");
		break;
	default:
		fail_for_now(r, result);
	}
}

/* Names that are taken cost no derivation of keys. */
static void on_asked(void *arg, int result)
{
	struct registering *r = arg;

	if (result == -ENOENT)
		accounts_register(r->w->server->accounts, r->host, r->user, r->password,
		                  worker_inbox(r->w), on_registered, r);
	else
		on_registered(r, result == 0 ? -EEXIST : result);
}

/* Whether what is wished for may be; NULL: yes, else why not. */
static const char *check(const struct stanza *st, const struct xml *payload,
                         struct str host, const char *address, struct jid *account,
                         struct str *password, enum stanza_error *e)
{
	struct str name = xml_text(xml_child(payload, "username", NULL), st->a), local;
	const struct server *s = st->w->server;

	*password = xml_text(xml_child(payload, "password", NULL), st->a);
	*e = ERROR_NOT_ACCEPTABLE;
	if (!name.n || !password->n)
		return "A name and a password are needed";
	if (jid_prep_local(name, st->a, &local) < 0 || !jid_local_may_register(local) ||
	    jid_make(local, host, STR(""), st->a, account) < 0)
		return "The name is not allowed";
	if (is_weak(s, host, *password))
		return WEAK;
	*e = ERROR_NOT_ALLOWED;
	if (address && !server_may(s, MAY_REGISTER_FROM, host, *account, address))
		return "No accounts are made from this address";
	if (address && !server_may(s, MAY_REGISTER, host, *account, address))
		return "The name is not allowed";
	return NULL;
}

static void begin(struct registering *r)
{
	accounts_exists(r->w->server->accounts, r->host, r->user, worker_inbox(r->w),
	                on_asked, r);
}

/* ---- strangers ---------------------------------------------------------------------------- */

static void put_stranger_features(const struct worker *w, const char *address,
                                  struct str host, struct buf *out)
{
	auto_arena a = { 0 };
	struct jid nobody;

	if (registers(w->server, host) &&
	    jid_make(STR(""), host, STR(""), &a, &nobody) == 0 &&
	    server_may(w->server, MAY_REGISTER_FROM, host, nobody, address))
		buf_cstr(out, "<register xmlns='" NS_FEATURE "'/>");
}

/* What is asked of a newcomer, section 3.1.1. */
static struct xml *fields(const struct stanza *st)
{
	struct xml *reply = stanza_result(st);
	struct xml *query = xml_add(st->a, reply, "query", NS_REGISTER);

	xml_add_text(st->a, query, "instructions", NULL, INSTRUCTIONS);
	xml_add(st->a, query, "username", NULL);
	xml_add(st->a, query, "password", NULL);
	return reply;
}

static void register_stranger(const struct stanza *st, struct stranger *s,
                              const struct xml *payload)
{
	struct str password = STR("");
	enum stanza_error e;
	struct jid account;
	const char *why =
		check(st, payload, s->host, s->address, &account, &password, &e);

	if (!why && !s->ops->may_register(s)) {
		e = ERROR_RESOURCE_CONSTRAINT;
		why = "There was a new account from this address lately; try later";
	}
	if (why) {
		s->ops->done(s, STRANGER_REFUSED, error_with(st, e, why), why);
		return;
	}
	struct registering *r =
		registering_new(st, s->host, jid_local(account), password);
	r->stranger = s;
	begin(r);
}

static bool on_stranger(struct stranger *s, struct xml *x, struct arena *a)
{
	struct stanza st = { .w = s->w, .a = a, .x = x };
	const struct xml *payload = xml_first(x);
	struct jid to;

	/* `from` is whatever a stranger claims. */
	xml_set(a, x, "from", (struct str){ NULL, 0 });
	if (!registers(s->w->server, s->host) || stanza_read(&st) < 0 ||
	    !xml_is(payload, "query", NS_REGISTER))
		return false;
	if (jid_make(STR(""), s->host, STR(""), a, &to) < 0 ||
	    (!jid_is_none(st.to) && !jid_eq(st.to, to)))
		return false;
	if (st.type == TYPE_GET)
		s->ops->done(s, STRANGER_ANSWERED, fields(&st), NULL);
	else if (st.type == TYPE_SET)
		register_stranger(&st, s, payload);
	else
		return false;
	return true;
}

/* ---- with an account ---------------------------------------------------------------------- */

static void fail(const struct stanza *st, enum stanza_error e, const char *text)
{
	im_route(st->w, error_with(st, e, text), st->a);
}

/* Another account for whom the rule names. */
static void register_more(struct stanza *st, const struct xml *payload)
{
	struct str host = jid_domain(st->from), password;
	enum stanza_error e;
	struct jid account;

	if (!server_may(st->w->server, MAY_REGISTER_MORE, host, st->from,
	                st->session->address)) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	const char *why = check(st, payload, host, NULL, &account, &password, &e);
	if (why) {
		fail(st, e, why);
		return;
	}
	struct registering *r = registering_new(st, host, jid_local(account), password);
	r->session = st->session;
	session_hold(r->session);
	begin(r);
}

static struct changing *changing_new(struct stanza *st, struct jid account)
{
	struct changing *c = base_calloc(1, sizeof(*c));

	c->w = st->w;
	c->session = st->session;
	c->x = xml_copy(&c->arena, st->x);
	c->account = jid_copy(account, &c->arena);
	session_hold(c->session);
	return c;
}

static void remove_account(struct stanza *st, struct jid account)
{
	const struct server *s = st->w->server;

	if (!server_may(s, MAY_UNREGISTER, jid_domain(account), st->from,
	                st->session->address)) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	struct changing *c = changing_new(st, account);
	c->removes = true;
	accounts_unregister(s->accounts, jid_domain(account), jid_local(account),
	                    worker_inbox(st->w), on_changed, c);
}

static void change_password(struct stanza *st, struct jid account, struct str password)
{
	const struct server *s = st->w->server;

	if (is_weak(s, jid_domain(account), password))
		fail(st, ERROR_NOT_ACCEPTABLE, WEAK);
	else
		accounts_set_password(s->accounts, jid_domain(account),
		                      jid_local(account), password, worker_inbox(st->w),
		                      on_changed, changing_new(st, account));
}

static void on_set(struct stanza *st, struct xml *payload, struct user *u)
{
	struct str name = xml_text(xml_child(payload, "username", NULL), st->a);
	struct str password = xml_text(xml_child(payload, "password", NULL), st->a);
	struct str local;

	if (!st->session) {
		im_fail(st, ERROR_NOT_ALLOWED);
		return;
	}
	u = st->session->user; /* also when it was sent to the host */
	if (xml_child(payload, "remove", NULL))
		remove_account(st, u->jid);
	else if (name.n == 0 || password.n == 0)
		im_fail(st, ERROR_BAD_REQUEST);
	else if (jid_prep_local(name, st->a, &local) == 0 &&
	         str_eq(local, jid_local(u->jid)))
		change_password(st, u->jid, password);
	else
		register_more(st, payload);
}

extern const struct module mod_register;
const struct module mod_register = {
	.name = "mod_register",
	.host_features = NAMES(NS_REGISTER),
	.put_stranger_features = put_stranger_features,
	.on_stranger = on_stranger,
	.iq = LIST(struct iq_handler,
	           { TYPE_GET, TO_SELF | TO_HOST, NS_REGISTER, "query", on_get },
	           { TYPE_SET, TO_SELF | TO_HOST, NS_REGISTER, "query", on_set }),
};
