/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Commands about rules. The rule itself stays text until it is needed; here it is only
 * found, and cut in two where a rule is named by its text:
 *
 * 	insert rule t c NEW before OLD
 * 	replace rule t c OLD with NEW
 * 	delete rule t c OLD
 */
#include "gate/lang/parse_command.h"

static struct rule_text rule_text(const struct parse *p, struct span span)
{
	return (struct rule_text){ p->scope, span, p->seq };
}

/* `reject with icmp type …` has the word too: that `with` parts nothing. */
static bool is_reject_with(struct lexer *lx, const struct token *before)
{
	static const char *const kinds[] = { "icmp", "icmpv6", "icmpx" };
	const struct token *next = lexer_peek(lx, 0);

	if (!str_is(before->text, "reject") || next->kind != TOKEN_WORD)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_is(next->text, kinds[i]))
			return true;
	return str_is(next->text, "tcp") && str_is(lexer_peek(lx, 1)->text, "reset");
}

static struct span trimmed(const struct parse *p, const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return lexer_span(&p->lx, from, to);
}

/* Parts `text` at the bare word, outside of braces and quotes. False: it is not there. */
static bool split_rule(struct parse *p, struct span text, const char *word,
                       struct span *left, struct span *right)
{
	struct token before = { 0 };
	struct lexer lx;
	int depth = 0;

	lexer_init(&lx, p->lx.sources, p->diags, text);
	for (;;) {
		struct token t = lexer_next(&lx);

		if (t.kind == TOKEN_END)
			return false;
		if (t.punct == '{' || t.punct == '(')
			depth++;
		if (t.punct == '}' || t.punct == ')')
			depth--;
		if (depth == 0 && t.kind == TOKEN_WORD && str_is(t.text, word) &&
		    !is_reject_with(&lx, &before)) {
			*left = trimmed(p, lx.start + text.off, lx.start + t.span.off);
			*right = trimmed(p, lx.taken, lx.end);
			return true;
		}
		before = t;
	}
}

/* A half that is empty: E0001 at the word between. */
static bool check_halves(struct parse *p, struct span left, struct span right,
                         const char *word)
{
	const struct span *empty = left.len == 0 ? &left : right.len == 0 ? &right : NULL;

	if (empty)
		diag_error(p->diags, "E0001", *empty, "there is no rule %s `%s`",
		           empty == &left ? "before" : "behind", word);
	return !empty;
}

static bool fail_no_rule(struct parse *p, const char *what)
{
	parse_fail(p, "E0001", "expected %s", what);
	return false;
}

/* `handle N`, `position N`, `index N` before the rule. */
static bool parse_position(struct parse *p, struct command *cmd)
{
	for (;;) {
		if (take_word(p, "handle") || take_word(p, "position")) {
			cmd->has_position = true;
			cmd->position_span = lexer_peek(&p->lx, 0)->span;
			if (!parse_u64(p, UINT64_MAX, "a rule's handle", &cmd->position))
				return false;
		} else if (take_word(p, "index")) {
			cmd->has_index = true;
			cmd->index_span = lexer_peek(&p->lx, 0)->span;
			if (!parse_u64(p, UINT32_MAX, "a rule's number, from 0",
			               &cmd->index))
				return false;
		} else {
			return true;
		}
	}
}

static bool add_rule(struct parse *p, struct command *cmd)
{
	struct span text, left, right;

	if (!parse_position(p, cmd))
		return false;
	if (at_end_of_stmt(p) && !p->expected)
		return fail_no_rule(p, "a rule");
	text = lexer_skip_statement(&p->lx);
	if (p->expected)
		complete_rule(p, text);
	if (cmd->verb == CMD_INSERT && split_rule(p, text, "before", &left, &right)) {
		if (!check_halves(p, left, right, "before"))
			return false;
		cmd->rule_ref = rule_text(p, right);
		text = left;
	}
	cmd->rule = rule_text(p, text);
	return true;
}

