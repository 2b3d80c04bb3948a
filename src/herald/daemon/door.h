/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A configured listener at work: socket, TLS and the clients that came through it. When the
 * configuration changes, the socket stays and what is behind it is exchanged; clients that are
 * there keep what they came with until they go.
 */
#pragma once

#include "herald/daemon/config.h"
#include "io/listener.h"

struct c2s;
struct daemon;
struct tls_server;

/* What is behind a socket. */
struct hall {
	struct daemon *daemon;
	struct c2s *c2s;
	struct tls_server *tls;
	char *shaper;  /* of how fast they may send: a rule or a shaper; empty: none */
	char *access;  /* the rule of who may log in; empty: all */
	bool verifies; /* asks for clients' certificates */
};

struct door {
	struct listener *listener;
	struct proxied *proxied; /* NULL: clients come without a proxy */
	char *ip;
	uint16_t port;
	uint64_t backlog;
	struct hall *hall;
};

/* An address as text, for rules; of no family when it is none. */
void door_read_address(const char *text, struct sockaddr_storage *out);

/* A hall as the listener and the other options of `c` want it. `why` gets a sentence on errors.
 * Errors: those of certs_files and tls_server_load. */
MUST_USE int hall_new(struct daemon *d, const struct config *c,
                      const struct config_listener *l, struct buf *why,
                      struct hall **out);

/* A hall that no socket leads to, for sessions of before a restart. */
struct hall *hall_empty(struct daemon *d);

/* Reads the certificates again; on errors the old ones stay. Errors: those of certs_files and tls_server_load. */
MUST_USE int hall_reload_tls(struct hall *h, const struct config *c, struct buf *why);

/* Ends the clients; what they are told is sent as the loop runs on. */
void hall_shutdown(struct hall *h);

/* After hall_shutdown and the round that followed, or when it never had a client. */
void hall_free(struct hall *h);

/* Opens the socket; the hall is the door's from then on. Errors: those of listener_tcp, and then
 * the hall stays the caller's. */
MUST_USE int door_open(struct daemon *d, const struct config_listener *l,
                       struct hall *hall, struct buf *why, struct door **out);

/* Closes the socket; the hall is the caller's again. */
struct hall *door_close(struct door *door);
