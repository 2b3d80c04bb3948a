/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* xmpp_load MODE [NAME=VALUE...]: see struct options; bench/xmpp calls it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "load.h"

static unsigned number(const char *text)
{
	uint64_t v;

	if (str_to_u64(str_from(text), 10, &v) < 0)
		give_up("not a number", str_from(text));
	return (unsigned)v;
}

static void set(struct options *o, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **text;
		unsigned *number;
		bool *yes;
	} rows[] = {
		{ "address", &o->address, NULL, NULL },
		{ "domain", &o->domain, NULL, NULL },
		{ "password", &o->password, NULL, NULL },
		{ "mechanism", &o->mechanism, NULL, NULL },
		{ "first", NULL, &o->first, NULL },
		{ "count", NULL, &o->count, NULL },
		{ "parallel", NULL, &o->parallel, NULL },
		{ "window", NULL, &o->window, NULL },
		{ "seconds", NULL, &o->seconds, NULL },
		{ "rate", NULL, &o->rate, NULL },
		{ "tls", NULL, NULL, &o->tls },
		{ "acks", NULL, NULL, &o->acks },
		{ "presence", NULL, NULL, &o->presence },
	};

	if (strcmp(name, "port") == 0) {
		o->port = (uint16_t)number(value);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (rows[i].text)
			*rows[i].text = value;
		else if (rows[i].number)
			*rows[i].number = number(value);
		else
			*rows[i].yes = strcmp(value, "1") == 0;
		return;
	}
	give_up("no such option", str_from(name));
}

static void prepare(struct load *l)
{
	const struct options *o = l->o;
	unsigned n = o->count > o->parallel ? o->count : o->parallel;

	signal(SIGPIPE, SIG_IGN);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(l->tls, SSL_MODE_RELEASE_BUFFERS |
	                                 SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	l->clients = calloc(n, sizeof(*l->clients));
	if (!l->clients)
		abort();
	for (unsigned i = 0; i < n; i++) {
		l->clients[i].load = l;
		l->clients[i].fd = -1;
		l->clients[i].index = o->first + i;
	}
}

int main(int argc, char **argv)
{
	struct options o = {
		.address = "127.0.0.1",
		.domain = "bench.example",
		.password = "secret",
		.mechanism = "PLAIN",
		.port = 5222,
		.count = 1,
		.parallel = 16,
		.window = 1,
		.seconds = 3,
	};
	struct load l = { .o = &o };

	for (int i = 2; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		if (!equals)
			give_up("NAME=VALUE is wanted", str_from(argv[i]));
		*equals = '\0';
		set(&o, argv[i], equals + 1);
	}
	for (const struct mode *m = modes; argc > 1 && m->name; m++) {
		if (strcmp(m->name, argv[1]) == 0)
			l.mode = m;
	}
	if (!l.mode)
		give_up("the modes are idle, login, pairs and presence", STR(""));
	prepare(&l);
	load_run(&l);
	return l.errors ? 1 : 0;
}
