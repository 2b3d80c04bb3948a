/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a module is: data and functions that the server calls. A module is one file and one
 * const struct; modules/all.c lists them, and nothing else names them.
 */
#pragma once

#include <stdbool.h>

#include "herald/im/stanza.h"

struct command_node;
struct user;

/* To whom an IQ was sent that the server answers. */
enum iq_target {
	TO_HOST = 1, /* example.org */
	TO_SELF = 2, /* the sender's own account, by its bare JID or without `to` */
	TO_USER = 4, /* another account's bare JID */
};

struct iq_handler {
	enum stanza_type type; /* TYPE_GET or TYPE_SET */
	unsigned targets;      /* enum iq_target */
	const char *ns, *name; /* of the payload; NULL ends a list */
	/* Answers with im_route(stanza_result(st)) or im_fail, now or later. `u` is the
	 * account for TO_SELF and TO_USER, loaded and existing. */
	void (*fn)(struct stanza *st, struct xml *payload, struct user *u);
};

/* What a module says of a node of service discovery. */
enum node_answer {
	NODE_UNKNOWN,
	NODE_KNOWN,     /* what there is to say is said */
	NODE_FORBIDDEN, /* not for who asks */
};

/* Somebody who has not logged in and asks for something over TLS. */
struct stranger {
	struct worker *w;
	struct str host; /* of the stream */
	const char *address;
	const struct stranger_ops *ops;
};

enum stranger_outcome {
	STRANGER_ANSWERED,
	STRANGER_REGISTERED,
	STRANGER_REFUSED, /* counts against the address */
	STRANGER_FAILED,  /* through no fault of his */
};

struct stranger_ops {
	/* Whether the address may make an account now; if so, for a while no other. */
	bool (*may_register)(struct stranger *s);
	/* The end: the stranger gets `reply` and is no more. `reason` (of REFUSED and
	 * FAILED) is for the log. */
	void (*done)(struct stranger *s, enum stranger_outcome outcome,
	             const struct xml *reply, const char *reason);
};

struct module {
	const char *name;                 /* as in the configuration: "mod_ping" */
	const char *const *host_features; /* XEP-0030 features of a host, ended by NULL */
	const char *const *user_features; /* of an account */
	const char *stream_features;      /* XML in <stream:features/> after login */
	/* The same for what is not constant. */
	void (*put_stream_features)(const struct host_setup *host, struct buf *out);
	/* The same before the login, over TLS. */
	void (*put_stranger_features)(const struct worker *w, const char *address,
	                              struct str host, struct buf *out);
	/* An IQ before the login, over TLS; true: it is taken, and `done` follows. */
	bool (*on_stranger)(struct stranger *s, struct xml *x, struct arena *a);
	const struct iq_handler *iq;

	/* XEP-0030: into `query`, what a node of the host is, or (items) has. An empty node is the
	 * host itself: items only. */
	enum node_answer (*on_node)(const struct stanza *st, bool items, struct str node,
	                            struct xml *query);
	/* XEP-0050: the command at a place of the module's list; false behind the last. */
	bool (*command_node)(const struct worker *w, size_t at, struct command_node *out);

	/* A message for a host's resource; true: it was taken. */
	bool (*on_host_message)(struct stanza *st);
	/* A message for an account that no resource can take; true: it was taken. */
	bool (*on_unreachable)(struct user *u, struct stanza *st);
	/* The session became available for the first time. */
	void (*on_available)(struct session *s, struct arena *a);
	/* A session's own presence before it is shown to others: may be added to. */
	void (*on_presence)(struct session *s, struct xml *x, struct arena *a);
	/* The account has a new vCard. */
	void (*on_vcard)(struct user *u, const struct xml *vcard, struct arena *a);
	/* The session stops being available; `x` is its presence. */
	void (*on_unavailable)(struct session *s, const struct xml *x, struct arena *a);
	/* Twice a second, for each session with a connection. */
	void (*on_tick)(struct session *s, uint64_t now_ms);
	/* A session of ours sends a message (before it is delivered). */
	void (*on_sent)(struct stanza *st);
	/* A message was given to `to`, or to all resources for NULL. */
	void (*on_received)(struct user *u, struct session *to, struct stanza *st);
	/* The worker ends; the module may be off by now. What its worker_state owns is freed. */
	void (*on_stop)(struct worker *w);
};

/* What holds for the host that a stanza is to. */
const struct host_setup *im_setup(const struct stanza *st);

/* Whether the module of that name is on at a host. */
bool module_is_on(const struct host_setup *host, const char *name);

#define NAMES(...)      ((const char *const[]){ __VA_ARGS__, NULL })
#define LIST(type, ...) ((const type[]){ __VA_ARGS__, { 0 } })

/* for_each_module(m, host) { … }: those that are on at the host. */
#define for_each_module(m, host)                                                        \
	for (const struct module *const *m##_at = (host)->modules.p, *m; (m = *m##_at); \
	     m##_at++)
