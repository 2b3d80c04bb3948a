/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The engine's two netlink sockets. One is for transactions and single requests and stays open
 * as long as the engine: tables with an owner die with it. The other is for dumps and is
 * thrown away when the rest of a dump is not wanted, since the kernel would make it all first
 * (of a million elements that takes it a quarter of a minute).
 */
#pragma once

#include <libmnl/libmnl.h>

#include "gate/engine/engine.h"
#include "gate/engine/kernel/wire.h"

struct kernel {
	struct engine engine;          /* first: an engine is cast to a kernel */
	struct mnl_socket *nl, *dumps; /* dumps: NULL until needed */
	uint32_t seq;                  /* of the last message sent */
	struct wire request;           /* the one being built */
	struct arena arena;            /* what one received message is decoded into */
	uint8_t *rx;
};

/* What the kernel says at the end: an errno, and where in the message. */
struct ack {
	uint32_t seq;
	int err; /* negative errno or 0 */
	bool has_off;
	uint32_t off;    /* from the message's nlmsghdr to the bad attribute */
	struct str text; /* in the receive buffer */
};

/* Reads NLMSG_ERROR, its extended part too. */
void ack_read(const struct nlmsghdr *h, struct ack *ack);

typedef int (*message_fn)(const struct nlmsghdr *h, void *ctx);

MUST_USE int kernel_sockets_open(struct kernel *k);
void kernel_sockets_close(struct kernel *k);

/* Empties k->request for a new request to the message type; returns what kernel_ask wants. */
size_t kernel_request(struct kernel *k, uint8_t msg, uint16_t flags, uint8_t family);

/* Sends the request and gives each answer to `fn`. A negative return of `fn` ends the calls
 * and is returned. `ack` (may be NULL) is filled when there was an error.
 * Errors: the kernel's; -EINTR: a dump was interrupted by a change and must be made anew. */
MUST_USE int kernel_ask(struct kernel *k, size_t request, message_fn fn, void *ctx,
                        struct ack *ack);

/* Sends a batch in one piece, raising the send buffer first. Errors: -EMSGSIZE the limit is
 * too low; -ENOBUFS and others of sendmsg(2). */
MUST_USE int kernel_send(struct kernel *k, const void *p, size_t n);

/* Lets the answers to a batch take up to `n` bytes (as far as the system allows). */
void kernel_expect(struct kernel *k, size_t n);

/* Reads what has arrived, without waiting. -ENOBUFS: some of it was lost. */
MUST_USE int kernel_collect(struct kernel *k, message_fn fn, void *ctx);
