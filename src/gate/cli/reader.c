/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A name without wildcards is the first file found. A pattern takes its matches from every
 * folder; nft 1.0.6 goes through the folders backwards then (tried), and since the order of
 * files is the order of rules, so do we.
 */
#include "gate/cli/reader.h"

#include "io/file.h"
#include "io/paths.h"

#include <errno.h>

#define DEFAULT_DIR STR("/etc")

static void release_text(void *arg)
{
	const struct str *text = arg;

	file_release(*text);
}

int reader_add(struct arena *a, struct str name, struct sources *sources, uint32_t *file)
{
	bool is_stdin = str_is(name, "-");
	struct str text;

	int r = is_stdin ? file_read_fd(STDIN_FILENO, &text)
	                 : file_read(str_dup_c(a, name), &text);
	if (r < 0)
		return r;
	arena_defer(a, release_text, arena_copy(a, &text, sizeof(text)));
	*file = sources_add(sources,
	                    is_stdin ? STR("standard input") : arena_str(a, name), text);
	if (text.n > FILE_SMALL_MAX)
		sources_forget_by(sources, *file, file_forget);
	return 0;
}

static bool is_path(struct str name)
{
	return str_starts(name, STR("/")) || str_starts(name, STR("./")) ||
	       str_starts(name, STR("../"));
}

/* Appends the matches of dir/pattern to the list. */
static int expand_in(struct arena *a, struct str dir, struct str pattern,
                     struct str **paths, size_t *n)
{
	struct str full =
		arena_fmt(a, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(pattern));
	struct str *found;
	size_t n_found;

	int r = paths_expand(a, full, &found, &n_found);
	if (r < 0 || n_found == 0)
		return r;
	struct str *list = arena_array(a, struct str, *n + n_found);
	if (*n)
		memcpy(list, *paths, *n * sizeof(*list));
	memcpy(list + *n, found, n_found * sizeof(*list));
	*paths = list;
	*n += n_found;
	return 0;
}

/* /etc is folder 0, the -I folders follow. */
static struct str dir_at(const struct include_path *path, size_t i)
{
	return i == 0 ? DEFAULT_DIR : path->dirs[i - 1];
}

static int reader_expand(void *ctx, struct str pattern, struct arena *a,
                         struct str **paths, size_t *n)
{
	const struct include_path *path = ctx;
	bool is_wild = path_has_wildcard(pattern);
	struct str *list = NULL;
	size_t found = 0, n_dirs = path->n_dirs + 1;
	int r = 0;

	if (is_path(pattern)) {
		r = paths_expand(a, pattern, &list, &found);
		n_dirs = 0;
	}
	for (size_t i = 0; i < n_dirs && r == 0 && (is_wild || found == 0); i++)
		r = expand_in(a, dir_at(path, is_wild ? n_dirs - 1 - i : i), pattern,
		              &list, &found);
	if (r == 0 && found == 0 && n_dirs > 0 && path->base.n)
		r = expand_in(a, path->base, pattern, &list, &found);
	if (r == 0 && found == 0 && !is_wild)
		r = -ENOENT;
	if (r < 0)
		return r;
	*paths = list;
	*n = found;
	return 0;
}

static int reader_open(void *ctx, struct str path, struct sources *sources,
                       uint32_t *file)
{
	const struct include_path *include = ctx;

	return reader_add(include->a, path, sources, file);
}

void reader_init(struct reader *reader, struct include_path *path)
{
	*reader = (struct reader){ .ctx = path,
		                   .expand = reader_expand,
		                   .open = reader_open };
}
