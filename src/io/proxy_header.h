/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The PROXY protocol of HAProxy ("proxy-protocol.txt"), versions 1 and 2: what a proxy writes in
 * front of a connection to say whose it is. Pure: asks for so many bytes, never for more than
 * the header has, so that what follows stays in the socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define PROXY_HEADER_MAX 1024 /* bytes; a longer one (of many TLVs) is refused */

/* All zero: before the first byte. */
struct proxy_header {
	uint8_t in[PROXY_HEADER_MAX];
	size_t n;
	bool done;
	bool has_source; /* false: the proxy speaks for itself, or does not know */
	struct sockaddr_storage source;
};

/* How many bytes to give next; 0 when it is done. */
size_t proxy_header_wants(const struct proxy_header *h);

/* Takes exactly as many as were wanted. Errors: -EINVAL it is no such header. */
MUST_USE int proxy_header_take(struct proxy_header *h, const void *bytes, size_t n);
