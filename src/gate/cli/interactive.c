/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `gate -i`: each line is a transaction of its own, and a line with an open `{` or a backslash
 * at its end goes on in the next. One parser lives through the session, so definitions stay
 * known. Mistakes are shown and end nothing.
 */
#include "gate/cli/cli.h"

#include <errno.h>

#include "gate/cli/editor.h"

/* Where a scan of the text stands: inside a string, behind how many open braces. */
struct nesting {
	int depth;
	bool in_string, is_continued; /* the last character is a backslash */
};

static struct nesting nesting_of(struct str text)
{
	struct nesting s = { 0 };
	bool in_comment = false;

	for (size_t i = 0; i < text.n; i++) {
		char ch = text.p[i];
		if (ch == '\n')
			in_comment = s.in_string = false; /* neither goes over a line */
		else if (in_comment)
			continue;
		else if (ch == '"')
			s.in_string = !s.in_string;
		else if (ch == '#' && !s.in_string)
			in_comment = true;
		else if (!s.in_string)
			s.depth += (ch == '{') - (ch == '}');
	}
	s.is_continued = !in_comment && text.n && text.p[text.n - 1] == '\\';
	return s;
}

/* Reads lines until braces are closed. 1 with *block, 0 at the end, -EINTR given up. */
static int read_block(struct editor *e, struct buf *block)
{
	int r;

	buf_reset(block);
	while ((r = editor_read(e, block)) == 1) {
		struct nesting s = nesting_of(buf_as_str(block));
		if (s.depth <= 0 && !s.is_continued)
			return 1;
		buf_char(block, '\n');
	}
	/* An end of input in the middle: what is there is run, and the parser says what lacks. */
	return r == 0 && block->n ? 1 : r;
}

/* $XDG_STATE_HOME/gate_history, else ~/.gate_history; empty: no history. */
static struct str history_path(struct arena *a)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return arena_fmt(a, "%s/gate_history", state);
	if (home && home[0] == '/')
		return arena_fmt(a, "%s/.gate_history", home);
	return STR("");
}

static bool is_quit(struct str line)
{
	line = str_trim(line);
	return str_is(line, "quit") || str_is(line, "exit");
}

/* One block, one transaction. */
static void run_block(struct cli *c, struct engine *engine, struct parser *parser,
                      struct str text)
{
	struct str kept = arena_str(&c->arena, text);
	uint32_t file = sources_add(&c->sources, STR("input"), kept);

	parser_add_source(parser, file);
	if (run_commands(c, engine, parser, &file, 1) ==
	    -ERESTART) /* others it has reported */
		run_report_moved(c);
	cli_report(c);
}

int run_interactive(struct cli *c)
{
	struct engine *engine;
	int status = EXIT_OK;
	auto_buf block = { 0 };
	int r;

	if (run_open(c, &engine, &status) == ACCESS_BROKEN) {
		cli_report(c);
		return status;
	}
	auto_ptr(editor) editor = editor_new(history_path(&c->arena), parser_complete);
	struct parser *parser = cli_parser(c, &c->arena, &c->diags);
	while ((r = read_block(editor, &block)) != 0) {
		if (r < 0) /* Ctrl-C: a new line */
			continue;
		if (is_quit(buf_as_str(&block)))
			break;
		run_block(c, engine, parser, buf_as_str(&block));
	}
	if (engine)
		engine->ops->close(engine);
	return EXIT_OK;
}
