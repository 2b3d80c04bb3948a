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
struct loop;
struct module;

/* XEP-0157: one kind of address, "abuse-addresses", with its URIs. */
struct contact {
	struct str name;
	const struct str *urls;
	size_t n;
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
};

/* What the configuration says of a host, or of all that have nothing of their own. */
struct host_setup {
	VEC(const struct module *) modules; /* that are on, ended by NULL */
	VEC(struct contact) contacts;
	struct tuning tuning;
	struct str offline_rule;      /* of shaper_rules: how many messages may wait */
	uint32_t disabled_mechanisms; /* SASL_MASK */
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
	void *rule_arg;
};

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
	size_t n_sessions;
	unsigned long long pushes; /* numbers the ids of what the server asks */
};

/* Whether a (prepared) domain is a host of this server. */
bool server_has_host(const struct server *s, struct str domain);

/* What holds for a (prepared) domain; good until the configuration changes. */
const struct host_setup *server_setup(const struct server *s, struct str domain);

/* Where completions for this worker go. */
struct inbox *worker_inbox(struct worker *w);

/* Frees what is left of the users. No session may be there any more. */
void worker_fini(struct worker *w);
