/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `export`: all accounts as XEP-0227, user after user, part after part, each when the store has
 * answered for the one before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/daemon/command_impl.h"
#include "herald/pie/pie.h"

enum { PAGE = 200, PIECE = 65536 };

struct exporting {
	struct call *call;
	struct daemon *daemon;
	struct str path;
	int fd;
	struct buf out;
	VEC(struct str) hosts;
	size_t host;       /* being written */
	struct arena page; /* names of users */
	VEC(struct str) users;
	size_t user; /* being written */
	bool more;   /* users behind the page */
	enum pie_part part;
	uint64_t after_id; /* of the offline messages */
	size_t accounts;
	int error;
};

static struct inbox *inbox_of(struct exporting *ex)
{
	return worker_inbox(&ex->daemon->worker);
}

static void flush(struct exporting *ex)
{
	for (size_t at = 0; at < ex->out.n && !ex->error;) {
		ssize_t n = write(ex->fd, ex->out.p + at, ex->out.n - at);
		if (n < 0)
			ex->error = -errno;
		else
			at += (size_t)n;
	}
	buf_reset(&ex->out);
}

static void answer(struct exporting *ex)
{
	struct call *c = ex->call;
	size_t accounts = ex->accounts;
	struct str path = ex->path;

	flush(ex);
	if (fsync(ex->fd) < 0 && !ex->error)
		ex->error = -errno;
	close(ex->fd);
	int error = ex->error;
	if (error)
		unlink(path.p);
	buf_fini(&ex->out);
	arena_fini(&ex->page);
	vec_fini(&ex->hosts);
	vec_fini(&ex->users);
	free(ex);
	command_say(c, error == 0,
	            error ? arena_fmt(&c->arena, "nothing was exported: %s",
	                              store_error_text(error))
	                  : arena_fmt(&c->arena, "%zu accounts are in " STR_FMT, accounts,
	                              STR_ARG(path)));
}

/* ---- a user ------------------------------------------------------------------------------- */

static void ask_part(struct exporting *ex);
static void next_user(struct exporting *ex);

static void on_part(void *arg, int result, const struct store_rows *rows)
{
	struct exporting *ex = arg;
	struct str host = ex->hosts.p[ex->host], user = ex->users.p[ex->user];

	if (result < 0) {
		ex->error = result;
		answer(ex);
		return;
	}
	pie_write_part(&ex->out, ex->part, host, user, rows);
	if (ex->part == PIE_OFFLINE && rows->more) {
		ex->after_id = rows->p[rows->n - 1].id;
		ask_part(ex);
		return;
	}
	ex->after_id = 0;
	ex->part++;
	if (ex->part < PIE_PART_COUNT) {
		ask_part(ex);
		return;
	}
	pie_write_user_end(&ex->out);
	ex->accounts++;
	if (ex->out.n > PIECE)
		flush(ex);
	ex->user++;
	next_user(ex);
}

static void ask_part(struct exporting *ex)
{
	struct str host = ex->hosts.p[ex->host], user = ex->users.p[ex->user];
	struct store *store = ex->daemon->server.store;
	struct store_place at = { host, user, str_from(pie_part_name(ex->part)) };
	struct store_range range = { .after_id = ex->after_id };

	switch (ex->part) {
	case PIE_ACCOUNT:
		at = accounts_place(host, user);
		store_list(store, &at, inbox_of(ex), on_part, ex);
		break;
	case PIE_ROSTER:
	case PIE_PRIVATE:
	case PIE_VCARD:
	case PIE_LAST:
	case PIE_BLOCKED:
		store_list(store, &at, inbox_of(ex), on_part, ex);
		break;
	case PIE_OFFLINE:
		store_find(store, &at, &range, inbox_of(ex), on_part, ex);
		break;
	case PIE_PART_COUNT:
		break;
	}
}

/* ---- hosts -------------------------------------------------------------------------------- */

static void ask_users(struct exporting *ex, struct str after);

static void next_host(struct exporting *ex)
{
	if (ex->host == ex->hosts.n) {
		pie_write_end(&ex->out);
		answer(ex);
		return;
	}
	pie_write_host(&ex->out, ex->hosts.p[ex->host]);
	ask_users(ex, STR(""));
}

static void next_user(struct exporting *ex)
{
	if (ex->error) {
		answer(ex);
		return;
	}
	if (ex->user < ex->users.n) {
		ex->part = PIE_ACCOUNT;
		pie_write_user(&ex->out, ex->users.p[ex->user]);
		ask_part(ex);
		return;
	}
	if (ex->more) {
		ask_users(ex, ex->users.p[ex->users.n - 1]);
		return;
	}
	pie_write_host_end(&ex->out);
	ex->host++;
	next_host(ex);
}

static void on_users(void *arg, int result, const struct store_rows *rows)
{
	struct exporting *ex = arg;

	if (result < 0)
		ex->error = result;
	ex->users.n = ex->user = 0;
	arena_reset(&ex->page);
	for (size_t i = 0; result == 0 && i < rows->n; i++)
		vec_push(&ex->users, arena_str(&ex->page, rows->p[i].user));
	ex->more = result == 0 && rows->more;
	next_user(ex);
}

static void ask_users(struct exporting *ex, struct str after)
{
	accounts_list(ex->daemon->server.accounts, ex->hosts.p[ex->host], after, PAGE,
	              inbox_of(ex), on_users, ex);
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* DIR/20260131-235959.xml, new, for its owner's eyes: it has the keys of passwords in it. */
static int open_new(struct call *c, struct str *path)
{
	const char *folder = str_dup_c(&c->arena, c->args[0]);
	time_t now = time(NULL);
	struct tm tm;
	char name[32];

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	gmtime_r(&now, &tm);
	strftime(name, sizeof(name), "%Y%m%d-%H%M%S.xml", &tm);
	*path = arena_fmt(&c->arena, "%s/%s", folder, name);
	int fd = open(path->p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

void run_export(struct call *c)
{
	struct str path = c->args[0];
	int fd = open_new(c, &path);

	if (fd < 0) {
		command_say(c, false, command_file_trouble(c, path, fd));
		return;
	}
	struct exporting *ex = base_calloc(1, sizeof(*ex));
	ex->call = c;
	ex->daemon = c->daemon;
	ex->path = path;
	ex->fd = fd;
	vec_for_each(host, &c->daemon->server.hosts)
		vec_push(&ex->hosts, host->name);
	pie_write_head(&ex->out);
	next_host(ex);
}

void run_export_piefxis(struct call *c)
{
	run_export(c);
}
