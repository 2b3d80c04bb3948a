/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A connected socket in an event loop, in the clear or with TLS. TLS reads and writes the socket
 * itself. What cannot be written at once is kept and written when the peer takes it; while
 * there is nothing to write or to read, a connection holds no buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct conn;
struct loop;
struct ssl_st;
struct tls_server;

struct conn_ops {
	/* Bytes came; they are gone when this returns. May call conn_close. */
	void (*data)(void *ctx, struct str bytes);
	/* The TLS handshake is done. */
	void (*secured)(void *ctx);
	/* The peer is gone, or too slow for what waits; the owner calls conn_close.
	 * `error`: 0 an orderly end, else a negative errno (-EPROTO for TLS). */
	void (*ended)(void *ctx, int error);
};

/* Takes the descriptor over. `ops` must stay. Reading starts at once. */
struct conn *conn_new(struct loop *loop, int fd, const struct conn_ops *ops, void *ctx);

/* Speaks TLS from here on, behind what was written before. `tls` must stay. */
void conn_start_tls(struct conn *c, struct tls_server *tls);

/* Sends bytes, or keeps a copy of those that do not go out now. */
void conn_write(struct conn *c, struct str bytes);

/* Another context for the callbacks. */
void conn_set_ctx(struct conn *c, void *ctx);

/* Stops and starts reading. */
void conn_pause(struct conn *c, bool paused);

/* Bytes that wait for the peer. */
size_t conn_waiting(const struct conn *c);

/* More waiting bytes than this end the connection (-ENOBUFS). */
void conn_limit(struct conn *c, size_t waiting_max);

/* NULL without TLS or before its handshake is done. */
struct ssl_st *conn_tls(const struct conn *c);

/* The owner is done with it: no callback any more. What waits is written for up to
 * CONN_LINGER_MS, then the connection is closed and freed. */
void conn_close(struct conn *c);

#define CONN_LINGER_MS 3000
