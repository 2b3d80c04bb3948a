/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From argv to the one thing to do, and from findings to standard error and an exit status. */
#include "gate/cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/oom.h"
#include "gate/cli/verbs.h"
#include "gate/ruleset/kernels.h"

/* Options that are known, and refused whatever else is asked. */
// clang-format off
static const struct { enum option_what what; const char *name; } unsupported[] = {
	{ OPT_JSON, "JSON (`-j`)" },
	{ OPT_OPTIMIZE, "`--optimize`" },
};
// clang-format on

void cli_unsupported(struct cli *c, struct span span, const char *what)
{
	diag_error(&c->diags, "E0909", span, "not supported by gate yet: %s", what);
}

/* https://no-color.org: set and not empty. */
static bool wants_colour(const struct cli *c)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	switch (c->options.colour) {
	case COLOUR_ALWAYS:
		return true;
	case COLOUR_NEVER:
		return false;
	case COLOUR_AUTO:
		break;
	}
	return isatty(STDERR_FILENO) && !(no_colour && *no_colour) &&
	       !(term && strcmp(term, "dumb") == 0);
}

int cli_report(struct cli *c)
{
	auto_buf text = { 0 };
	int err = output_flush(&c->out);

	if (err < 0 && err != -EPIPE)
		diag_error(&c->diags, "E0906", SPAN_NONE, "cannot write the output: %s",
		           strerror(-err));
	bool failed = diags_failed(&c->diags) || err < 0;
	if (c->diags.list.n && c->options.errors_json)
		diags_json(&c->diags, &c->sources, &text);
	else if (c->diags.list.n)
		diags_print(&c->diags, &c->sources, &text, wants_colour(c));
	if (text.n) {
		fwrite(text.p, 1, text.n, stderr);
		if (text.p[text.n - 1] != '\n')
			fputc('\n', stderr);
	}
	diags_fini(&c->diags);
	return failed ? EXIT_FAILED : EXIT_OK;
}

struct parser *cli_parser(struct cli *c, struct arena *a, struct diags *diags)
{
	const struct parser_options options = {
		.reader = &c->reader,
		.names = &c->names,
		.defines = c->options.defines.p,
		.n_defines = c->options.defines.n,
		.keep_broken = true, /* ruleset_run applies nothing then */
	};

	return parser_new(a, &c->sources, diags, &options);
}

int cli_add_files(struct cli *c, struct parser *parser, const struct str_list *files)
{
	int result = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct str name = files->p[i];
		uint32_t file;
		int r = reader_add(&c->arena, name, &c->sources, &file);
		if (r == 0) {
			parser_add_source(parser, file);
			continue;
		}
		diag_error(&c->diags, "E0905", SPAN_NONE, "cannot read `" STR_FMT "`: %s",
		           STR_ARG(name), strerror(-r));
		result = -EINVAL;
	}
	return result;
}

static void write_output(void *ctx, struct str text)
{
	output_put(ctx, text);
}

uint64_t cli_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint32_t cli_running_kernel(void)
{
	struct utsname name;

	return uname(&name) == 0 ? kernel_parse(str_from(name.release)) : 0;
}

uint32_t cli_read_kernel(struct cli *c, struct str version, struct span span)
{
	uint32_t kernel = kernel_parse(version);
	struct diag *d;

	if (kernel >= KERNEL_OLDEST)
		return kernel;
	d = diag_error(&c->diags, "E0903", span,
	               kernel ? "gate works on kernels from 5.10 on, not on `" STR_FMT "`"
	                      : "`" STR_FMT "` is no version of a kernel",
	               STR_ARG(version));
	diag_help(&c->diags, d,
	          span.len ? "kernel 6.1, or what `uname -r` prints there"
	                   : "--kernel 6.1, or what `uname -r` prints there");
	return 0;
}

struct ruleset_options cli_ruleset_options(struct cli *c)
{
	return (struct ruleset_options){
		.names = &c->names,
		.format = &c->options.format,
		.check = c->options.check,
		.running = cli_running_kernel(),
		.closed_interfaces = c->machine.interfaces != NULL,
		.debug_netlink = c->options.debug_netlink,
		.nft_pid = c->options.as_nft ? (int)getpid() : 0,
		.write = write_output,
		.write_ctx = &c->out,
	};
}

static int print_help(struct cli *c)
{
	auto_buf text = { 0 };

	options_help(&c->options, &text);
	output_put(&c->out, buf_as_str(&text));
	return cli_report(c);
}

/* Under nft's name the line begins as nft's does: scripts read the number. */
static int print_version(struct cli *c, bool is_long)
{
	output_put(&c->out, c->options.as_nft
	                            ? STR("nftables v1.0.6 (gate v" GATE_VERSION ")\n")
	                            : STR("gate v" GATE_VERSION " (nftables 1.0.6)\n"));
	if (is_long)
		output_put(&c->out, STR("  cli:\t\tlibedit\n"
		                        "  json:\t\tno\n"
		                        "  engines:\tkernel\n"));
	return cli_report(c);
}

