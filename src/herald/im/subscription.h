/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The state machine of RFC 6121 appendix A, pure. */
#pragma once

#include <stdbool.h>

#include "herald/im/stanza.h"

/* A state (as struct roster_item has it), and what the stanza that led to it is good for. */
struct subscription {
	bool to, from, ask, pending, approved, listed;
	bool route;  /* outbound: send it on; inbound: show it to the user */
	bool answer; /* inbound: the server answers for the user */
};

/* The state after the user sent, or the contact sent, a stanza of that (subscription) type. */
struct subscription subscription_out(struct subscription s, enum stanza_type type);
struct subscription subscription_in(struct subscription s, enum stanza_type type);
