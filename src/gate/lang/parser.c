/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The driver: one command after the other out of the sources given, and the files they
 * include.
 *
 * Two memories: the parser's own, for what stays (definitions, blocks of tables), and one
 * for the present command, which the next call takes back.
 */
#include "gate/lang/parse.h"

#include <errno.h>

enum { INCLUDE_DEPTH_MAX = 16 }; /* nft(8), INCLUDE STATEMENT */

/* A file that goes on when the files it includes are at their end. */
struct suspended {
	struct lexer lx;
	const struct str *paths;
	size_t n, next;
	struct span at;
};

struct parser {
	struct arena *a;
	struct arena command;
	struct sources *sources;
	struct parser_options options;
	struct parse p;
	uint32_t seq;
	/* Sources that wait; the one being read is files[file - 1]. */
	VEC(uint32_t) files;
	size_t file;
	/* The files included now, outermost first; of these, the ones parser_next() is
	 * in. */
	struct str open[INCLUDE_DEPTH_MAX];
	size_t n_open;
	struct suspended suspended[INCLUDE_DEPTH_MAX];
	size_t n_suspended;
	struct elems_state *spare_elems;
};

static void release_parser(void *arg)
{
	struct parser *parser = arg;

	arena_fini(&parser->command);
	vec_fini(&parser->files);
}

/* `-D name=value`: the value is read as the right side of a define. */
static void bind_option(struct parser *parser, struct str option)
{
	size_t eq = str_find(option, '=');
	struct str name = arena_str(parser->a, str_sub(option, 0, eq));
	struct str text = arena_str(parser->a, str_sub(option, eq + 1, option.n));
	struct str source = arena_fmt(parser->a, "-D " STR_FMT, STR_ARG(name));
	struct span all = { sources_add(parser->sources, source, text), 0,
		            (uint32_t)text.n };
	struct parse *p = &parser->p;
	struct expr *value;

	if (eq == option.n || name.n == 0) {
		diag_error(p->diags, "E0010", SPAN_NONE,
		           "-D " STR_FMT ": expected name=value", STR_ARG(option));
		return;
	}
	lexer_init(&p->lx, parser->sources, p->diags, all);
	p->a = parser->a;
	value = parse_rhs(p);
	if (value && lexer_peek(&p->lx, 0)->kind != TOKEN_END)
		value = parse_fail(p, "E0001", "expected one value");
	if (value)
		scope_bind(p->scope, parser->a, name, value, all, p->seq);
	p->seq = parser_count(parser);
}

struct parser *parser_new(struct arena *a, struct sources *sources, struct diags *diags,
                          const struct parser_options *options)
{
	struct parser *parser = arena_new(a, struct parser);
	struct parse *p = &parser->p;

	arena_defer(a, release_parser, parser);
	parser->a = a;
	parser->sources = sources;
	parser->options = *options;
	p->diags = diags;
	p->names = options->names;
	p->parser = parser;
	p->scope = scope_new(a, NULL);
	p->seq = parser_count(parser);
	for (size_t i = 0; i < options->n_defines; i++)
		bind_option(parser, options->defines[i]);
	lexer_init(&p->lx, sources, diags, SPAN_NONE);
	return parser;
}

void parser_add_source(struct parser *parser, uint32_t file)
{
	vec_push(&parser->files, file);
}

const struct reader *parser_reader(const struct parser *parser)
{
	return parser->options.reader;
}

uint32_t parser_count(struct parser *parser)
{
	return ++parser->seq;
}

/* ---- files ------------------------------------------------------------------------- */

/* One note for a file that was written on Windows. */
static void note_line_ends(struct parse *p)
{
	const char *nl = memchr(p->lx.p, '\n', (size_t)(p->lx.end - p->lx.p));

	if (nl && nl > p->lx.start && nl[-1] == '\r')
		diag_add(p->diags, DIAG_NOTE, "", lexer_span(&p->lx, nl - 1, nl),
		         "this file has Windows line ends; they are read as blanks");
}

