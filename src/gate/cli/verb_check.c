/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `gate check FILE...`: as -c, but never asks the kernel, and can check for another machine. */
#include "gate/cli/verbs.h"

#include <errno.h>

#include "gate/cli/cli.h"
#include "gate/ruleset/kernels.h"

// clang-format off
const struct option_row check_options[] = {
	{ 0, OPT_INTERFACES, "interfaces", "NAME,...", "these interfaces exist, and no others" },
	{ 0, OPT_KERNEL, "kernel", "VERSION", "that kernel takes it (6.1, say)" },
	{ 0, OPT_STATE, "state", "FILE", "added to the ruleset in FILE" },
	{ 0 },
};
// clang-format on

/* linux/if.h: IFNAMSIZ, one byte of it for the NUL; dev_valid_name() in the kernel. */
static bool is_interface_name(struct str name)
{
	if (name.n == 0 || name.n > 15 || str_is(name, ".") || str_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (memchr("/: \t\n\v\f\r", name.p[i], 8))
			return false;
	return true;
}

void cli_set_interfaces(struct cli *c, struct str list)
{
	struct str *names = arena_array(&c->arena, struct str, list.n + 1);
	size_t n = 0;

	while (list.n > 0) {
		size_t comma = str_find(list, ',');
		struct str name = str_trim(str_sub(list, 0, comma));
		if (is_interface_name(name))
			names[n++] = name;
		else
			diag_error(&c->diags, "E0903", SPAN_NONE,
			           "`" STR_FMT "` is no name of an interface",
			           STR_ARG(name));
		list = str_sub(list, comma + 1, list.n);
	}
	c->machine.interfaces = names;
	c->machine.n_interfaces = n;
}

static void check_own_options(struct cli *c)
{
	const struct options *o = &c->options;

	if (o->kernel.p)
		cli_read_kernel(c, o->kernel, SPAN_NONE);
	if (o->interfaces.p)
		cli_set_interfaces(c, o->interfaces);
	if (o->words.n + o->files.n < 2 && !o->files.n) {
		struct diag *d = diag_error(&c->diags, "E0908", options_word_span(o, 0),
		                            "`gate check` wants a file");
		diag_help(&c->diags, d, "gate check FILE, or `-` for standard input");
	}
}

/* Puts the ruleset of --state into `engine`. Mistakes in it are reported as those of any file. */
static int load_state(struct cli *c, struct engine *engine)
{
	struct parser *parser = cli_parser(c, &c->arena, &c->diags);
	struct ruleset_options options = cli_ruleset_options(c);
	const struct str_list file = { &c->options.state, 1 };

	options.check = options.debug_netlink = false;
	options.running = 0; /* another machine's */
	if (cli_add_files(c, parser, &file) < 0)
		return -EINVAL;
	return ruleset_run(engine, parser, &c->sources, &c->diags, &options);
}

/* `engine`: holds the ruleset to add to; NULL: it is not known, and names may be anywhere. */
static int check_files(struct cli *c, struct engine *engine)
{
	const struct options *o = &c->options;
	const struct str_list words = { o->words.p + 1, o->words.n - 1 };
	struct parser *parser = cli_parser(c, &c->arena, &c->diags);
	struct ruleset_options options = cli_ruleset_options(c);

	options.running = 0;
	options.kernel = o->kernel.p ? kernel_parse(o->kernel) : 0;
	if (cli_add_files(c, parser, &o->files) < 0 ||
	    cli_add_files(c, parser, &words) < 0)
		return -EINVAL;
	return ruleset_run(engine, parser, &c->sources, &c->diags, &options);
}

int verb_check(struct cli *c)
{
	struct options *o = &c->options;
	struct engine *engine = NULL;
	int r = 0;

	check_own_options(c);
	if (diags_failed(&c->diags))
		return cli_report(c);
	o->check = true;
	if (o->state.p) {
		engine = engine_memory_new();
		r = load_state(c, engine);
	}
	if (r >= 0)
		r = check_files(c, engine);
	if (engine)
		engine->ops->close(engine);
	int reported = cli_report(c);
	return r < 0 ? EXIT_FAILED : reported;
}
