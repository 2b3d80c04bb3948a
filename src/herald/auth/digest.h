/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SHA-1, SHA-256, their HMAC (RFC 2104) and PBKDF2 (RFC 8018 section 5.2), on OpenSSL's
 * compression functions. A HMAC keeps the state after the key's block, so that PBKDF2 costs
 * two compressions an iteration: half the time of OpenSSL 3.0's PKCS5_PBKDF2_HMAC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum digest {
	DIGEST_SHA1,
	DIGEST_SHA256,
};

#define DIGEST_MAX 32 /* bytes of the longest */

/* Bytes of a result: 20 or 32. */
size_t digest_size(enum digest d);

void digest(enum digest d, struct str data, uint8_t *out);

/* HMAC over `a` and then `b`. */
void hmac(enum digest d, struct str key, struct str a, struct str b, uint8_t *out);

/* The first block of PBKDF2, which is all of digest_size(d) bytes; `iterations` of at least 1.
 * Takes milliseconds: not for event loops. */
void pbkdf2(enum digest d, struct str password, struct str salt, uint32_t iterations,
            uint8_t *out);

/* Whether the bytes are the same, in a time that depends on `n` alone. */
bool secret_eq(const void *a, const void *b, size_t n);

/* Overwrites a secret; the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);
