/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What is kept of a password: SCRAM's StoredKey and ServerKey, RFC 5802 section 3, for one
 * hash. With them a login can be checked and the server can prove itself, but nobody can log
 * in.
 */
#pragma once

#include "base/arena.h"
#include "herald/auth/digest.h"

#define SCRAM_SALT           16 /* bytes of a new salt */
#define SCRAM_SALT_MAX       64
#define SCRAM_ITERATIONS     10000
#define SCRAM_ITERATIONS_MAX 10000000 /* what an import may bring */

struct scram_key {
	enum digest digest;
	uint32_t iterations; /* 0: there is no key */
	uint8_t salt_n;
	uint8_t salt[SCRAM_SALT_MAX];
	uint8_t stored[DIGEST_MAX], server[DIGEST_MAX];
};

/* Prepares a password by SASLprep, RFC 4013; for keys that will be stored, unassigned code
 * points are refused too. *out is in `a` or `password` itself.
 * Errors: -EINVAL empty or forbidden, -ENAMETOOLONG over 1023 bytes. */
MUST_USE int password_prep(struct str password, bool stored, struct arena *a,
                           struct str *out);

/* Derives the keys of a prepared password with the digest, salt and iterations that are set in
 * *key. Takes milliseconds: for the pool. */
void scram_key_derive(struct scram_key *key, struct str password);

/* As text for the store: iterations, salt, StoredKey and ServerKey, "10000,c2FsdA==,…,…". */
struct str scram_key_write(const struct scram_key *key, struct arena *a);

/* Reads that text. Errors: -EINVAL. */
MUST_USE int scram_key_read(enum digest d, struct str text, struct scram_key *out);
