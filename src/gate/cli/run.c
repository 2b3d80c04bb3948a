/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One transaction: the files of -f, or the words of the command line.
 *
 * Without the privilege to ask the kernel three things are still done: mistakes of the text are
 * shown, `describe` answers, and -c checks offline with a note.
 */
#include "gate/cli/cli.h"

#include <errno.h>
#include <time.h>

#include "io/paths.h"

enum access run_open(struct cli *c, struct engine **engine, int *status)
{
	*engine = NULL;
	int r = engine_kernel_open(engine);
	if (r == 0)
		return ACCESS_FULL;
	if (r == -EPERM || r == -EACCES)
		return ACCESS_NONE;
	if (r == -EPROTONOSUPPORT) {
		struct diag *d = diag_error(&c->diags, "E0911", SPAN_NONE,
		                            "this kernel has no nf_tables");
		diag_help(&c->diags, d,
		          "`modprobe nf_tables`, or a kernel with "
		          "CONFIG_NF_TABLES; `gate check` needs neither");
		*status = EXIT_FAILED;
		return ACCESS_BROKEN;
	}
	diag_error(&c->diags, "E0911", SPAN_NONE, "cannot open the netlink socket: %s",
	           strerror(-r));
	*status = EXIT_NO_NETLINK;
	return ACCESS_BROKEN;
}

/* What a first reading of the commands shows. */
struct preview {
	bool is_wrong;     /* there are mistakes; nothing is reported yet */
	bool needs_kernel; /* some command is more than `describe` */
};

/* Reads the commands with a parser, a memory and a collector of its own, all thrown away. */
static struct preview preview_commands(struct cli *c, const uint32_t *files, size_t n)
{
	auto_arena a = { 0 };
	auto_diags diags = { 0 };
	struct parser *parser = cli_parser(c, &a, &diags);
	struct preview preview = { 0 };
	struct command *cmd;

	for (size_t i = 0; i < n; i++)
		parser_add_source(parser, files[i]);
	while (parser_next(parser, &cmd) == 1)
		preview.needs_kernel |= cmd->verb != CMD_DESCRIBE;
	preview.is_wrong = diags_failed(&diags);
	return preview;
}

static void note_offline(struct cli *c)
{
	struct diag *d =
		diag_add(&c->diags, DIAG_NOTE, "", SPAN_NONE,
	                 "checked without the kernel: asking it needs CAP_NET_ADMIN");

	diag_note(&c->diags, d, "not compared with the ruleset that is loaded now");
}

static int refuse_unprivileged(struct cli *c)
{
	struct diag *d =
		diag_error(&c->diags, "E0910", SPAN_NONE,
	                   "this needs CAP_NET_ADMIN: nothing was read or changed");

	diag_help(&c->diags, d,
	          "run it as root; `-c` and `gate check` only check, and "
	          "need no privilege");
	return -EPERM;
}

int run_commands(struct cli *c, struct engine *engine, struct parser *parser,
                 const uint32_t *files, size_t n_files)
{
	struct ruleset_options options = cli_ruleset_options(c);

	if (!engine && options.check) {
		note_offline(c);
	} else if (!engine) {
		struct preview preview = preview_commands(c, files, n_files);
		if (preview.needs_kernel && !preview.is_wrong)
			return refuse_unprivileged(c);
		options.check = true; /* the mistakes first */
	}
	return ruleset_run(engine, parser, &c->sources, &c->diags, &options);
}

/* argv's words as one source, with blanks between. */
static uint32_t add_words(struct cli *c)
{
	auto_buf text = { 0 };
	const struct str_list *words = &c->options.words;

	for (size_t i = 0; i < words->n; i++) {
		if (i > 0)
			buf_char(&text, ' ');
		buf_str(&text, words->p[i]);
	}
	struct str kept = arena_str(&c->arena, buf_as_str(&text));
	return sources_add(&c->sources, STR("command line"), kept);
}

static int add_input(struct cli *c, struct parser *parser)
{
	const struct options *o = &c->options;

	if (o->words.n) {
		parser_add_source(parser, add_words(c));
		return 0;
	}
	if (!str_is(o->files.p[0], "-"))
		c->include_path.base = path_folder(o->files.p[0]);
	return cli_add_files(c, parser, &o->files);
}

/* The numbers of the sources added since there were `before`. */
static uint32_t *sources_since(struct cli *c, size_t before, size_t *n)
{
	*n = c->sources.list.n - before;
	uint32_t *files = arena_array(&c->arena, uint32_t, *n);

	for (size_t i = 0; i < *n; i++)
		files[i] = (uint32_t)(before + i + 1);
	return files;
}

enum { TRIES = 20, PAUSE_MS = 5 }; /* when others change the ruleset; the pause grows */

/* Runs all again while somebody else's changes come between reading and committing. */
static int run_until_quiet(struct cli *c, struct engine *engine, struct parser *parser,
                           const uint32_t *files, size_t n)
{
	int r = run_commands(c, engine, parser, files, n);

	for (unsigned try = 1; r == -ERESTART && try < TRIES; try++) {
		struct timespec pause = { .tv_nsec = (long)try * PAUSE_MS * 1000000 };

		nanosleep(&pause, NULL);
		parser = cli_parser(c, &c->arena, &c->diags);
		for (size_t i = 0; i < n; i++)
			parser_add_source(parser, files[i]);
		r = run_commands(c, engine, parser, files, n);
	}
	return r;
}

void run_report_moved(struct cli *c)
{
	diag_error(
		&c->diags, "E0601", SPAN_NONE,
		"the ruleset changed while this was being loaded; nothing was applied");
}

int run_once(struct cli *c)
{
	struct parser *parser = cli_parser(c, &c->arena, &c->diags);
	size_t before = c->sources.list.n, n;
	struct engine *engine;
	int status = EXIT_OK;

	if (add_input(c, parser) < 0)
		return cli_report(c);
	const uint32_t *files = sources_since(c, before, &n);
	enum access access = run_open(c, &engine, &status);
	int r = access == ACCESS_BROKEN ? 0
	                                : run_until_quiet(c, engine, parser, files, n);
	if (r == -ERESTART)
		run_report_moved(c);
	if (engine)
		engine->ops->close(engine);
	int reported = cli_report(c);
	if (status != EXIT_OK)
		return status;
	return r < 0 ? EXIT_FAILED : reported;
}
