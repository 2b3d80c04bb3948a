/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The commands, with ejabberdctl's names and words where it has them. */
#include "herald/daemon/command.h"

#include <errno.h>
#include <string.h>

#include "herald/auth/accounts.h"
#include "herald/daemon/daemon.h"
#include "herald/jid/jid.h"
#include "herald/route/user.h"

static void say(struct call *c, bool ok, struct str text)
{
	c->answer(c, ok, text);
}

/* Prepares the account of args[0] at args[1]; false: it has answered. */
static bool read_account(struct call *c)
{
	struct str user, host;

	if (jid_prep_local(c->args[0], &c->arena, &user) < 0 ||
	    jid_prep_domain(c->args[1], &c->arena, &host) < 0) {
		say(c, false,
		    arena_fmt(&c->arena, "`" STR_FMT "@" STR_FMT "` is not an address",
		              STR_ARG(c->args[0]), STR_ARG(c->args[1])));
		return false;
	}
	if (!server_has_host(&c->daemon->server, host)) {
		say(c, false,
		    arena_fmt(&c->arena, "`" STR_FMT "` is not a host of this server",
		              STR_ARG(host)));
		return false;
	}
	c->args[0] = user;
	c->args[1] = host;
	return true;
}

/* `before` USER@HOST `after` */
static struct str account_text(struct call *c, const char *before, const char *after)
{
	return arena_fmt(&c->arena, "%s " STR_FMT "@" STR_FMT "%s", before,
	                 STR_ARG(c->args[0]), STR_ARG(c->args[1]), after);
}

/* What an error of the accounts means to people. */
static struct str trouble(struct call *c, int error)
{
	switch (error) {
	case -EEXIST:
		return account_text(c, "User", " already registered");
	case -ENOENT:
		return account_text(c, "There is no account", "");
	case -EACCES:
		return account_text(c, "The name or the password of", " is not allowed");
	case -EPERM:
		return account_text(c, "The account", " is disabled");
	case -EINVAL:
		return account_text(c, "The name or the password of", " is not allowed");
	default:
		return arena_fmt(&c->arena, "%s", strerror(-error));
	}
}

static void on_registered(void *arg, int result)
{
	struct call *c = arg;

	say(c, result == 0,
	    result == 0 ? account_text(c, "User", " successfully registered")
	                : trouble(c, result));
}

static void run_register(struct call *c)
{
	if (read_account(c))
		accounts_register(c->daemon->server.accounts, c->args[1], c->args[0],
		                  c->args[2], worker_inbox(&c->daemon->worker),
		                  on_registered, c);
}

static void on_done(void *arg, int result)
{
	struct call *c = arg;

	say(c, result == 0, result == 0 ? STR("") : trouble(c, result));
}

/* Who is connected as the account is told and gone. */
static void kick(struct call *c, const char *why)
{
	struct jid jid;
	struct user *u = NULL;

	if (jid_make(c->args[0], c->args[1], STR(""), &c->arena, &jid) == 0)
		u = user_get(&c->daemon->worker, jid);
	for (struct session *s = u ? u->sessions : NULL; s; s = s->next)
		s->ops->close(s, STREAM_NOT_AUTHORIZED, why);
}

static void on_unregistered(void *arg, int result)
{
	struct call *c = arg;

	if (result == 0)
		kick(c, "The account was removed");
	on_done(arg, result);
}

static void run_unregister(struct call *c)
{
	if (read_account(c))
		accounts_unregister(c->daemon->server.accounts, c->args[1], c->args[0],
		                    worker_inbox(&c->daemon->worker), on_unregistered, c);
}

static void on_changed(void *arg, int result)
{
	struct call *c = arg;

	if (result == 0)
		kick(c, "The password was changed");
	on_done(arg, result);
}

static void run_change_password(struct call *c)
{
	if (read_account(c))
		accounts_set_password(c->daemon->server.accounts, c->args[1], c->args[0],
		                      c->args[2], worker_inbox(&c->daemon->worker),
		                      on_changed, c);
}

