/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Logging in: what is offered, and the login's replies. */
#include "herald/c2s/client.h"
#include "herald/c2s/sasl2.h"
#include "herald/im/module.h"
#include "io/tls.h"

#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0"

const struct host_setup *client_setup(const struct client *c)
{
	return c->session.user ? c->session.user->setup
	                       : server_setup(c->session.worker->server, c->stream.host);
}

void client_negotiation_free(struct client *c)
{
	struct negotiation *n = c->negotiation;

	if (!n)
		return;
	login_free(n->login);
	client_forget_asking(c);
	arena_fini(&n->arena);
	arena_fini(&n->wish_arena);
	free(n);
	c->negotiation = NULL;
}

/* The accounts of this host that the client's certificate speaks for. */
static void learn_certificate(struct negotiation *n, struct ssl_st *ssl)
{
	struct str *addresses, *users;
	size_t found = tls_xmpp_addresses(ssl, &n->arena, &addresses);
	struct jid jid;

	if (found == 0)
		return;
	users = arena_array(&n->arena, struct str, found);
	for (size_t i = 0; i < found; i++) {
		if (jid_parse(addresses[i], &n->arena, &jid) == 0 && jid.local_n &&
		    !jid.resource_n && str_eq(jid_domain(jid), n->peer.host))
			users[n->peer.n_cert_users++] = jid_local(jid);
	}
	n->peer.cert_users = users;
}

/* What is known of the other end when it asks for our features. */
static void learn_peer(struct client *c)
{
	struct negotiation *n = c->negotiation;
	struct ssl_st *ssl = conn_tls(c->conn);

	n->peer = (struct sasl_peer){ .host = c->stream.host,
		                      .place = crowd_key(&c->place) };
	if (!ssl)
		return;
	arena_reset(&n->arena);
	n->peer.encrypted = true;
	n->peer.tls_version = tls_version(ssl);
	n->peer.bindings[SASL_BIND_EXPORTER] = tls_exporter(ssl, &n->arena);
	n->peer.bindings[SASL_BIND_ENDPOINT] = tls_server_end_point(ssl, &n->arena);
	n->peer.bindings[SASL_BIND_UNIQUE] = tls_unique(ssl, &n->arena);
	learn_certificate(n, ssl);
}

/* XEP-0440. */
static void put_bindings(const struct sasl_peer *peer, struct buf *out)
{
	bool any = false;

	for (int i = 0; i < SASL_BIND_COUNT; i++) {
		if (peer->bindings[i].n == 0)
			continue;
		buf_cstr(out, any ? ""
		                  : "<sasl-channel-binding xmlns='" NS_CHANNEL_BINDING
		                    "'>");
		buf_fmt(out, "<channel-binding type='%s'/>",
		        sasl_binding_name((enum sasl_binding)i));
		any = true;
	}
	buf_cstr(out, any ? "</sasl-channel-binding>" : "");
}

void client_put_mechanisms(const struct client *c, struct buf *out)
{
	for (int m = 0; m < SASL_HT_SHA_256_EXPR; m++) {
		if (c->negotiation->offered & SASL_MASK(m))
			buf_fmt(out, "<mechanism>%s</mechanism>",
			        sasl_mech_name((enum sasl_mech)m));
	}
}

static void put_mechanisms(struct client *c, struct buf *out)
{
	struct negotiation *n = c->negotiation;

	learn_peer(c);
	n->offered = auth_offer(&c->c2s->worker->server->auth, &n->peer,
	                        client_setup(c)->disabled_mechanisms);
	buf_cstr(out, "<mechanisms xmlns='" NS_SASL "'>");
	client_put_mechanisms(c, out);
	buf_cstr(out, "</mechanisms>");
	if (n->peer.encrypted)
		sasl2_put_feature(c, out);
	put_bindings(&n->peer, out);
}

/* What may be asked for before the login. */
static void put_stranger_features(struct client *c, struct buf *out)
{
	if (!c->negotiation->peer.encrypted)
		return;
	for_each_module(m, client_setup(c))
	{
		if (m->put_stranger_features)
			m->put_stranger_features(c->c2s->worker, c->address,
			                         c->stream.host, out);
	}
}

/* XEP-0478: Stream Limits Advertisement, version 0.2.0. */
static void put_limits(const struct client *c, bool authenticated, struct buf *out)
{
	const struct stream_config *config = c->stream.config;

	buf_fmt(out,
	        "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>%zu</max-bytes></limits>",
	        authenticated ? config->after.size : config->before.size);
}

/* Stream management that was turned on or resumed with the login is offered no more: xmpp.js
 * would turn it on again. */
static bool is_done(const struct client *c, const struct module *m)
{
	return c->sm && strcmp(m->name, "mod_stream_mgmt") == 0;
}

