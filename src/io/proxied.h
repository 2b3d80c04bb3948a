/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Connections that come through a proxy: waits for the header (io/proxy_header.h) of each. */
#pragma once

#include "io/listener.h"

struct proxied;

/* Connections whose header has come go on to fn(ctx). */
struct proxied *proxied_new(struct loop *loop, listener_fn fn, void *ctx);

/* For listener_tcp: ctx is the struct proxied. */
void proxied_accept(void *ctx, int fd, const struct sockaddr_storage *peer);

/* Closes those that are waited for. NULL is harmless. */
void proxied_free(struct proxied *p);

#define PROXIED_WAIT_MS 3000