static void run_check_password(struct call *c)
{
	if (read_account(c))
		accounts_check_password(c->daemon->server.accounts, c->args[1],
		                        c->args[0], c->args[2],
		                        worker_inbox(&c->daemon->worker), on_done, c);
}

static void run_check_account(struct call *c)
{
	if (read_account(c))
		accounts_exists(c->daemon->server.accounts, c->args[1], c->args[0],
		                worker_inbox(&c->daemon->worker), on_done, c);
}

static void on_users(void *arg, int result, const struct store_rows *rows)
{
	struct call *c = arg;
	auto_buf text = { 0 };

	for (size_t i = 0; result == 0 && i < rows->n; i++) {
		buf_cstr(&text, i ? "\n" : "");
		buf_str(&text, rows->p[i].user);
	}
	say(c, result == 0, result == 0 ? buf_as_str(&text) : trouble(c, result));
}

static void run_registered_users(struct call *c)
{
	struct str host;

	if (jid_prep_domain(c->args[0], &c->arena, &host) < 0 ||
	    !server_has_host(&c->daemon->server, host))
		say(c, false,
		    arena_fmt(&c->arena, "`" STR_FMT "` is not a host of this server",
		              STR_ARG(c->args[0])));
	else
		accounts_list(c->daemon->server.accounts, host, STR(""), SIZE_MAX,
		              worker_inbox(&c->daemon->worker), on_users, c);
}

static void run_registered_vhosts(struct call *c)
{
	auto_buf text = { 0 };

	vec_for_each(host, &c->daemon->server.hosts) {
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, *host);
	}
	say(c, true, buf_as_str(&text));
}

static void run_connected_users(struct call *c)
{
	auto_buf text = { 0 };

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		for (const struct session *s = u->sessions; s; s = s->next) {
			buf_cstr(&text, text.n ? "\n" : "");
			buf_str(&text, jid_str(s->jid));
		}
	}
	say(c, true, buf_as_str(&text));
}

static void run_status(struct call *c)
{
	say(c, true,
	    arena_fmt(&c->arena,
	              "The node herald is started with status: started\n"
	              "herald %s is running in that node",
	              GATEHOUSE_VERSION));
}

static void run_stop(struct call *c)
{
	struct daemon *d = c->daemon;

	say(c, true, STR(""));
	daemon_stop(d);
}

static void run_help(struct call *c)
{
	auto_buf text = { 0 };

	for (const struct command *row = commands; row->name; row++)
		buf_fmt(&text, "%s%s%s%s\n    %s", text.n ? "\n" : "", row->name,
		        row->args[0] ? " " : "", row->args, row->help);
	say(c, true, buf_as_str(&text));
}

const struct command commands[] = {
	{ "status", "", "say whether the server runs", run_status },
	{ "register", "user host password", "make an account", run_register },
	{ "unregister", "user host", "delete an account and all it has stored",
	  run_unregister },
	{ "change_password", "user host newpass", "set an account's password",
	  run_change_password },
	{ "check_password", "user host password", "whether that is the password",
	  run_check_password },
	{ "check_account", "user host", "whether the account exists", run_check_account },
	{ "registered_users", "host", "the accounts of a host", run_registered_users },
	{ "registered_vhosts", "", "the hosts served", run_registered_vhosts },
	{ "connected_users", "", "the sessions there are", run_connected_users },
	{ "stop", "", "stop the server", run_stop },
	{ "help", "", "this list", run_help },
	{ NULL, NULL, NULL, NULL },
};

const struct command *command_find(struct str name)
{
	for (const struct command *row = commands; row->name; row++) {
		if (str_is(name, row->name))
			return row;
	}
	return NULL;
}

size_t command_n_args(const struct command *c)
{
	size_t n = c->args[0] ? 1 : 0;

	for (const char *p = c->args; *p; p++)
		n += *p == ' ';
	return n;
}
