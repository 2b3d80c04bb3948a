/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Clients on TCP: joins a connection (io/conn.h), a stream (herald/stream), a login
 * (herald/auth) and a session (herald/route). A client's life: accepted, negotiating (with a
 * deadline that nothing extends), bound, over. It is over when its stream or its connection
 * ends; the rest happens at the end of the loop's round, so that no caller loses it from under
 * its feet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "herald/route/worker.h"
#include "herald/stream/stream.h"

struct c2s;
struct crowd;
struct tls_server;

struct c2s_options {
	struct tls_server *tls; /* NULL: none; must stay */
	bool direct_tls;        /* TLS from the first byte (XEP-0368) */
	bool starttls;          /* offered */
	bool starttls_required;
	size_t max_stanza_size;  /* bytes, after login */
	uint32_t negotiation_ms; /* from accept to bind */
	/* Whether an account from that address may use this door, asked when it has proven who
	 * it is. NULL: all may. */
	bool (*may_login)(void *arg, struct jid account, const char *address);
	/* How fast the account may send, bytes a second and at once; NULL, or a rate of 0: as
	 * fast as it likes. */
	void (*shaper)(void *arg, struct jid account, const char *address, uint64_t *rate,
	               uint64_t *burst);
	struct crowd *crowd; /* counts connections, NULL: they are not; must stay */
	void *arg;
};

/* All clients of one listening socket, on the worker's thread. */
struct c2s *c2s_new(struct worker *w, const struct c2s_options *o);

/* For listener_tcp: ctx is the struct c2s. */
void c2s_accept(void *ctx, int fd, const struct sockaddr_storage *peer);

/* Brings the sessions back that clients may resume (XEP-0198), before clients are let in. They
 * are there when c2s_is_restoring is false; the answers come to the worker's inbox. */
void c2s_restore(struct c2s *c);
bool c2s_is_restoring(const struct c2s *c);

/* Whether no client is there. */
bool c2s_is_empty(const struct c2s *c);

/* The server stops: ends every client with <system-shutdown/>, keeping in the store the sessions
 * that can be resumed; what they are told is sent as the loop runs on. */
void c2s_shutdown(struct c2s *c);

/* After c2s_shutdown and the round that followed. NULL is harmless. */
void c2s_free(struct c2s *c);
