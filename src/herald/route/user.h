/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An account in memory: its sessions and its roster. It is loaded from the store when somebody
 * connects as it or something is sent to it, and leaves memory again when nobody needs it.
 */
#pragma once

#include <stdbool.h>

#include "herald/route/roster.h"
#include "herald/route/session.h"
#include "herald/route/worker.h"

struct user_wait;

struct user {
	struct worker *worker;
	struct jid jid; /* bare; text is the user's, and the key in worker->users */
	const struct host_setup
		*setup; /* of its host; set anew when the configuration is */
	struct session *sessions;
	struct roster roster;
	struct map blocked; /* XEP-0191: addresses as text, the map's own */
	char *photo; /* XEP-0153: the hash of the vCard's picture; NULL: none, never empty */
	uint64_t n_offline; /* messages that wait in the archive "offline" */
	struct user_wait *waits, **last_wait; /* what wants it loaded */
	int load_error;   /* 0; -ENOENT there is no such account; or the store's */
	unsigned pending; /* answers of the store that are due */
	unsigned refs;    /* completions that name it: see user_ref */
	bool loaded;
};

/* Calls fn(arg, user) when the user is loaded: at once, or later. */
typedef void (*user_fn)(void *arg, struct user *u);
void user_with(struct worker *w, struct jid bare, user_fn fn, void *arg);

/* The user when it is in memory and loaded, else NULL. */
struct user *user_get(const struct worker *w, struct jid bare);

/* Keeps it in memory until user_unref, which may free it. */
void user_ref(struct user *u);
void user_unref(struct user *u);

/* The worker's transaction, for what changes the user's data. The user stays in memory until it
 * is stored: a read before that would bring back what was. */
struct store_tx *user_tx(struct user *u);

/* Adds a session with its jid set; the resource must be free. */
void user_add_session(struct user *u, struct session *s);

/* Takes the session out; the user may be freed. */
void user_remove_session(struct user *u, struct session *s);

/* XEP-0191. Whether a pattern (a full, bare, domain/resource or domain address) fits `jid`;
 * whether the user has blocked it; blocking and unblocking in memory. user_block is false when
 * it was blocked already. */
bool user_pattern_fits(struct str pattern, struct jid jid);
bool user_blocks(const struct user *u, struct jid jid);
bool user_block(struct user *u, struct str jid);
void user_unblock(struct user *u, struct str jid);

/* Sets u->photo; empty for none. */
void user_set_photo(struct user *u, struct str hash);

struct session *user_find_session(const struct user *u, struct str resource);

/* Where the store keeps something of the user. */
struct store_place user_place(const struct user *u, const char *name);
