/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What parse_command.c's tables name and parse_object.c has: each reads a command from
 * behind the words that say its verb and object.
 */
#pragma once

#include "gate/lang/parse.h"

/* A family's word, if it comes: cmd->has_family. Without one it is ip. */
bool parse_family(struct parse *p, struct command *cmd);
bool at_family(struct parse *p);
/* `[family] NAME`; E0005 when there is no name. */
bool parse_table_ref(struct parse *p, struct command *cmd);

bool command_table(struct parse *p, struct command *cmd);
bool command_chain(struct parse *p, struct command *cmd);
bool command_rule(struct parse *p, struct command *cmd);
bool command_rules(struct parse *p, struct command *cmd);
bool command_set(struct parse *p, struct command *cmd); /* also maps and meters */
bool command_element(struct parse *p, struct command *cmd);
bool command_flowtable(struct parse *p, struct command *cmd);
bool command_named(struct parse *p, struct command *cmd);
bool command_hooks(struct parse *p, struct command *cmd);
/* `list sets [family] [table [family] NAME]` and the like. */
bool command_all(struct parse *p, struct command *cmd);