static void start_file(struct parse *p, uint32_t file)
{
	struct sources *sources = p->parser->sources;
	const struct source *source = sources_get(sources, file);
	struct span all = { file, 0, source ? (uint32_t)source->text.n : 0 };

	lexer_init(&p->lx, sources, p->diags, all);
	note_line_ends(p);
}

static bool is_open(const struct parser *parser, struct str path)
{
	for (size_t i = 0; i < parser->n_open; i++)
		if (str_eq(parser->open[i], path))
			return true;
	for (size_t i = 0; i < parser->file; i++) {
		const struct source *s = sources_get(parser->sources, parser->files.p[i]);

		if (i + 1 == parser->file && s && str_eq(s->name, path))
			return true;
	}
	return false;
}

bool parser_open(struct parse *p, struct str path, struct span at)
{
	struct parser *parser = p->parser;
	const struct reader *reader = parser->options.reader;
	uint32_t file;
	int r;

	if (is_open(parser, path)) {
		diag_error(p->diags, "E0015", at, "\"" STR_FMT "\" includes itself",
		           STR_ARG(path));
		return false;
	}
	if (parser->n_open == INCLUDE_DEPTH_MAX) {
		diag_error(p->diags, "E0015", at,
		           "files include files over %d levels deep", INCLUDE_DEPTH_MAX);
		return false;
	}
	r = reader->open(reader->ctx, path, parser->sources, &file);
	if (r < 0) {
		diag_error(p->diags, "E0015", at, "cannot read \"" STR_FMT "\": %s",
		           STR_ARG(path), strerror(-r));
		return false;
	}
	parser->open[parser->n_open++] = path;
	start_file(p, file);
	return true;
}

void parser_close(struct parse *p)
{
	p->parser->n_open--;
}

/* The next file of the innermost include, or back in the file that includes. */
static void continue_include(struct parse *p)
{
	struct parser *parser = p->parser;
	struct suspended *s = &parser->suspended[parser->n_suspended - 1];

	while (s->next < s->n)
		if (parser_open(p, s->paths[s->next++], s->at))
			return;
	p->lx = s->lx;
	parser->n_suspended--;
}

bool parser_include(struct parse *p, const struct str *paths, size_t n, struct span at)
{
	struct parser *parser = p->parser;
	struct str *kept = arena_array(parser->a, struct str, n);

	for (size_t i = 0; i < n; i++)
		kept[i] = arena_str(parser->a, paths[i]);
	if (parser->n_suspended == INCLUDE_DEPTH_MAX) {
		diag_error(p->diags, "E0015", at,
		           "files include files over %d levels deep", INCLUDE_DEPTH_MAX);
		return false;
	}
	parser->suspended[parser->n_suspended++] =
		(struct suspended){ .lx = p->lx, .paths = kept, .n = n, .at = at };
	continue_include(p);
	return true;
}

/* At the end of a file: on to what comes next. False when that was all. */
static bool next_file(struct parser *parser)
{
	struct parse *p = &parser->p;

	p->unclosed = false;
	if (parser->n_suspended) {
		parser_close(p);
		continue_include(p);
		return true;
	}
	if (parser->file == parser->files.n)
		return false;
	start_file(p, parser->files.p[parser->file++]);
	return true;
}

/* ---- commands ---------------------------------------------------------------------- */

/* Reads what is kept of a chain only to find the mistakes in it. */
static void check_chain(struct parser *parser, const struct chain_block *c)
{
	auto_arena a = { 0 };
	struct rule *rule;

	for (size_t i = 0; i < c->rules.list.n; i++) {
		struct rule_text text = rule_texts_get(&c->rules, i);

		parse_rule(parser, &text, &a, &rule);
		arena_reset(&a);
	}
}

static void check_elems(struct parser *parser, const struct elems_text *text)
{
	auto_arena a = { 0 };
	struct elems_iter it;
	struct expr *elem;

	if (text->span.len == 0)
		return;
	elems_open(&it, parser, text);
	while (elems_next(&it, &a, &elem) != 0)
		arena_reset(&a);
}

