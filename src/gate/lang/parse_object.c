/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Commands by what they are about: names, handles and bodies of tables, chains, sets,
 * objects and flow tables. Rules are in parse_rule.c.
 */
#include "gate/lang/parse_command.h"

static const char *const families[] = { "ip", "ip6", "inet", "arp", "bridge", "netdev" };

bool at_family(struct parse *p)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (at_any_word(p, families[i]))
			return true;
	return false;
}

bool parse_family(struct parse *p, struct command *cmd)
{
	cmd->ref.family = FAMILY_IP;
	if (!at_family(p))
		return false;
	family_by_name(lexer_next(&p->lx).text, &cmd->ref.family);
	cmd->has_family = true;
	return true;
}

static bool parse_handle(struct parse *p, struct name_ref *ref)
{
	ref->handle_span = lexer_peek(&p->lx, 0)->span;
	return parse_u64(p, UINT64_MAX, "a handle", &ref->handle);
}

/* A command may name one by `handle N`. */
static bool takes_handle(struct parse *p, const struct command *cmd)
{
	return (cmd->verb == CMD_DELETE || cmd->verb == CMD_DESTROY) &&
	       take_word(p, "handle");
}

static bool fail_no_table(struct parse *p, const struct command *cmd)
{
	struct diag *d = diag_error(p->diags, "E0005", lexer_peek(&p->lx, 0)->span,
	                            "the table has no name");

	if (cmd->has_family)
		diag_help(p->diags, d, "table %s filter {", family_name(cmd->ref.family));
	else
		diag_help(p->diags, d, "table inet filter {");
	return false;
}

static bool parse_table_name(struct parse *p, struct command *cmd)
{
	if (at_punct(p, '{') || at_end_of_stmt(p))
		return fail_no_table(p, cmd);
	return parse_name(p, "a table's name", &cmd->ref.table, &cmd->ref.table_span);
}

/* A word behind the table's name, where only `{` could come: `table ipv4 f {`. */
static bool check_table_family(struct parse *p, const struct command *cmd)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct str words[ARRAY_LEN(families)];
	struct diag *d;

	if (t->kind != TOKEN_WORD || cmd->has_family)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		words[i] = str_from(families[i]);
	if (!at_family(p))
		return fail_choice(p, cmd->ref.table_span, "a family", cmd->ref.table,
		                   words, ARRAY_LEN(words));
	d = diag_error(p->diags, "E0001", t->span,
	               "the family stands before the table's name");
	diag_help(p->diags, d, "table " STR_FMT " " STR_FMT, STR_ARG(t->text),
	          STR_ARG(cmd->ref.table));
	return false;
}

bool parse_table_ref(struct parse *p, struct command *cmd)
{
	parse_family(p, cmd);
	return parse_table_name(p, cmd);
}

/* `chain i {` where only a table's block could hold it. */
static bool fail_outside(struct parse *p, const struct command *cmd, const char *what)
{
	struct diag *d = diag_error(p->diags, "E0001", cmd->ref.table_span,
	                            "expected the table and %s", what);

	diag_help(p->diags, d,
	          "put it into its table's braces, or write the table before `" STR_FMT
	          "`",
	          STR_ARG(cmd->ref.table));
	return false;
}

/* `[family] table NAME`, or `handle N` in its place. */
static bool parse_ref(struct parse *p, struct command *cmd, const char *what)
{
	if (!parse_table_ref(p, cmd))
		return false;
	if (takes_handle(p, cmd))
		return parse_handle(p, &cmd->ref);
	if (at_punct(p, '{'))
		return fail_outside(p, cmd, what);
	return parse_name(p, what, &cmd->ref.name, &cmd->ref.name_span);
}

static bool makes(const struct command *cmd)
{
	return cmd->verb == CMD_ADD || cmd->verb == CMD_CREATE;
}

static bool drops(const struct command *cmd)
{
	return cmd->verb == CMD_DELETE || cmd->verb == CMD_DESTROY;
}

/* Tables' blocks outlive their command: rules and elements are read later. */
static bool parse_table_block(struct parse *p, struct command *cmd)
{
	struct arena *command = p->a;
	struct table_block *t;
	bool ok = true;

	p->a = parser_arena(p->parser);
	t = cmd->table = arena_new(p->a, struct table_block);
	t->ref = cmd->ref;
	t->span = cmd->ref.table_span;
	if (take_open(p, &t->span) || take_open_below(p, &t->span))
		ok = parse_table_body(p, t);
	p->a = command;
	return ok;
}

