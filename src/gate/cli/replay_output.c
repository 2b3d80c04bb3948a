/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The captures that `gate replay` writes. A file gets its name when it is whole: who stops the program
 * in the middle finds what was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/cli/replay.h"

enum { WRITE_BYTES = 1 << 18 };

/* ---- opening ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && S_ISREG(a->st_mode);
}

/* What is read must not be written over. */
static bool is_read(struct replay_run *r, struct str path)
{
	struct stat out, in;

	if (stat(path.p, &out) < 0 || fstat(r->fd, &in) < 0 || !same_file(&out, &in))
		return false;
	diag_error(&r->c->diags, "E0943", SPAN_NONE,
	           "`" STR_FMT "` is the capture itself: it would be lost",
	           STR_ARG(path));
	return true;
}

/* The folder of a file that can be made there without a name; false: it is written in place. */
static bool folder_of(struct arena *a, struct str path, const char **folder)
{
	struct stat st;
	size_t slash = path.n;

	if (lstat(path.p, &st) == 0 ? !S_ISREG(st.st_mode) || access(path.p, W_OK) < 0
	                            : errno != ENOENT)
		return false;
	while (slash && path.p[slash - 1] != '/')
		slash--;
	struct str before = str_sub(path, 0, slash);
	*folder = slash ? arena_fmt(a, STR_FMT, STR_ARG(before)).p : ".";
	return true;
}

static int open_nameless(struct arena *a, struct str path)
{
	const char *folder;

	return folder_of(a, path, &folder)
	               ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644)
	               : -1;
}

void output_open(struct replay_run *r, struct replay_output *o, struct str path)
{
	o->fd = -1;
	o->path = path;
	if (!path.p || is_read(r, path))
		return;
	o->fd = open_nameless(&r->c->arena, path);
	o->is_nameless = o->fd >= 0;
	if (o->fd < 0)
		o->fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (o->fd < 0)
		diag_error(&r->c->diags, "E0905", SPAN_NONE,
		           "cannot write `" STR_FMT "`: %s", STR_ARG(path),
		           strerror(errno));
	writer_head(&o->writer);
}

/* ---- writing ---- */

static void output_write(struct replay_output *o)
{
	const char *p = o->writer.out.p;

	for (size_t n = o->writer.out.n; n && !o->err;) {
		ssize_t done = write(o->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		o->err = done < 0 ? -errno : 0;
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	buf_reset(&o->writer.out);
}

void output_frame(struct replay_output *o, const struct capture_frame *f)
{
	if (!o->path.p || o->err)
		return;
	writer_put(&o->writer, f);
	if (o->writer.out.n > WRITE_BYTES)
		output_write(o);
}

bool output_can_restart(const struct replay_output *o)
{
	struct stat st;

	return o->fd < 0 || (fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode));
}

void output_restart(struct replay_output *o)
{
	if (o->fd < 0)
		return;
	writer_fini(&o->writer);
	o->writer = (struct capture_writer){ .out = { 0 } };
	writer_head(&o->writer);
	if (ftruncate(o->fd, 0) < 0 || lseek(o->fd, 0, SEEK_SET) < 0)
		o->err = -errno;
}

/* ---- the name ---- */

/* linkat() does not replace, rename() does: by a name beside it. */
static int give_name(const struct replay_run *r, const struct replay_output *o)
{
	struct arena *a = &r->c->arena;
	struct str self = arena_fmt(a, "/proc/self/fd/%d", o->fd);
	struct str beside =
		arena_fmt(a, STR_FMT ".%d.part", STR_ARG(o->path), (int)getpid());

	if (linkat(AT_FDCWD, self.p, AT_FDCWD, beside.p, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	if (rename(beside.p, o->path.p) == 0)
		return 0;
	int e = -errno;
	unlink(beside.p);
	return e;
}

void output_close(struct replay_run *r, struct replay_output *o)
{
	if (o->path.p && o->fd >= 0) {
		output_write(o);
		if (o->is_nameless && !o->err && r->is_sent)
			o->err = give_name(r, o);
		if (close(o->fd) < 0 && !o->err)
			o->err = -errno;
		if (o->err)
			diag_error(&r->c->diags, "E0905", SPAN_NONE,
			           "cannot write `" STR_FMT "`: %s", STR_ARG(o->path),
			           strerror(-o->err));
	}
	writer_fini(&o->writer);
}
