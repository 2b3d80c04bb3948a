/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `gate test FILE...`: scenario files, each with a ruleset (or -f, or --live for all of them).
 * All files are read and their mistakes told before the first packet.
 */
#include "gate/cli/verbs.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "gate/cli/test.h"

// clang-format off
const struct option_row test_options[] = {
	{ 0, OPT_FORMAT, "format", "FORM", "results as people, tap, junit or json" },
	{ 0, OPT_SEED, "seed", "NUMBER", "draw the same values as a run that told this seed" },
	{ 0, OPT_COVERAGE, "coverage", NULL, "what of the rulesets no packet ever came to" },
	{ 0, OPT_COVERAGE_HTML, "coverage-html", "FILE", "the same as a page, with the ruleset's text coloured" },
	{ 0, OPT_LIVE, "live", NULL, "against the ruleset in the kernel (needs CAP_NET_ADMIN)" },
	{ 0 },
};
// clang-format on

static void check_format(struct cli *c)
{
	static const struct str names[] = { STR_INIT("people"), STR_INIT("tap"),
		                            STR_INIT("junit"), STR_INIT("json") };
	struct str form = c->options.test_format;

	if (!form.p)
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(form, names[i]))
			return;
	struct diag *d =
		diag_error(&c->diags, "E0904", SPAN_NONE,
	                   "results cannot be written as `" STR_FMT "`", STR_ARG(form));
	diag_help(&c->diags, d, "people, tap, junit, or json");
}

static void check_own_options(struct test *t)
{
	struct cli *c = t->c;
	struct options *o = &c->options;

	check_format(c);
	if (o->seed.p && str_to_u64(o->seed, 10, &t->seed) < 0)
		diag_error(&c->diags, "E0904", SPAN_NONE, "`--seed` wants a number");
	if (o->live && o->files.n)
		diag_error(&c->diags, "E0907", SPAN_NONE,
		           "`-f` and `--live` exclude each other");
	o->coverage |= o->coverage_html.p != NULL;
	if (o->words.n < 2) {
		struct diag *d = diag_error(&c->diags, "E0908", options_word_span(o, 0),
		                            "`gate test` wants a scenario file");
		diag_help(&c->diags, d, "gate test server.test; see gate-test(5)");
	}
}

static void read_file(struct test *t, struct test_file *f, struct str path)
{
	struct cli *c = t->c;
	uint32_t file;
	size_t before = c->diags.errors;
	int r = reader_add(&c->arena, path, &c->sources, &file);

	*f = (struct test_file){ .c = c, .path = path };
	if (r < 0) {
		diag_error(&c->diags, "E0905", SPAN_NONE, "cannot read `" STR_FMT "`: %s",
		           STR_ARG(path), strerror(-r));
		return;
	}
	(void)!scenario_read(&c->sources, file, &c->names, &f->a, &c->diags,
	                     &f->scenario);
	f->seed = f->scenario.has_seed && !c->options.seed.p ? f->scenario.seed : t->seed;
	f->n_steps = f->scenario.steps.n;
	f->steps = arena_array(&f->a, struct test_step, f->n_steps);
	for (size_t i = 0; i < f->n_steps; i++)
		f->steps[i].step = &f->scenario.steps.p[i];
	if (c->diags.errors == before && f->n_steps == 0)
		diag_error(&c->diags, "E0930", SPAN_NONE, "`" STR_FMT "` tests nothing",
		           STR_ARG(path));
}

static int run_file(struct test *t, struct test_file *f)
{
	int r = test_prepare(f);

	if (r == 0)
		r = test_run(t, f);
	if (r == 0)
		test_judge(f);
	if (r == 0 && f->failed)
		r = test_explain(t, f);
	return r;
}

static void close_file(struct test_file *f)
{
	for (size_t i = 0; i < f->n_steps; i++)
		vec_fini(&f->steps[i].tries);
	scenario_fini(&f->scenario);
	draw_fini(&f->draw);
	explain_fini(&f->e);
	arena_fini(&f->a);
}

static bool has_failed(const struct test *t)
{
	for (size_t i = 0; i < t->n_files; i++)
		if (t->files[i].failed)
			return true;
	return false;
}

static void run_files(struct test *t)
{
	uint64_t from = cli_clock_ns();

	for (size_t i = 0; i < t->n_files && !diags_failed(&t->c->diags); i++)
		(void)!run_file(t, &t->files[i]);
	t->elapsed_ns = cli_clock_ns() - from;
	if (!diags_failed(&t->c->diags))
		test_report(t);
}

int verb_test(struct cli *c)
{
	struct test t = { .c = c, .seed = cli_clock_ns() % 1000000007 };
	const struct options *o = &c->options;

	check_own_options(&t);
	coverage_init(&t.coverage, c);
	if (!diags_failed(&c->diags)) {
		t.n_files = o->words.n - 1;
		t.files = arena_array(&c->arena, struct test_file, t.n_files);
	}
	for (size_t i = 0; i < t.n_files; i++)
		read_file(&t, &t.files[i], o->words.p[i + 1]);
	if (!diags_failed(&c->diags))
		run_files(&t);
	bool failed = has_failed(&t);
	int reported = cli_report(c);
	for (size_t i = 0; i < t.n_files; i++)
		close_file(&t.files[i]);
	coverage_fini(&t.coverage);
	return failed ? EXIT_FAILED : reported;
}
