/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Commands: a verb, what it is about, and its name. Two tables say which verbs and
 * objects there are and which go together; parse_object.c reads each kind of object.
 */
#include <linux/netfilter/nf_tables.h>

#include "gate/lang/parse_command.h"
#include "gate/lang/parse_parts.h"

/* ---- verbs --------------------------------------------------------------------------- */

static bool parse_about_object(struct parse *p, struct command *cmd);
static bool at_rule(struct parse *p);
static bool parse_describe(struct parse *p, struct command *cmd);
static bool parse_monitor(struct parse *p, struct command *cmd);
static bool parse_old(struct parse *p, struct command *cmd);

static const struct verb_row {
	const char *word;
	enum command_verb verb;
	bool (*parse)(struct parse *p, struct command *cmd);
} verbs[] = {
	{ "add", CMD_ADD, parse_about_object },
	{ "create", CMD_CREATE, parse_about_object },
	{ "insert", CMD_INSERT, parse_about_object },
	{ "replace", CMD_REPLACE, parse_about_object },
	{ "delete", CMD_DELETE, parse_about_object },
	{ "destroy", CMD_DESTROY, parse_about_object },
	{ "list", CMD_LIST, parse_about_object },
	{ "reset", CMD_RESET, parse_about_object },
	{ "flush", CMD_FLUSH, parse_about_object },
	{ "rename", CMD_RENAME, parse_about_object },
	{ "get", CMD_GET, parse_about_object },
	{ "describe", CMD_DESCRIBE, parse_describe },
	{ "monitor", CMD_MONITOR, parse_monitor },
	{ "export", CMD_EXPORT, parse_old },
	{ "import", CMD_IMPORT, parse_old },
};

/* ---- objects ------------------------------------------------------------------------- */

#define V(verb) (1u << CMD_##verb)

enum {
	V_MAKE = V(ADD) | V(CREATE),
	V_DROP = V(DELETE) | V(DESTROY),
	V_OBJECT = V_MAKE | V_DROP | V(LIST),
};

static const struct object_row {
	const char *word;
	const char *second; /* `ct helper`, `flow table`: the word behind, or NULL */
	enum command_object object;
	uint32_t type; /* NFT_OBJECT_* */
	unsigned verbs;
	bool (*parse)(struct parse *p, struct command *cmd);
} objects[] = {
	{ "table", NULL, OBJ_TABLE, 0, V_OBJECT | V(FLUSH), command_table },
	{ "tables", NULL, OBJ_TABLES, 0, V(LIST), command_all },
	{ "chain", NULL, OBJ_CHAIN, 0, V_OBJECT | V(FLUSH) | V(RENAME), command_chain },
	{ "chains", NULL, OBJ_CHAINS, 0, V(LIST), command_all },
	{ "rule", NULL, OBJ_RULE, 0, V(ADD) | V(INSERT) | V(REPLACE) | V_DROP | V(RESET),
	  command_rule },
	{ "rules", NULL, OBJ_RULES, 0, V(RESET), command_rules },
	{ "set", NULL, OBJ_SET, 0, V_OBJECT | V(FLUSH) | V(RESET), command_set },
	{ "sets", NULL, OBJ_SETS, 0, V(LIST), command_all },
	{ "map", NULL, OBJ_MAP, 0, V_OBJECT | V(FLUSH) | V(RESET), command_set },
	{ "maps", NULL, OBJ_MAPS, 0, V(LIST), command_all },
	{ "meter", NULL, OBJ_METER, 0, V(LIST) | V(FLUSH), command_set },
	{ "meters", NULL, OBJ_METERS, 0, V(LIST), command_all },
	{ "flow", "table", OBJ_METER, 0, V(LIST) | V(FLUSH), command_set },
	{ "flow", "tables", OBJ_METERS, 0, V(LIST), command_all },
	{ "element", NULL, OBJ_ELEMENT, 0, V_MAKE | V_DROP | V(GET) | V(RESET),
	  command_element },
	{ "flowtable", NULL, OBJ_FLOWTABLE, 0, V_OBJECT, command_flowtable },
	{ "flowtables", NULL, OBJ_FLOWTABLES, 0, V(LIST), command_all },
	{ "ruleset", NULL, OBJ_RULESET, 0, V(LIST) | V(FLUSH), command_all },
	{ "hooks", NULL, OBJ_HOOKS, 0, V(LIST), command_hooks },
	{ "counter", NULL, OBJ_NAMED, NFT_OBJECT_COUNTER, V_OBJECT | V(RESET),
	  command_named },
	{ "counters", NULL, OBJ_NAMED_ALL, NFT_OBJECT_COUNTER, V(LIST) | V(RESET),
	  command_all },
	{ "quota", NULL, OBJ_NAMED, NFT_OBJECT_QUOTA, V_OBJECT | V(RESET),
	  command_named },
	{ "quotas", NULL, OBJ_NAMED_ALL, NFT_OBJECT_QUOTA, V(LIST) | V(RESET),
	  command_all },
	{ "limit", NULL, OBJ_NAMED, NFT_OBJECT_LIMIT, V_OBJECT, command_named },
	{ "limits", NULL, OBJ_NAMED_ALL, NFT_OBJECT_LIMIT, V(LIST), command_all },
	{ "synproxy", NULL, OBJ_NAMED, NFT_OBJECT_SYNPROXY, V_OBJECT, command_named },
	{ "synproxys", NULL, OBJ_NAMED_ALL, NFT_OBJECT_SYNPROXY, V(LIST), command_all },
	{ "secmark", NULL, OBJ_NAMED, NFT_OBJECT_SECMARK, V_OBJECT, command_named },
	{ "secmarks", NULL, OBJ_NAMED_ALL, NFT_OBJECT_SECMARK, V(LIST), command_all },
	{ "ct", "helper", OBJ_NAMED, NFT_OBJECT_CT_HELPER, V_OBJECT, command_named },
	{ "ct", "helpers", OBJ_NAMED_ALL, NFT_OBJECT_CT_HELPER, V(LIST), command_all },
	{ "ct", "timeout", OBJ_NAMED, NFT_OBJECT_CT_TIMEOUT, V_OBJECT, command_named },
	{ "ct", "timeouts", OBJ_NAMED_ALL, NFT_OBJECT_CT_TIMEOUT, V(LIST), command_all },
	{ "ct", "expectation", OBJ_NAMED, NFT_OBJECT_CT_EXPECT, V_OBJECT, command_named },
	{ "ct", "expectations", OBJ_NAMED_ALL, NFT_OBJECT_CT_EXPECT, V(LIST),
	  command_all },
};

