/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One client proving who it is: a SASL mechanism (sasl.h) joined with the accounts and the pool
 * that derives keys. c2s makes a login for each attempt, gives it the decoded bytes of <auth/>
 * and <response/>, and sends on what the login replies. Replies come through the inbox, never
 * from inside a call. Everything that may fail looks alike to the client; `reason` is for the
 * log.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/tally.h"
#include "herald/auth/sasl.h"
#include "io/inbox.h"

struct accounts;
struct login;
struct pool;

/* How many keys may be derived at once, waiting ones too, for logins from one place. On the thread
 * of the logins. */
struct quota {
	struct tally used; /* by sasl_peer's place */
	uint64_t max;
};

/* What all logins of a server share. */
struct auth {
	struct accounts *accounts;
	struct pool *pool;
	struct quota *quota; /* NULL: no limit */
	bool plain_without_tls; /* lets PLAIN run unencrypted; false unless the host wants it */
};

/* The mechanisms to offer, strongest first, as a mask: what the connection allows (`bindings`
 * for -PLUS, TLS for PLAIN, a certificate for EXTERNAL) less those `disabled` (a mask too), and
 * SCRAM-SHA-256 only when every account of the host has that key. */
uint32_t auth_offer(const struct auth *auth, const struct sasl_peer *peer,
                    uint32_t disabled);

enum login_kind {
	LOGIN_CHALLENGE, /* <challenge/> with data */
	LOGIN_SUCCESS,   /* <success/> with data (may be empty: then no text) */
	LOGIN_FAILURE,   /* <failure/> with the condition */
};

struct login_reply {
	enum login_kind kind;
	struct str data; /* not base64; until the callback returns */
	struct str user; /* LOGIN_SUCCESS: prepared local part; on failure what was
	                           * claimed, may be empty: for log and bans */
	enum sasl_failure failure; /* LOGIN_FAILURE; sasl_failure_name() is the element */
	const char *reason;        /* LOGIN_FAILURE: for the log, never for the client */
};

typedef void (*login_fn)(void *arg, const struct login_reply *r);

/* `peer` must stay until login_free. */
struct login *login_new(const struct auth *auth, const struct sasl_peer *peer,
                        uint32_t offered, struct inbox *to, login_fn fn, void *arg);

/* <auth mechanism='…'>: `initial` is NULL when the element was empty, a slice of no bytes
 * when it was "=". One reply follows. */
void login_start(struct login *l, struct str mechanism, const struct str *initial);

/* <response/>. One reply follows. After success or failure nothing may be given any more. */
void login_response(struct login *l, struct str data);

/* At any time, also while a reply is due: `fn` is not called afterwards. NULL is harmless. */
void login_free(struct login *l);

DEFINE_AUTO_PTR(login)
