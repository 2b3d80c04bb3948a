/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `import`: accounts from XEP-0227. The file is read piece by piece, and no more while many
 * users wait for the disk, so that the server goes on serving and memory stays flat. Every user
 * is one transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/daemon/command_impl.h"
#include "herald/pie/pie.h"

enum { PIECE = 16384, WAITING_MAX = 64, FILES_MAX = 4096, LINES_MAX = 1000 };

struct part_file {
	char *path, *host; /* the host it is a part of, "": of none */
};

struct importing {
	struct call *call;
	struct daemon *daemon;
	VEC(struct part_file) files;
	size_t file; /* being read */
	int fd;
	struct pie_reader *reader;
	size_t waiting; /* users on their way to the disk */
	bool read_all;
	size_t accounts, contacts, messages, lines;
	bool failed;
	struct buf said;
	size_t refreshing; /* hosts */
};

/* A user on its way. */
struct arriving {
	struct importing *im;
	struct arena arena;
	struct str name, host;
	struct store_tx *tx; /* what is stored once the account is registered */
	size_t contacts, messages;
};

static void go_on(struct importing *im);

static void say(struct importing *im, struct str name, struct str host, struct str what)
{
	if (++im->lines > LINES_MAX)
		return;
	buf_fmt(&im->said, "\n" STR_FMT "@" STR_FMT ": " STR_FMT, STR_ARG(name),
	        STR_ARG(host), STR_ARG(what));
}

static void refuse(struct importing *im, struct str name, struct str host,
                   const char *what)
{
	im->failed = true;
	say(im, name, host, str_from(what));
}

/* ---- users -------------------------------------------------------------------------------- */

static void on_stored(void *arg, int result)
{
	struct arriving *u = arg;
	struct importing *im = u->im;

	if (result == -EEXIST)
		refuse(im, u->name, u->host, "there is an account of that name already");
	else if (result < 0)
		refuse(im, u->name, u->host, store_error_text(result));
	if (result == 0) {
		im->accounts++;
		im->contacts += u->contacts;
		im->messages += u->messages;
	}
	arena_fini(&u->arena);
	free(u);
	im->waiting--;
	go_on(im);
}

static void on_registered(void *arg, int result)
{
	struct arriving *u = arg;
	struct store_tx *tx = u->tx;

	if (result == 0) {
		tx_commit(tx, worker_inbox(&u->im->daemon->worker), on_stored, u);
		return;
	}
	tx_abort(tx);
	on_stored(u, result);
}

static void arrive(struct importing *im, const struct xml *user, struct str host,
                   struct arena *a, struct pie_user *u)
{
	struct arriving *w = base_calloc(1, sizeof(*w));
	struct inbox *inbox = worker_inbox(&im->daemon->worker);

	w->im = im;
	w->name = arena_str(&w->arena, u->name);
	w->host = arena_str(&w->arena, host);
	w->tx = tx_begin(im->daemon->server.store);
	if (!u->password.p)
		accounts_move_in(w->tx, host, u->name, u->keys, u->n_keys,
		                 u->is_disabled ? &u->disabled : NULL);
	pie_user_put(user, host, w->tx, a, u);
	w->contacts = u->contacts;
	w->messages = u->messages;
	im->waiting++;
	if (u->password.p)
		accounts_register(im->daemon->server.accounts, host, u->name, u->password,
		                  inbox, on_registered, w);
	else
		tx_commit(w->tx, inbox, on_stored, w);
}

static void on_user(void *ctx, struct str written_host, struct xml *user, struct arena *a)
{
	struct importing *im = ctx;
	struct str written = xml_get(user, "name"), host;
	struct pie_user u;

	if (jid_prep_domain(written_host, a, &host) < 0 ||
	    !server_has_host(&im->daemon->server, host)) {
		refuse(im, written, written_host, "this is not a host of this server");
		return;
	}
	if (pie_user_read(user, a, &u) < 0) {
		refuse(im, written, host, "this is not the name of an account");
		return;
	}
	arrive(im, user, host, a, &u);
	vec_for_each(line, &u.left)
		say(im, u.name, host, *line);
	if (!u.password.p && !u.n_keys)
		say(im, u.name, host, STR("has no password; change_password sets one"));
	pie_user_fini(&u);
}

/* ---- files -------------------------------------------------------------------------------- */

