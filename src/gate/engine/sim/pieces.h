/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A packet that was put together for connection tracking leaves in pieces again, as large as the
 * largest that came: RFC 791 section 3.2, RFC 8200 section 4.5.
 */
#pragma once

#include "gate/engine/sim/packet.h"

/* RFC 8200 section 5. */
enum { PIECE_LEAST6 = 1280 };

/* How many pieces it leaves in, when it was put together. */
size_t pieces_of(const struct packet *p);
/* The n-th of them, from 0; `out` is all zero or a packet before. IPv6's identification, which the
 * kernel draws, is 0. */
void piece_make(const struct packet *p, size_t n, struct packet *out);