/* A command that is left out: what nobody will read is read here. */
static void check_broken(struct parser *parser, const struct command *cmd)
{
	const struct table_block *t = cmd->table;

	for (size_t i = 0; t && i < t->n_chains; i++)
		check_chain(parser, t->chains[i]);
	for (size_t i = 0; t && i < t->n_sets; i++)
		check_elems(parser, &t->sets[i]->elems);
	if (cmd->chain)
		check_chain(parser, cmd->chain);
	if (cmd->set)
		check_elems(parser, &cmd->set->elems);
}

/* A command with mistakes: 1 when it is handed out all the same. */
static int finish_broken(struct parser *parser, struct command *cmd)
{
	bool makes = cmd->verb == CMD_ADD || cmd->verb == CMD_CREATE;
	bool has_block =
		cmd->table || cmd->chain || cmd->set || cmd->obj || cmd->flowtable;

	if (parser->p.unclosed)
		return 0; /* the last of it goes on to the end of the text: nothing is sure */
	cmd->is_broken = true;
	if (parser->options.keep_broken && makes && has_block && cmd->ref.table.p)
		return 1;
	check_broken(parser, cmd);
	return 0;
}

/* 1: *cmd is a command; 0: it is left out for its mistakes, or it was a definition. */
static int parse_one(struct parser *parser, struct command *cmd)
{
	struct parse *p = &parser->p;
	size_t errors = p->diags->errors;
	const char *from = p->lx.taken;
	int common, ok;

	p->a = &parser->command;
	p->depth = 0;
	common = parse_common(p, NULL, NULL);
	ok = common < 0 ? parse_command(p, cmd) : common;
	if (!ok && !p->unclosed)
		parse_skip(p, from);
	if (common >= 0)
		return 0;
	return ok && p->diags->errors == errors ? 1 : finish_broken(parser, cmd);
}

/* The text ends where a command could begin. */
static void complete_command(struct parser *parser)
{
	struct command cmd = { 0 };

	parser->p.a = &parser->command;
	if (parse_common(&parser->p, NULL, NULL) < 0)
		parse_command(&parser->p, &cmd);
}

int parser_next(struct parser *parser, struct command **cmd)
{
	struct parse *p = &parser->p;

	for (;;) {
		const struct token *t = lexer_peek(&p->lx, 0);

		if (t->kind == TOKEN_END) {
			if (p->expected && parser->file && at_new_statement(p))
				complete_command(parser);
			if (!next_file(parser))
				return 0;
		} else if (t->kind == TOKEN_NEWLINE) {
			lexer_next(&p->lx);
		} else if (at_punct(p, '}')) {
			diag_error(p->diags, "E0001", lexer_next(&p->lx).span,
			           "`}` closes nothing");
		} else {
			struct command *c;

			arena_reset(&parser->command);
			c = arena_new(&parser->command, struct command);
			if (parse_one(parser, c) == 1) {
				*cmd = c;
				return 1;
			}
		}
	}
}

void parser_expect(struct parser *parser, struct buf *words)
{
	parser->p.expected = words;
}

struct arena *parser_arena(const struct parser *parser)
{
	return parser->a;
}

void parser_parse(struct parser *parser, struct arena *a, struct span text,
                  struct scope *scope, uint32_t seq, struct parse *p)
{
	p->a = a;
	p->diags = parser->p.diags;
	p->names = parser->p.names;
	p->scope = scope;
	p->seq = seq;
	p->depth = 0;
	p->parser = parser;
	p->leave = p->unclosed = false;
	p->expected = parser->p.expected;
	lexer_init(&p->lx, parser->sources, p->diags, text);
}

struct elems_state **parser_spare_elems(struct parser *parser)
{
	return &parser->spare_elems;
}

int parse_rule(struct parser *parser, const struct rule_text *text, struct arena *a,
               struct rule **rule)
{
	struct parse p;
	size_t errors = parser->p.diags->errors;
	struct rule *r = arena_new(a, struct rule);

	parser_parse(parser, a, text->span, text->scope, text->seq, &p);
	r->span = text->span;
	if (!parse_rule_body(&p, r) || p.diags->errors != errors)
		return -EINVAL;
	*rule = r;
	return 0;
}
