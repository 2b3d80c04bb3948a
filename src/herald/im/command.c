/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading the rows of commands. */
#include "herald/im/command.h"

const struct command *command_find(const struct command *table, struct str name)
{
	for (const struct command *row = table; row && row->name; row++) {
		if (str_is(name, row->name))
			return row;
	}
	return NULL;
}

struct str command_next_word(struct str *words)
{
	struct str all = str_trim(*words), word = str_sub(all, 0, str_find(all, ' '));

	*words = str_sub(all, word.n, all.n);
	return word;
}

bool command_next_arg(struct str *args, struct command_arg *out)
{
	struct str word = command_next_word(args);

	if (!word.n)
		return false;
	out->optional = word.p[0] == '[';
	out->name = out->optional ? str_sub(word, 1, word.n - 2) : word;
	out->is_flag = str_starts(out->name, STR("--"));
	return true;
}

size_t command_most_args(const struct command *c)
{
	struct str args = str_from(c->args);
	struct command_arg arg;
	size_t n = 0;

	while (command_next_arg(&args, &arg))
		n++;
	return n;
}

size_t command_least_args(const struct command *c)
{
	struct str args = str_from(c->args);
	struct command_arg arg;
	size_t n = 0;

	while (command_next_arg(&args, &arg))
		n += !arg.optional;
	return n;
}

int command_host_arg(const struct command *c)
{
	static const char *const names[] = { "host", "localhost", "server" };
	struct str args = str_from(c->args);
	struct command_arg arg;

	for (int at = 0; command_next_arg(&args, &arg); at++) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			if (str_is(arg.name, names[i]))
				return at;
		}
	}
	return -1;
}
