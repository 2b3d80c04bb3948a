/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The server's end of a client's stream, RFC 6120: header, features, STARTTLS, SASL, resource
 * binding, stanzas, errors and the end. No I/O: bytes come in by stream_input, bytes to send
 * gather in `out`, and what the stream cannot do itself it asks of its owner through
 * `struct stream_ops`.
 *
 *   header ─▶ features ─▶ STARTTLS ─▶ header ─▶ features ─▶ SASL ─▶ header ─▶ bind ─▶ stanzas
 *
 * Some questions are answered later (TLS is up, the login has replied, the resource is bound).
 * Until then the stream is waiting: it takes bytes but handles none of them; the owner answers
 * with stream_tls_started, stream_auth_* or stream_bound, which go on with what has come.
 *
 * An error sends what RFC 6120 section 4.9 wants and ends the stream; the owner's `closed` is
 * called once, from inside the call that ended it, and nothing is handled afterwards.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "herald/xml/frame.h"
#include "herald/xml/xml.h"

#define NS_STREAM  "http://etherx.jabber.org/streams"
#define NS_STREAMS "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_TLS     "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL    "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_SASL2   "urn:xmpp:sasl:2"
#define NS_BIND    "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"

/* RFC 6120 section 4.9.3. */
#define STREAM_ERRORS(X)                                        \
	X(BAD_FORMAT, "bad-format")                             \
	X(BAD_NAMESPACE_PREFIX, "bad-namespace-prefix")         \
	X(CONFLICT, "conflict")                                 \
	X(CONNECTION_TIMEOUT, "connection-timeout")             \
	X(HOST_GONE, "host-gone")                               \
	X(HOST_UNKNOWN, "host-unknown")                         \
	X(IMPROPER_ADDRESSING, "improper-addressing")           \
	X(INTERNAL_SERVER_ERROR, "internal-server-error")       \
	X(INVALID_FROM, "invalid-from")                         \
	X(INVALID_NAMESPACE, "invalid-namespace")               \
	X(INVALID_XML, "invalid-xml")                           \
	X(NOT_AUTHORIZED, "not-authorized")                     \
	X(NOT_WELL_FORMED, "not-well-formed")                   \
	X(POLICY_VIOLATION, "policy-violation")                 \
	X(REMOTE_CONNECTION_FAILED, "remote-connection-failed") \
	X(RESET, "reset")                                       \
	X(RESOURCE_CONSTRAINT, "resource-constraint")           \
	X(RESTRICTED_XML, "restricted-xml")                     \
	X(SYSTEM_SHUTDOWN, "system-shutdown")                   \
	X(UNDEFINED_CONDITION, "undefined-condition")           \
	X(UNSUPPORTED_ENCODING, "unsupported-encoding")         \
	X(UNSUPPORTED_FEATURE, "unsupported-feature")           \
	X(UNSUPPORTED_STANZA_TYPE, "unsupported-stanza-type")   \
	X(UNSUPPORTED_VERSION, "unsupported-version")

enum stream_error {
#define X(id, name) STREAM_##id,
	STREAM_ERRORS(X)
#undef X
};

const char *stream_error_name(enum stream_error e);

struct stream;

/* What a stream asks of its owner. */
struct stream_ops {
	/* Whether `domain` (as it came) is a host of ours; *host is its prepared name, which
	 * must stay as long as the stream. */
	bool (*find_host)(void *ctx, struct str domain, struct str *host);
	/* Unpredictable bytes for the stream's id. */
	void (*random)(void *ctx, void *p, size_t n);
	/* Appends the children of <stream:features/> other than STARTTLS, bind and session;
	 * before authentication the SASL mechanisms too. */
	void (*features)(void *ctx, bool authenticated, struct buf *out);
	/* <proceed/> is in `out`: send it, and then speak TLS. Answer: stream_tls_started. */
	void (*start_tls)(void *ctx);
	/* <auth/>; `initial` is NULL without initial response. Answer: stream_auth_challenge,
	 * _success or _failure, also later. */
	void (*auth)(void *ctx, struct str mechanism, const struct str *initial);
	void (*response)(void *ctx, struct str data);
	/* <authenticate/> of XEP-0388; may be NULL: then it is not known. Answers as for auth, but
	 * stream_auth2_success. */
	void (*authenticate)(void *ctx, const struct xml *x, struct str mechanism,
	                     const struct str *initial);
	/* <abort/>: the login is over and must not answer any more. */
	void (*auth_abort)(void *ctx);
	/* An IQ before the login, over TLS; may be NULL. False: it is not welcome, and the stream
	 * ends. The owner may hold the stream until it has answered with stream_send. */
	bool (*stranger)(void *ctx, struct xml *x, struct arena *a);
	/* The resource that is wished for, empty for none. Answer: stream_bound or
	 * stream_bind_refused, also later. */
	void (*bind)(void *ctx, struct str resource);
	/* A message, presence or iq, or an element of another namespace (XEP-0198 and so on).
	 * The tree is gone when this returns. */
	void (*stanza)(void *ctx, struct xml *x, struct arena *a);
	/* The stream is over: send what is in `out`, then close. `error` is NULL when the
	 * client ended it. */
	void (*closed)(void *ctx, const enum stream_error *error);
};

