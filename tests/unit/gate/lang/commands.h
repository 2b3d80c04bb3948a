/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Commands out of a text, and a short form of each for comparison:
 *
 * 	add rule inet t c pos=5 <tcp dport 22 accept>
 *
 * that is: verb, object's number, family, names, what else was given, and in <> the text
 * that was kept. Errors are "E0001@3:7: message".
 */
#pragma once

#include "unit.h"

#include "gate/lang/parse.h"

struct commands {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct parser *parser;
};

static inline void commands_open(struct commands *c, const struct reader *reader)
{
	struct parser_options options = { .reader = reader };

	*c = (struct commands){ 0 };
	c->parser = parser_new(&c->a, &c->sources, &c->diags, &options);
}

static inline void commands_add(struct commands *c, const char *name, const char *text)
{
	parser_add_source(c->parser,
	                  sources_add(&c->sources, str_from(name), str_from(text)));
}

static inline void commands_close(struct commands *c)
{
	diags_fini(&c->diags);
	arena_fini(&c->a);
	sources_fini(&c->sources);
}

static inline void put_kept(const struct commands *c, struct buf *out, const char *name,
                            struct span span)
{
	if (span.len)
		buf_fmt(out, " %s<" STR_FMT ">", name,
		        STR_ARG(sources_text(&c->sources, span)));
}

static inline void put_word(struct buf *out, const char *name, struct str word)
{
	if (word.p)
		buf_fmt(out, " %s" STR_FMT, name, STR_ARG(word));
}

static inline const char *object_word(const struct command *cmd)
{
	static const char *const words[] = {
		[OBJ_TABLE] = "table",
		[OBJ_TABLES] = "tables",
		[OBJ_CHAIN] = "chain",
		[OBJ_CHAINS] = "chains",
		[OBJ_RULE] = "rule",
		[OBJ_RULES] = "rules",
		[OBJ_SET] = "set",
		[OBJ_SETS] = "sets",
		[OBJ_MAP] = "map",
		[OBJ_MAPS] = "maps",
		[OBJ_METER] = "meter",
		[OBJ_METERS] = "meters",
		[OBJ_ELEMENT] = "element",
		[OBJ_FLOWTABLE] = "flowtable",
		[OBJ_FLOWTABLES] = "flowtables",
		[OBJ_RULESET] = "ruleset",
		[OBJ_HOOKS] = "hooks",
		[OBJ_NAMED] = "object",
		[OBJ_NAMED_ALL] = "objects",
		[OBJ_EXPR] = "expr",
	};

	return words[cmd->object];
}

static inline void put_command(const struct commands *c, const struct command *cmd,
                               struct buf *out)
{
	static const char *const verbs[] = {
		[CMD_ADD] = "add",         [CMD_CREATE] = "create",
		[CMD_INSERT] = "insert",   [CMD_REPLACE] = "replace",
		[CMD_DELETE] = "delete",   [CMD_DESTROY] = "destroy",
		[CMD_LIST] = "list",       [CMD_RESET] = "reset",
		[CMD_FLUSH] = "flush",     [CMD_RENAME] = "rename",
		[CMD_GET] = "get",         [CMD_DESCRIBE] = "describe",
		[CMD_MONITOR] = "monitor", [CMD_EXPORT] = "export",
		[CMD_IMPORT] = "import",
	};

	buf_fmt(out, "%s%s %s", cmd->verb_implicit ? "(" : "", verbs[cmd->verb],
	        object_word(cmd));
	if (cmd->obj_type)
		buf_fmt(out, "/%u", cmd->obj_type);
	if (cmd->ref.family != FAMILY_UNSPEC)
		buf_fmt(out, " %s", family_name(cmd->ref.family));
	put_word(out, "", cmd->ref.table);
	put_word(out, "", cmd->ref.name);
	put_word(out, "to=", cmd->new_name);
	put_word(out, "dev=", cmd->device);
	put_word(out, "type=", cmd->type_name);
	if (cmd->ref.handle)
		buf_fmt(out, " handle=%u", (unsigned)cmd->ref.handle);
	if (cmd->has_position)
		buf_fmt(out, " pos=%u", (unsigned)cmd->position);
	if (cmd->has_index)
		buf_fmt(out, " index=%u", (unsigned)cmd->index);
	if (cmd->expr)
		put_kept(c, out, "expr", cmd->expr->span);
	put_kept(c, out, "", cmd->rule.span);
	put_kept(c, out, "ref", cmd->rule_ref.span);
	put_kept(c, out, "elems", cmd->elems.span);
}

static inline void put_diags(const struct commands *c, struct buf *out)
{
	for (size_t i = 0; i < c->diags.list.n; i++) {
		const struct diag *d = c->diags.list.p[i];
		const struct source *s = sources_get(&c->sources, d->span.file);
		struct place at =
			s ? source_place(s, d->span.off) : (struct place){ 0, 0 };

		buf_fmt(out, "%s%s@%u:%u: " STR_FMT, out->n ? "\n" : "", d->code, at.line,
		        at.column, STR_ARG(d->message));
	}
}

/* All commands of `text`, then all findings, a line each. */
static inline void commands_read(const char *text, struct buf *out)
{
	struct commands c;
	struct command *cmd;

	commands_open(&c, NULL);
	commands_add(&c, "test", text);
	while (parser_next(c.parser, &cmd) == 1) {
		if (out->n)
			buf_char(out, '\n');
		put_command(&c, cmd, out);
	}
	put_diags(&c, out);
	commands_close(&c);
}

/* Rows of text and what commands_read() makes of it. */
static inline void check_commands(const char *const rows[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_buf got = { 0 };

		commands_read(rows[i][0], &got);
		if (!str_is(buf_as_str(&got), rows[i][1]))
			fail_msg("%s\ngot:\n" STR_FMT "\nwant:\n%s", rows[i][0],
			         STR_ARG(buf_as_str(&got)), rows[i][1]);
	}
}