bool command_table(struct parse *p, struct command *cmd)
{
	bool named;

	parse_family(p, cmd);
	if (takes_handle(p, cmd))
		return parse_handle(p, &cmd->ref);
	named = parse_table_name(p, cmd) && check_table_family(p, cmd);
	if (makes(cmd) && (named || at_punct(p, '{')))
		return parse_table_block(p, cmd);
	return named;
}

static bool parse_chain_block(struct parse *p, struct command *cmd)
{
	struct chain_block *c = cmd->chain = arena_new(p->a, struct chain_block);

	c->ref = cmd->ref;
	c->span = cmd->ref.name_span;
	return !take_open(p, &c->span) || parse_chain_body(p, c);
}

bool command_chain(struct parse *p, struct command *cmd)
{
	struct span span;

	if (!parse_ref(p, cmd, "a chain's name"))
		return false;
	if (cmd->verb == CMD_RENAME)
		return parse_name(p, "the new name", &cmd->new_name, &span);
	return !(makes(cmd) || (drops(cmd) && at_punct(p, '{'))) ||
	       parse_chain_block(p, cmd);
}

/* A set's block stays: later commands name the set, whose types are trees of the block. */
static bool parse_set_block(struct parse *p, struct command *cmd, bool is_map)
{
	struct arena *command = p->a;
	struct set_block *s;
	bool ok;

	p->a = parser_arena(p->parser);
	s = cmd->set = arena_new(p->a, struct set_block);
	s->ref = cmd->ref;
	s->is_map = is_map;
	ok = take_open(p, &s->span) ? parse_set_body(p, s)
	                            : parse_fail(p, "E0001", "expected `{`") != NULL;
	p->a = command;
	return ok;
}

bool command_set(struct parse *p, struct command *cmd)
{
	bool is_map = cmd->object == OBJ_MAP;

	if (!parse_ref(p, cmd, is_map ? "a map's name" : "a set's name"))
		return false;
	return !makes(cmd) || parse_set_block(p, cmd, is_map);
}

bool command_element(struct parse *p, struct command *cmd)
{
	return parse_ref(p, cmd, "a set's name") && parse_elems_text(p, &cmd->elems);
}

bool command_flowtable(struct parse *p, struct command *cmd)
{
	if (!parse_ref(p, cmd, "a flow table's name"))
		return false;
	if (!makes(cmd) && !(drops(cmd) && at_punct(p, '{')))
		return true;
	cmd->flowtable = arena_new(p->a, struct flowtable_block);
	cmd->flowtable->ref = cmd->ref;
	if (!take_open(p, &cmd->flowtable->span))
		return parse_fail(p, "E0001", "expected `{`");
	return parse_flowtable_body(p, cmd->flowtable);
}

bool command_named(struct parse *p, struct command *cmd)
{
	if (!parse_ref(p, cmd, "an object's name"))
		return false;
	if (!makes(cmd))
		return true;
	cmd->obj = arena_new(p->a, struct obj_block);
	cmd->obj->ref = cmd->ref;
	cmd->obj->type = cmd->obj_type;
	cmd->obj->span = cmd->ref.name_span;
	return take_open(p, &cmd->obj->span) ? parse_obj_body(p, cmd->obj)
	                                     : parse_obj_line(p, cmd->obj);
}

/* Nothing named: any family unless one was written. */
static void any_family(struct command *cmd)
{
	if (!cmd->has_family)
		cmd->ref.family = FAMILY_UNSPEC;
}

bool command_all(struct parse *p, struct command *cmd)
{
	bool in_table = cmd->object != OBJ_RULESET && cmd->object != OBJ_TABLES;

	if (in_table && take_word(p, "table"))
		return parse_table_ref(p, cmd);
	parse_family(p, cmd);
	if (in_table && !at_end_of_stmt(p)) {
		take_word(p, "table");
		return parse_name(p, "a table's name", &cmd->ref.table,
		                  &cmd->ref.table_span);
	}
	any_family(cmd);
	return true;
}

bool command_hooks(struct parse *p, struct command *cmd)
{
	struct span span;

	parse_family(p, cmd);
	any_family(cmd);
	if (!take_word(p, "device") && !take_word(p, "devices"))
		return true;
	return parse_string(p, "a device", &cmd->device, &span);
}
