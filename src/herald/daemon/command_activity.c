/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about when accounts were last there, which mod_last keeps. */
#include <errno.h>
#include <time.h>

#include "herald/auth/accounts.h"
#include "herald/daemon/command_impl.h"
#include "herald/im/stanza.h"
#include "herald/modules/last.h"

enum { DAY = 86400, DAYS_MAX = 36500 };

static struct store_place last_of(struct str host, struct str user)
{
	return (struct store_place){ host, user, STR(LAST_MAP) };
}

/* Of the account of args[0] at args[1]. */
static bool is_connected(struct call *c)
{
	const struct user *u = command_user(c);

	return u && u->sessions;
}

/* ---- one account -------------------------------------------------------------------------- */

static void say_last(struct call *c, struct str when, struct str status)
{
	auto_buf text = { 0 };

	buf_str(&text, when);
	buf_char(&text, '\t');
	command_put_cell(&text, status);
	command_say(c, true, buf_as_str(&text));
}

static void on_last(void *arg, int result, const struct store_rows *rows)
{
	struct call *c = arg;
	struct str status;
	int64_t seconds;

	if (result < 0)
		command_say(c, false, command_trouble(c, result));
	else if (rows->n == 0 || last_read(rows->p[0].value, &seconds, &status) < 0)
		say_last(c, STR("never"), STR(""));
	else
		say_last(c, stanza_time(seconds, &c->arena), status);
}

static void ask_last(void *arg, int result)
{
	struct call *c = arg;
	struct store_place at = last_of(c->args[1], c->args[0]);

	(void)result;
	store_get(c->daemon->server.store, &at, STR(""), worker_inbox(&c->daemon->worker),
	          on_last, c);
}

/* Who has just gone may still be on the way to the disk. */
static void on_exists(void *arg, int result)
{
	struct call *c = arg;

	if (result < 0)
		command_say(c, false, command_trouble(c, result));
	else if (is_connected(c))
		say_last(c, stanza_time(time(NULL), &c->arena), STR("ONLINE"));
	else
		worker_settled(&c->daemon->worker, ask_last, c);
}

void run_get_last(struct call *c)
{
	if (command_read_account(c) && command_needs_module(c, c->args[1], "mod_last"))
		accounts_exists(c->daemon->server.accounts, c->args[1], c->args[0],
		                worker_inbox(&c->daemon->worker), on_exists, c);
}

/* ---- many --------------------------------------------------------------------------------- */

/* A look at who of a host was there since some time. */
struct look {
	struct call *call;
	struct str host;
	int64_t since;
	struct map there; /* their names; values are of no meaning */
	void (*fn)(struct look *l, int result);
};

static void see(struct look *l, struct str user)
{
	map_put(&l->there, arena_str(&l->call->arena, user), l);
}

static void see_connected(struct look *l)
{
	map_for_each(it, &l->call->daemon->worker.users) {
		const struct user *u = it->value;
		if (u->sessions && str_eq(jid_domain(u->jid), l->host))
			see(l, jid_local(u->jid));
	}
}

static void on_lasts(void *arg, int result, const struct store_rows *rows)
{
	struct look *l = arg;
	struct str status;
	int64_t seconds;

	for (size_t i = 0; i < rows->n; i++) {
		if (last_read(rows->p[i].value, &seconds, &status) == 0 &&
		    seconds >= l->since)
			see(l, rows->p[i].user);
	}
	l->fn(l, result);
}

static void ask_lasts(void *arg, int result)
{
	struct look *l = arg;
	struct store_place at = last_of(l->host, STR(""));

	(void)result;
	store_users(l->call->daemon->server.store, &at, STR(""), STR(""), SIZE_MAX,
	            worker_inbox(&l->call->daemon->worker), on_lasts, l);
}

/* Fills l->there, then calls l->fn. Who has gone meanwhile is seen here or there. */
static void look(struct look *l)
{
	map_fini(&l->there);
	l->there = (struct map){ .seed = l->call->daemon->worker.users.seed };
	see_connected(l);
	worker_settled(&l->call->daemon->worker, ask_lasts, l);
}

static bool read_days(struct call *c, struct str text, int64_t *since)
{
	uint64_t days;

	if (!command_read_number(c, text, 1, DAYS_MAX, &days))
		return false;
	*since = (int64_t)time(NULL) - (int64_t)days * DAY;
	return true;
}

static void say_how_many(struct look *l, int result)
{
	struct call *c = l->call;
	size_t n = l->there.n;

	map_fini(&l->there);
	command_say(c, result == 0,
	            result == 0 ? arena_fmt(&c->arena, "%zu", n)
	                        : command_trouble(c, result));
}

