/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What administrators can tell the server to do: one row a command. heraldctl runs the rows
 * through the control socket, administrators' clients as ad-hoc commands. A command gets its
 * arguments as strings and answers once, now or later. The table is the daemon's; it hangs on
 * the server.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct daemon;

enum { COMMAND_ARGS_MAX = 8 };

#define COMMAND_FIELDS "field value"

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
	/* Of the answer's lines (tabs between): names; "": it is text; COMMAND_FIELDS: each is
	 * a field of a form and one of its values. */
	const char *columns;
	const char *help; /* one line */
	void (*run)(struct call *call);
};

/* In a table that is ended by a row without name; NULL when there is none. */
const struct command *command_find(const struct command *table, struct str name);

/*
 * A command as administrators' clients see it (XEP-0050): a node, whose form's fields become the
 * arguments. `args` says how, a word for each argument:
 *
 *   field         the field's value
 *   @user @host   the parts of an account of the field `accountjid` or `accountjids`; for
 *                 several accounts the command runs once for each
 *   @here         the host that is asked
 *   =word         that word
 */
struct command_node {
	const char *prefix, *name; /* the node is both together */
	const char *title;
	const struct command *command;
	const char *fields; /* as the args of a command */
	const char *args;   /* NULL: the fields are the arguments */
	/* The same for an account's one session, when its full address is given, with
	 * `@resource` among the words; NULL: accounts only. */
	const struct command *session_command;
	const char *session_args;
	const char *
		result; /* the field of the result that has the answer's lines; NULL: none */
};

/* How many arguments it wants at least, and takes at most. */
size_t command_least_args(const struct command *c);
size_t command_most_args(const struct command *c);

/* The next of some words with blanks between, which is taken off *words; empty behind the
 * last. */
struct str command_next_word(struct str *words);

/* An argument: its name, whether it may be left out, and whether it is a word that is given or
 * not (`--dry-run`). */
struct command_arg {
	struct str name;
	bool optional, is_flag;
};

/* The next argument, taken off *args; false behind the last. */
bool command_next_arg(struct str *args, struct command_arg *out);

/* Which argument names the host that the command is about, or -1: it is about the whole
 * server. */
int command_host_arg(const struct command *c);
