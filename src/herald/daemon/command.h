/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What administrators can tell the server to do: one row a command. heraldctl runs them through
 * the control socket; other doors will run the same rows. A command gets its arguments as
 * strings and answers once, now or later.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct daemon;

enum { COMMAND_ARGS_MAX = 8 };

/* One run of a command. */
struct call {
	struct arena arena;
	struct daemon *daemon;
	struct str args[COMMAND_ARGS_MAX];
	size_t n_args;
	/* The answer: lines for people, or (ok false) what went wrong. The call is freed
	 * afterwards by whoever made it. */
	void (*answer)(struct call *call, bool ok, struct str text);
	void *arg;
};

struct command {
	const char *name;
	const char *args; /* names, separated by blanks; [may be left out]; "" for none */
	const char *help; /* one line */
	void (*run)(struct call *call);
};

/* Ended by a row without name. */
extern const struct command commands[];

/* NULL when there is none. */
const struct command *command_find(struct str name);

/* How many arguments it wants at least, and takes at most. */
size_t command_least_args(const struct command *c);
size_t command_most_args(const struct command *c);
