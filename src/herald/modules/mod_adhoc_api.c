/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Every command of heraldctl as an ad-hoc command, under the names that ejabberd gives them. */
#include "herald/im/command.h"
#include "herald/im/module.h"

static bool command_node(const struct worker *w, size_t at, struct command_node *out)
{
	const struct command *row = w->server->commands;

	for (; row && row->name && at > 0; at--)
		row++;
	if (!row || !row->name)
		return false;
	*out = (struct command_node){
		.prefix = "api-commands/",
		.name = row->name,
		.title = row->name,
		.command = row,
		.fields = row->args,
	};
	return true;
}

extern const struct module mod_adhoc_api;
const struct module mod_adhoc_api = {
	.name = "mod_adhoc_api",
	.command_node = command_node,
};
