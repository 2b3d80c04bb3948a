/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One connected resource of a user, however it is connected. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "herald/jid/jid.h"
#include "herald/stream/stream.h"
#include "herald/xml/xml.h"

struct session;
struct user;

struct session_ops {
	void (*send)(struct session *s, const struct xml *x);
	/* Ends the connection. The session may still be used until the caller returns to the
	 * loop, or be gone at once. */
	void (*close)(struct session *s, enum stream_error error, const char *text);
	/* The client is not there any more: as when the connection has broken, so it may come
	 * back (XEP-0198). */
	void (*lost)(struct session *s);
	/* The last hold is gone. */
	void (*released)(struct session *s);
};

struct session {
	const struct session_ops *ops;
	struct worker *worker;
	struct user *user;
	struct session *next; /* of the user */
	struct jid jid;       /* full; its text is the session's */
	struct buf
		presence; /* the last available presence as text, empty: not available */
	VEC(char *)
	directed; /* who has our presence without being subscribed, full JIDs */
	const char *connection; /* "c2s", "c2s_tls" */
	const char *address;    /* of the peer, as text; the connection's */
	uint16_t port;
	uint64_t since_ms; /* of the loop's clock, when it was bound */
	uint64_t heard_ms; /* when something came last */
	uint64_t asked_ms; /* mod_ping: when it was asked whether it is still there */
	bool is_asked;     /* and nothing has come since */
	unsigned holds;    /* see session_hold */
	int8_t priority;
	bool wants_roster; /* has asked for it: gets pushes */
	bool has_been_available;
	bool wants_blocks; /* has asked for the list of the blocked: gets pushes */
	bool carbons;
	bool unsaved; /* something of the above that outlives a restart has changed */
};

static inline bool session_is_available(const struct session *s)
{
	return s->presence.n > 0;
}

/* A stanza of the session is not handled to its end: until session_release the session takes
 * no other one and stays, so that what it sends is handled in order and counted when it is
 * done. */
void session_hold(struct session *s);
void session_release(struct session *s);

/* Sets the address: a copy of `full`. */
void session_set_jid(struct session *s, struct jid full);

/* Frees what the session owns, not itself. */
void session_fini(struct session *s);

/* The presence as a tree in `a`, NULL when not available. */
struct xml *session_presence(const struct session *s, struct arena *a);

/* Remembers it (with its `from`), or forgets it for x == NULL. */
void session_set_presence(struct session *s, const struct xml *x);