/* The place of the first word, or of the program's name. */
static struct span command_span(const struct cli *c)
{
	const struct options *o = &c->options;

	return o->words.n ? options_word_span(o, 0) : SPAN_NONE;
}

/* nft runs the command and forgets the file, or the terminal. We say so; under our own name
 * it is an error. */
static void check_inputs(struct cli *c)
{
	struct options *o = &c->options;
	bool is_verb = o->verb != NULL;
	const char *other = o->files.n ? "`-f`" : "`-i`";

	if (o->words.n && !is_verb && (o->files.n || o->interactive)) {
		diag_add(&c->diags, o->as_nft ? DIAG_WARNING : DIAG_ERROR, "E0907",
		         command_span(c), "a command and %s exclude each other%s", other,
		         o->as_nft ? ": only the command is run" : "");
		o->files.n = 0;
		o->interactive = false;
	}
	if (o->files.n && o->interactive) {
		diag_add(&c->diags, o->as_nft ? DIAG_WARNING : DIAG_ERROR, "E0907",
		         SPAN_NONE, "`-f` and `-i` exclude each other%s",
		         o->as_nft ? ": only the file is run" : "");
		o->interactive = false;
	}
}

static void check_stdin(struct cli *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->options.files.n; i++)
		n += str_is(c->options.files.p[i], "-");
	if (n > 1)
		diag_error(&c->diags, "E0907", SPAN_NONE,
		           "standard input (`-f -`) can only be read once");
}

/* Options a verb does not obey are refused, never passed over. */
static void check_verb(struct cli *c)
{
	const struct options *o = &c->options;
	const struct verb *v = o->verb;

	if (!v->run) {
		struct str what = arena_fmt(&c->arena, "`gate %s`", v->name);
		cli_unsupported(c, command_span(c), what.p);
		return;
	}
	for (const struct option_row *row = option_rows; row->letter || row->name;
	     row++) {
		if (!(o->seen & OPT_BIT(row->what) & ~v->takes))
			continue;
		const char letter[] = { row->letter, '\0' };
		diag_error(&c->diags, "E0907", command_span(c),
		           "`gate %s` takes no `%s%s`", v->name, row->name ? "--" : "-",
		           row->name ? row->name : letter);
	}
}

static void check_usage(struct cli *c)
{
	const struct options *o = &c->options;

	for (size_t i = 0; i < ARRAY_LEN(unsupported); i++)
		if (o->seen & OPT_BIT(unsupported[i].what) &
		    ~(o->verb && o->verb->run ? o->verb->takes : 0))
			cli_unsupported(c, SPAN_NONE, unsupported[i].name);
	if (o->verb)
		check_verb(c);
	check_inputs(c);
	check_stdin(c);
	if (o->defines.n && !o->files.n && !o->verb)
		diag_error(&c->diags, "E0907", SPAN_NONE, "`-D` only goes with `-f`");
}

/* Nothing to do is an error, as it is nft's. */
static int no_command(struct cli *c)
{
	struct diag *d = diag_error(&c->diags, "E0908", SPAN_NONE, "no command given");

	diag_help(&c->diags, d, "`%s --help` shows how, `%s list ruleset` what is there",
	          c->options.as_nft ? "nft" : "gate", c->options.as_nft ? "nft" : "gate");
	return cli_report(c);
}

static int run(struct cli *c)
{
	const struct options *o = &c->options;

	if (o->verb)
		return o->verb->run(c);
	if (o->interactive)
		return run_interactive(c);
	if (o->files.n || o->words.n)
		return run_once(c);
	return no_command(c);
}

static int dispatch(struct cli *c)
{
	switch (c->options.action) {
	case ACTION_HELP:
		return print_help(c);
	case ACTION_VERSION:
		return print_version(c, false);
	case ACTION_VERSION_LONG:
		return print_version(c, true);
	case ACTION_RUN:
		break;
	}
	check_usage(c);
	if (diags_failed(&c->diags))
		return cli_report(c);
	c->include_path.dirs = c->options.include_dirs.p;
	c->include_path.n_dirs = c->options.include_dirs.n;
	return run(c);
}

static bool is_called_nft(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 && strcmp(slash ? slash + 1 : argv0, "nft") == 0;
}

int cli_main(int argc, char **argv)
{
	auto_free struct cli *c = base_calloc(1, sizeof(*c));

	setlocale(LC_CTYPE, "");
	c->out.fd = STDOUT_FILENO;
	c->machine.a = c->include_path.a = &c->arena;
	c->options.as_nft = is_called_nft(argv[0]);
	names_init(&c->names, &c->machine);
	reader_init(&c->reader, &c->include_path);
	int r = options_parse(&c->options, argc, argv, &c->arena, &c->sources, &c->diags);
	int status = r < 0 ? cli_report(c) : dispatch(c);
	sources_fini(&c->sources);
	arena_fini(&c->arena);
	return status;
}
