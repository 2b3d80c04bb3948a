/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The server's side of SASL without I/O: RFC 4422, 4616 (PLAIN), 5802 and 7677 (SCRAM), EXTERNAL,
 * XEP-0474 and 0515 (downgrade protection), XEP-0484 (HT-*). Bytes of the client go in, a step
 * comes out; where the mechanism needs the account's keys or a key derived from a password it
 * says so and is told later, so the store and the threads stay outside.
 *
 *   sasl_start ──▶ step ◀── sasl_input        SASL_CHALLENGE   send `out`, wait for the client
 *                   │                         SASL_NEED_KEYS   look `user` up, call sasl_keys
 *                   ▼                         SASL_NEED_DERIVE derive (scram.h), sasl_derived
 *        SASL_SUCCESS / SASL_FAILURE
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "herald/auth/scram_key.h"

/* In the order of preference, strongest first: name, -PLUS of a SCRAM or not. */
#define SASL_MECHS(X)                               \
	X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS") \
	X(SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS")     \
	X(SCRAM_SHA_256, "SCRAM-SHA-256")           \
	X(SCRAM_SHA_1, "SCRAM-SHA-1")               \
	X(EXTERNAL, "EXTERNAL")                     \
	X(PLAIN, "PLAIN")                           \
	X(HT_SHA_256_EXPR, "HT-SHA-256-EXPR")       \
	X(HT_SHA_256_UNIQ, "HT-SHA-256-UNIQ")       \
	X(HT_SHA_256_ENDP, "HT-SHA-256-ENDP")       \
	X(HT_SHA_256_NONE, "HT-SHA-256-NONE")

enum sasl_mech {
#define X(id, name) SASL_##id,
	SASL_MECHS(X)
#undef X
		SASL_MECH_COUNT,
};

#define SASL_MASK(mech) (UINT32_C(1) << (mech))

const char *sasl_mech_name(enum sasl_mech m);

/* The mechanism of that (exact) name, or -1. */
int sasl_mech_find(struct str name);

/* RFC 6120 section 6.5. */
#define SASL_FAILURES(X)                              \
	X(ABORTED, "aborted")                         \
	X(ACCOUNT_DISABLED, "account-disabled")       \
	X(CREDENTIALS_EXPIRED, "credentials-expired") \
	X(ENCRYPTION_REQUIRED, "encryption-required") \
	X(INCORRECT_ENCODING, "incorrect-encoding")   \
	X(INVALID_AUTHZID, "invalid-authzid")         \
	X(INVALID_MECHANISM, "invalid-mechanism")     \
	X(MALFORMED_REQUEST, "malformed-request")     \
	X(MECHANISM_TOO_WEAK, "mechanism-too-weak")   \
	X(NOT_AUTHORIZED, "not-authorized")           \
	X(TEMPORARY_AUTH_FAILURE, "temporary-auth-failure")

enum sasl_failure {
#define X(id, name) SASL_FAIL_##id,
	SASL_FAILURES(X)
#undef X
};

/* The name of the child of <failure/>. */
const char *sasl_failure_name(enum sasl_failure f);

enum sasl_binding {
	SASL_BIND_EXPORTER, /* tls-exporter, RFC 9266 */
	SASL_BIND_ENDPOINT, /* tls-server-end-point, RFC 5929 section 4 */
	SASL_BIND_UNIQUE, /* tls-unique, RFC 5929 section 3; TLS 1.2 with extended master secret */
	SASL_BIND_COUNT,
};

/* "tls-exporter" and so on: SCRAM's cb-name, XEP-0440's type. */
const char *sasl_binding_name(enum sasl_binding b);

/* What is known about the other end and the connection. Slices stay the caller's. */
struct sasl_peer {
	struct str host;  /* the virtual host, prepared */
	struct str place; /* where it comes from, as a key; empty: nowhere that counts */
	/* The data of each type; empty: it is not to be had. XEP-0440's list must name just those
	 * that are, for XEP-0474's hash counts them. */
	struct str bindings[SASL_BIND_COUNT];
	bool encrypted;         /* TLS is on */
	uint16_t tls_version;   /* 0x0303, 0x0304; 0 without TLS: XEP-0515's t= */
	bool no_downgrade_hash; /* leave h= and t= out of SCRAM (a configuration's wish) */
	const struct str
		*cert_users; /* for EXTERNAL: prepared local parts at `host` that */
	size_t n_cert_users; /* the verified certificate names as xmppAddr */
};

/* What the accounts know of a user. For an unknown one `exists` is false and the keys are made
 * up, the same every time; so is a key that an account lacks (has_key false), for its lack must
 * not show before the client's proof is refused. */
struct sasl_account {
	bool exists, disabled;
	bool has_key[2];          /* by enum digest */
	struct scram_key keys[2]; /* the same; never without iterations */
};

enum sasl_step {
	SASL_CHALLENGE,   /* send sasl_out, then sasl_input */
	SASL_NEED_KEYS,   /* look sasl_user up, then sasl_keys */
	SASL_NEED_DERIVE, /* derive sasl_derivation on the pool, then sasl_derived */
	SASL_SUCCESS,     /* sasl_user is who it is; sasl_out may be empty */
	SASL_FAILURE,     /* sasl_failed and sasl_reason say why */
};

struct sasl;

/* One attempt. `offered` is the mask of mechanisms that the features named; nothing else is
 * accepted, and XEP-0474 hashes it. `nonce` (SCRAM's, printable ASCII without comma, fresh
 * from the random source) and `peer` must stay. */
struct sasl *sasl_new(const struct sasl_peer *peer, uint32_t offered, struct str nonce);
void sasl_free(struct sasl *s);

DEFINE_AUTO_PTR(sasl)

/* The first message; `initial` NULL: the client gave none (it is challenged for it). */
enum sasl_step sasl_start(struct sasl *s, struct str mechanism,
                          const struct str *initial);
enum sasl_step sasl_input(struct sasl *s, struct str data);
enum sasl_step sasl_keys(struct sasl *s, const struct sasl_account *account);

/* The key to derive (digest, salt and iterations are set) and the prepared password for it:
 * scram_key_derive(&d->key, d->password). */
struct sasl_derivation {
	struct scram_key key;
	struct str password;
};

struct sasl_derivation *sasl_derivation(struct sasl *s);
enum sasl_step sasl_derived(struct sasl *s);

/* Gives up for a reason of our own, such as a database that does not answer; `reason` is a
 * literal. The failure is temporary-auth-failure. */
enum sasl_step sasl_abort(struct sasl *s, const char *reason);

/* Prepared local part; before success what the client claims, empty when that is no name. */
struct str sasl_user(const struct sasl *s);
struct str sasl_out(const struct sasl *s);
enum sasl_failure sasl_failed(const struct sasl *s);
const char *sasl_reason(const struct sasl *s);

/* After PLAIN's success the prepared password, from which keys that lack can be derived;
 * else empty. Wiped by sasl_free. */
struct str sasl_password(const struct sasl *s);