static bool goes_with(const struct object_row *row, enum command_verb verb)
{
	return row->verbs & (1u << verb);
}

static const char *verb_word(enum command_verb verb)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i].verb == verb)
			return verbs[i].word;
	return "";
}

/* The row that the next words name, taken; NULL: none. Of two rows the one of this verb
 * wins. */
static const struct object_row *take_object(struct parse *p, enum command_verb verb)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct object_row *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		const struct object_row *row = &objects[i];

		if (p->expected && t->kind == TOKEN_END && goes_with(row, verb))
			at_any_word(p, row->word);
		if (t->kind != TOKEN_WORD || !str_is(t->text, row->word))
			continue;
		if (!row->second) {
			found = row;
			break;
		}
		const struct token *next = lexer_peek(&p->lx, 1);
		if (p->expected && next->kind == TOKEN_END && goes_with(row, verb))
			buf_fmt(p->expected, "%s\n", row->second);
		if (next->kind == TOKEN_WORD && str_is(next->text, row->second))
			found = row;
	}
	if (found)
		lexer_next(&p->lx);
	if (found && found->second)
		lexer_next(&p->lx);
	return found;
}

/* `list ct timeout table t`: nft's spelling of all of them in one table. */
static const struct object_row *plural_of(struct parse *p, const struct object_row *row)
{
	if (row->object != OBJ_NAMED || !row->second || !at_word(p, "table"))
		return row;
	return row + 1;
}

/* The verb and the object do not go together. */
static bool fail_pair(struct parse *p, const struct object_row *row,
                      enum command_verb verb, bool implicit, struct span at)
{
	struct diag *d = diag_error(p->diags, "E0001", at, "`%s%s%s` is no command",
	                            implicit ? "" : verb_word(verb), implicit ? "" : " ",
	                            row->word);
	auto_buf can = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (goes_with(row, verbs[i].verb))
			buf_fmt(&can, "%s`%s %s`", can.n ? ", " : "", verbs[i].word,
			        row->word);
	diag_note(p->diags, d, "there is " STR_FMT, STR_ARG(buf_as_str(&can)));
	return false;
}

