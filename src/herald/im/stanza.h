/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One stanza on its way: what it is, from whom, to whom; and answers to it. */
#pragma once

#include <stdbool.h>

#include "herald/jid/jid.h"
#include "herald/route/session.h"
#include "herald/route/worker.h"
#include "herald/xml/xml.h"

enum stanza_kind {
	STANZA_MESSAGE,
	STANZA_PRESENCE,
	STANZA_IQ,
};

/* Kind, type and name of RFC 6120 section 8.2.3, RFC 6121 sections 4.7.1 and 5.2.2. The first
 * of a kind stands for a missing type, where that is allowed. */
#define STANZA_TYPES(X)                           \
	X(MESSAGE, NORMAL, "normal")              \
	X(MESSAGE, CHAT, "chat")                  \
	X(MESSAGE, GROUPCHAT, "groupchat")        \
	X(MESSAGE, HEADLINE, "headline")          \
	X(MESSAGE, MESSAGE_ERROR, "error")        \
	X(PRESENCE, AVAILABLE, "")                \
	X(PRESENCE, UNAVAILABLE, "unavailable")   \
	X(PRESENCE, SUBSCRIBE, "subscribe")       \
	X(PRESENCE, SUBSCRIBED, "subscribed")     \
	X(PRESENCE, UNSUBSCRIBE, "unsubscribe")   \
	X(PRESENCE, UNSUBSCRIBED, "unsubscribed") \
	X(PRESENCE, PROBE, "probe")               \
	X(PRESENCE, PRESENCE_ERROR, "error")      \
	X(IQ, GET, "get")                         \
	X(IQ, SET, "set")                         \
	X(IQ, RESULT, "result")                   \
	X(IQ, IQ_ERROR, "error")

enum stanza_type {
#define X(kind, id, name) TYPE_##id,
	STANZA_TYPES(X)
#undef X
};

struct stanza {
	struct worker *w;
	struct arena *a;
	struct xml *x;
	struct session
		*session; /* of the sender when it is one of ours, now; else NULL */
	enum stanza_kind kind;
	enum stanza_type type;
	struct jid from;
	struct jid to; /* none: to the sender's own account */
};

/* The RFC 6120 section 8.3.3 conditions we use, with the error type that goes with each. */
#define STANZA_ERRORS(X)                                                \
	X(BAD_REQUEST, "bad-request", "modify")                         \
	X(CONFLICT, "conflict", "cancel")                               \
	X(FEATURE_NOT_IMPLEMENTED, "feature-not-implemented", "cancel") \
	X(FORBIDDEN, "forbidden", "auth")                               \
	X(INTERNAL_SERVER_ERROR, "internal-server-error", "cancel")     \
	X(ITEM_NOT_FOUND, "item-not-found", "cancel")                   \
	X(JID_MALFORMED, "jid-malformed", "modify")                     \
	X(NOT_ACCEPTABLE, "not-acceptable", "modify")                   \
	X(NOT_ALLOWED, "not-allowed", "cancel")                         \
	X(POLICY_VIOLATION, "policy-violation", "modify")               \
	X(REMOTE_SERVER_NOT_FOUND, "remote-server-not-found", "cancel") \
	X(RESOURCE_CONSTRAINT, "resource-constraint", "wait")           \
	X(SERVICE_UNAVAILABLE, "service-unavailable", "cancel")

enum stanza_error {
#define X(id, name, type) ERROR_##id,
	STANZA_ERRORS(X)
#undef X
};

/* Fills kind, type and addresses of st from st->x; `from` must be set on the tree or in st.
 * Errors: -EINVAL no such type, or an IQ that is not by RFC 6120 section 8.2.3 (bad-request);
 * -EADDRNOTAVAIL `to` is no address (jid-malformed). The kind is right also then. */
MUST_USE int stanza_read(struct stanza *st);

/* A time by XEP-0082 section 3.2, of seconds since 1970. */
struct str stanza_time(int64_t seconds, struct arena *a);

/* Whether answering it with an error would be allowed: not for errors and results. */
bool stanza_may_fail(const struct stanza *st);

/* A new <iq type='result'/> to the sender. */
struct xml *stanza_result(const struct stanza *st);

/* The stanza's error, to the sender. */
struct xml *stanza_error(const struct stanza *st, enum stanza_error e);

/* A stanza from `from` to `to`, each of which may be none. */
struct xml *stanza_new(struct arena *a, const char *name, const char *type,
                       struct jid from, struct jid to);

/* A message with a text and (not empty) a subject. */
struct xml *stanza_message(struct arena *a, const char *type, struct jid from,
                           struct jid to, struct str subject, struct str body);
