/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Clients come, talk and go. */
#include "herald/c2s/c2s.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/oom.h"
#include "herald/c2s/client.h"
#include "herald/c2s/csi.h"
#include "herald/c2s/sasl2.h"
#include "herald/c2s/sm.h"
#include "herald/im/im.h"
#include "io/tls.h"

enum { TICK_MS = 500, WAITING_MAX = 8 << 20 };

/* Before login: ejabberd 26.04's limits, which leave room for big features. */
static const struct xml_limits limits_before = { 8192, 8, 32, 32 };
static const struct xml_limits limits_after = { 0, 64, 25000, 64 };

static void log_client(const struct client *c, enum log_level level, const char *event,
                       const char *text)
{
	log_line(&c->c2s->worker->server->log, level, event, "%s: %s", c->address, text);
}

/* ---- the end of a round -------------------------------------------------------------------- */

void client_unlink(struct client *c)
{
	if (!c->link)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->link = NULL;
}

void client_link(struct client *c, struct c2s *all)
{
	c->c2s = all;
	c->next = all->clients;
	if (c->next)
		c->next->link = &c->next;
	c->link = &all->clients;
	all->clients = c;
}

void client_uncount(struct client *c)
{
	if (c->c2s->options.crowd)
		crowd_leave(c->c2s->options.crowd, &c->place);
}

static void destroy(struct client *c)
{
	client_uncount(c);
	client_unlink(c);
	if (c->binding)
		return; /* user_with still holds it: client_bind's callback comes back */
	loop_forget(&c->late);
	if (c->resume)
		sm_forget_resume(c);
	sm_free(c);
	csi_free(c->csi);
	stream_fini(&c->stream);
	session_fini(&c->session);
	free(c->account);
	free(c->resource);
	free(c);
}

static void leave(struct client *c)
{
	auto_arena a = { 0 };
	struct user *u = c->session.user;

	if (!u)
		return;
	user_ref(u);
	if (!sm_may_detach(c) || !c->c2s->stopping)
		im_session_ends(&c->session, &a);
	user_remove_session(u, &c->session);
	if (c->sm && c->sm->resumable && c->c2s->stopping)
		sm_keep(c);
	else if (c->sm)
		sm_end(c, &a);
	user_unref(u);
	log_client(c, LOG_LEVEL_INFO, "c2s.closed", "the session has ended");
}

void client_flush(struct client *c)
{
	if (!c->conn || c->stream.out.n == 0)
		return;
	conn_write(c->conn, buf_as_str(&c->stream.out));
	buf_fini(&c->stream.out);
}

/* Whether it has sent more than its rate; on_tick looks again. */
static bool is_too_fast(struct client *c)
{
	return shape_must_wait(&c->shape, loop_now_ms(c->c2s->worker->loop));
}

static void on_late(struct loop_late *late)
{
	struct client *c =
		(struct client *)(void *)((char *)late - offsetof(struct client, late));

	if (c->sm) {
		sasl2_try_finish(c);
		sm_write(c);
	}
	client_flush(c);
	if (c->session.holds)
		return; /* session_released comes back */
	if (c->resume && !c->over) {
		sm_try_resume(c);
		client_flush(c);
	}
	if (!c->over) {
		if (c->conn)
			conn_pause(c->conn,
			           stream_is_waiting(&c->stream) || is_too_fast(c));
		return;
	}
	if (c->lost && sm_may_detach(c) && !c->c2s->stopping) {
		sm_detach(c);
		return;
	}
	leave(c);
	client_negotiation_free(c);
	if (c->conn)
		conn_close(c->conn);
	c->conn = NULL;
	destroy(c);
}

void client_later(struct client *c)
{
	loop_later(c->c2s->worker->loop, &c->late);
}

/* ---- the connection ------------------------------------------------------------------------ */

static void on_data(void *ctx, struct str bytes)
{
	struct client *c = ctx;
	auto_arena a = { 0 };

	c->session.heard_ms = loop_now_ms(c->c2s->worker->loop);
	c->session.is_asked = false;
	shape_take(&c->shape, bytes.n, c->session.heard_ms);
	stream_input(&c->stream, bytes, &a);
	if (c->conn && is_too_fast(c))
		conn_pause(c->conn, true); /* before more of it is read in this round */
	client_later(c);
}

static void on_secured(void *ctx)
{
	struct client *c = ctx;

	stream_tls_started(&c->stream);
	client_later(c);
}

static void on_ended(void *ctx, int error)
{
	struct client *c = ctx;

	log_line(&c->c2s->worker->server->log, LOG_LEVEL_DEBUG, "c2s.gone", "%s: %s",
	         c->address,
	         error ? strerror(-error) : "the client has closed the connection");
	c->lost = c->stream.phase != STREAM_CLOSED;
	c->over = true;
	client_later(c);
}

static const struct conn_ops conn_ops = { on_data, on_secured, on_ended };

/* ---- what the stream asks ------------------------------------------------------------------ */

