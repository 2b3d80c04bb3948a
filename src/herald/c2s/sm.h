/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0198: Stream Management, version 1.6, inside c2s. Acked means stored:
 *
 * - What a client sent is counted when it is handled to its end, and the count goes to the disk in
 *   the transaction of what the stanza changed. An <a/> names only counts that are on the disk.
 * - What goes to the client waits in a queue until it is acknowledged. Messages and IQs of it are
 *   on the disk before they are written to the client, so that a count the client gives after a
 *   crash is never of something we have forgotten. Presence is not: a resumed client is told it
 *   anew.
 *
 * A connection that breaks leaves the session behind, which anybody still sees as there; the
 * client's next connection takes it over, also after a restart of the server. A session that is
 * not taken over in time ends, and its queue goes where messages for it go then.
 *
 * In the store: map "sm" of the host, "ID" the session, "ID h" the count; archive "sm" of the
 * account, `with` the ID, values "NUMBER <stanza/>", the
 * number "-" for what came after a restart, when only the client knows how many it has.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "herald/route/effects.h"
#include "herald/xml/xml.h"

#define NS_SM "urn:xmpp:sm:3"

struct c2s;
struct client;

/* A stanza for the client that it has not acknowledged. */
struct sm_entry {
	char *text;
	size_t n;
	bool numbered; /* false: it came after a restart and before the client */
	uint32_t seq;
	uint64_t store_id; /* 0: only in memory */
	int64_t stamp_us;
};

/* Counts are modulo 2^32. */
struct sm {
	struct effect effect;
	struct client *client;
	char id[33];
	bool resumable;
	uint32_t max_s;
	uint32_t h, h_flying,
		h_stored; /* the client's stanzas: handled, being stored, stored */
	uint32_t ack_h;   /* the count when it asked */
	bool ack_asked;   /* by the client */
	uint32_t acked;   /* our stanzas that it has */
	VEC(struct sm_entry) queue;  /* number acked + 1 and on */
	size_t sent, stored, flying; /* so many from the queue's front */
	bool asking;                 /* we wait for an <a/> */
	uint64_t asking_ms;          /* since when */
	uint64_t deadline_ms;        /* of the next connection, while there is none */
	bool restored;  /* after a restart: numbers begin with the client's count */
	bool saved;     /* put into a transaction */
	bool is_stored; /* and that is on the disk */
	bool announced; /* <enabled/> was sent */
	struct client *resumer; /* waits until the last stanzas are handled and stored */
};

/* An element of NS_SM from the client. */
void sm_on_element(struct client *c, struct xml *x);

/* A stanza of the client's was handled. */
void sm_on_handled(struct client *c);

/* Puts a stanza for the client into its queue. */
void sm_push(struct client *c, const struct xml *x);

/* Writes what is due into the stream. */
void sm_write(struct client *c);

/* The client has `h` of ours. false: that is more than it was given. */
bool sm_acked(struct client *c, uint32_t h);

/* Whether a broken connection leaves the session. */
bool sm_may_detach(const struct client *c);

/* The session is over for good and out of its user's list: forgets it in the store, and sends
 * what the client did not get where it goes now. */
void sm_end(struct client *c, struct arena *a);

/* The server stops: what is due goes into the store, for after the restart. */
void sm_keep(struct client *c);

/* New state, for a session of the client; `id` NULL: a new one. */
struct sm *sm_new(struct client *c, const char *id);
void sm_free(struct client *c);

/* Turns it on, as <enable/> asks; <enabled/> is written when the session is on the disk. */
void sm_enable(struct client *c, const struct xml *enable);
void sm_put_enabled(struct client *c, struct buf *out);

/* ---- sm_store.c --------------------------------------------------------------------------- */

struct store_place sm_queue_place(const struct client *c);
void sm_store_state(struct client *c, struct store_tx *tx);
void sm_store_entry(struct client *c, struct sm_entry *e);
void sm_store_forget(struct client *c);

/* ---- resume.c ----------------------------------------------------------------------------- */

/* <resume/>, also inside SASL2: looks for the session at the end of the round. */
void sm_on_resume(struct client *c, const struct xml *x);
void sm_try_resume(struct client *c);

/* The client goes before its <resume/> was answered. */
void sm_forget_resume(struct client *c);

/* The connection is gone, the session stays. */
void sm_detach(struct client *c);
