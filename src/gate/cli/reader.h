/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Where files come from: fills the parser's struct reader. Included names that begin with `/`,
 * `./` or `../` are paths; others are looked for in /etc, then in the -I folders, then (as nft
 * does from 1.1 on) in the folder of the -f file.
 */
#pragma once

#include "gate/lang/parser.h"

struct include_path {
	struct arena *a;        /* texts live there */
	const struct str *dirs; /* of -I */
	size_t n_dirs;
	struct str base; /* folder of the first -f file; empty: none */
};

void reader_init(struct reader *reader, struct include_path *path);

/* Adds the file `name` (`-`: standard input) to `sources`. 0 or a negative errno. */
MUST_USE int reader_add(struct arena *a, struct str name, struct sources *sources,
                        uint32_t *file);
