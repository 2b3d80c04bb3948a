/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading the configuration for a command line. */
#include "herald/daemon/options.h"

#include <stdio.h>

#include "io/file.h"

int options_read_config(const char *path, struct config *out)
{
	struct sources sources = { 0 };
	auto_diags ds = { 0 };
	auto_buf text = { 0 };
	struct str file;
	int r = file_read(path, &file);

	if (r < 0) {
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(-r));
		return r;
	}
	r = config_read(&sources, sources_add(&sources, str_from(path), file), &ds, out);
	diags_print(&ds, &sources, &text, isatty(STDERR_FILENO));
	fwrite(text.n ? text.p : "", 1, text.n, stderr);
	sources_fini(&sources);
	file_release(file);
	return r;
}
