/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sockets that wait for connections: TCP on an address and port, or UNIX on a path. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct listener;
struct loop;

/* A client is there; the descriptor (non-blocking, close-on-exec, TCP_NODELAY,
 * with keepalives) is the callee's. */
typedef void (*listener_fn)(void *ctx, int fd, const struct sockaddr_storage *peer);

/* `address` is numeric; "::" takes IPv4 too. `why` gets a sentence on errors.
 * Errors: -EINVAL no address; those of socket(), bind(), listen(). */
int listener_tcp(struct loop *loop, const char *address, uint16_t port, int backlog,
                 listener_fn fn, void *ctx, struct buf *why, struct listener **out);

/* A socket file of mode 0600; an old one that nobody listens on is replaced.
 * Errors: -EADDRINUSE somebody listens there; -ENAMETOOLONG; those of bind(). */
int listener_unix(struct loop *loop, const char *path, listener_fn fn, void *ctx,
                  struct buf *why, struct listener **out);

/* When there are no descriptors (or no memory) for another connection, clients wait in the kernel's
 * queue, and it is tried again ten times a second. fn(ctx, error) is called once when that
 * begins, and with 0 when a client was taken again. */
void listener_on_trouble(struct listener *l, void (*fn)(void *ctx, int error), void *ctx);

/* Closes it, and removes the socket file. NULL is harmless. */
void listener_close(struct listener *l);
