/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A server in the test's own process: host example.org with the accounts juliet and romeo (password
 * "pencil"), a memory store, and clients on socket pairs. There is no TLS, but the streams are told
 * that there is.
 */
#pragma once

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "herald/auth/accounts.h"
#include "herald/c2s/client.h"
#include "herald/im/module.h"
#include "io/loop.h"
#include "io/pool.h"

#define HOST STR("example.org")

struct world {
	struct loop loop;
	struct server server;
	struct host_setup setup;
	struct worker worker;
	struct pool *pool;
	struct c2s *c2s;
	size_t answers;
	int result;
};

/* One client's end. */
struct link {
	struct world *world;
	struct client *client; /* the server's side */
	int fd;
	struct buf in; /* what came and was not looked at */
};

static const struct module world_modules[] = {
	{ .name = "mod_stream_mgmt", .stream_features = "<sm xmlns='urn:xmpp:sm:3'/>" },
	{ .name = "mod_client_state" },
	{ .name = "mod_carboncopy" },
};

static inline void world_on_done(void *arg, int result)
{
	struct world *w = arg;

	w->result = result;
	w->answers++;
}

/* Runs the loop until one more answer has come. */
static inline void world_wait(struct world *w)
{
	for (size_t before = w->answers; w->answers == before;)
		uv_run(&w->loop.uv, UV_RUN_ONCE);
	assert_int_equal(w->result, 0);
}

static inline void world_init(struct world *w)
{
	static const struct c2s_options options = { .max_stanza_size = 100000,
		                                    .negotiation_ms = 60000 };
	static const char *const users[] = { "juliet", "romeo" };
	struct store_config sc = { 0 };
	auto_diags ds = { 0 };

	*w = (struct world){ 0 };
	assert_int_equal(loop_init(&w->loop), 0);
	assert_int_equal(store_open(&sc, &ds, &w->server.store), 0);
	assert_int_equal(pool_new(1, 100, &w->pool), 0);
	w->server.accounts = accounts_new(&(struct accounts_config){
		.store = w->server.store, .pool = w->pool, .iterations = 20 });
	w->server.auth = (struct auth){ .accounts = w->server.accounts,
		                        .pool = w->pool,
		                        .plain_without_tls = true };
	for (size_t i = 0; i < ARRAY_LEN(world_modules); i++)
		vec_push(&w->setup.modules, &world_modules[i]);
	vec_push(&w->setup.modules, NULL);
	w->setup.tuning = (struct tuning){ .resume_timeout_ms = 300000,
		                           .ack_timeout_ms = 60000,
		                           .max_ack_queue = 100 };
	w->server.general = &w->setup;
	vec_push(&w->server.hosts, (struct vhost){ HOST, &w->setup });
	w->worker.server = &w->server;
	w->worker.loop = &w->loop;
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		accounts_register(w->server.accounts, HOST, str_from(users[i]),
		                  STR("pencil"), &w->loop.inbox, world_on_done, w);
		world_wait(w);
	}
	w->c2s = c2s_new(&w->worker, &options);
}

static inline void world_fini(struct world *w)
{
	c2s_shutdown(w->c2s);
	uv_run(&w->loop.uv, UV_RUN_NOWAIT);
	worker_finish(&w->worker);
	store_close(w->server.store);
	pool_free(w->pool);
	while (inbox_run(&w->loop.inbox))
		continue;
	uv_run(&w->loop.uv, UV_RUN_NOWAIT);
	accounts_free(w->server.accounts);
	worker_fini(&w->worker);
	loop_fini(&w->loop);
	c2s_free(w->c2s);
	vec_fini(&w->server.hosts);
	vec_fini(&w->setup.modules);
}

/* ---- links -------------------------------------------------------------------------------- */

static inline void link_send(struct link *l, const char *text)
{
	assert_int_equal(write(l->fd, text, strlen(text)), strlen(text));
}

/* Whether there is something to read. */
static inline bool link_read(struct link *l)
{
	char piece[4096];
	ssize_t n = recv(l->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (n > 0)
		buf_str(&l->in, (struct str){ piece, (size_t)n });
	return n > 0;
}

/* Runs the loop until `text` has come; what is before it and itself are taken away. Gives what was
 * before it, in `a`. */
static inline struct str link_expect(struct link *l, const char *text, struct arena *a)
{
	uint64_t start = uv_hrtime();

	for (;;) {
		buf_char(&l->in, '\0');
		l->in.n--;
		char *at = l->in.n ? strstr(l->in.p, text) : NULL;
		if (at) {
			size_t n = (size_t)(at - l->in.p);
			struct str before = arena_str(a, (struct str){ l->in.p, n });
			n += strlen(text);
			memmove(l->in.p, l->in.p + n, l->in.n - n);
			l->in.n -= n;
			return before;
		}
		if (uv_hrtime() - start > UINT64_C(10000000000))
			fail_msg("waited for `%s`, got `" STR_FMT "`", text,
			         STR_ARG(buf_as_str(&l->in)));
		if (!link_read(l))
			uv_run(&l->world->loop.uv, UV_RUN_ONCE);
	}
}

/* The same, when what is before it does not matter. */
static inline void link_until(struct link *l, const char *text)
{
	auto_arena a = { 0 };

	link_expect(l, text, &a);
}

/* As far as the features. */
static inline void link_open(struct world *w, struct link *l)
{
	static const struct sockaddr_storage peer = { .ss_family = AF_INET };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	*l = (struct link){ .world = w, .fd = fds[1] };
	c2s_accept(w->c2s, fds[0], &peer);
	l->client = w->c2s->clients;
	link_send(l,
	          "<stream:stream to='example.org' version='1.0' xmlns='jabber:client' "
	          "xmlns:stream='http://etherx.jabber.org/streams'>");
	link_until(l, "</stream:features>");
	l->client->stream.encrypted = true;
	l->client->negotiation->peer.encrypted = true;
}

/* <authenticate/> with PLAIN and `inside`. */
static inline void link_authenticate(struct link *l, const char *initial,
                                     const char *inside)
{
	auto_buf text = { 0 };

	buf_fmt(&text,
	        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>"
	        "<initial-response>%s</initial-response>%s</authenticate>%c",
	        initial, inside, 0);
	link_send(l, text.p);
}

#define PLAIN_JULIET "AGp1bGlldABwZW5jaWw="
#define PLAIN_ROMEO  "AHJvbWVvAHBlbmNpbA=="
#define PLAIN_WRONG  "AGp1bGlldAB3cm9uZw=="

#define BIND2            "<bind xmlns='urn:xmpp:bind:0'/>"
#define BIND2_WITH(what) "<bind xmlns='urn:xmpp:bind:0'>" what "</bind>"
#define ENABLE           "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"

/* A bound session without presence. */
static inline void link_login(struct world *w, struct link *l, const char *initial,
                              const char *bind)
{
	link_open(w, l);
	link_authenticate(l, initial, bind);
	link_until(l, "</success>");
	link_until(l, "</stream:features>");
}

/* The connection breaks. */
static inline void link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_fini(&l->in);
}

/* Each test has the world anew, here and in *state. */
static struct world world;

static inline int world_setup(void **state)
{
	world_init(&world);
	*state = &world;
	return 0;
}

static inline int world_teardown(void **state)
{
	world_fini(*state);
	return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