/* What stands behind a verb names no object. */
static bool fail_object(struct parse *p, enum command_verb verb)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct str words[ARRAY_LEN(objects)];
	auto_buf what = { 0 };
	size_t n = 0;

	buf_fmt(&what, "something to %s", verb_word(verb));
	if (t->kind != TOKEN_WORD) {
		parse_fail(p, "E0001", "expected %s", what.p);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (goes_with(&objects[i], verb) &&
		    !(n && str_is(words[n - 1], objects[i].word)))
			words[n++] = str_from(objects[i].word);
	fail_choice(p, t->span, what.p, t->text, words, n);
	return false;
}

static bool run_object(struct parse *p, struct command *cmd, const struct object_row *row)
{
	cmd->object = row->object;
	cmd->obj_type = row->type;
	return row->parse(p, cmd);
}

/* `add` and `insert` may leave out the word `rule`. */
static bool may_leave_out_rule(enum command_verb verb)
{
	return verb == CMD_ADD || verb == CMD_INSERT || verb == CMD_REPLACE;
}

/* Whether a table, a chain and something more may come: a rule. A table's name that is
 * nearly an object's word, with a word of the language behind, is that object misspelt:
 * `add tabel inet t`. */
static bool at_rule(struct parse *p)
{
	unsigned i = at_family(p) ? 1 : 0;
	const struct token *table = lexer_peek(&p->lx, i),
			   *chain = lexer_peek(&p->lx, i + 1);
	struct str words[ARRAY_LEN(objects)];

	for (size_t j = 0; j < ARRAY_LEN(objects); j++)
		words[j] = str_from(objects[j].word);
	if (chain->kind == TOKEN_WORD && word_is_reserved(chain->text))
		return str_nearest(table->text, words, ARRAY_LEN(words)).n == 0;
	return lexer_peek(&p->lx, i + 2)->kind != TOKEN_END &&
	       lexer_peek(&p->lx, i + 2)->kind != TOKEN_NEWLINE;
}

static bool parse_about_object(struct parse *p, struct command *cmd)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	const struct object_row *row = take_object(p, cmd->verb);

	if (row && cmd->verb == CMD_LIST)
		row = plural_of(p, row);
	if (row)
		return goes_with(row, cmd->verb)
		               ? run_object(p, cmd, row)
		               : fail_pair(p, row, cmd->verb, false, at);
	if (str_is(lexer_peek(&p->lx, 0)->text, "tunnel") &&
	    word_is_reserved(lexer_peek(&p->lx, 1)->text))
		return fail_unsupported(p, at, "objects of kind `tunnel`");
	if (!may_leave_out_rule(cmd->verb) || (!at_family(p) && !at_rule(p)))
		return fail_object(p, cmd->verb);
	cmd->object = OBJ_RULE;
	return command_rule(p, cmd);
}

/* ---- the other verbs ------------------------------------------------------------------ */

/* `describe tcp dport`, `describe ipv4_addr`. Reads are answered after all changes: the
 * expression outlives its command. */
static bool parse_describe(struct parse *p, struct command *cmd)
{
	size_t errors = p->diags->errors;
	struct str word;
	struct arena *command = p->a;
	struct span span;

	cmd->object = OBJ_EXPR;
	p->a = parser_arena(p->parser);
	cmd->expr = parse_selector(p);
	p->a = command;
	if (cmd->expr || p->diags->errors != errors)
		return cmd->expr;
	if (!parse_string(p, "an expression or a type", &word, &span))
		return false;
	cmd->type_name = word;
	cmd->type_span = span;
	return true;
}

/* Words that may follow `monitor`, in this order; each may be left out. */
static bool parse_monitor(struct parse *p, struct command *cmd)
{
	static const char *const groups[][8] = {
		{ "new", "destroy", "trace" },
		{ "tables", "chains", "sets", "rules", "elements", "ruleset" },
		{ "vm", "xml", "json" },
	};

	cmd->object = OBJ_RULESET;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		for (size_t j = 0; groups[i][j]; j++)
			if (take_any_word(p, groups[i][j]))
				break;
	return true;
}

/* `export`, `import`: gone from nft too. What follows is not looked at. */
static bool parse_old(struct parse *p, struct command *cmd)
{
	cmd->object = OBJ_RULESET;
	lexer_skip_statement(&p->lx);
	return true;
}

/* ---- a whole command -------------------------------------------------------------------- */

/* A first word that is close to a verb, before a word that verbs stand before: `lst
 * ruleset`. */