static void add_file(struct importing *im, struct str path, struct str host)
{
	struct part_file f = { strndup(path.p, path.n),
		               strndup(host.n ? host.p : "", host.n) };

	vec_push(&im->files, f);
}

/* A file beside the first one; nothing else can be named. */
static void on_include(void *ctx, struct str host, struct str href)
{
	struct importing *im = ctx;
	struct str first = str_from(im->files.p[0].path);
	auto_arena a = { 0 };

	while (first.n && first.p[first.n - 1] != '/')
		first.n--;
	if (!href.n || str_find(href, '/') < href.n || href.p[0] == '.' ||
	    im->files.n >= FILES_MAX) {
		im->failed = true;
		buf_fmt(&im->said, "\nthe file `" STR_FMT "` is not included: %s",
		        STR_ARG(href),
		        im->files.n >= FILES_MAX ? "there are too many"
		                                 : "it must be in the same folder");
		return;
	}
	add_file(im, arena_fmt(&a, STR_FMT STR_FMT, STR_ARG(first), STR_ARG(href)), host);
}

static const struct pie_ops reading = { on_user, on_include };

static void close_file(struct importing *im)
{
	pie_reader_free(im->reader);
	im->reader = NULL;
	if (im->fd >= 0)
		close(im->fd);
	im->fd = -1;
	im->file++;
}

static void fail_file(struct importing *im, struct str why)
{
	im->failed = true;
	buf_fmt(&im->said, "\n%s: " STR_FMT, im->files.p[im->file].path, STR_ARG(why));
	close_file(im);
}

static void open_file(struct importing *im)
{
	const struct part_file *f = &im->files.p[im->file];

	im->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0) {
		struct str why =
			command_file_trouble(im->call, str_from(f->path), -errno);
		im->failed = true;
		buf_fmt(&im->said, "\n" STR_FMT, STR_ARG(why));
		close_file(im);
	} else {
		im->reader = pie_reader_new(&reading, im, str_from(f->host));
	}
}

static void read_piece(struct importing *im)
{
	char piece[PIECE];
	ssize_t n = read(im->fd, piece, sizeof(piece));

	if (n < 0)
		fail_file(im, str_from(strerror(errno)));
	else if (pie_reader_feed(im->reader, (struct str){ piece, (size_t)n }, n == 0) <
	         0)
		fail_file(im, pie_reader_error(im->reader));
	else if (n == 0)
		close_file(im);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void answer(struct importing *im)
{
	struct call *c = im->call;
	auto_buf text = { 0 };

	buf_fmt(&text, "%zu accounts came in, with %zu contacts and %zu offline messages",
	        im->accounts, im->contacts, im->messages);
	buf_str(&text, buf_as_str(&im->said));
	if (im->lines > LINES_MAX)
		buf_fmt(&text, "\nand %zu more lines", im->lines - LINES_MAX);
	bool ok = !im->failed;
	vec_for_each(f, &im->files) {
		free(f->path);
		free(f->host);
	}
	vec_fini(&im->files);
	buf_fini(&im->said);
	free(im);
	command_say(c, ok, buf_as_str(&text));
}

static void on_refreshed(void *arg, int result)
{
	struct importing *im = arg;

	if (result < 0)
		im->failed = true;
	if (--im->refreshing == 0)
		answer(im);
}

/* What is offered for login depends on the keys that came. */
static void finish(struct importing *im)
{
	struct server *s = &im->daemon->server;

	im->refreshing = s->hosts.n;
	for (size_t i = 0, n = s->hosts.n; i < n; i++)
		accounts_refresh(s->accounts, s->hosts.p[i].name,
		                 worker_inbox(&im->daemon->worker), on_refreshed, im);
}

static void go_on(struct importing *im)
{
	while (!im->read_all && im->waiting < WAITING_MAX) {
		if (im->reader)
			read_piece(im);
		else if (im->file < im->files.n && !im->daemon->stopping)
			open_file(im);
		else
			im->read_all = true;
	}
	if (im->read_all && im->waiting == 0)
		finish(im);
}

void run_import(struct call *c)
{
	struct importing *im = base_calloc(1, sizeof(*im));

	im->call = c;
	im->daemon = c->daemon;
	im->fd = -1;
	add_file(im, c->args[0], STR(""));
	go_on(im);
}

void run_import_piefxis(struct call *c)
{
	run_import(c);
}
