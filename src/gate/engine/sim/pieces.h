/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Cutting a packet into pieces: RFC 791 section 3.2, RFC 8200 section 4.5. What was put together
 * from pieces is cut where they ended, if that can be, as the kernel does it.
 */
#pragma once

#include "gate/engine/sim/packet.h"

/* RFC 8200 section 5. */
enum { PIECE_LEAST6 = 1280 };

/* How a packet is cut. */
struct cut {
	const struct packet *whole;
	uint32_t
		header; /* bytes that each piece has of it; IPv6: a fragment header more */
	uint32_t names; /* IPv6: where in them stands what comes behind */
	uint32_t each;  /* bytes of content in all pieces but the last; 0: as they came */
	size_t n;       /* pieces */
	bool forbids;   /* IPv4: they say that they may not be cut */
	bool drops_options; /* IPv4: those that are for the first piece only go in the others */
};

/* Pieces of at most `most` bytes, all alike but the last. n is 0 where there is no room. */
void cut_anew(struct cut *c, const struct packet *p, uint32_t most);
/* The same, or the pieces as they came where none is larger. */
void cut_as_it_came(struct cut *c, const struct packet *p, uint32_t most);
/* Whether the pieces as they came have headers too short for the new ones: there the kernel needs
 * room before them, which it has or has not. */
bool cut_wants_room(const struct cut *c);
/* The i-th of them, from 0; `out` is all zero or a packet before. IPv6's identification is hidden:
 * the kernel draws it. */
void cut_piece(const struct cut *c, size_t i, struct packet *out);
