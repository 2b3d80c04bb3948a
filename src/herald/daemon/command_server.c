/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about the server itself: its state, configuration, log and database. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "herald/auth/accounts.h"
#include "herald/daemon/command_impl.h"
#include "herald/daemon/reload.h"
#include "herald/daemon/restore.h"
#include "herald/modules/announce.h"
#include "io/pool.h"

void run_status(struct call *c)
{
	command_say(c, true,
	            arena_fmt(&c->arena,
	                      "The node herald is started with status: started\n"
	                      "herald %s is running in that node",
	                      GATEHOUSE_VERSION));
}

void run_stop(struct call *c)
{
	struct daemon *d = c->daemon;

	if (c->n_args && !command_is_text(c->args[0])) {
		command_say(c, false, STR("control characters cannot be sent"));
		return;
	}
	for (size_t i = 0; c->n_args && i < d->server.hosts.n; i++)
		announce_online(&d->worker, d->server.hosts.p[i].name,
		                announce_message(&c->arena, STR(""), c->args[0]),
		                &c->arena);
	command_say(c, true, STR(""));
	daemon_stop(d);
}

void run_registered_vhosts(struct call *c)
{
	auto_buf text = { 0 };

	vec_for_each(host, &c->daemon->server.hosts) {
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, host->name);
	}
	command_say(c, true, buf_as_str(&text));
}

/* ---- counts ------------------------------------------------------------------------------- */

struct counting {
	struct call *call;
	size_t due; /* hosts that have not answered */
	uint64_t count;
	int error;
};

static void on_counted(void *arg, int result, const struct store_rows *rows)
{
	struct counting *n = arg;

	if (result < 0)
		n->error = result;
	else
		n->count += rows->n;
	if (--n->due)
		return;
	struct call *c = n->call;
	command_say(c, n->error == 0,
	            n->error
	                    ? command_trouble(c, n->error)
	                    : arena_fmt(&c->arena, "%llu", (unsigned long long)n->count));
}

/* The accounts of a host, or (NULL) of all. */
static void count_accounts(struct call *c, const struct str *host)
{
	struct counting *n = arena_new(&c->arena, struct counting);
	struct server *s = &c->daemon->server;

	n->call = c;
	n->due = host ? 1 : s->hosts.n;
	for (size_t i = 0, all = n->due; i < all; i++)
		accounts_list(s->accounts, host ? *host : s->hosts.p[i].name, STR(""),
		              SIZE_MAX, worker_inbox(&c->daemon->worker), on_counted, n);
}

static void count_disabled(struct call *c, struct str host)
{
	struct counting *n = arena_new(&c->arena, struct counting);

	*n = (struct counting){ .call = c, .due = 1 };
	accounts_list_disabled(c->daemon->server.accounts, host, STR(""), SIZE_MAX,
	                       worker_inbox(&c->daemon->worker), on_counted, n);
}

static size_t count_sessions(const struct daemon *d, const struct str *host)
{
	size_t n = 0;

	map_for_each(it, &d->worker.users) {
		const struct user *u = it->value;
		if (host && !str_eq(jid_domain(u->jid), *host))
			continue;
		for (const struct session *s = u->sessions; s; s = s->next)
			n++;
	}
	return n;
}

static void say_number(struct call *c, uint64_t n)
{
	command_say(c, true, arena_fmt(&c->arena, "%llu", (unsigned long long)n));
}

void run_connected_users_number(struct call *c)
{
	say_number(c, count_sessions(c->daemon, NULL));
}

void run_stats(struct call *c)
{
	struct daemon *d = c->daemon;

	if (str_is(c->args[0], "registeredusers"))
		count_accounts(c, NULL);
	else if (str_is(c->args[0], "onlineusers") ||
	         str_is(c->args[0], "onlineusersnode"))
		say_number(c, count_sessions(d, NULL));
	else if (str_is(c->args[0], "uptimeseconds"))
		say_number(c, (loop_now_ms(&d->loop) - d->started_ms) / 1000);
	else if (str_is(c->args[0], "processes"))
		say_number(c, 1);
	else
		command_say(c, false,
		            STR("the names are registeredusers, onlineusers, "
		                "onlineusersnode, uptimeseconds and processes"));
}