void client_features(void *ctx, bool authenticated, struct buf *out)
{
	struct client *c = ctx;

	put_limits(c, authenticated, out);
	if (!authenticated) {
		put_mechanisms(c, out);
		put_stranger_features(c, out);
		return;
	}
	for_each_module(m, client_setup(c))
	{
		if (m->stream_features && !is_done(c, m))
			buf_cstr(out, m->stream_features);
		if (m->put_stream_features)
			m->put_stream_features(client_setup(c), out);
	}
}

static void end_login(struct client *c)
{
	login_free(c->negotiation->login);
	c->negotiation->login = NULL;
}

bool fails_once_too_often(struct crowd *crowd, const struct crowd_place *place,
                          const struct worker *w, struct str host)
{
	const struct host_setup *setup = server_setup(w->server, host);

	return crowd && module_is_on(setup, "mod_fail2ban") &&
	       crowd_failed(crowd, place, setup->tuning.max_auth_failures,
	                    setup->tuning.auth_ban_ms, loop_now_ms(w->loop));
}

/* With address and account: who bans wants it. */
void client_log_failure(struct client *c, struct str user, enum sasl_failure failure,
                        const char *reason)
{
	log_line(&c->c2s->worker->server->log, LOG_LEVEL_WARNING, "c2s.login.failed",
	         "%s: account `" STR_FMT "@" STR_FMT "`: %s", c->address, STR_ARG(user),
	         STR_ARG(c->stream.host), reason);
	if (failure != SASL_FAIL_TEMPORARY_AUTH_FAILURE &&
	    fails_once_too_often(c->c2s->options.crowd, &c->place, c->c2s->worker,
	                         c->stream.host))
		log_line(&c->c2s->worker->server->log, LOG_LEVEL_WARNING, "c2s.barred",
		         "%s: too many logins have failed", c->address);
}

bool client_may_login(const struct client *c, struct str user)
{
	const struct c2s_options *o = &c->c2s->options;
	auto_arena a = { 0 };
	struct jid account;

	return !o->may_login ||
	       (jid_make(user, c->stream.host, STR(""), &a, &account) == 0 &&
	        o->may_login(o->arg, account, c->address));
}

void client_logged_in(struct client *c, struct str user)
{
	free(c->account);
	c->account = strndup(user.p, user.n);
	log_line(&c->c2s->worker->server->log, LOG_LEVEL_INFO, "c2s.login",
	         "%s: account `" STR_FMT "@" STR_FMT "`", c->address, STR_ARG(user),
	         STR_ARG(c->stream.host));
}

static void on_success(struct client *c, struct str user, struct str data,
                       struct arena *a)
{
	if (!client_may_login(c, user)) {
		client_log_failure(c, user, SASL_FAIL_NOT_AUTHORIZED,
		                   "the access rule of this port does not allow it");
		stream_auth_failure(&c->stream,
		                    sasl_failure_name(SASL_FAIL_NOT_AUTHORIZED), a);
		return;
	}
	client_logged_in(c, user);
	if (c->stream.sasl2)
		sasl2_on_login(c, data);
	else
		stream_auth_success(&c->stream, data, a);
}

static void on_failure(struct client *c, const struct login_reply *r, struct arena *a)
{
	client_log_failure(c, r->user, r->failure,
	                   r->reason ? r->reason : sasl_failure_name(r->failure));
	stream_auth_failure(&c->stream, sasl_failure_name(r->failure), a);
	end_login(c);
}

/* What the login says is gone with it, and binding may end the negotiation. */
static void on_reply(void *arg, const struct login_reply *r)
{
	struct client *c = arg;
	auto_arena a = { 0 }, kept = { 0 };
	struct str user = arena_str(&kept, r->user), data = arena_str(&kept, r->data);

	switch (r->kind) {
	case LOGIN_CHALLENGE:
		stream_auth_challenge(&c->stream, r->data, &a);
		break;
	case LOGIN_SUCCESS:
		end_login(c);
		on_success(c, user, data, &a);
		break;
	case LOGIN_FAILURE:
		on_failure(c, r, &a);
		break;
	}
	client_later(c);
}

void client_auth(void *ctx, struct str mechanism, const struct str *initial)
{
	struct client *c = ctx;
	struct worker *w = c->c2s->worker;

	c->negotiation->login =
		login_new(&w->server->auth, &c->negotiation->peer,
	                  c->negotiation->offered, worker_inbox(w), on_reply, c);
	login_start(c->negotiation->login, mechanism, initial);
}

void client_response(void *ctx, struct str data)
{
	struct client *c = ctx;

	login_response(c->negotiation->login, data);
}

void client_auth_abort(void *ctx)
{
	end_login(ctx);
}
