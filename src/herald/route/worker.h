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
struct policy;

struct server {
	VEC(struct str) hosts;               /* prepared */
	const struct module *const *modules; /* that are on, ended by NULL */
	struct store *store;
	struct accounts *accounts;
	struct auth auth;
	const struct policy *policy; /* route/policy.h; may be NULL */
	struct logger log;
};

struct worker {
	struct server *server;
	struct loop *loop;
	struct map users; /* bare JID to struct user */
	struct effects effects;
	struct map streams; /* XEP-0198: id to the client of c2s that has the session */
	uint64_t started_ms; /* of the loop's clock */
	size_t n_sessions;
	unsigned long long pushes; /* numbers the ids of what the server asks */
};

/* Whether a (prepared) domain is a host of this server. */
bool server_has_host(const struct server *s, struct str domain);

/* Where completions for this worker go. */
struct inbox *worker_inbox(struct worker *w);

/* Frees what is left of the users. No session may be there any more. */
void worker_fini(struct worker *w);
