/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the helper for SIP reads in a message: headers, RFC 3261, and its session description, RFC
 * 8866. Slices point into the message. */
#pragma once

#include "base/str.h"
#include "gate/track/packet.h"

/* Takes the first line, without its end, off the text. */
struct str sip_line(struct str *text);

/* The value of the first header called `name` or, where not 0, the letter `compact`, from `*at`
 * on, which moves behind the line. False at the end. */
bool sip_header(struct str *at, const char *name, char compact, struct str *value);

/* An address with its port, 5060 when there is none. */
struct sip_address {
	struct track_addr addr;
	uint16_t port;
	struct str text, rest; /* as it stands there, and what follows */
};

/* "ADDRESS:PORT" at the beginning: 1, or -1 it cannot be read (a name). */
int sip_address(struct str text, uint8_t family, struct sip_address *out);

/* "sip:user@ADDRESS:PORT" in a value. 1 found, 0 nothing of the kind, -1 it cannot be read. */
int sip_uri(struct str value, uint8_t family, struct sip_address *out);

/* The value of ";NAME=" before the next comma: whether there is one. */
bool sip_param(struct str rest, const char *name, struct str *value);

/* An address in text. Returns its length, 0 for none. */
size_t sip_addr(struct str text, uint8_t family, struct track_addr *addr);

/* The session description from its version line on; empty when there is none. */
struct str sip_description(struct str message);

/* The value of the next line "TYPE=", at most up to a line of type `until` (0: none); `*at` moves
 * behind it, or stays when it is false. */
bool sip_description_line(struct str *at, char type, char until, struct str *value);
