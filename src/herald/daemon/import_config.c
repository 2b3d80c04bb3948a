/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The file becomes a tree; herald reads the tree as its own configuration and notes in it what
 * it cannot take; a second reading shows that the rest is good. So whatever herald learns is
 * imported without anything being said here.
 */
#include "herald/daemon/import_config.h"

#include <errno.h>
#include <unistd.h>

#include "herald/daemon/erl_config.h"
#include "herald/daemon/options.h"
#include "herald/daemon/yaml_tree.h"
#include "io/paths.h"

enum { READINGS_MAX = 8 };

static bool is_erlang(const char *path, struct str text)
{
	if (str_ends(str_from(path), STR(".cfg")))
		return true;
	if (str_ends(str_from(path), STR(".yml")) ||
	    str_ends(str_from(path), STR(".yaml")))
		return false;
	/* The first line that says something. */
	while (text.n) {
		struct str line = str_trim(str_sub(text, 0, str_find(text, '\n')));
		text = str_sub(text, str_find(text, '\n') + 1, text.n);
		if (line.n && line.p[0] != '#')
			return line.p[0] == '%' || line.p[0] == '{';
	}
	return false;
}

static int read_erlang(struct options_files *files, const char *path, struct diags *ds,
                       struct arena *a, struct yaml **out)
{
	struct term *terms = NULL;
	uint32_t file = sources_add(&files->sources, str_from(path), files->texts.p[0]);
	int r = erl_terms_read(&files->sources, file, ds, a, &terms);

	if (r < 0)
		return r;
	*out = erl_config_tree(terms, a);
	config_put_macros(ds, a, *out);
	return 0;
}

static int read_tree(struct options_files *files, const char *path, struct diags *ds,
                     struct arena *a, struct yaml **out)
{
	struct config_loader loader = { options_file, files };
	struct str text;
	int r = options_file(files, path, &text);

	if (r < 0) {
		diag_error(ds, "H0008", SPAN_NONE, "cannot read %s: %s", path,
		           strerror(-r));
		return r;
	}
	if (is_erlang(path, text))
		return read_erlang(files, path, ds, a, out);
	r = config_tree(&files->sources,
	                sources_add(&files->sources, str_from(path), text), &loader, ds,
	                a, out);
	if (r == 0 && !*out) {
		diag_error(ds, "H0001", SPAN_NONE, "%s says nothing", path);
		return -EINVAL;
	}
	return r;
}

/* Whether all files of a pattern can be read, and there is one. */
static int readable(struct str pattern, struct arena *a)
{
	struct str *paths;
	size_t n;

	if (!path_has_wildcard(pattern))
		return access(str_dup_c(a, pattern), R_OK) < 0 ? -errno : 0;
	int r = paths_expand(a, pattern, &paths, &n);
	if (r == 0 && n == 0)
		return -ENOENT;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = access(paths[i].p, R_OK) < 0 ? -errno : 0;
	return r;
}

/* Certificates that are not there would keep the server from starting. */
static void check_certfiles(struct yaml *root, struct arena *a)
{
	for (struct yaml *e = root->first; e; e = e->next) {
		if (!str_is(e->key->text, "certfiles"))
			continue;
		for (struct yaml *file = e->first; file; file = file->next) {
			int r = readable(file->text, a);
			if (r < 0)
				file->problem = arena_fmt(a, "cannot be read here: %s",
				                          strerror(-r));
		}
	}
}

/* ---- what is said ------------------------------------------------------------------------- */

static void say_problem(struct buf *said, const struct sources *sources,
                        const struct yaml *y)
{
	const struct source *source = sources_get(sources, y->span.file);
	struct span at = y->key ? y->key->span : y->span;

	if (source)
		buf_fmt(said, STR_FMT ":%u: ", STR_ARG(source->name),
		        source_place(source, at.off).line);
	if (y->key)
		buf_fmt(said, "`" STR_FMT "`: ", STR_ARG(y->key->text));
	buf_fmt(said, STR_FMT "\n", STR_ARG(y->problem));
}

/* In the order of the tree; what is inside of something with a problem needs no word. */
static size_t say_problems(struct buf *said, const struct sources *sources,
                           const struct yaml *y)
{
	size_t n = 0;

	if (y->problem.n) {
		say_problem(said, sources, y);
		return 1;
	}
	for (const struct yaml *e = y->first; e; e = e->next)
		n += say_problems(said, sources, e);
	return n;
}

/* Reads until nothing new is found; every reading leaves less. */
static int settle(struct yaml *root, struct arena *a, const struct sources *sources,
                  struct buf *said)
{
	for (int i = 0; i < READINGS_MAX; i++) {
		auto_diags ds = { 0 };
		struct config c;
		if (config_from_tree(root, a, &ds, &c) == 0) {
			*a = c.arena; /* the tree's texts are there */
			c.arena = (struct arena){ 0 };
			config_fini(&c);
			return 0;
		}
		if (i + 1 == READINGS_MAX || ds.errors == 0)
			diags_print(&ds, sources, said, false);
	}
	return -EINVAL;
}

static int translate(const char *path, struct options_files *files, struct arena *a,
                     struct buf *out, struct buf *said)
{
	auto_diags ds = { 0 };
	struct yaml *root = NULL;
	int r = read_tree(files, path, &ds, a, &root);

	if (r == 0 && diags_failed(&ds))
		r = -EINVAL;
	if (r < 0) {
		diags_print(&ds, &files->sources, said, false);
		return r;
	}
	check_certfiles(root, a);
	r = settle(root, a, &files->sources, said);
	if (r < 0)
		return r;
	size_t n = say_problems(said, &files->sources, root);
	buf_fmt(out,
	        "# herald's configuration, from %s by heraldctl import-config.\n"
	        "# %zu of its entries could not be taken; they stand here as comments.\n",
	        path, n);
	yaml_write(out, root);
	return 0;
}

int import_config(const char *path, struct buf *out, struct buf *said)
{
	struct options_files files = { 0 };
	auto_arena a = { 0 };
	int r = translate(path, &files, &a, out, said);

	options_files_fini(&files);
	return r;
}
