/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Life of a connection: open ─▶ (its turn for a handshake ─▶ handshake) ─▶ open ─▶ closing (owner gone, output lingers) ─▶
 * freed by libuv's close callback. A read callback may end in conn_close, so memory is only
 * ever freed there.
 */
#include "io/conn.h"

#include <errno.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/oom.h"
#include "io/loop.h"
#include "io/tls.h"

enum { READS_A_ROUND = 4, WAITING_MAX = 4 << 20 };

struct conn {
	uv_poll_t poll;
	int fd;
	SSL *ssl;
	struct loop *loop;
	const struct conn_ops *ops; /* NULL: the owner is gone */
	void *ctx;
	struct buf out;
	size_t out_at; /* bytes of `out` that are written */
	size_t waiting_max;
	struct tls_server
		*tls_next; /* TLS starts when `out` is written and the peer begins */
	struct handshake turn;
	uv_timer_t *linger;
	int watched; /* events that libuv looks for */
	bool handshaking, paused, ended, closed, want_write;
};

static void update(struct conn *c);

/* ---- the end ------------------------------------------------------------------------------ */

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	SSL_free(c->ssl);
	close(c->fd);
	buf_fini(&c->out);
	free(c);
}

static void destroy(struct conn *c)
{
	if (c->closed)
		return;
	c->closed = true;
	handshakes_leave(&c->loop->handshakes, &c->turn);
	if (c->ssl && !c->ended && !c->handshaking)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	if (c->linger)
		uv_close((uv_handle_t *)c->linger, on_timer_closed);
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

static void on_linger(uv_timer_t *timer)
{
	destroy(timer->data);
}

/* Tells the owner once. */
static void end(struct conn *c, int error)
{
	if (c->ended)
		return;
	c->ended = true;
	handshakes_leave(&c->loop->handshakes, &c->turn);
	buf_fini(&c->out);
	c->out_at = 0;
	if (c->ops)
		c->ops->ended(c->ctx, error);
	else
		destroy(c);
	if (!c->closed)
		update(c);
}

void conn_close(struct conn *c)
{
	c->ops = NULL;
	if (c->ended || conn_waiting(c) == 0) {
		destroy(c);
		return;
	}
	c->linger = base_calloc(1, sizeof(*c->linger));
	uv_timer_init(&c->loop->uv, c->linger);
	c->linger->data = c;
	uv_timer_start(c->linger, on_linger, CONN_LINGER_MS, 0);
	update(c);
}

/* ---- reading and writing ------------------------------------------------------------------ */

/* What OpenSSL's result means: bytes, -EAGAIN, 0 for the end, or an error. */
static ssize_t tls_result(struct conn *c, int r)
{
	int error = SSL_get_error(c->ssl, r);

	if (r > 0)
		return r;
	if (error == SSL_ERROR_WANT_WRITE)
		c->want_write = true;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	return error == SSL_ERROR_SYSCALL && errno ? -errno : -EPROTO;
}

static ssize_t read_some(struct conn *c, char *p, size_t n)
{
	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		return tls_result(c, SSL_read(c->ssl, p, (int)n));
	}
	ssize_t r = recv(c->fd, p, n, 0);
	return r < 0 ? -errno : r;
}

static ssize_t write_some(struct conn *c, const char *p, size_t n)
{
	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		int r = SSL_write(c->ssl, p, (int)(n > INT32_MAX ? INT32_MAX : n));
		return tls_result(c, r);
	}
	ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);
	return r < 0 ? -errno : r;
}

/* Writes what it can of `s`; gives how much, or an error. */
static ssize_t write_all(struct conn *c, struct str s)
{
	size_t at = 0;

	while (at < s.n) {
		ssize_t r = write_some(c, s.p + at, s.n - at);
		if (r == -EAGAIN || r == -EINTR)
			break;
		if (r <= 0)
			return r == 0 ? -EPIPE : r;
		at += (size_t)r;
	}
	return (ssize_t)at;
}

static struct conn *conn_of(struct handshake *turn)
{
	return (struct conn *)(void *)((char *)turn - offsetof(struct conn, turn));
}

static void on_turn(struct handshake *turn)
{
	struct conn *c = conn_of(turn);

	c->ssl = tls_accept(c->tls_next, c->fd);
	c->tls_next = NULL;
	c->handshaking = true;
	update(c);
}

static void on_turn_lost(struct handshake *turn)
{
	end(conn_of(turn), -ETIMEDOUT);
}

/* Whether only the peer's first bytes of the handshake are waited for. */
static bool is_before_tls(const struct conn *c)
{
	return c->tls_next && conn_waiting(c) == 0 && !c->ended &&
	       c->turn.state == HANDSHAKE_NONE;
}

static void flush(struct conn *c)
{
	struct str left = { c->out.p + c->out_at, c->out.n - c->out_at };

	c->want_write = false;
	ssize_t r = write_all(c, left);
	if (r < 0) {
		end(c, (int)r);
		return;
	}
	c->out_at += (size_t)r;
	if (c->out_at < c->out.n)
		return;
	buf_fini(&c->out);
	c->out_at = 0;
	if (!c->ops)
		destroy(c);
}