static bool find_host(void *ctx, struct str domain, struct str *host)
{
	struct client *c = ctx;
	struct server *server = c->c2s->worker->server;
	auto_arena a = { 0 };
	struct str prepared;

	if (jid_prep_domain(domain, &a, &prepared) < 0)
		return false;
	vec_for_each(h, &server->hosts) {
		if (!str_eq(h->name, prepared))
			continue;
		*host = h->name;
		return true;
	}
	return false;
}

static void random_bytes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	if (RAND_bytes(p, (int)n) != 1)
		abort(); /* nothing is safe without */
}

static void start_tls(void *ctx)
{
	struct client *c = ctx;

	client_flush(c);
	conn_start_tls(c->conn, c->c2s->options.tls);
}

/* RFC 3921 section 3: clients of that time must have it, RFC 6121 does nothing with it. The
 * answer is a stanza like others and counts for XEP-0198. */
static bool on_session(struct client *c, const struct xml *x, struct arena *a)
{
	if (!xml_is(x, "iq", NS_CLIENT) || !str_is(xml_get(x, "type"), "set") ||
	    !xml_child(x, "session", NS_SESSION))
		return false;
	struct xml *result = xml_new(a, "iq", NS_CLIENT);
	xml_set(a, result, "type", STR("result"));
	xml_set(a, result, "id", xml_get(x, "id"));
	client_send(c, result);
	return true;
}

static void handle(struct client *c, struct xml *x, struct arena *a)
{
	if (!on_session(c, x, a))
		im_from_session(&c->session, x, a);
	if (c->session.holds)
		stream_hold(&c->stream);
	else
		sm_on_handled(c);
}

/* What extends streams comes between the stanzas. */
static void on_extension(struct client *c, struct xml *x)
{
	enum stream_error unsupported = STREAM_UNSUPPORTED_STANZA_TYPE;

	if (str_is(x->ns, NS_SM) && module_is_on(client_setup(c), "mod_stream_mgmt"))
		sm_on_element(c, x);
	else if (!str_is(x->ns, NS_CSI) || !c->session.user ||
	         !module_is_on(client_setup(c), "mod_client_state") ||
	         !csi_on_element(c, x))
		stream_close(&c->stream, &unsupported, STR(""));
}

static void on_stanza(void *ctx, struct xml *x, struct arena *a)
{
	struct client *c = ctx;

	if (str_is(x->ns, NS_CLIENT) && c->session.user)
		handle(c, x, a);
	else
		on_extension(c, x);
	client_later(c);
}

static void on_closed(void *ctx, const enum stream_error *error)
{
	struct client *c = ctx;

	log_client(c, error ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "c2s.stream.ended",
	           error ? stream_error_name(*error) : "by the client");
	c->over = true;
	client_later(c);
}

const struct stream_ops client_stream_ops = {
	.find_host = find_host,
	.random = random_bytes,
	.features = client_features,
	.start_tls = start_tls,
	.auth = client_auth,
	.response = client_response,
	.authenticate = sasl2_authenticate,
	.auth_abort = client_auth_abort,
	.stranger = client_stranger,
	.bind = client_bind,
	.stanza = on_stanza,
	.closed = on_closed,
};

/* ---- the session --------------------------------------------------------------------------- */

void client_send(struct client *c, const struct xml *x)
{
	if (c->sm) {
		sm_push(c, x);
		return;
	}
	stream_send(&c->stream, x);
	client_later(c);
}

static void session_send(struct session *s, const struct xml *x)
{
	struct client *c = (struct client *)s;

	/* What comes for one whose end is not dealt with yet waits in its queue, if it has one. */
	if ((!c->over || c->sm) && !csi_hold(c, x))
		client_send(c, x);
}

static void session_close(struct session *s, enum stream_error error, const char *text)
{
	struct client *c = (struct client *)s;

	if (!c->conn) { /* it waits for its client to come back */
		c->over = true;
		client_later(c);
	}
	stream_close(&c->stream, &error, str_from(text));
}

static void session_released(struct session *s)
{
	struct client *c = (struct client *)s;
	auto_arena a = { 0 };

	sm_on_handled(c);
	if (c->sm && c->sm->resumer)
		client_later(c->sm->resumer);
	stream_release(&c->stream, &a);
	client_later(c);
}

static void session_lost(struct session *s)
{
	struct client *c = (struct client *)s;

	log_client(c, LOG_LEVEL_INFO, "c2s.mute", "the client does not answer");
	c->over = c->lost = true;
	client_later(c);
}

const struct session_ops client_session_ops = { session_send, session_close, session_lost,
	                                        session_released };

/* ---- accepting ----------------------------------------------------------------------------- */

static void write_address(const struct sockaddr_storage *peer, char out[46])
{
	const struct sockaddr_in6 *six = (const void *)peer;
	const struct sockaddr_in *four = (const void *)peer;
	static const char *const mapped = "::ffff:";

	out[0] = '\0';
	if (peer->ss_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, out, 46);
	else if (peer->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, out, 46);
	if (strncmp(out, mapped, strlen(mapped)) == 0)
		memmove(out, out + strlen(mapped), strlen(out + strlen(mapped)) + 1);
}

