/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Accounts in memory: loading, and leaving when nobody needs them. */
#include "herald/route/user.h"

#include <errno.h>

#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "io/loop.h"

struct user_wait {
	struct user_wait *next;
	user_fn fn;
	void *arg;
};

static const struct vhost *find_host(const struct server *s, struct str domain)
{
	vec_for_each(host, &s->hosts) {
		if (str_eq(host->name, domain))
			return host;
	}
	return NULL;
}

bool server_has_host(const struct server *s, struct str domain)
{
	return find_host(s, domain);
}

const struct host_setup *server_setup(const struct server *s, struct str domain)
{
	const struct vhost *host = find_host(s, domain);

	return host ? host->setup : s->general;
}

uint64_t server_limit(const struct server *s, struct jid who, const char *rule,
                      uint64_t otherwise)
{
	struct str value = s->rule ? s->rule(s->rule_arg, who, rule) : STR("");
	uint64_t n;

	if (str_is(value, "infinity"))
		return UINT64_MAX;
	return value.n && str_to_u64(value, 10, &n) == 0 ? n : otherwise;
}

bool server_may(const struct server *s, enum permission what, struct str host,
                struct jid who, const char *address)
{
	return s->may && s->may(s->rule_arg, what, host, who, address);
}

void *worker_state(struct worker *w, const char *name, size_t size)
{
	void *state = map_get(&w->states, str_from(name));

	if (!state) {
		state = base_calloc(1, size);
		map_put(&w->states, str_from(name), state);
	}
	return state;
}

struct inbox *worker_inbox(struct worker *w)
{
	return &w->loop->inbox;
}

static void user_free(struct user *u)
{
	while (u->waits) {
		struct user_wait *wait = u->waits;
		u->waits = wait->next;
		free(wait);
	}
	roster_fini(&u->roster);
	map_for_each(it, &u->blocked)
		free(it->value);
	map_fini(&u->blocked);
	free(u->photo);
	cleanup_free(&u->jid.p);
	free(u);
}

void worker_fini(struct worker *w)
{
	map_for_each(it, &w->users)
		user_free(it->value);
	map_for_each(it, &w->states)
		free(it->value);
	map_fini(&w->states);
	map_fini(&w->users);
	map_fini(&w->streams);
}

struct user *user_get(const struct worker *w, struct jid bare)
{
	struct user *u = map_get(&w->users, jid_bare_str(bare));

	return u && u->loaded ? u : NULL;
}

void user_ref(struct user *u)
{
	u->refs++;
}

void user_unref(struct user *u)
{
	u->refs--;
	if (u->refs || u->sessions || u->pending || u->waits)
		return;
	map_del(&u->worker->users, jid_bare_str(u->jid));
	user_free(u);
}

static void run_waits(struct user *u)
{
	user_ref(u);
	while (u->waits) {
		struct user_wait *wait = u->waits;
		u->waits = wait->next;
		if (!u->waits)
			u->last_wait = &u->waits;
		wait->fn(wait->arg, u);
		free(wait);
	}
	user_unref(u);
}

static void part_loaded(struct user *u, int result)
{
	if (result < 0 && (u->load_error == 0 || result == -ENOENT))
		u->load_error = result;
	if (--u->pending)
		return;
	u->loaded = true;
	run_waits(u);
}

static void on_exists(void *arg, int result)
{
	part_loaded(arg, result);
}

static void on_roster(void *arg, int result, const struct store_rows *rows)
{
	auto_arena a = { 0 };
	struct user *u = arg;

	for (size_t i = 0; result == 0 && i < rows->n; i++) {
		if (roster_item_load(&u->roster, rows->p[i].value, &a) < 0)
			log_line(&u->worker->server->log, LOG_LEVEL_ERROR,
			         "roster.damaged",
			         "an item in the roster of " STR_FMT " cannot be read",
			         STR_ARG(jid_str(u->jid)));
	}
	part_loaded(u, result);
}

static void on_offline(void *arg, int result, const struct store_rows *rows)
{
	struct user *u = arg;

	if (result == 0)
		u->n_offline = rows->count;
	part_loaded(u, result);
}

static void on_blocked(void *arg, int result, const struct store_rows *rows)
{
	struct user *u = arg;

	for (size_t i = 0; result == 0 && i < rows->n; i++)
		user_block(u, rows->p[i].key);
	part_loaded(u, result);
}

static void on_photo(void *arg, int result, const struct store_rows *rows)
{
	struct user *u = arg;

	if (result == 0 && rows->n)
		user_set_photo(u, rows->p[0].value);
	part_loaded(u, result);
}

static struct user *user_load(struct worker *w, struct jid bare)
{
	struct user *u = base_calloc(1, sizeof(*u));
	struct str text = jid_bare_str(bare);
	char *copy = base_realloc(NULL, text.n, 1);

