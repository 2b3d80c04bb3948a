/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * HT-SHA-256-*, the mechanism of hashed tokens, draft-schmaus-kitten-sasl-ht-08, which FAST
 * (XEP-0484) logs in with: one message from the client, one answer. Which tokens a client has,
 * their ends and counts, are the caller's.
 */
#pragma once

#include "herald/auth/sasl.h"

#define HT_SIZE 32 /* bytes of a proof and of an answer */

/* Whether it is one of the four. */
bool ht_is(enum sasl_mech m);

/* The channel binding that the mechanism uses; SASL_BIND_COUNT: none (-NONE, and all others). */
enum sasl_binding ht_binding(enum sasl_mech m);

/* The client's message: its name as it came (not prepared) and its proof, in `data`. */
struct ht_message {
	struct str authcid;
	struct str proof; /* HT_SIZE bytes */
};

/* Errors: -EBADMSG. */
MUST_USE int ht_read(struct str data, struct ht_message *out);

/* Whether the proof is that of the token on this channel; `binding` is empty for -NONE. The
 * time does not depend on the token. */
bool ht_proof_ok(struct str token, struct str binding, struct str proof);

/* What proves to the client that the server knows the token: the data of <success/>. */
void ht_answer(struct str token, struct str binding, uint8_t out[HT_SIZE]);
