/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * nf_tables' messages: which numbers make, ask for and delete each kind of thing, and decoding
 * one into the callback that wants it. Sees no socket, so that a fuzzer can feed it.
 */
#pragma once

#include "gate/engine/kernel/attrs.h"
#include "gate/engine/kernel/wire.h"

struct message_kind {
	uint8_t make, get, reset, del, destroy; /* NFT_MSG_*; reset 0: there is none */
	const struct attr_table *attrs;
};

/* The row of a kind; every enum dump_kind has one. */
const struct message_kind *message_kind(enum dump_kind kind);

/* The kind a NFT_MSG_* number makes, gets, deletes …; false for others. */
bool message_kind_of(uint8_t msg, enum dump_kind *kind);

/* Appends what names the thing a filter means. */
void message_put_filter(struct wire *w, enum dump_kind kind, const struct dump_filter *f);

/* Decodes a message that makes a thing (a dump's, a notification's) and calls back when it
 * passes the filter (may be NULL). What it holds lies in the message and in `a`.
 * Returns what the callback returned, 0 for a message of another kind, -EBADMSG. */
MUST_USE int message_get(struct cursor c, const struct dump_filter *f, struct arena *a,
                         const struct dump_ops *ops, void *ctx);
