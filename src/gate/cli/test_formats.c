/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The results for programs: TAP (version 13), JUnit's XML, JSON. */
#include <linux/netfilter.h>

#include "gate/cli/test.h"

/* ---- TAP ---- */

/* In a description `#` would begin a directive. */
static void put_tap(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '#' || text.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, text.p[i]);
	}
}

static void put_comment(struct buf *out, struct str text)
{
	while (text.n) {
		size_t end = str_find(text, '\n');
		struct str line = str_sub(text, 0, end);
		buf_fmt(out, "# " STR_FMT "\n", STR_ARG(line));
		text = str_sub(text, end + 1, text.n);
	}
}

void test_report_tap(const struct test *t, struct buf *out)
{
	size_t n = 0, all = 0;
	auto_buf coverage = { 0 };

	for (size_t i = 0; i < t->n_files; i++)
		all += t->files[i].n_steps;
	buf_fmt(out, "TAP version 13\n1..%zu\n", all);
	for (size_t i = 0; i < t->n_files; i++) {
		const struct test_file *f = &t->files[i];
		buf_fmt(out, "# " STR_FMT ", seed %llu\n", STR_ARG(f->path),
		        (unsigned long long)f->seed);
		for (size_t k = 0; k < f->n_steps; k++) {
			const struct test_step *s = &f->steps[k];
			buf_fmt(out, "%sok %zu - ", s->failed ? "not " : "", ++n);
			put_tap(out, test_step_place(f, s));
			buf_cstr(out, ": ");
			put_tap(out, test_step_text(f, s));
			buf_char(out, '\n');
			put_comment(out, s->message);
			put_comment(out, s->detail);
		}
	}
	if (!t->c->options.coverage)
		return;
	coverage_print(&t->coverage, &coverage);
	put_comment(out, buf_as_str(&coverage));
}

/* ---- JUnit ---- */

/* XML 1.0 has no control characters but three, not even as references. */
static void put_xml(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '<')
			buf_cstr(out, "&lt;");
		else if (c == '>')
			buf_cstr(out, "&gt;");
		else if (c == '&')
			buf_cstr(out, "&amp;");
		else if (c == '"')
			buf_cstr(out, "&quot;");
		else if (c >= 0x20 || c == '\n' || c == '\t')
			buf_char(out, (char)c);
		else
			buf_char(out, '?');
	}
}

static void put_case(struct buf *out, const struct test_file *f,
                     const struct test_step *s)
{
	buf_cstr(out, "    <testcase classname=\"");
	put_xml(out, f->path);
	buf_cstr(out, "\" name=\"");
	put_xml(out, test_step_place(f, s));
	buf_cstr(out, ": ");
	put_xml(out, test_step_text(f, s));
	if (!s->failed) {
		buf_cstr(out, "\"/>\n");
		return;
	}
	buf_cstr(out, "\">\n      <failure message=\"");
	put_xml(out, s->message);
	buf_cstr(out, "\">");
	put_xml(out, s->detail);
	buf_cstr(out, "</failure>\n    </testcase>\n");
}

void test_report_junit(const struct test *t, struct buf *out)
{
	buf_cstr(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < t->n_files; i++) {
		const struct test_file *f = &t->files[i];
		buf_cstr(out, "  <testsuite name=\"");
		put_xml(out, f->path);
		buf_fmt(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n",
		        f->n_steps, f->failed);
		buf_fmt(out,
		        "    <properties><property name=\"seed\" value=\"%llu\"/>"
		        "</properties>\n",
		        (unsigned long long)f->seed);
		for (size_t k = 0; k < f->n_steps; k++)
			put_case(out, f, &f->steps[k]);
		buf_cstr(out, "  </testsuite>\n");
	}
	buf_cstr(out, "</testsuites>\n");
}

/* ---- JSON ---- */

static void put_step(struct buf *out, const struct test_file *f,
                     const struct test_step *s)
{
	buf_cstr(out, "{\"place\":");
	buf_json(out, test_step_place(f, s));
	buf_cstr(out, ",\"step\":");
	buf_json(out, test_step_text(f, s));
	buf_fmt(out, ",\"passed\":%s,\"packets\":%zu", s->failed ? "false" : "true",
	        s->tries.n);
	if (s->failed) {
		buf_cstr(out, ",\"message\":");
		buf_json(out, s->message);
		buf_cstr(out, ",\"way\":");
		buf_json(out, s->detail);
	}
	buf_char(out, '}');
}

void test_report_json(const struct test *t, struct buf *out)
{
	size_t failed = 0;

	buf_cstr(out, "{\"files\":[");
	for (size_t i = 0; i < t->n_files; i++) {
		const struct test_file *f = &t->files[i];
		buf_cstr(out, i ? ",{\"file\":" : "{\"file\":");
		buf_json(out, f->path);
		buf_fmt(out, ",\"seed\":%llu,\"failed\":%zu,\"steps\":[",
		        (unsigned long long)f->seed, f->failed);
		for (size_t k = 0; k < f->n_steps; k++) {
			buf_cstr(out, k ? "," : "");
			put_step(out, f, &f->steps[k]);
		}
		buf_cstr(out, "]}");
		failed += f->failed;
	}
	buf_fmt(out, "],\"passed\":%s", failed ? "false" : "true");
	if (t->c->options.coverage) {
		buf_cstr(out, ",\"coverage\":");
		coverage_json(&t->coverage, out);
	}
	buf_cstr(out, "}\n");
}
