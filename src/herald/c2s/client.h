/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside c2s only: one client, and what its parts ask of each other. */
#pragma once

#include "herald/auth/login.h"
#include "herald/c2s/c2s.h"
#include "herald/c2s/crowd.h"
#include "herald/c2s/shape.h"
#include "herald/route/user.h"
#include "io/conn.h"
#include "io/loop.h"

struct asking;

/* What only the negotiation needs; gone once the client is logged in. */
struct negotiation {
	struct arena arena; /* the texts of `peer` */
	struct sasl_peer peer;
	uint32_t offered; /* mechanisms */
	struct login *login;
	uint64_t deadline_ms;
	/* XEP-0388: what <authenticate/> asked for; its texts are in `wish_arena`. */
	struct arena wish_arena;
	struct xml *wish;
	struct str data;       /* of the mechanism's success */
	struct str token;      /* <token/> to give, or nothing */
	struct str failed;     /* <failed/> of a resumption, or nothing */
	struct str fast_key;   /* the user agent whose token was used or made */
	unsigned refused;      /* accounts it could not make */
	struct asking *asking; /* for an account; NULL: not now */
	bool finishing;        /* waits for the session to be stored */
};

struct csi;
struct sm;

/* A <resume/> that is looked into. */
struct resume_wish {
	char id[33];
	uint32_t h;
};

struct client {
	struct session session;
	struct c2s *c2s;
	struct client *next, **link; /* of all; newest first */
	struct conn *conn;
	struct stream stream;
	struct loop_late late;
	struct negotiation *negotiation;
	char *account;  /* who has logged in: the local part; the stream knows the host */
	char *resource; /* while it is being bound */
	char address[46];
	uint16_t port;
	bool binding;  /* user_with will call back */
	bool over;     /* the stream or the connection ended */
	bool lost;     /* the connection broke: the stream did not end */
	struct sm *sm; /* XEP-0198 is on */
	struct resume_wish *resume;
	struct shape shape;       /* how fast it may send */
	struct csi *csi;          /* XEP-0352: NULL while the client is active */
	struct crowd_place place; /* where the connection was counted */
};

struct c2s {
	struct worker *worker;
	struct c2s_options options;
	struct stream_config config;
	struct client *clients;
	uv_timer_t *tick; /* looks at the deadlines */
	size_t restoring; /* answers that c2s_restore waits for */
	bool stopping;
};

extern const struct stream_ops client_stream_ops;
extern const struct session_ops client_session_ops;

/* Logins that may fail on a stream. Debian's slixmpp tries four mechanisms in vain on TLS 1.3,
 * where it takes tls-unique for a channel binding, before it comes to PLAIN. */
enum { CLIENT_TRIES = 6 };

/* What holds for the host of its stream. */
const struct host_setup *client_setup(const struct client *c);

/* mod_fail2ban: whether a failure from there was one too many by the limits of the host that was
 * knocked at. `crowd` may be NULL. */
bool fails_once_too_often(struct crowd *crowd, const struct crowd_place *place,
                          const struct worker *w, struct str host);

/* From now on the account's rate holds. */
void client_shape(struct client *c, struct jid account);

/* Sends a stanza, or puts it into the queue of XEP-0198. */
void client_send(struct client *c, const struct xml *x);

/* A client without connection in the list of all. */
struct client *client_new(struct c2s *all);
void client_link(struct client *c, struct c2s *all);
void client_unlink(struct client *c);

/* Its connection is no longer one of its address. */
void client_uncount(struct client *c);

/* Writes what is in the stream's buffer, and whatever else is due at the end of the round. */
void client_later(struct client *c);
void client_flush(struct client *c);

/* Answers the stream's questions: login.c and bind.c. */
void client_features(void *ctx, bool authenticated, struct buf *out);
void client_auth(void *ctx, struct str mechanism, const struct str *initial);
void client_response(void *ctx, struct str data);
void client_auth_abort(void *ctx);
void client_bind(void *ctx, struct str resource);
void client_negotiation_free(struct client *c);

/* An IQ of who has no account yet: register.c. The client goes: what it asked for ends without
 * it. */
bool client_stranger(void *ctx, struct xml *x, struct arena *a);
void client_forget_asking(struct client *c);

/* The <mechanism/> elements. */
void client_put_mechanisms(const struct client *c, struct buf *out);

/* One event for every failed login, which counts against the address unless it is our own fault
 * (temporary-auth-failure). */
void client_log_failure(struct client *c, struct str user, enum sasl_failure failure,
                        const char *reason);

/* Whether the door is for this account; remembers who it is, and logs that. */
bool client_may_login(const struct client *c, struct str user);
void client_logged_in(struct client *c, struct str user);

/* Makes c->resource of the user's account the client's session; false: it cannot be. */
bool client_join(struct client *c, struct user *u);

/* To be freed. */
char *client_random_resource(struct client *c);
