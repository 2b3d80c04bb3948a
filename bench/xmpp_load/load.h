/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A load generator for XMPP servers: one thread, epoll, many clients. A client connects, logs in
 * and is ready; what happens then is the mode's. Every message is checked: it arrives once and
 * whole.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct client;
struct load;

enum step {
	STEP_NONE,
	STEP_CONNECT,
	STEP_TLS,
	STEP_FEATURES, /* before the login */
	STEP_CHALLENGE,
	STEP_SUCCESS,
	STEP_FEATURES_AGAIN,
	STEP_BIND,
	STEP_ENABLE, /* XEP-0198 */
	STEP_READY,
};

/* What the command line says. */
struct options {
	const char *address, *domain, *password,
		*mechanism; /* "PLAIN", "SCRAM-SHA-1", … */
	uint16_t port;
	bool tls;  /* from the first byte */
	bool acks; /* XEP-0198 */
	unsigned first, count, parallel, window, seconds, rate;
	bool presence; /* sent when ready */
};

struct mode {
	const char *name;
	void (*start)(struct load *l);
	void (*ready)(struct client *c);
	/* A whole stanza of the server. */
	void (*stanza)(struct client *c, struct str name, struct str text);
	void (*tick)(struct load *l); /* every millisecond or so */
	void (*line)(struct load *l); /* of standard input */
};

struct client {
	struct load *load;
	int fd; /* -1: none */
	SSL *ssl;
	enum step step;
	bool wants_write;
	unsigned index; /* of the account */
	struct buf in, out;
	struct scram *scram;
	uint32_t stanzas_in, unacked_in; /* XEP-0198 */
	/* of the modes */
	struct client *peer;
	uint64_t sent, received;
};

struct load {
	const struct options *o;
	const struct mode *mode;
	SSL_CTX *tls;
	int epoll;
	struct client *clients;
	unsigned ready, connecting;
	bool over;
	uint64_t count, errors, began_ns;
	void *own; /* the mode's */
};

uint64_t now_ns(void);

/* ---- net.c -------------------------------------------------------------------------------- */

/* Connects; login.c goes on from there. */
void client_connect(struct client *c);
void client_disconnect(struct client *c);
/* Writes what is in c->out as far as it goes. */
void client_flush(struct client *c);
/* Serves until l->over. */
void load_run(struct load *l);
/* Ends the process: nothing that follows would mean anything. */
_Noreturn void give_up(const char *what, struct str detail);

/* ---- login.c ------------------------------------------------------------------------------ */

/* The connection stands (with TLS where wanted). */
void login_begin(struct client *c);
/* Something is in c->in. */
void login_input(struct client *c);

/* ---- scram.c ------------------------------------------------------------------------------ */

struct scram;
/* The first message, in `out`, not base 64. */
struct scram *scram_begin(const char *mechanism, const char *user, struct buf *out);
/* Answers the server's first message; a give_up when it is none. */
void scram_answer(struct scram *s, const char *password, struct str challenge,
                  struct buf *out);
void scram_free(struct scram *s);

/* ---- modes.c ------------------------------------------------------------------------------ */

/* Ended by one without a name. */
extern const struct mode modes[];
