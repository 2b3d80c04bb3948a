/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Path patterns and folders. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/* Whether the pattern holds one of `*`, `?`, `[` that no backslash takes the meaning from. */
bool path_has_wildcard(struct str pattern);

/* The folder of a path without its last slash: "." for a bare name, "/" for the root. */
struct str path_folder(struct str path);

/* All paths that match, by byte order, folders and dot files left out. *paths and the texts
 * (each followed by a NUL) are in `a`. A pattern without wildcards that names nothing, as one
 * with them, gives 0 paths. Errors: -EACCES and the like when a folder cannot be read. */
MUST_USE int paths_expand(struct arena *a, struct str pattern, struct str **paths,
                          size_t *n);
