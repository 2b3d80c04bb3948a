/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading headers, each no further than to its end. */
#include "io/proxied.h"

#include <errno.h>
#include <unistd.h>

#include "base/oom.h"
#include "io/loop.h"
#include "io/proxy_header.h"

struct guest {
	struct guest *next, **link;
	struct proxied *all;
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;        /* -1: given on */
	unsigned open; /* handles */
	struct sockaddr_storage peer;
	struct proxy_header header;
};

struct proxied {
	struct loop *loop;
	listener_fn fn;
	void *ctx;
	struct guest *guests;
};

static void on_closed(uv_handle_t *handle)
{
	struct guest *g = handle->data;

	if (--g->open)
		return;
	if (g->fd >= 0)
		close(g->fd);
	free(g);
}

static void on_closed_given(uv_handle_t *handle)
{
	struct guest *g = handle->data;

	if (--g->open == 0)
		free(g);
}

static void leave(struct guest *g, uv_close_cb closed)
{
	*g->link = g->next;
	if (g->next)
		g->next->link = g->link;
	uv_poll_stop(&g->poll);
	uv_close((uv_handle_t *)&g->poll, closed);
	uv_close((uv_handle_t *)&g->timer, closed);
}

/* The other handle of the same descriptor must be gone from the loop before it is given on, which
 * uv_poll_stop has done. */
static void give(struct guest *g)
{
	struct proxied *all = g->all;
	int fd = g->fd;

	g->fd = -1;
	leave(g, on_closed_given);
	all->fn(all->ctx, fd, g->header.has_source ? &g->header.source : &g->peer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct guest *g = poll->data;
	uint8_t bytes[PROXY_HEADER_MAX];

	(void)events;
	while (status == 0) {
		size_t wanted = proxy_header_wants(&g->header);
		ssize_t n = recv(g->fd, bytes,
		                 wanted < sizeof(bytes) ? wanted : sizeof(bytes), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0 || proxy_header_take(&g->header, bytes, (size_t)n) < 0)
			break;
		if (g->header.done) {
			give(g);
			return;
		}
	}
	leave(g, on_closed);
}

static void on_timer(uv_timer_t *timer)
{
	leave(timer->data, on_closed);
}

void proxied_accept(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	struct proxied *all = ctx;
	struct guest *g = base_calloc(1, sizeof(*g));

	g->all = all;
	g->fd = fd;
	g->peer = *peer;
	g->open = 2;
	g->next = all->guests;
	if (g->next)
		g->next->link = &g->next;
	g->link = &all->guests;
	all->guests = g;
	uv_poll_init_socket(&all->loop->uv, &g->poll, fd);
	uv_timer_init(&all->loop->uv, &g->timer);
	g->poll.data = g->timer.data = g;
	uv_poll_start(&g->poll, UV_READABLE, on_poll);
	uv_timer_start(&g->timer, on_timer, PROXIED_WAIT_MS, 0);
}

struct proxied *proxied_new(struct loop *loop, listener_fn fn, void *ctx)
{
	struct proxied *p = base_calloc(1, sizeof(*p));

	p->loop = loop;
	p->fn = fn;
	p->ctx = ctx;
	return p;
}

void proxied_free(struct proxied *p)
{
	while (p && p->guests)
		leave(p->guests, on_closed);
	free(p);
}
