/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the stanza path shares. A server has workers; a worker is a thread with its loop and
 * owns the users (and later rooms, nodes) whose bare JID falls to it: their sessions, rosters
 * and presence are touched by no other thread. worker_owns() is the one place that decides;
 * today there is one worker, which owns all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "herald/auth/login.h"
#include "herald/jid/jid.h"
#include "herald/route/effects.h"
#include "herald/store/store.h"

struct accounts;
struct command;
struct daemon;
struct loop;
struct module;

/* XEP-0157: one kind of address, "abuse-addresses", with its URIs. */
struct contact {
	struct str name;
	const struct str *urls;
	size_t n;
};

/* What rules of the configuration decide about people, and the rule where no option names one. */
#define PERMISSIONS(X)                                                                \
	X(CONFIGURE, "configure") /* administer; without that rule the acl `admin` */ \
	X(REGISTER, "none")       /* make that account */                             \
	X(REGISTER_FROM, "all")   /* make one from that address */                    \
	X(REGISTER_MORE, "none")  /* make one when he has one */                      \
	X(UNREGISTER, "all")      /* delete his own */                                \
	X(ANNOUNCE, "none")       /* write to everybody */

enum permission {
#define X(id, rule) MAY_##id,
	PERMISSIONS(X)
#undef X
		PERMISSION_COUNT
};

/* What a new account finds; without a body, nothing. */
struct welcome {
	struct str subject, body;
};

/* Whether messages that a session's client has not acknowledged go elsewhere when it ends. */
enum resend {
	RESEND_ALWAYS,
	RESEND_IF_OFFLINE, /* when the account has no other session */
	RESEND_NEVER,      /* their senders are told */
};

/* What can be set. */
struct tuning {
	uint64_t max_auth_failures, auth_ban_ms;                   /* mod_fail2ban */
	uint64_t resume_timeout_ms, ack_timeout_ms, max_ack_queue; /* XEP-0198 */
	uint64_t max_resume_timeout_ms; /* that clients may ask for, if it is more */
	enum resend resend;
	uint64_t ping_interval_ms, ping_ack_timeout_ms; /* mod_ping */
	bool send_pings, ping_kills;
	bool report_commands_node;  /* mod_adhoc */
	uint64_t password_strength; /* mod_register: bits */
	struct welcome welcome;
};

/* What the configuration says of a host, or of all that have nothing of their own. */
struct host_setup {
	VEC(const struct module *) modules; /* that are on, ended by NULL */
	VEC(struct contact) contacts;
	struct tuning tuning;
	struct str offline_rule;      /* of shaper_rules: how many messages may wait */
	uint32_t disabled_mechanisms; /* SASL_MASK */
	struct str permission_rules[PERMISSION_COUNT]; /* of access_rules */
	VEC(struct jid) watchers;                      /* hear of new accounts */
};

struct vhost {
	struct str name; /* prepared */
	const struct host_setup *setup;
};

struct server {
	VEC(struct vhost) hosts;
	const struct host_setup *general; /* of hosts that are served no more */
	struct store *store;
	struct accounts *accounts;
	struct auth auth;
	struct logger log;
	/* The value of a rule of the configuration (shaper_rules) for somebody; empty: none. May
	 * be NULL. */
	struct str (*rule)(void *arg, struct jid who, const char *name);
	/* Whether somebody may do something on a host (empty: on all of the server). `address`: of
	 * his connection, NULL where that does not matter. May be NULL: nobody may. */
	bool (*may)(void *arg, enum permission what, struct str host, struct jid who,
	            const char *address);
	void *rule_arg;
	const struct command *commands; /* for administrators, see im/command.h */
	struct daemon *daemon;          /* whom they are run on */
};

bool server_may(const struct server *s, enum permission what, struct str host,
                struct jid who, const char *address);

/* A number that a rule gives, UINT64_MAX for `infinity`; `otherwise` when there is no such
 * rule. */
uint64_t server_limit(const struct server *s, struct jid who, const char *rule,
                      uint64_t otherwise);

struct worker {
	struct server *server;
	struct loop *loop;
	struct map users; /* bare JID to struct user */
	struct effects effects;
	struct map streams;  /* XEP-0198: id to the client of c2s that has the session */
	uint64_t started_ms; /* of the loop's clock */
	struct map states;   /* see worker_state */
	size_t n_sessions;
	unsigned long long pushes; /* numbers the ids of what the server asks */
};

/* Whether a (prepared) domain is a host of this server. */
bool server_has_host(const struct server *s, struct str domain);

/* What holds for a (prepared) domain; good until the configuration changes. */
const struct host_setup *server_setup(const struct server *s, struct str domain);

/* Where completions for this worker go. */
struct inbox *worker_inbox(struct worker *w);

/* The memory that somebody of that name has on this worker: zeroed when it is first asked for,
 * freed by worker_fini. `name` must stay. */
void *worker_state(struct worker *w, const char *name, size_t size);

/* Frees what is left of the users. No session may be there any more. */
void worker_fini(struct worker *w);
