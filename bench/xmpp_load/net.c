/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sockets, TLS and the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { EVENTS = 256, PIECE = 65536 };

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void give_up(const char *what, struct str detail)
{
	fprintf(stderr, "xmpp_load: %s: %.*s\n", what,
	        (int)(detail.n < 400 ? detail.n : 400), detail.n ? detail.p : "");
	exit(1);
}

static void watch(struct client *c, int op)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (c->wants_write)
		e.events |= EPOLLOUT;
	if (epoll_ctl(c->load->epoll, op, c->fd, &e) < 0)
		give_up("epoll_ctl", str_from(strerror(errno)));
}

static void want_write(struct client *c, bool yes)
{
	if (c->wants_write == yes)
		return;
	c->wants_write = yes;
	watch(c, EPOLL_CTL_MOD);
}

void client_connect(struct client *c)
{
	const struct options *o = c->load->o;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(o->port) };
	int one = 1;

	inet_pton(AF_INET, o->address, &to.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		give_up("socket", str_from(strerror(errno)));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != EINPROGRESS)
		give_up("connect", str_from(strerror(errno)));
	c->step = STEP_CONNECT;
	c->wants_write = true;
	c->load->connecting++;
	watch(c, EPOLL_CTL_ADD);
}

void client_disconnect(struct client *c)
{
	struct linger at_once = { 1, 0 }; /* no TIME_WAIT: ports would run out */

	if (c->fd < 0)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	SSL_free(c->ssl);
	close(c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	c->ssl = NULL;
	c->fd = -1;
	c->step = STEP_NONE;
}

static ssize_t put(struct client *c, const char *p, size_t n)
{
	if (!c->ssl)
		return send(c->fd, p, n, MSG_NOSIGNAL);
	int r = SSL_write(c->ssl, p, (int)n);
	if (r > 0)
		return r;
	errno = SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
	return -1;
}

void client_flush(struct client *c)
{
	size_t at = 0;

	while (at < c->out.n) {
		ssize_t n = put(c, c->out.p + at, c->out.n - at);
		if (n < 0 && errno != EAGAIN)
			give_up("the server ended a connection", buf_as_str(&c->in));
		if (n < 0)
			break;
		at += (size_t)n;
	}
	if (at)
		memmove(c->out.p, c->out.p + at, c->out.n - at);
	c->out.n -= at;
	want_write(c, c->out.n > 0);
	if (!c->out.n && c->step == STEP_READY)
		buf_fini(&c->out);
}

static ssize_t get(struct client *c, char *p, size_t n)
{
	if (!c->ssl)
		return recv(c->fd, p, n, 0);
	int r = SSL_read(c->ssl, p, (int)n);
	if (r > 0)
		return r;
	int error = SSL_get_error(c->ssl, r);
	errno = error == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static void handshake(struct client *c)
{
	int r = SSL_do_handshake(c->ssl), error = SSL_get_error(c->ssl, r);

	if (r == 1) {
		want_write(c, false);
		login_begin(c);
	} else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		want_write(c, error == SSL_ERROR_WANT_WRITE);
	} else {
		give_up("TLS", str_from("the handshake failed"));
	}
}

static void connected(struct client *c)
{
	int error = 0;
	socklen_t n = sizeof(error);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
	if (error)
		give_up("connect", str_from(strerror(error)));
	if (!c->load->o->tls) {
		want_write(c, false);
		login_begin(c);
		return;
	}
	c->ssl = SSL_new(c->load->tls);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	char domain[256]; /* OpenSSL's macro takes no const */
	snprintf(domain, sizeof(domain), "%s", c->load->o->domain);
	SSL_set_tlsext_host_name(c->ssl, domain);
	c->step = STEP_TLS;
	handshake(c);
}

static void receive(struct client *c)
{
	static char piece[PIECE];

	for (;;) {
		ssize_t n = get(c, piece, sizeof(piece));
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			give_up("the server ended a connection", buf_as_str(&c->in));
		buf_put(&c->in, piece, (size_t)n);
		if (!c->ssl && (size_t)n < sizeof(piece))
			break;
	}
	if (c->in.n)
		login_input(c);
	if (c->fd >= 0 && !c->in.n)
		buf_fini(&c->in);
}

static void serve(struct client *c, uint32_t events)
{
	if (c->step == STEP_CONNECT) {
		connected(c);
		return;
	}
	if (c->step == STEP_TLS) {
		handshake(c);
		return;
	}
	if (events & EPOLLIN)
		receive(c);
	if (c->fd >= 0 && c->out.n)
		client_flush(c);
}

static void read_line(struct load *l)
{
	char line[64];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		l->over = true;
	else if (l->mode->line)
		l->mode->line(l);
}

void load_run(struct load *l)
{
	struct epoll_event events[EVENTS],
		input = { .events = EPOLLIN, .data.ptr = NULL };

	epoll_ctl(l->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
	l->mode->start(l);
	while (!l->over) {
		int n = epoll_wait(l->epoll, events, EVENTS, 1);
		for (int i = 0; i < n && !l->over; i++) {
			struct client *c = events[i].data.ptr;
			if (!c)
				read_line(l);
			else if (c->fd >= 0)
				serve(c, events[i].events);
		}
		if (l->mode->tick)
			l->mode->tick(l);
	}
}