void run_stats_host(struct call *c)
{
	struct str host;

	if (!command_read_host(c, c->args[1], &host))
		return;
	if (str_is(c->args[0], "registeredusers"))
		count_accounts(c, &host);
	else if (str_is(c->args[0], "disabledusers"))
		count_disabled(c, host);
	else if (str_is(c->args[0], "onlineusers"))
		say_number(c, count_sessions(c->daemon, &host));
	else if (str_is(c->args[0], "activeusers"))
		say_number(c, command_count_users(c, host, true));
	else if (str_is(c->args[0], "idleusers"))
		say_number(c, command_count_users(c, host, false));
	else
		command_say(c, false,
		            STR("the names are registeredusers, disabledusers, "
		                "onlineusers, activeusers and idleusers"));
}

struct str command_file_trouble(struct call *c, struct str path, int error)
{
	bool sandbox = error == -EACCES && c->daemon->config.sandbox;

	return arena_fmt(&c->arena, STR_FMT ": %s%s", STR_ARG(path), strerror(-error),
	                 sandbox ? "; herald reaches only what is below spool_dir and "
	                           "backup_dirs"
	                         : "");
}

/* ---- configuration and log ---------------------------------------------------------------- */

void run_reload_config(struct call *c)
{
	auto_buf said = { 0 };
	int r = daemon_reload(c->daemon, &said);

	command_say(c, r == 0, str_trim(buf_as_str(&said)));
}

/* A new file that only its owner reads: a configuration may have secrets. */
static int write_new(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text.p, text.n);
	int r = n < 0 ? -errno : (size_t)n < text.n ? -ENOSPC : 0;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

void run_dump_config(struct call *c)
{
	struct str text = c->daemon->config.text;

	if (c->n_args == 0) {
		command_say(c, true, str_trim(text));
		return;
	}
	int r = write_new(str_dup_c(&c->arena, c->args[0]), text);
	command_say(c, r == 0, r == 0 ? STR("") : command_file_trouble(c, c->args[0], r));
}

void run_reopen_log(struct call *c)
{
	auto_buf why = { 0 };
	int r = log_sink_reopen(c->daemon->sink, &why);

	command_say(c, r == 0, buf_as_str(&why));
}

void run_get_loglevel(struct call *c)
{
	command_say(c, true, str_from(log_level_name(c->daemon->server.log.max)));
}

void run_set_loglevel(struct call *c)
{
	int level = log_level_find(c->args[0]);

	if (level < 0) {
		command_say(c, false,
		            STR("the levels are none, emergency, alert, critical, error, "
		                "warning, notice, info and debug"));
		return;
	}
	c->daemon->server.log.max = (enum log_level)level;
	command_say(c, true, STR(""));
}

/* ---- backups ------------------------------------------------------------------------------ */

static void on_backed_up(void *arg, int result)
{
	struct call *c = arg;

	command_say(c, result == 0,
	            result == 0
	                    ? STR("")
	                    : arena_fmt(&c->arena, "no backup was written: %s",
	                                result == -EEXIST ? "the file exists already"
	                                                  : store_error_text(result)));
}

void run_backup(struct call *c)
{
	store_backup(c->daemon->server.store, str_dup_c(&c->arena, c->args[0]),
	             worker_inbox(&c->daemon->worker), on_backed_up, c);
}

/* Reading all of a database takes its time, on a thread that nobody waits for. */
struct restoring {
	struct pool_job job; /* first: the job is it */
	struct call *call;
	const char *file, *folder;
	bool dry;
	int result;
	struct buf said;
};

static void restore_work(struct pool_job *job)
{
	struct restoring *r = (struct restoring *)job;

	r->result = restore_stage(r->file, r->folder, r->dry, &r->said);
}

static void on_restored(struct pool_job *job)
{
	struct restoring *r = (struct restoring *)job;
	auto_buf said = r->said;

	command_say(r->call, r->result == 0, buf_as_str(&said));
}

void run_restore(struct call *c)
{
	struct restoring *r = arena_new(&c->arena, struct restoring);

	r->dry = c->n_args == 2;
	if (r->dry && !str_is(c->args[0], "--dry-run")) {
		command_say(c, false, STR("usage: restore [--dry-run] file"));
		return;
	}
	r->call = c;
	r->file = str_dup_c(&c->arena, c->args[c->n_args - 1]);
	r->folder = str_dup_c(&c->arena, c->daemon->config.spool_dir);
	r->job.work = restore_work;
	r->job.done = on_restored;
	r->job.to = worker_inbox(&c->daemon->worker);
	if (pool_submit(c->daemon->pool, &r->job) < 0)
		command_say(c, false, command_trouble(c, -EBUSY));
}