static bool replace_rule(struct parse *p, struct command *cmd)
{
	struct span text, left, right;
	struct diag *d;

	if (!parse_position(p, cmd))
		return false;
	if (at_end_of_stmt(p))
		return fail_no_rule(p, "a rule");
	text = lexer_skip_statement(&p->lx);
	if (cmd->has_position || cmd->has_index) {
		cmd->rule = rule_text(p, text);
		return true;
	}
	if (!split_rule(p, text, "with", &left, &right)) {
		d = diag_error(p->diags, "E0001", text, "expected which rule to replace");
		diag_help(p->diags, d,
		          "replace rule t c handle N NEW, or: replace rule t c OLD "
		          "with NEW");
		return false;
	}
	if (!check_halves(p, left, right, "with"))
		return false;
	cmd->rule_ref = rule_text(p, left);
	cmd->rule = rule_text(p, right);
	return true;
}

static bool delete_rule(struct parse *p, struct command *cmd)
{
	if (at_word(p, "index") || at_word(p, "position"))
		return fail_no_rule(p, "`handle N` or the rule's text");
	if (!parse_position(p, cmd))
		return false;
	if (at_end_of_stmt(p))
		return cmd->has_position ||
		       fail_no_rule(p, "`handle N` or the rule's text");
	if (cmd->has_position)
		return true; /* and the caller finds that more follows */
	cmd->rule = rule_text(p, lexer_skip_statement(&p->lx));
	return true;
}

static bool reset_rule(struct parse *p, struct command *cmd)
{
	if (!at_word(p, "handle"))
		return fail_no_rule(p, "`handle N`");
	return parse_position(p, cmd);
}

bool at_rule_word(struct parse *p)
{
	static const char *const words[] = { "meta",  "ct",  "counter",
		                             "limit", "log", "reject" };
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct key *key;

	if (t->kind != TOKEN_WORD || !word_is_reserved(t->text))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_is_word(t->text, words[i]))
			return true;
	key = key_by_name(meta_keys, t->text);
	return at_verdict(p) || proto_by_name(t->text) || (key && key->flags & KEY_BARE);
}

/* The chain's name; where a rule begins at once, that is what is wrong. */
static bool parse_rule_chain(struct parse *p, struct command *cmd)
{
	struct token t = *lexer_peek(&p->lx, 0);
	struct diag *d;

	if (!at_rule_word(p))
		return parse_name(p, "a chain's name", &cmd->ref.name,
		                  &cmd->ref.name_span);
	d = diag_error(p->diags, "E0001", t.span, "expected the chain before the rule");
	diag_help(p->diags, d, "rule %s " STR_FMT " CHAIN " STR_FMT " …",
	          family_name(cmd->ref.family), STR_ARG(cmd->ref.table), STR_ARG(t.text));
	return false;
}

bool command_rule(struct parse *p, struct command *cmd)
{
	if (!parse_table_ref(p, cmd) || !parse_rule_chain(p, cmd))
		return false;
	switch (cmd->verb) {
	case CMD_DELETE:
	case CMD_DESTROY:
		return delete_rule(p, cmd);
	case CMD_REPLACE:
		return replace_rule(p, cmd);
	case CMD_RESET:
		return reset_rule(p, cmd);
	case CMD_ADD:
	case CMD_CREATE:
	case CMD_INSERT:
	case CMD_LIST:
	case CMD_FLUSH:
	case CMD_RENAME:
	case CMD_GET:
	case CMD_DESCRIBE:
	case CMD_MONITOR:
	case CMD_EXPORT:
	case CMD_IMPORT:
		break;
	}
	return add_rule(p, cmd);
}

/* `reset rules [table|chain] [family] [TABLE [CHAIN]]`. */
bool command_rules(struct parse *p, struct command *cmd)
{
	if (!take_word(p, "table"))
		take_word(p, "chain");
	parse_family(p, cmd);
	if (at_end_of_stmt(p)) {
		if (!cmd->has_family)
			cmd->ref.family = FAMILY_UNSPEC;
		return true;
	}
	if (!parse_name(p, "a table's name", &cmd->ref.table, &cmd->ref.table_span))
		return false;
	return at_end_of_stmt(p) ||
	       parse_name(p, "a chain's name", &cmd->ref.name, &cmd->ref.name_span);
}