static void keep(struct conn *c, struct str bytes)
{
	if (c->out_at > c->out.n / 2) {
		memmove(c->out.p, c->out.p + c->out_at, c->out.n - c->out_at);
		c->out.n -= c->out_at;
		c->out_at = 0;
	}
	buf_str(&c->out, bytes);
	if (conn_waiting(c) > c->waiting_max)
		end(c, -ENOBUFS);
}

void conn_write(struct conn *c, struct str bytes)
{
	ssize_t r = 0;

	if (c->ended || c->closed || bytes.n == 0)
		return;
	if (c->out.n == 0 && !c->handshaking)
		r = write_all(c, bytes);
	if (r < 0) {
		end(c, (int)r);
		return;
	}
	bytes = str_sub(bytes, (size_t)r, bytes.n);
	if (bytes.n)
		keep(c, bytes);
	if (!c->closed)
		update(c);
}

static void handshake(struct conn *c)
{
	c->want_write = false;
	ERR_clear_error();
	errno = 0;
	ssize_t r = tls_result(c, SSL_do_handshake(c->ssl));
	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		end(c, r == 0 ? -EPROTO : (int)r);
		return;
	}
	c->handshaking = false;
	handshakes_leave(&c->loop->handshakes, &c->turn);
	if (c->ops)
		c->ops->secured(c->ctx);
}

static bool is_reading(const struct conn *c)
{
	return c->ops && !c->paused && !c->ended && !c->closed && !c->handshaking &&
	       !c->tls_next;
}

static void read_round(struct conn *c)
{
	for (int i = 0; i < READS_A_ROUND || (c->ssl && SSL_has_pending(c->ssl)); i++) {
		if (!is_reading(c))
			return;
		ssize_t r = read_some(c, c->loop->read_buf, LOOP_READ_MAX);
		if (r == -EAGAIN || r == -EINTR)
			return;
		if (r <= 0) {
			end(c, (int)r);
			return;
		}
		c->ops->data(c->ctx, (struct str){ c->loop->read_buf, (size_t)r });
	}
}

/* The events that are waited for. */
static int wanted(const struct conn *c)
{
	int events = 0;

	if (c->handshaking || is_reading(c) || is_before_tls(c))
		events |= UV_READABLE;
	if (!c->ended && (c->want_write || (conn_waiting(c) && !c->handshaking)))
		events |= UV_WRITABLE;
	return events;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct conn *c, int events)
{
	c->watched = events;
	if (events)
		uv_poll_start(&c->poll, events, on_poll);
	else
		uv_poll_stop(&c->poll);
}

/* Tells libuv what is waited for. Who pauses goes on soon, mostly before anything comes: so what
 * is not wanted any more is looked for until it happens. (A socket can be written to always.) */
static void update(struct conn *c)
{
	int events = c->closed ? c->watched : wanted(c);

	if ((events & ~c->watched) || (c->watched & ~events & UV_WRITABLE))
		watch(c, events);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *c = poll->data;

	if (status < 0) {
		c->watched = 0; /* libuv has stopped it */
		end(c, status);
		return;
	}
	if (events & ~wanted(c)) {
		watch(c, wanted(c));
		if (!(events & c->watched))
			return;
	}
	if (is_before_tls(c))
		handshakes_enter(&c->loop->handshakes, &c->turn);
	if (c->handshaking)
		handshake(c);
	if (!c->closed && !c->handshaking && conn_waiting(c))
		flush(c);
	if (!c->closed && !c->handshaking)
		read_round(c);
	if (!c->closed)
		update(c);
}

/* ---- what the owner calls ----------------------------------------------------------------- */

struct conn *conn_new(struct loop *loop, int fd, const struct conn_ops *ops, void *ctx)
{
	struct conn *c = base_calloc(1, sizeof(*c));

	c->fd = fd;
	c->loop = loop;
	c->ops = ops;
	c->ctx = ctx;
	c->waiting_max = WAITING_MAX;
	c->turn.begin = on_turn;
	c->turn.expire = on_turn_lost;
	uv_poll_init_socket(&loop->uv, &c->poll, fd);
	c->poll.data = c;
	update(c);
	return c;
}

void conn_start_tls(struct conn *c, struct tls_server *tls)
{
	c->tls_next = tls;
	update(c);
}

void conn_set_ctx(struct conn *c, void *ctx)
{
	c->ctx = ctx;
}

void conn_pause(struct conn *c, bool paused)
{
	if (c->paused == paused)
		return;
	c->paused = paused;
	update(c);
}

size_t conn_waiting(const struct conn *c)
{
	return c->out.n - c->out_at;
}

void conn_limit(struct conn *c, size_t waiting_max)
{
	c->waiting_max = waiting_max;
}

SSL *conn_tls(const struct conn *c)
{
	return c->handshaking ? NULL : c->ssl;
}
