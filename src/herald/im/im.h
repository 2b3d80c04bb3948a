/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Instant messaging, RFC 6121: what becomes of a stanza.
 *
 *   im_from_session ─▶ is it well addressed? ─▶ presence of its own, subscription, or
 *   im_route ─▶ a host's or an account's IQ ─▶ modules
 *            ─▶ an account's resources, by the rules of section 8
 *
 * Everything runs on the worker that owns the account.
 */
#pragma once

#include "herald/im/module.h"
#include "herald/im/stanza.h"
#include "herald/route/user.h"

struct store_tx;

/* A stanza that a client sent on its session. */
void im_from_session(struct session *s, struct xml *x, struct arena *a);

/* Sends a stanza on to its `to`, wherever that is. `from` and `to` must be set. */
void im_route(struct worker *w, struct xml *x, struct arena *a);

/* Answers with an error where that is allowed. */
void im_fail(const struct stanza *st, enum stanza_error e);

/* Sends `reply` when what is in the worker's transaction now is stored, else an error for `st`. */
void im_reply_when_stored(const struct stanza *st, const struct xml *reply);

/* The session is there again after a restart: it is told whose presence it may see. */
void im_session_resumed(struct session *s, struct arena *a);

/* Shows a session's presence again, which the server has changed. */
void im_presence_again(struct session *s, struct xml *x, struct arena *a);

/* The session ends: its presence is withdrawn. It is still one of its user's. */
void im_session_ends(struct session *s, struct arena *a);

/* ---- inside im ---------------------------------------------------------------------------- */

/* Takes out of a client's message what only a server may say. */
void im_strip(struct stanza *st);

/* Sends a stanza on whose `to` is set. What a session of ours sent holds it when the account
 * must be loaded first. */
void im_dispatch(struct stanza *st);

/* Whether the user has blocked who sends it, or whom a session sends it to; then it was refused
 * as it has to be. */
bool im_block_in(struct user *u, struct stanza *st);
bool im_block_out(struct stanza *st);

/* An IQ for the server itself or for an account; `u` as for iq_handler. */
void im_iq(struct stanza *st, enum iq_target target, struct user *u);

/* A stanza for an account that is loaded (it may not exist). */
void im_deliver(struct user *u, struct stanza *st);

/* Presence without `to`, and with. */
void im_presence_own(struct stanza *st);
void im_presence_directed(struct stanza *st);

/* A subscription stanza of a session of ours, and one that comes to an account. */
void im_subscription_out(struct stanza *st);
void im_subscription_in(struct user *u, struct stanza *st);

/* Answers a probe. */
void im_probe(struct user *u, struct stanza *st);

/* The presence of all available sessions, as it is or (gone) withdrawn, to `to`. */
void im_presence_send(struct user *u, struct jid to, bool gone, struct arena *a);

/* Tells the user's sessions about an item; `removed` when it is one no more. */
void im_roster_push(struct user *u, const struct roster_item *item, bool removed,
                    struct arena *a);

/* Puts an item's present state, or its absence when item is NULL, into a transaction. */
void im_roster_put(struct store_tx *tx, const struct user *u, struct jid bare,
                   const struct roster_item *item);
