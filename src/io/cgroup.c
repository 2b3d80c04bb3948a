/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * From number to path there is a handle: kernfs decodes one that holds just the inode number.
 * It needs CAP_DAC_READ_SEARCH; without it the tree is walked.
 *
 * Where version 1 and 2 are both mounted, /sys/fs/cgroup is a tmpfs and the second kind's tree
 * lies in `unified` below it.
 */
#include "io/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/str.h"

#define ROOT "/sys/fs/cgroup"

/* linux/exportfs.h: enum fid_type */
enum { FILEID_KERNFS = 0xfe };

static const char *const trees[] = { ROOT, ROOT "/unified" };

static int stat_group(const char *path, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || stat(path, &st) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return -ENOTSUP;
	*id = st.st_ino;
	return 0;
}

int cgroup_id(const char *path, uint64_t *id)
{
	int first = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		char full[PATH_MAX];
		if (snprintf(full, sizeof(full), "%s/%s", trees[i], path) >=
		    (int)sizeof(full))
			return -ENAMETOOLONG;
		int r = stat_group(full, id);
		if (r == 0)
			return 0;
		if (i == 0)
			first = r;
	}
	return first;
}

/* Copies what stands behind ROOT, without the slash. */
static int copy_below_root(struct str full, char *buf, size_t n)
{
	if (!str_starts(full, STR(ROOT)))
		return -ENOENT;
	struct str path = str_sub(full, sizeof(ROOT) - 1, full.n);

	if (str_starts(path, STR("/")))
		path = str_sub(path, 1, path.n);
	if (path.n >= n)
		return -ERANGE;
	memcpy(buf, path.p, path.n);
	buf[path.n] = '\0';
	return 0;
}

static int path_by_handle(const char *tree, uint64_t id, char *buf, size_t n)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char link[64], full[PATH_MAX];
	auto_close int at = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return -errno;
	memcpy(h.room + sizeof(struct file_handle), &id, sizeof(id));
	auto_close int fd = open_by_handle_at(at, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? -ENOENT : -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, full, sizeof(full));
	if (len < 0)
		return -errno;
	return copy_below_root((struct str){ full, (size_t)len }, buf, n);
}

static int path_by_walk(const char *tree, uint64_t id, char *buf, size_t n)
{
	auto_free char *root = strdup(tree);
	char *const roots[] = { root, NULL };
	FTS *fts = root ? fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL)
	                : NULL;
	int r = -ENOENT;

	if (!fts)
		return -errno;
	for (FTSENT *e = fts_read(fts); e && r == -ENOENT; e = fts_read(fts))
		if (e->fts_info == FTS_D && e->fts_statp->st_ino == id)
			r = copy_below_root((struct str){ e->fts_path, e->fts_pathlen },
			                    buf, n);
	fts_close(fts);
	return r;
}

int cgroup_path(uint64_t id, char *buf, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		struct statfs fs;
		if (statfs(trees[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		int r = path_by_handle(trees[i], id, buf, n);
		return r == -EPERM || r == -EOPNOTSUPP
		               ? path_by_walk(trees[i], id, buf, n)
		               : r;
	}
	return -ENOENT;
}
