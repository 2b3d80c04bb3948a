/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading the configuration for a command line. */
#include "herald/daemon/options.h"

#include <errno.h>
#include <stdio.h>

#include "herald/daemon/yaml_tree.h"
#include "io/file.h"

int options_file(void *arg, const char *path, struct str *text)
{
	struct options_files *files = arg;
	int r = file_read(path, text);

	if (r == 0)
		vec_push(&files->texts, *text);
	return r;
}

int options_load(const char *path, struct options_files *files, struct diags *ds,
                 struct config *out)
{
	struct config_loader loader = { options_file, files };
	struct str text;
	int r = options_file(files, path, &text);

	if (r < 0) {
		diag_error(ds, "H0008", SPAN_NONE, "cannot read %s: %s", path,
		           strerror(-r));
		return r;
	}
	return config_read(&files->sources,
	                   sources_add(&files->sources, str_from(path), text), &loader,
	                   ds, out);
}

int options_run_dir(const char *path, struct arena *a, struct str *out)
{
	struct options_files files = { 0 };
	struct config_loader loader = { options_file, &files };
	auto_diags ds = { 0 };
	struct yaml *root = NULL;
	struct str text, dir = STR(CONFIG_RUN_DIR);
	int r = options_file(&files, path, &text);

	if (r == 0)
		r = config_tree(&files.sources,
		                sources_add(&files.sources, str_from(path), text),
		                &loader, &ds, a, &root);
	for (const struct yaml *e = root ? root->first : NULL; r == 0 && e; e = e->next) {
		if (!str_is(e->key->text, "run_dir"))
			continue;
		dir = e->text;
		r = e->kind == YAML_SCALAR && dir.n ? 0 : -EINVAL;
	}
	if (r == 0)
		*out = arena_str(a, dir);
	options_files_fini(&files);
	return r;
}

void options_files_fini(struct options_files *files)
{
	sources_fini(&files->sources);
	vec_for_each(text, &files->texts)
		file_release(*text);
	vec_fini(&files->texts);
}

int options_read_config(const char *path, struct config *out)
{
	struct options_files files = { 0 };
	auto_diags ds = { 0 };
	auto_buf text = { 0 };
	int r = options_load(path, &files, &ds, out);

	diags_print(&ds, &files.sources, &text, isatty(STDERR_FILENO));
	fwrite(text.n ? text.p : "", 1, text.n, stderr);
	options_files_fini(&files);
	return r;
}