	memcpy(copy, text.p, text.n);
	u->worker = w;
	u->roster.items.seed = u->blocked.seed = w->users.seed;
	u->jid = jid_bare(bare);
	u->jid.p = copy;
	u->setup = server_setup(w->server, jid_domain(bare));
	u->last_wait = &u->waits;
	map_put(&w->users, jid_bare_str(u->jid), u);
	u->pending = 5;
	struct store_place at = user_place(u, "roster");
	store_hold(w->server->store);
	accounts_exists(w->server->accounts, at.host, at.user, worker_inbox(w), on_exists,
	                u);
	store_list(w->server->store, &at, worker_inbox(w), on_roster, u);
	at = user_place(u, "blocked");
	store_list(w->server->store, &at, worker_inbox(w), on_blocked, u);
	at = user_place(u, "photo");
	store_get(w->server->store, &at, STR(""), worker_inbox(w), on_photo, u);
	at = user_place(u, "offline");
	store_count(w->server->store, &at, &(struct store_range){ 0 }, worker_inbox(w),
	            on_offline, u);
	store_let_go(w->server->store);
	return u;
}

void user_with(struct worker *w, struct jid bare, user_fn fn, void *arg)
{
	struct user *u = map_get(&w->users, jid_bare_str(bare));

	if (!u)
		u = user_load(w, bare);
	if (u->loaded) {
		user_ref(u);
		fn(arg, u);
		user_unref(u);
		return;
	}
	struct user_wait *wait = base_calloc(1, sizeof(*wait));
	wait->fn = fn;
	wait->arg = arg;
	*u->last_wait = wait;
	u->last_wait = &wait->next;
}

static void on_committed(void *arg, int result)
{
	struct user *u = arg;

	if (result < 0)
		log_line(&u->worker->server->log, LOG_LEVEL_ERROR, "store.failed",
		         "a change for " STR_FMT " was not stored: %s",
		         STR_ARG(jid_str(u->jid)), strerror(-result));
	user_unref(u);
}

struct store_tx *user_tx(struct user *u)
{
	user_ref(u);
	worker_then(u->worker, on_committed, u);
	return worker_tx(u->worker);
}

void user_add_session(struct user *u, struct session *s)
{
	s->user = u;
	s->next = u->sessions;
	u->sessions = s;
	u->worker->n_sessions++;
}

void user_remove_session(struct user *u, struct session *s)
{
	struct session **at = &u->sessions;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->user = NULL;
	u->worker->n_sessions--;
	user_ref(u);
	user_unref(u);
}

/* ---- blocking ----------------------------------------------------------------------------- */

static bool has_key(const struct map *m, struct str key)
{
	return key.n && map_has(m, key);
}

static struct str domain_and_resource(struct jid jid, struct arena *a)
{
	if (jid.resource_n == 0)
		return STR("");
	return arena_fmt(a, STR_FMT "/" STR_FMT, STR_ARG(jid_domain(jid)),
	                 STR_ARG(jid_resource(jid)));
}

/* XEP-0191 section 3.1: the order of matching does not matter, any will do. */
bool user_blocks(const struct user *u, struct jid jid)
{
	auto_arena a = { 0 };

	if (u->blocked.n == 0)
		return false;
	return has_key(&u->blocked, jid_str(jid)) ||
	       has_key(&u->blocked, jid_bare_str(jid)) ||
	       has_key(&u->blocked, jid_domain(jid)) ||
	       has_key(&u->blocked, domain_and_resource(jid, &a));
}

bool user_pattern_fits(struct str pattern, struct jid jid)
{
	auto_arena a = { 0 };

	return str_eq(pattern, jid_str(jid)) || str_eq(pattern, jid_bare_str(jid)) ||
	       str_eq(pattern, jid_domain(jid)) ||
	       str_eq(pattern, domain_and_resource(jid, &a));
}

bool user_block(struct user *u, struct str jid)
{
	if (map_has(&u->blocked, jid))
		return false;
	char *copy = base_realloc(NULL, jid.n + 1, 1);
	memcpy(copy, jid.p, jid.n);
	copy[jid.n] = '\0';
	map_put(&u->blocked, (struct str){ copy, jid.n }, copy);
	return true;
}

void user_unblock(struct user *u, struct str jid)
{
	free(map_del(&u->blocked, jid));
}

void user_set_photo(struct user *u, struct str hash)
{
	free(u->photo);
	u->photo = hash.n ? strndup(hash.p, hash.n) : NULL;
}

struct session *user_find_session(const struct user *u, struct str resource)
{
	for (struct session *s = u->sessions; s; s = s->next) {
		if (str_eq(jid_resource(s->jid), resource))
			return s;
	}
	return NULL;
}

struct store_place user_place(const struct user *u, const char *name)
{
	return (struct store_place){ jid_domain(u->jid), jid_local(u->jid),
		                     str_from(name) };
}