struct stream_config {
	const struct stream_ops *ops;
	struct xml_limits before; /* authentication */
	struct xml_limits after;
	bool starttls;          /* offer it while the stream is in the clear */
	bool starttls_required; /* nothing else goes in the clear */
	unsigned
		auth_tries; /* failures of SASL until the stream ends; RFC 6120 section 6.4.5 */
};

enum stream_phase {
	STREAM_HEADER,    /* a header is expected */
	STREAM_NEGOTIATE, /* STARTTLS or SASL is expected */
	STREAM_TLS,       /* waits for stream_tls_started */
	STREAM_AUTH,      /* waits for the login */
	STREAM_RESPONSE,  /* the client's <response/> is expected */
	STREAM_BIND,      /* resource binding is expected */
	STREAM_BINDING,   /* waits for stream_bound */
	STREAM_OPEN,      /* stanzas flow */
	STREAM_CLOSED,
};

struct stream {
	const struct stream_config *config; /* must stay */
	void *ctx;                          /* of the ops */
	struct xml_frame frame;
	struct buf out;               /* to be sent; the owner empties it */
	struct str host;              /* empty before the first header */
	const struct xml_ns *outside; /* what the header declared */
	struct arena ns;              /* its memory, when it is not the usual */
	char bind_id[64];             /* of the <iq/> that binds, escaped when written */
	uint8_t phase;                /* enum stream_phase */
	uint8_t failures;             /* of SASL */
	bool encrypted, authenticated, header_sent, busy, held;
	bool sasl2; /* the login at hand is XEP-0388's */
};

/* `config` and its ops must stay as long as the stream. `encrypted`: TLS runs already. */
void stream_init(struct stream *s, const struct stream_config *config, void *ctx,
                 bool encrypted);
void stream_fini(struct stream *s);

/* Handles bytes. `a` is for the stanzas, and is reset behind each. */
void stream_input(struct stream *s, struct str bytes, struct arena *a);

/* Whether bytes should not be read for now. */
static inline bool stream_is_waiting(const struct stream *s)
{
	return s->phase == STREAM_TLS || s->phase == STREAM_AUTH ||
	       s->phase == STREAM_BINDING || s->held;
}

/* Handles nothing more until stream_release, which goes on with what came meanwhile. */
static inline void stream_hold(struct stream *s)
{
	s->held = true;
}

void stream_release(struct stream *s, struct arena *a);

/* Answers. Each goes on with what came meanwhile (`a` as for stream_input). */
void stream_tls_started(struct stream *s);
void stream_auth_challenge(struct stream *s, struct str data, struct arena *a);
void stream_auth_success(struct stream *s, struct str data, struct arena *a);
void stream_auth_failure(struct stream *s, const char *condition, struct arena *a);
void stream_bound(struct stream *s, struct str full_jid, struct arena *a);
/* XEP-0388: `jid` is whom the client is now, `inside` XML to go with it; the features follow.
 * `open`: a resource is bound, stanzas flow. */
void stream_auth2_success(struct stream *s, struct str data, struct str jid,
                          struct str inside, bool open, struct arena *a);
/* `condition` is a stanza error: "conflict", "resource-constraint", "bad-request". */
void stream_bind_refused(struct stream *s, const char *type, const char *condition,
                         struct arena *a);

/* Appends a stanza to `out`. */
void stream_send(struct stream *s, const struct xml *x);

/* As stream_close, with an application's own condition (XML) in the error, RFC 6120
 * section 4.9.4. */
void stream_close_with(struct stream *s, enum stream_error error, const char *condition);

/* Ends the stream with an error, or without (NULL): the header if it was not sent, the error,
 * the end tag. Calls `closed`. Does nothing on a closed stream. `text` (may be empty) is for
 * people. */
void stream_close(struct stream *s, const enum stream_error *error, struct str text);
