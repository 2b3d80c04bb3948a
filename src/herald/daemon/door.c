/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sockets that clients come through. */
#include "herald/daemon/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/oom.h"
#include "herald/c2s/c2s.h"
#include "herald/daemon/certs.h"
#include "herald/daemon/daemon.h"
#include "io/proxied.h"
#include "io/tls.h"

void door_read_address(const char *text, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)out)->sin_addr) == 1)
		out->ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)out)->sin6_addr) == 1)
		out->ss_family = AF_INET6;
}

/* Whether the rule of the door lets the account in. */
static bool may_login(void *arg, struct jid account, const char *address)
{
	const struct hall *h = arg;
	struct sockaddr_storage ss;
	struct access_who who = { .jid = account, .local = true, .ip = &ss };

	if (!h->access[0])
		return true;
	door_read_address(address, &ss);
	return access_allows(&h->daemon->config.access, jid_domain(account),
	                     str_from(h->access), &who);
}

/* The value of the door's shaper rule names the shaper. */
static void shaper(void *arg, struct jid account, const char *address, uint64_t *rate,
                   uint64_t *burst)
{
	const struct hall *h = arg;
	const struct config *c = &h->daemon->config;
	struct sockaddr_storage ss;
	struct access_who who = { .jid = account, .local = true, .ip = &ss };

	door_read_address(address, &ss);
	struct str name =
		access_rule_find(&c->access, jid_domain(account), str_from(h->shaper))
			? access_value(&c->access, jid_domain(account),
	                               str_from(h->shaper), &who)
			: str_from(h->shaper);
	vec_for_each(s, &c->shapers) {
		if (!str_eq(s->name, name))
			continue;
		*rate = s->rate;
		*burst = s->burst;
	}
}

static int load_tls(struct tls_server *tls, const struct config *c, bool verify,
                    struct buf *why)
{
	auto_arena a = { 0 };
	struct cert_files files = { 0 };
	int r = verify ? tls_server_verify(tls, str_dup_c(&a, c->ca_file), why) : 0;

	if (r == 0)
		r = certs_files(c, &a, &files, why);
	if (r == 0)
		r = tls_server_load(tls, files.paths.p, files.paths.n, why);
	vec_fini(&files.paths);
	return r;
}

static char *copy(struct str s)
{
	char *c = base_calloc(1, s.n + 1);

	memcpy(c, s.n ? s.p : "", s.n);
	return c;
}

int hall_new(struct daemon *d, const struct config *c, const struct config_listener *l,
             struct buf *why, struct hall **out)
{
	struct hall *h = base_calloc(1, sizeof(*h));

	h->daemon = d;
	h->access = copy(l->access);
	h->shaper = copy(l->shaper);
	h->verifies = l->tls_verify;
	h->tls = tls_server_new(l->tls ? "xmpp-client" : NULL);
	int r = load_tls(h->tls, c, l->tls_verify, why);
	if (r < 0) {
		hall_free(h);
		return r;
	}
	struct c2s_options o = {
		.tls = h->tls,
		.direct_tls = l->tls,
		.starttls = l->starttls || l->starttls_required,
		.starttls_required = l->starttls_required,
		.max_stanza_size = l->max_stanza_size,
		.negotiation_ms = (uint32_t)c->negotiation_timeout_ms,
		.may_login = may_login,
		.crowd = &d->crowd,
		.shaper = l->shaper.n ? shaper : NULL,
		.arg = h,
	};
	h->c2s = c2s_new(&d->worker, &o);
	*out = h;
	return 0;
}

int hall_reload_tls(struct hall *h, const struct config *c, struct buf *why)
{
	auto_ptr(tls_server) fresh = tls_server_new(NULL);
	int r = load_tls(fresh, c, h->verifies, why);

	if (r == 0)
		tls_server_exchange(h->tls, fresh);
	return r;
}

struct hall *hall_empty(struct daemon *d)
{
	struct hall *h = base_calloc(1, sizeof(*h));
	struct c2s_options o = { 0 };

	h->daemon = d;
	h->access = copy(STR(""));
	h->shaper = copy(STR(""));
	h->c2s = c2s_new(&d->worker, &o);
	return h;
}

void hall_shutdown(struct hall *h)
{
	c2s_shutdown(h->c2s);
}

void hall_free(struct hall *h)
{
	c2s_free(h->c2s);
	tls_server_free(h->tls);
	free(h->access);
	free(h->shaper);
	free(h);
}

static void on_accept(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	const struct door *door = ctx;

	c2s_accept(door->hall->c2s, fd, peer);
}

static void on_trouble(void *ctx, int error)
{
	const struct door *door = ctx;
	const struct logger *log = &door->hall->daemon->server.log;

	if (error)
		log_line(log, LOG_LEVEL_ERROR, "listen.trouble",
		         "%s port %u takes no clients for the time being: %s", door->ip,
		         door->port, strerror(-error));
	else
		log_line(log, LOG_LEVEL_NOTICE, "listen.recovered",
		         "%s port %u takes clients again", door->ip, door->port);
}

int door_open(struct daemon *d, const struct config_listener *l, struct hall *hall,
              struct buf *why, struct door **out)
{
	struct door *door = base_calloc(1, sizeof(*door));

	door->ip = copy(l->ip);
	door->port = l->port;
	door->backlog = l->backlog;
	door->hall = hall;
	if (l->use_proxy_protocol)
		door->proxied = proxied_new(&d->loop, on_accept, door);
	int r = listener_tcp(&d->loop, door->ip, l->port, (int)l->backlog,
	                     door->proxied ? proxied_accept : on_accept,
	                     door->proxied ? (void *)door->proxied : door, why,
	                     &door->listener);
	if (r < 0) {
		proxied_free(door->proxied);
		free(door->ip);
		free(door);
		return r;
	}
	listener_on_trouble(door->listener, on_trouble, door);
	log_line(&d->server.log, LOG_LEVEL_INFO, "listen", "%s port %u%s", door->ip,
	         l->port, l->tls ? " with TLS" : "");
	*out = door;
	return 0;
}

struct hall *door_close(struct door *door)
{
	struct hall *hall = door->hall;

	listener_close(door->listener);
	proxied_free(door->proxied);
	free(door->ip);
	free(door);
	return hall;
}
