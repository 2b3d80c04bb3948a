/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading configuration files, for herald, its reload, and heraldctl. */
#pragma once

#include "base/vec.h"
#include "herald/daemon/config.h"

#define OPTIONS_CONFIG "/etc/herald/herald.yml"

/* What findings point into: the file and those it includes. */
struct options_files {
	struct sources sources;
	VEC(struct str) texts;
};

/* Reads one of its files; the text stays until options_files_fini. (A config_loader's function:
 * `arg` is the struct options_files.) Errors: those of file_read. */
MUST_USE int options_file(void *arg, const char *path, struct str *text);

/* Reads a configuration; findings go into `ds`.
 * Errors: those of file_read (said in `ds` too) and config_read. */
MUST_USE int options_load(const char *path, struct options_files *files, struct diags *ds,
                          struct config *out);

void options_files_fini(struct options_files *files);

/* The same for a command line: what is wrong goes to stderr. */
MUST_USE int options_read_config(const char *path, struct config *out);

/* The run_dir that a configuration names, whatever else may be wrong with it: a server whose
 * file has become bad must still be reachable. In `a`. Errors: those of file_read; -EINVAL it
 * is no YAML, or run_dir is no text. */
MUST_USE int options_run_dir(const char *path, struct arena *a, struct str *out);
