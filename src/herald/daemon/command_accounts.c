/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about accounts. */
#include <errno.h>
#include <string.h>

#include "herald/auth/accounts.h"
#include "herald/daemon/command_impl.h"
#include "herald/im/module.h"

bool command_read_host(struct call *c, struct str name, struct str *out)
{
	if (jid_prep_domain(name, &c->arena, out) == 0 &&
	    server_has_host(&c->daemon->server, *out))
		return true;
	command_say(c, false,
	            arena_fmt(&c->arena, "`" STR_FMT "` is not a host of this server",
	                      STR_ARG(name)));
	return false;
}

bool command_read_account(struct call *c)
{
	struct str user, host;

	if (jid_prep_local(c->args[0], &c->arena, &user) < 0 ||
	    jid_prep_domain(c->args[1], &c->arena, &host) < 0) {
		command_say(c, false,
		            arena_fmt(&c->arena,
		                      "`" STR_FMT "@" STR_FMT "` is not an address",
		                      STR_ARG(c->args[0]), STR_ARG(c->args[1])));
		return false;
	}
	if (!command_read_host(c, host, &host))
		return false;
	c->args[0] = user;
	c->args[1] = host;
	return true;
}

bool command_read_number(struct call *c, struct str text, uint64_t min, uint64_t max,
                         uint64_t *out)
{
	if (str_to_u64(text, 10, out) == 0 && *out >= min && *out <= max)
		return true;
	command_say(c, false,
	            arena_fmt(&c->arena,
	                      "`" STR_FMT "` is not a number from %llu to %llu",
	                      STR_ARG(text), (unsigned long long)min,
	                      (unsigned long long)max));
	return false;
}

bool command_needs_module(struct call *c, struct str host, const char *module)
{
	if (module_is_on(server_setup(&c->daemon->server, host), module))
		return true;
	command_say(c, false,
	            arena_fmt(&c->arena,
	                      "this needs the module %s, which is off for " STR_FMT,
	                      module, STR_ARG(host)));
	return false;
}

/* `before` USER@HOST `after` */
static struct str account_text(struct call *c, const char *before, const char *after)
{
	return arena_fmt(&c->arena, "%s " STR_FMT "@" STR_FMT "%s", before,
	                 STR_ARG(c->args[0]), STR_ARG(c->args[1]), after);
}

struct str command_trouble(struct call *c, int error)
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
		return arena_fmt(&c->arena, "%s", store_error_text(error));
	}
}

static void on_registered(void *arg, int result)
{
	struct call *c = arg;

	command_say(c, result == 0,
	            result == 0 ? account_text(c, "User", " successfully registered")
	                        : command_trouble(c, result));
}

void run_register(struct call *c)
{
	if (command_read_account(c))
		accounts_register(c->daemon->server.accounts, c->args[1], c->args[0],
		                  c->args[2], worker_inbox(&c->daemon->worker),
		                  on_registered, c);
}

static void on_done(void *arg, int result)
{
	struct call *c = arg;

	command_say(c, result == 0, result == 0 ? STR("") : command_trouble(c, result));
}

static void on_unregistered(void *arg, int result)
{
	struct call *c = arg;

	if (result == 0)
		command_kick(c, "The account was removed");
	on_done(arg, result);
}

void run_unregister(struct call *c)
{
	if (command_read_account(c))
		accounts_unregister(c->daemon->server.accounts, c->args[1], c->args[0],
		                    worker_inbox(&c->daemon->worker), on_unregistered, c);
}

static void on_changed(void *arg, int result)
{
	struct call *c = arg;

	if (result == 0)
		command_kick(c, "The password was changed");
	on_done(arg, result);
}

void run_change_password(struct call *c)
{
	if (command_read_account(c))
		accounts_set_password(c->daemon->server.accounts, c->args[1], c->args[0],
		                      c->args[2], worker_inbox(&c->daemon->worker),
		                      on_changed, c);
}

void run_check_password(struct call *c)
{
	if (command_read_account(c))
		accounts_check_password(c->daemon->server.accounts, c->args[1],
		                        c->args[0], c->args[2],
		                        worker_inbox(&c->daemon->worker), on_done, c);
}

void run_check_account(struct call *c)
{
	if (command_read_account(c))
		accounts_exists(c->daemon->server.accounts, c->args[1], c->args[0],
		                worker_inbox(&c->daemon->worker), on_done, c);
}

/* The users of the rows, a line each; with what is kept of them behind a tab. */
static void say_users(struct call *c, int result, const struct store_rows *rows,
                      bool values)
{
	auto_buf text = { 0 };

	for (size_t i = 0; result == 0 && i < rows->n; i++) {
		buf_cstr(&text, i ? "\n" : "");
		buf_str(&text, rows->p[i].user);
		if (values) {
			buf_char(&text, '\t');
			command_put_cell(&text, rows->p[i].value);
		}
	}
	command_say(c, result == 0,
	            result == 0 ? buf_as_str(&text) : command_trouble(c, result));
}

static void on_users(void *arg, int result, const struct store_rows *rows)
{
	say_users(arg, result, rows, false);
}

void run_registered_users(struct call *c)
{
	struct str host;

	if (command_read_host(c, c->args[0], &host))
		accounts_list(c->daemon->server.accounts, host, STR(""), SIZE_MAX,
		              worker_inbox(&c->daemon->worker), on_users, c);
}

static void on_banned_listed(void *arg, int result, const struct store_rows *rows)
{
	say_users(arg, result, rows, true);
}

void run_list_banned(struct call *c)
{
	struct str host;

	if (command_read_host(c, c->args[0], &host))
		accounts_list_disabled(c->daemon->server.accounts, host, STR(""),
		                       SIZE_MAX, worker_inbox(&c->daemon->worker),
		                       on_banned_listed, c);
}

static void on_banned(void *arg, int result)
{
	struct call *c = arg;

	if (result == 0)
		command_kick(c, "The account is banned");
	on_done(arg, result);
}

void run_ban_account(struct call *c)
{
	if (command_read_account(c))
		accounts_disable(c->daemon->server.accounts, c->args[1], c->args[0],
		                 &c->args[2], worker_inbox(&c->daemon->worker), on_banned,
		                 c);
}

void run_unban_account(struct call *c)
{
	if (command_read_account(c))
		accounts_disable(c->daemon->server.accounts, c->args[1], c->args[0], NULL,
		                 worker_inbox(&c->daemon->worker), on_done, c);
}
