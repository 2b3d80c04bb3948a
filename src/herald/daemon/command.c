/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The table of commands, and what it says of itself. */
#include "herald/daemon/command_impl.h"

#define X(name, args, columns, help) { #name, args, columns, help, run_##name },
const struct command commands[] = {
	COMMANDS(X){ NULL, NULL, NULL, NULL, NULL },
};
#undef X

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