void run_num_active_users(struct call *c)
{
	struct look *l = arena_new(&c->arena, struct look);

	*l = (struct look){ .call = c, .fn = say_how_many };
	if (command_read_host(c, c->args[0], &l->host) &&
	    command_needs_module(c, l->host, "mod_last") &&
	    read_days(c, c->args[1], &l->since))
		look(l);
}

/* ---- those who do not come any more ------------------------------------------------------- */

/* Host by host their accounts are found, then deleted one by one. */
struct purge {
	struct look look; /* first: the look is the purge */
	struct str *hosts;
	size_t n_hosts; /* that are still to be looked at, the last one first */
	VEC(struct jid) old;
	size_t at;
	struct buf said;
	size_t deleted;
};

static void purge_ends(struct purge *p, int result)
{
	struct call *c = p->look.call;
	auto_buf said = p->said;

	map_fini(&p->look.there);
	vec_fini(&p->old);
	command_say(c, result == 0,
	            result == 0 ? arena_fmt(&c->arena, "Deleted %zu users%s" STR_FMT,
	                                    p->deleted, said.n ? ":" : "",
	                                    STR_ARG(buf_as_str(&said)))
	                        : command_trouble(c, result));
}

static void delete_next(struct purge *p);

static void on_deleted(void *arg, int result)
{
	struct purge *p = arg;

	if (result == 0) {
		buf_fmt(&p->said, " " STR_FMT, STR_ARG(jid_str(p->old.p[p->at])));
		p->deleted++;
		command_kick(p->look.call, "The account was removed");
	}
	p->at++;
	if (result < 0 && result != -ENOENT)
		purge_ends(p, result);
	else
		delete_next(p);
}

static void delete_next(struct purge *p)
{
	struct call *c = p->look.call;

	for (; p->at < p->old.n; p->at++) {
		c->args[0] = jid_local(p->old.p[p->at]);
		c->args[1] = jid_domain(p->old.p[p->at]);
		if (!is_connected(c)) /* as it may be by now */
			break;
	}
	if (p->at == p->old.n) {
		purge_ends(p, 0);
		return;
	}
	accounts_unregister(c->daemon->server.accounts, c->args[1], c->args[0],
	                    worker_inbox(&c->daemon->worker), on_deleted, p);
}

/* Administrators stay, and whom a rule of ejabberd's names. */
static bool is_protected(const struct daemon *d, struct jid jid)
{
	struct access_who who = { .jid = jid, .local = true };

	return server_may(&d->server, MAY_CONFIGURE, jid_domain(jid), jid, NULL) ||
	       access_allows(&d->config.access, jid_domain(jid), STR("protect_old_users"),
	                     &who);
}

static void look_at_next(struct purge *p);

static void on_accounts(void *arg, int result, const struct store_rows *rows)
{
	struct purge *p = arg;
	struct call *c = p->look.call;
	struct jid jid;

	for (size_t i = 0; i < rows->n; i++) {
		if (!map_has(&p->look.there, rows->p[i].user) &&
		    jid_make(rows->p[i].user, p->look.host, STR(""), &c->arena, &jid) ==
		            0 &&
		    !is_protected(c->daemon, jid))
			vec_push(&p->old, jid);
	}
	if (result < 0)
		purge_ends(p, result);
	else
		look_at_next(p);
}

static void on_looked(struct look *l, int result)
{
	struct call *c = l->call;

	if (result < 0)
		purge_ends((struct purge *)l, result);
	else
		accounts_list(c->daemon->server.accounts, l->host, STR(""), SIZE_MAX,
		              worker_inbox(&c->daemon->worker), on_accounts, l);
}

static void look_at_next(struct purge *p)
{
	if (p->n_hosts == 0) {
		delete_next(p);
		return;
	}
	p->look.host = p->hosts[--p->n_hosts];
	look(&p->look);
}

/* Without mod_last everybody would look like somebody who was never there. */
static void purge(struct call *c, struct str *hosts, size_t n, struct str days)
{
	struct purge *p = arena_new(&c->arena, struct purge);

	*p = (struct purge){ .look = { .call = c, .fn = on_looked },
		             .hosts = hosts,
		             .n_hosts = n };
	for (size_t i = 0; i < n; i++) {
		if (!command_needs_module(c, hosts[i], "mod_last"))
			return;
	}
	if (read_days(c, days, &p->look.since))
		look_at_next(p);
}

void run_delete_old_users(struct call *c)
{
	const struct server *s = &c->daemon->server;
	struct str *hosts = arena_array(&c->arena, struct str, s->hosts.n);

	for (size_t i = 0; i < s->hosts.n; i++)
		hosts[i] = s->hosts.p[i].name;
	purge(c, hosts, s->hosts.n, c->args[0]);
}

void run_delete_old_users_vhost(struct call *c)
{
	struct str *host = arena_new(&c->arena, struct str);

	if (command_read_host(c, c->args[0], host))
		purge(c, host, 1, c->args[1]);
}
