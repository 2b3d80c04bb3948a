/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Resource binding: RFC 6120 section 7. A resource that is in use goes to the newcomer. */
#include "herald/c2s/client.h"

enum { RESOURCE_BYTES = 8, SESSIONS_MAX = 10 }; /* ejabberd's max_user_sessions */

static void refuse(struct client *c, const char *type, const char *condition,
                   struct arena *a)
{
	stream_bind_refused(&c->stream, type, condition, a);
}

static void replace(struct user *u, struct str resource)
{
	struct session *old = user_find_session(u, resource);

	if (old)
		old->ops->close(old, STREAM_CONFLICT, "The resource was bound again");
}

/* The oldest goes when there are too many; the list has the newest first. */
static void make_room(struct user *u)
{
	uint64_t max = server_limit(u->worker->server, u->jid, "max_user_sessions",
	                            SESSIONS_MAX);
	struct session *oldest = u->sessions;
	size_t n = 0;

	for (struct session *s = u->sessions; s; s = s->next, n++)
		oldest = s;
	if (n && n >= max)
		oldest->ops->close(oldest, STREAM_POLICY_VIOLATION, "Too many sessions");
}

void client_shape(struct client *c, struct jid account)
{
	const struct c2s_options *o = &c->c2s->options;
	uint64_t rate = 0, burst = 0;

	if (o->shaper)
		o->shaper(o->arg, account, c->address, &rate, &burst);
	shape_init(&c->shape, rate, burst, loop_now_ms(c->c2s->worker->loop));
}

bool client_join(struct client *c, struct user *u)
{
	auto_arena a = { 0 };
	struct jid full;

	if (u->load_error ||
	    jid_with_resource(u->jid, str_from(c->resource), &a, &full) < 0)
		return false;
	replace(u, jid_resource(full));
	make_room(u);
	session_set_jid(&c->session, full);
	c->session.since_ms = loop_now_ms(c->c2s->worker->loop);
	c->session.connection = conn_tls(c->conn) ? "c2s_tls" : "c2s";
	c->session.address = c->address;
	c->session.port = c->port;
	user_add_session(u, &c->session);
	client_shape(c, u->jid);
	return true;
}

static void bind_to(struct client *c, struct user *u, struct arena *a)
{
	if (!client_join(c, u)) {
		refuse(c, "wait", "resource-constraint", a);
		return;
	}
	client_negotiation_free(c);
	stream_bound(&c->stream, jid_str(c->session.jid), a);
}

static void on_user(void *arg, struct user *u)
{
	struct client *c = arg;
	auto_arena a = { 0 };

	c->binding = false;
	if (!c->over)
		bind_to(c, u, &a);
	free(c->resource);
	c->resource = NULL;
	client_later(c);
}

char *client_random_resource(struct client *c)
{
	uint8_t bytes[RESOURCE_BYTES];
	auto_buf text = { 0 };

	client_stream_ops.random(c, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_fmt(&text, "%02x", bytes[i]);
	return strndup(text.p, text.n);
}

void client_bind(void *ctx, struct str resource)
{
	struct client *c = ctx;
	auto_arena a = { 0 };
	struct jid bare;

	if (jid_make(str_from(c->account), c->stream.host, STR(""), &a, &bare) < 0 ||
	    (resource.n && jid_prep_resource(resource, &a, &resource) < 0)) {
		refuse(c, "modify", "bad-request", &a);
		return;
	}
	c->resource =
		resource.n ? strndup(resource.p, resource.n) : client_random_resource(c);
	c->binding = true;
	user_with(c->c2s->worker, bare, on_user, c);
}
