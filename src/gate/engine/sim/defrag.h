/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Putting fragments together again, as connection tracking has it done at priority -400
 * (RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722 for what overlaps).
 */
#pragma once

#include "gate/engine/sim/packet.h"

struct defrag;

struct defrag *defrag_new(void);
void defrag_free(struct defrag *d);

/* What all fragments of a packet have in common, and other packets' have not. False: it is none. */
enum { DEFRAG_KEY_BYTES = 40 };
bool defrag_key(const struct packet *p, uint8_t key[DEFRAG_KEY_BYTES]);

enum defrag_result {
	DEFRAG_WAITS,  /* kept until the others have come */
	DEFRAG_WHOLE,  /* `p` is the whole packet now */
	DEFRAG_DROPS,  /* it does not fit the others, or is there already */
	DEFRAG_PASSES, /* nobody puts such a one together: it goes on as it is */
};

/* Takes the fragment `p`. Prerouting and output (`where`) keep theirs apart. */
enum defrag_result defrag_take(struct defrag *d, struct packet *p, uint8_t where,
                               uint64_t now_ns);
