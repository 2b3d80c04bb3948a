/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The table of commands, and asking it. */
#include "herald/daemon/command.h"

#include "herald/daemon/command_impl.h"

#define X(name, args, help) { #name, args, help, run_##name },
const struct command commands[] = {
	COMMANDS(X){ NULL, NULL, NULL, NULL },
};
#undef X

const struct command *command_find(struct str name)
{
	for (const struct command *row = commands; row->name; row++) {
		if (str_is(name, row->name))
			return row;
	}
	return NULL;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

size_t command_most_args(const struct command *c)
{
	return c->args[0] ? 1 + count(c->args, ' ') : 0;
}

size_t command_least_args(const struct command *c)
{
	return command_most_args(c) - count(c->args, '[');
}

static void put_row(struct buf *text, const struct command *row)
{
	buf_fmt(text, "%s%s%s%s\n    %s", text->n ? "\n" : "", row->name,
	        row->args[0] ? " " : "", row->args, row->help);
}

void run_help(struct call *c)
{
	auto_buf text = { 0 };

	for (const struct command *row = commands; row->name; row++) {
		if (c->n_args == 0 || str_is(c->args[0], row->name))
			put_row(&text, row);
	}
	if (text.n)
		command_say(c, true, buf_as_str(&text));
	else
		command_say(c, false, STR("there is no such command"));
}
