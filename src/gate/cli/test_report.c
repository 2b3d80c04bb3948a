/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What `gate test` tells people. */
#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>

#include "gate/cli/test.h"

struct str test_step_text(const struct test_file *f, const struct test_step *s)
{
	struct str text = sources_text(&f->c->sources, s->step->span);
	auto_buf out = { 0 };
	bool quoted = false;

	for (size_t i = 0; i < text.n && (quoted || text.p[i] != '#'); i++) {
		char ch = text.p[i];
		quoted ^= ch == '"' && (i == 0 || text.p[i - 1] != '\\');
		bool blank = !quoted &&
		             (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' ||
		              (ch == '\\' && i + 1 < text.n && text.p[i + 1] == '\n'));
		if (!blank)
			buf_char(&out, ch);
		else if (out.n && out.p[out.n - 1] != ' ')
			buf_char(&out, ' ');
	}
	return str_trim(arena_str(&f->c->arena, buf_as_str(&out)));
}

struct str test_step_place(const struct test_file *f, const struct test_step *s)
{
	const struct source *source = sources_get(&f->c->sources, s->step->span.file);

	return arena_fmt(&f->c->arena, STR_FMT ":%u", STR_ARG(f->path),
	                 source_place(source, s->step->span.off).line);
}

static void put_indented(struct buf *out, struct str text)
{
	while (text.n) {
		size_t end = str_find(text, '\n');
		buf_cstr(out, "      ");
		buf_str(out, str_sub(text, 0, end));
		buf_char(out, '\n');
		text = str_sub(text, end + 1, text.n);
	}
}

static void put_failure(const struct test_file *f, const struct test_step *s,
                        struct buf *out)
{
	struct str place = test_step_place(f, s), text = test_step_text(f, s);

	buf_fmt(out, "FAILED " STR_FMT ": " STR_FMT "\n", STR_ARG(place), STR_ARG(text));
	put_indented(out, s->message);
	if (s->detail.n)
		buf_char(out, '\n');
	put_indented(out, s->detail);
}

void test_report_people(const struct test *t, struct buf *out)
{
	uint64_t packets = 0;
	size_t steps = 0, failed = 0;

	for (size_t i = 0; i < t->n_files; i++) {
		const struct test_file *f = &t->files[i];
		for (size_t k = 0; k < f->n_steps; k++)
			if (f->steps[k].failed)
				put_failure(f, &f->steps[k], out);
		buf_fmt(out, STR_FMT ": %zu steps, %zu failed (seed %llu)\n",
		        STR_ARG(f->path), f->n_steps, f->failed,
		        (unsigned long long)f->seed);
		packets += f->packets;
		steps += f->n_steps;
		failed += f->failed;
	}
	double s = (double)t->elapsed_ns / 1e9;
	buf_fmt(out, "%s: %zu steps, %zu failed; %llu packets in %.3f s",
	        failed ? "FAILED" : "ok", steps, failed, (unsigned long long)packets, s);
	if (s > 0)
		buf_fmt(out, " (%.0f a second)", (double)packets / s);
	buf_char(out, '\n');
	if (t->c->options.coverage)
		coverage_print(&t->coverage, out);
}

static void write_page(struct test *t)
{
	auto_buf page = { 0 };
	struct str path = t->c->options.coverage_html;

	coverage_html(&t->coverage, &page);
	FILE *file = fopen(str_dup_c(&t->c->arena, path), "we");
	bool ok = file && fwrite(page.p, 1, page.n, file) == page.n;
	if (file)
		ok &= fclose(file) == 0;
	if (!ok)
		diag_error(&t->c->diags, "E0906", SPAN_NONE,
		           "cannot write `" STR_FMT "`: %s", STR_ARG(path),
		           strerror(errno));
}

void test_report(struct test *t)
{
	auto_buf out = { 0 };
	struct str form = t->c->options.test_format;

	if (t->c->options.json || str_is(form, "json"))
		test_report_json(t, &out);
	else if (str_is(form, "tap"))
		test_report_tap(t, &out);
	else if (str_is(form, "junit"))
		test_report_junit(t, &out);
	else
		test_report_people(t, &out);
	output_put(&t->c->out, buf_as_str(&out));
	if (t->c->options.coverage_html.p)
		write_page(t);
}
