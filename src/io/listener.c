/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Listening sockets. */
#include "io/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/oom.h"
#include "io/loop.h"

enum { PAUSE_MS = 100, ACCEPTS_A_ROUND = 64 };

struct listener {
	uv_poll_t poll;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty for TCP */
	listener_fn fn;
	void *ctx;
	uv_timer_t timer; /* of a pause */
	int trouble;      /* why connections cannot be taken; 0: they can */
	void (*tell)(void *ctx, int error);
	void *tell_ctx;
	unsigned handles; /* that are not closed */
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct listener *l = timer->data;

	uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

static void set_trouble(struct listener *l, int error)
{
	if (l->trouble != error && l->tell)
		l->tell(l->tell_ctx, error);
	l->trouble = error;
}

/* Why there was nothing to accept. The socket stays readable without descriptors: it must not be
 * asked again at once. */
static void on_no_connection(struct listener *l, int error)
{
	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return;
	uv_poll_stop(&l->poll);
	uv_timer_start(&l->timer, on_pause_over, PAUSE_MS, 0);
	set_trouble(l, -error);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;

	(void)events;
	for (int i = 0; status == 0 && i < ACCEPTS_A_ROUND; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t n = sizeof(peer);
		int fd = accept4(l->fd, (struct sockaddr *)&peer, &n,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			on_no_connection(l, errno);
			return;
		}
		set_trouble(l, 0);
		l->fn(l->ctx, fd, &peer);
	}
}

static int start(struct loop *loop, int fd, int backlog, listener_fn fn, void *ctx,
                 struct listener **out)
{
	if (listen(fd, backlog) < 0)
		return -errno;
	struct listener *l = base_calloc(1, sizeof(*l));
	l->fd = fd;
	l->fn = fn;
	l->ctx = ctx;
	uv_poll_init_socket(&loop->uv, &l->poll, fd);
	uv_timer_init(&loop->uv, &l->timer);
	l->poll.data = l->timer.data = l;
	l->handles = 2;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	*out = l;
	return 0;
}

static int read_address(const char *address, uint16_t port, struct sockaddr_storage *sa,
                        socklen_t *n)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
		memcpy(sa, &six, *n = sizeof(six));
	} else if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
		memcpy(sa, &four, *n = sizeof(four));
	} else {
		return -EINVAL;
	}
	return 0;
}

/* The bound socket, or the error. */
static int bind_or_close(int fd, const struct sockaddr *sa, socklen_t n)
{
	if (bind(fd, sa, n) == 0)
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

/* What is written goes at once; a peer that has vanished is noticed in some ten minutes. Linux
 * gives connections what is set on the socket that they are taken from. */
static void set_tcp(int fd)
{
	static const int one = 1, idle_s = 300, interval_s = 60, probes = 5;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static int bind_tcp(const char *address, uint16_t port)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t n;
	int on = 1, off = 0;
	int r = read_address(address, port, &sa, &n);

	if (r < 0)
		return r;
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	set_tcp(fd);
	if (sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	return bind_or_close(fd, (struct sockaddr *)&sa, n);
}

int listener_tcp(struct loop *loop, const char *address, uint16_t port, int backlog,
                 listener_fn fn, void *ctx, struct buf *why, struct listener **out)
{
	int fd = bind_tcp(address, port);
	int r = fd < 0 ? fd : start(loop, fd, backlog, fn, ctx, out);

	if (r < 0) {
		buf_fmt(why, "cannot listen on %s port %u: %s", address, port,
		        strerror(-r));
		if (fd >= 0)
			close(fd);
	}
	return r;
}

/* Whether a socket file is left over from a process that is gone. */
static bool is_stale(const struct sockaddr_un *sa)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 &&
	       errno == ECONNREFUSED;
}

static int bind_unix(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (is_stale(&sa))
		unlink(path);
	mode_t old = umask(0177);
	int r = bind_or_close(fd, (struct sockaddr *)&sa, sizeof(sa));
	umask(old);
	return r;
}

int listener_unix(struct loop *loop, const char *path, listener_fn fn, void *ctx,
                  struct buf *why, struct listener **out)
{
	int fd = bind_unix(path);
	int r = fd < 0 ? fd : start(loop, fd, 16, fn, ctx, out);

	if (r < 0) {
		buf_fmt(why, "cannot listen on %s: %s", path, strerror(-r));
		if (fd >= 0)
			close(fd);
		return r;
	}
	memcpy((*out)->path, path, strlen(path) + 1);
	return 0;
}

void listener_on_trouble(struct listener *l, void (*fn)(void *ctx, int error), void *ctx)
{
	l->tell = fn;
	l->tell_ctx = ctx;
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	if (--l->handles == 0)
		free(l);
}

void listener_close(struct listener *l)
{
	if (!l)
		return;
	uv_poll_stop(&l->poll);
	close(l->fd);
	if (l->path[0])
		unlink(l->path);
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->timer, on_closed);
}