static const char *misspelt_verb(struct parse *p)
{
	static const char *const others[][2] = {
		{ "show", "list" },  { "print", "list" },    { "append", "add" },
		{ "new", "create" }, { "remove", "delete" }, { "del", "delete" },
		{ "rm", "delete" },  { "clear", "flush" },   { "set", "replace" },
	};
	const struct token *t = lexer_peek(&p->lx, 0), *next = lexer_peek(&p->lx, 1);
	struct str words[ARRAY_LEN(verbs)], near;
	bool object = !at_family(p) && !at_rule(p);

	for (size_t i = 0; i < ARRAY_LEN(objects) && !object; i++)
		object = next->kind == TOKEN_WORD && str_is(next->text, objects[i].word);
	if (t->kind != TOKEN_WORD || !object)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (str_is_word(t->text, others[i][0]))
			return others[i][1];
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		words[i] = str_from(verbs[i].word);
	near = str_nearest(t->text, words, ARRAY_LEN(verbs));
	return near.n ? near.p : "";
}

static const struct verb_row *verb_at(struct parse *p, unsigned n)
{
	const struct token *t = lexer_peek(&p->lx, n);

	for (size_t i = 0; t->kind == TOKEN_WORD && i < ARRAY_LEN(verbs); i++)
		if (str_is_word(t->text, verbs[i].word))
			return &verbs[i];
	return NULL;
}

/* `nft add …`, `sudo nft add …`: a line for the shell, as tutorials have it. */
static bool fail_shell_line(struct parse *p)
{
	struct span first = lexer_peek(&p->lx, 0)->span;
	unsigned n = str_is(lexer_peek(&p->lx, 0)->text, "sudo");
	struct token name = *lexer_peek(&p->lx, n);
	struct diag *d;

	if (!(str_is(name.text, "nft") || str_is(name.text, "gate")) ||
	    !verb_at(p, n + 1) || lexer_peek(&p->lx, n + 2)->kind != TOKEN_WORD)
		return false;
	d = diag_error(p->diags, "E0001", span_join(first, name.span),
	               "a command of a file begins with its verb");
	diag_help(p->diags, d, "leave out `%s" STR_FMT "`", n ? "sudo " : "",
	          STR_ARG(name.text));
	return true;
}

/* No verb: `table t { … }`, `ip t c accept`, or a mistake. */
static bool parse_without_verb(struct parse *p, struct command *cmd)
{
	struct token t = *lexer_peek(&p->lx, 0);
	const struct object_row *row;
	const char *verb;
	struct diag *d;

	cmd->verb = CMD_ADD;
	cmd->verb_implicit = true;
	if (p->expected)
		at_word(p, "table"); /* of what can begin so, what people write */
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_VARIABLE) {
		parse_fail(p, "E0001", "expected a command");
		return false;
	}
	if (fail_shell_line(p))
		return false;
	row = take_object(p, CMD_ADD);
	if (row)
		return goes_with(row, CMD_ADD) ? run_object(p, cmd, row)
		                               : fail_pair(p, row, CMD_ADD, true, t.span);
	verb = misspelt_verb(p);
	if (!verb) {
		cmd->object = OBJ_RULE;
		return command_rule(p, cmd);
	}
	d = diag_error(p->diags, "E0001", t.span, "`" STR_FMT "` is not a command",
	               STR_ARG(t.text));
	if (*verb)
		diag_help(p->diags, d, "did you mean `%s`?", verb);
	return false;
}

static const struct verb_row *take_verb(struct parse *p)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (take_any_word(p, verbs[i].word))
			return &verbs[i];
	return NULL;
}

/* Behind a table's block another command may follow on the line. */
static bool ends_block(const struct command *cmd)
{
	return cmd->table && cmd->table->span.off != cmd->ref.table_span.off;
}

/* The end of a command, or what stands there instead. */
static bool expect_command_end(struct parse *p)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d;

	for (size_t i = 0; i < ARRAY_LEN(verbs) && t.kind == TOKEN_WORD; i++) {
		if (!str_is_word(t.text, verbs[i].word))
			continue;
		d = diag_error(p->diags, "E0001", t.span,
		               "expected a newline or `;` before `" STR_FMT "`",
		               STR_ARG(t.text));
		diag_help(p->diags, d, "two commands on a line have `;` between them");
		return false;
	}
	return expect_end(p);
}

bool parse_command(struct parse *p, struct command *cmd)
{
	struct span at = lexer_peek(&p->lx, 0)->span;
	const struct verb_row *row = take_verb(p);
	bool ok;

	if (row) {
		cmd->verb = row->verb;
		ok = row->parse(p, cmd);
	} else {
		ok = parse_without_verb(p, cmd);
	}
	cmd->span = span_join(at, lexer_span(&p->lx, p->lx.taken, p->lx.taken));
	return ok && (ends_block(cmd) || expect_command_end(p));
}