struct client *client_new(struct c2s *all)
{
	struct client *c = base_calloc(1, sizeof(*c));

	c->session.ops = &client_session_ops;
	c->session.worker = all->worker;
	c->late.fn = on_late;
	c->stream.phase = STREAM_CLOSED;
	client_link(c, all);
	return c;
}

static void turn_away(struct c2s *all, int fd, const struct sockaddr_storage *peer,
                      const char *why)
{
	char address[46];

	write_address(peer, address);
	log_line(&all->worker->server->log, LOG_LEVEL_WARNING, "c2s.refused", "%s: %s",
	         address, why);
	close(fd);
}

void c2s_accept(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	struct c2s *all = ctx;
	struct crowd_place place = { 0 };
	struct client *c;

	if (all->options.crowd && !crowd_enter(all->options.crowd, peer, &place)) {
		turn_away(all, fd, peer,
		          "too many connections from this address or its neighbours");
		return;
	}
	if (all->options.crowd &&
	    crowd_is_barred(all->options.crowd, &place, loop_now_ms(all->worker->loop))) {
		crowd_leave(all->options.crowd, &place);
		turn_away(all, fd, peer, "too many logins from this address have failed");
		return;
	}
	c = client_new(all);
	c->place = place;
	c->negotiation = base_calloc(1, sizeof(*c->negotiation));
	c->negotiation->deadline_ms =
		loop_now_ms(all->worker->loop) + all->options.negotiation_ms;
	write_address(peer, c->address);
	/* The port is at the same place in both families. */
	c->port = ntohs(((const struct sockaddr_in *)(const void *)peer)->sin_port);
	stream_init(&c->stream, &all->config, c, all->options.direct_tls);
	c->conn = conn_new(all->worker->loop, fd, &conn_ops, c);
	conn_limit(c->conn, WAITING_MAX);
	if (all->options.direct_tls)
		conn_start_tls(c->conn, all->options.tls);
	log_client(c, LOG_LEVEL_DEBUG, "c2s.accepted", "a client has connected");
}

/* A session that nobody has come back to ends; a client that does not answer is gone. */
static void check_session(struct client *c, uint64_t now)
{
	bool waits = !c->conn && now >= c->sm->deadline_ms;
	bool mute = c->conn && c->sm->asking &&
	            now - c->sm->asking_ms > client_setup(c)->tuning.ack_timeout_ms;

	if (mute) {
		session_lost(&c->session);
	} else if (waits) {
		c->over = true;
		client_later(c);
	}
}

static void tick_modules(struct client *c, uint64_t now)
{
	for_each_module(m, client_setup(c))
	{
		if (m->on_tick)
			m->on_tick(&c->session, now);
	}
}

/* Nothing but binding in time ends a negotiation well: no ping, no blank extends it. */
static void on_tick(uv_timer_t *timer)
{
	struct c2s *all = timer->data;
	uint64_t now = loop_now_ms(all->worker->loop);
	enum stream_error late = STREAM_CONNECTION_TIMEOUT;

	for (struct client *c = all->clients, *next; c; c = next) {
		next = c->next;
		if (c->over)
			continue;
		if (c->shape.left < 0)
			client_later(c);
		if (c->negotiation && now >= c->negotiation->deadline_ms)
			stream_close(&c->stream, &late, STR("The login took too long"));
		else if (c->sm && c->session.user)
			check_session(c, now);
		if (!c->over && c->conn && c->session.user)
			tick_modules(c, now);
	}
}

struct c2s *c2s_new(struct worker *w, const struct c2s_options *o)
{
	struct c2s *c = base_calloc(1, sizeof(*c));

	c->worker = w;
	c->options = *o;
	c->config = (struct stream_config){
		.ops = &client_stream_ops,
		.before = limits_before,
		.after = limits_after,
		.starttls = o->tls && o->starttls && !o->direct_tls,
		.starttls_required = o->starttls_required && !o->direct_tls,
		.auth_tries = CLIENT_TRIES,
	};
	c->config.after.size = o->max_stanza_size;
	c->tick = base_calloc(1, sizeof(*c->tick));
	c->tick->data = c;
	uv_timer_init(&w->loop->uv, c->tick);
	uv_timer_start(c->tick, on_tick, TICK_MS, TICK_MS);
	return c;
}

bool c2s_is_empty(const struct c2s *c)
{
	return !c->clients;
}

static void on_tick_closed(uv_handle_t *handle)
{
	free(handle);
}

void c2s_shutdown(struct c2s *c)
{
	enum stream_error shutdown = STREAM_SYSTEM_SHUTDOWN;

	c->stopping = true;
	for (struct client *client = c->clients; client; client = client->next) {
		stream_close(&client->stream, &shutdown, STR(""));
		client->over = true;
		client_later(client);
	}
	if (c->tick)
		uv_close((uv_handle_t *)c->tick, on_tick_closed);
	c->tick = NULL;
}

void c2s_free(struct c2s *c)
{
	free(c);
}
