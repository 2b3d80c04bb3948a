/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `include_config_file` and `define_macro`: what is done before the options are looked at. */
#pragma once

#include "base/diag.h"
#include "herald/daemon/yaml_tree.h"

/* Reads files that a configuration includes. */
struct config_loader {
	/* The text stays as long as the sources. Errors: those of file_read. */
	int (*load)(void *arg, const char *path, struct str *text);
	void *arg;
};

/* Reads the document of a source with what it includes (`loader` NULL: nothing may be
 * included), maps and lists of the same name joined, macros put in, both options taken out of
 * the tree. *out is NULL for an empty file. Findings go into `ds`. Errors: -EINVAL. */
MUST_USE int config_tree(struct sources *sources, uint32_t file,
                         const struct config_loader *loader, struct diags *ds,
                         struct arena *a, struct yaml **out);

/* The two last steps on a tree that was read otherwise. */
void config_put_macros(struct diags *ds, struct arena *a, struct yaml *root);

enum { CONFIG_FILES_MAX = 64 }; /* that may be included */
