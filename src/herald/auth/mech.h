/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Between sasl.c and the mechanisms: a mechanism is a row of functions over one attempt. A
 * message it does not await finds no function and fails.
 */
#pragma once

#include "base/arena.h"
#include "herald/auth/sasl.h"

/* SCRAM's own part of an attempt. */
struct scram {
	enum digest digest;
	bool plus;
	enum sasl_binding binding; /* of -PLUS */
	struct str gs2;            /* "p=tls-exporter,," as sent */
	struct str client_bare;    /* client-first-message-bare */
	struct str client_nonce;
	struct str nonce; /* both nonces */
	struct str server_first;
	struct scram_key key;
	bool has_key; /* else `key` is made up */
};

struct sasl {
	struct arena arena; /* texts of the attempt */
	const struct sasl_peer *peer;
	uint32_t offered;
	struct str server_nonce;
	const struct sasl_ops *ops; /* NULL until started */
	bool awaits_first;          /* the empty challenge went out */
	struct str user, out;
	bool is_known, is_disabled; /* of the account */
	enum sasl_failure failure;
	const char *reason;
	struct scram scram;
	struct sasl_derivation derivation; /* PLAIN */
};

struct sasl_ops {
	enum sasl_step (*first)(struct sasl *s, struct str data);
	enum sasl_step (*next)(struct sasl *s, struct str data);
	enum sasl_step (*keys)(struct sasl *s, const struct sasl_account *account);
	enum sasl_step (*derived)(struct sasl *s);
};

extern const struct sasl_ops sasl_scram, sasl_plain, sasl_external;

/* Ends the attempt. `reason` is a literal for the log. */
enum sasl_step sasl_fail(struct sasl *s, enum sasl_failure f, const char *reason);

/* Sets the user from what the client calls itself. False: that is no local part. */
bool sasl_set_user(struct sasl *s, struct str name);

/* Whether an authorization identity is empty or the user's own bare address, letter by letter:
 * logging in is for oneself. */
bool sasl_authzid_ok(const struct sasl *s, struct str authzid);

/* Success if the account exists and is not disabled; `proven` is whether the client has shown
 * what it should. All three look alike to it. */
enum sasl_step sasl_judge(struct sasl *s, bool proven);

/* What SCRAM is told apart by, set before its functions are called. */
void scram_init(struct sasl *s, enum sasl_mech m);
