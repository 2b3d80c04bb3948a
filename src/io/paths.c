/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* glob(3) with our rules. Its order is strcoll()'s; nothing here sets LC_COLLATE, so bytes. */
#include "io/paths.h"

#include <errno.h>
#include <glob.h>

bool path_has_wildcard(struct str pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i] == '\\')
			i++;
		else if (memchr("*?[", pattern.p[i], 3))
			return true;
	}
	return false;
}

struct str path_folder(struct str path)
{
	size_t n = path.n;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	if (n == 0)
		return STR(".");
	return str_sub(path, 0, n > 1 ? n - 1 : 1);
}

/* GLOB_MARK puts a slash behind folders. */
static bool is_folder(const char *path)
{
	return str_ends(str_from(path), STR("/"));
}

int paths_expand(struct arena *a, struct str pattern, struct str **paths, size_t *n)
{
	glob_t g = { 0 };
	size_t found = 0;

	errno = 0;
	int r = glob(str_dup_c(a, pattern), GLOB_MARK | GLOB_ERR, NULL, &g);
	/* A folder that is not there matches nothing; one that may not be read is an error. */
	if (r == GLOB_ABORTED && errno != ENOENT) {
		r = errno ? -errno : -EIO;
		globfree(&g);
		return r;
	}
	struct str *list = arena_array(a, struct str, g.gl_pathc);
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (!is_folder(g.gl_pathv[i]))
			list[found++] = arena_str(a, str_from(g.gl_pathv[i]));
	globfree(&g);
	*paths = list;
	*n = found;
	return 0;
}
