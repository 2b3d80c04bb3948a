/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What was not reached, for people, programs and browsers. */
#include "gate/cli/coverage.h"

#include <stdlib.h>

#include "base/oom.h"

static void put_sum(const struct coverage *v, struct buf *out)
{
	struct coverage_sum s = coverage_sum(v);

	buf_fmt(out,
	        "%zu of %zu rules matched, %zu of %zu set elements found, "
	        "%zu of %zu policies decided",
	        s.rules_met, s.rules, s.elems_met, s.elems, s.policies_met, s.policies);
}

void coverage_print(const struct coverage *v, struct buf *out)
{
	buf_cstr(out, "coverage: ");
	put_sum(v, out);
	buf_char(out, '\n');
	vec_for_each(it, &v->rules)
		if (!it->matched)
			buf_fmt(out, "  %-16s " STR_FMT "  " STR_FMT "\n",
			        it->looked ? "never matched" : "never looked at",
			        STR_ARG(it->place), STR_ARG(it->text));
	vec_for_each(it, &v->elems)
		if (!it->hits)
			buf_fmt(out, "  %-16s " STR_FMT ": " STR_FMT "\n", "never found",
			        STR_ARG(it->set), STR_ARG(it->text));
	vec_for_each(it, &v->policies)
		if (!it->decided)
			buf_fmt(out, "  %-16s " STR_FMT ": policy " STR_FMT "\n",
			        "never decided", STR_ARG(it->chain),
			        STR_ARG(it->verdict));
}

/* ---- JSON ---- */

static void put_member(struct buf *out, bool *first, const char *name, struct str value)
{
	buf_cstr(out, *first ? "" : ",");
	buf_json(out, str_from(name));
	buf_char(out, ':');
	buf_json(out, value);
	*first = false;
}

static void put_rules(const struct coverage *v, struct buf *out)
{
	bool some = false;

	buf_cstr(out, "\"rules\":[");
	vec_for_each(it, &v->rules) {
		bool first = true;
		buf_cstr(out, some ? ",{" : "{");
		put_member(out, &first, "chain", it->chain);
		put_member(out, &first, "place", it->place);
		put_member(out, &first, "text", it->text);
		buf_fmt(out, ",\"looked_at\":%llu,\"matched\":%llu}",
		        (unsigned long long)it->looked, (unsigned long long)it->matched);
		some = true;
	}
	buf_char(out, ']');
}

void coverage_json(const struct coverage *v, struct buf *out)
{
	bool some = false;

	buf_char(out, '{');
	put_rules(v, out);
	buf_cstr(out, ",\"elements\":[");
	vec_for_each(it, &v->elems) {
		bool first = true;
		buf_cstr(out, some ? ",{" : "{");
		put_member(out, &first, "set", it->set);
		put_member(out, &first, "element", it->text);
		buf_fmt(out, ",\"found\":%llu}", (unsigned long long)it->hits);
		some = true;
	}
	some = false;
	buf_cstr(out, "],\"policies\":[");
	vec_for_each(it, &v->policies) {
		bool first = true;
		buf_cstr(out, some ? ",{" : "{");
		put_member(out, &first, "chain", it->chain);
		put_member(out, &first, "policy", it->verdict);
		buf_fmt(out, ",\"decided\":%llu}", (unsigned long long)it->decided);
		some = true;
	}
	buf_cstr(out, "]}");
}

/* ---- HTML ---- */

static const char page_head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<title>Coverage of the ruleset</title>\n<style>\n"
	"body{font-family:sans-serif;margin:2em;max-width:70em}\n"
	"pre{background:#f6f6f4;padding:1em;overflow:auto;line-height:1.4}\n"
	".n{color:#888;user-select:none}\n.met{background:#cdeccd}\n"
	".unmatched{background:#fff0b8}\n.unseen{background:#f8cccc}\n"
	"@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}"
	"pre{background:#222}.met{background:#1f4a24}.unmatched{background:#574a12}"
	".unseen{background:#5c2424}}\n"
	"</style></head><body>\n<h1>Coverage of the ruleset</h1>\n";

static void put_html(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '<':
			buf_cstr(out, "&lt;");
			break;
		case '>':
			buf_cstr(out, "&gt;");
			break;
		case '&':
			buf_cstr(out, "&amp;");
			break;
		case '"':
			buf_cstr(out, "&quot;");
			break;
		default:
			buf_char(out, text.p[i]);
		}
	}
}

static const char *class_of(const struct coverage_rule *r)
{
	return r->matched ? "met" : r->looked ? "unmatched" : "unseen";
}

static int by_place(const void *a, const void *b)
{
	const struct coverage_rule *x = *(const struct coverage_rule *const *)a;
	const struct coverage_rule *y = *(const struct coverage_rule *const *)b;

	return (x->off > y->off) - (x->off < y->off);
}

static void open_rule(struct buf *out, const struct coverage_rule *r)
{
	buf_fmt(out,
	        "<span class=\"%s\" title=\"looked at %llu times, matched %llu times\">",
	        class_of(r), (unsigned long long)r->looked,
	        (unsigned long long)r->matched);
}

/* Text with line numbers; a rule over several lines is a piece on each of them. */
static void put_lines(struct buf *out, struct str text, unsigned *line,
                      const struct coverage_rule *rule)
{
	size_t at = 0;

	while (at <= text.n) {
		size_t end = at + str_find(str_sub(text, at, text.n), '\n');
		if (rule && end > at)
			open_rule(out, rule);
		put_html(out, str_sub(text, at, end - at));
		if (rule && end > at)
			buf_cstr(out, "</span>");
		if (end >= text.n)
			return;
		buf_fmt(out, "\n<span class=\"n\">%5u </span>", ++*line);
		at = end + 1;
	}
}

static void put_file(const struct coverage *v, const struct coverage_file *f,
                     struct buf *out)
{
	const struct coverage_rule **rules =
		base_calloc(v->rules.n + 1, sizeof(const struct coverage_rule *));
	size_t n = 0, at = 0;
	unsigned line = 1;

	vec_for_each(it, &v->rules)
		if (str_eq(it->file, f->name))
			rules[n++] = it;
	if (n)
		qsort((void *)rules, n, sizeof(const struct coverage_rule *), by_place);
	buf_cstr(out, "<h2>");
	put_html(out, f->name);
	buf_cstr(out, "</h2>\n<pre><span class=\"n\">    1 </span>");
	for (size_t i = 0; i < n; i++) {
		if (rules[i]->off <
		    at) /* a rule that a definition or a loop made twice */
			continue;
		put_lines(out, str_sub(f->text, at, rules[i]->off - at), &line, NULL);
		put_lines(out, str_sub(f->text, rules[i]->off, rules[i]->len), &line,
		          rules[i]);
		at = rules[i]->off + rules[i]->len;
	}
	put_lines(out, str_sub(f->text, at, f->text.n), &line, NULL);
	buf_cstr(out, "</pre>\n");
	free((void *)rules);
}

static void put_list(const struct coverage *v, struct buf *out)
{
	buf_cstr(out, "<h2>Not reached beside rules</h2>\n<ul>\n");
	vec_for_each(it, &v->elems) {
		if (it->hits)
			continue;
		buf_cstr(out, "<li class=\"unseen\">");
		put_html(out, it->set);
		buf_cstr(out, ": ");
		put_html(out, it->text);
		buf_cstr(out, "</li>\n");
	}
	vec_for_each(it, &v->policies) {
		if (it->decided)
			continue;
		buf_cstr(out, "<li class=\"unseen\">");
		put_html(out, it->chain);
		buf_cstr(out, ": policy ");
		put_html(out, it->verdict);
		buf_cstr(out, "</li>\n");
	}
	buf_cstr(out, "</ul>\n");
}

/* A live ruleset has no text of its own: its rules are a list. */
static void put_live(const struct coverage *v, struct buf *out)
{
	bool any = false;

	vec_for_each(it, &v->rules)
		any |= !it->file.n;
	if (!any)
		return;
	buf_cstr(out, "<h2>The kernel's ruleset</h2>\n<pre>");
	vec_for_each(it, &v->rules) {
		if (it->file.n)
			continue;
		put_html(out, it->chain);
		buf_cstr(out, "  ");
		open_rule(out, it);
		put_html(out, it->text);
		buf_cstr(out, "</span>\n");
	}
	buf_cstr(out, "</pre>\n");
}

void coverage_html(const struct coverage *v, struct buf *out)
{
	buf_cstr(out, page_head);
	buf_cstr(out, "<p>");
	put_sum(v, out);
	buf_cstr(out, ".</p>\n<p><span class=\"met\">matched</span> "
	              "<span class=\"unmatched\">looked at, never matched</span> "
	              "<span class=\"unseen\">never looked at</span></p>\n");
	vec_for_each(it, &v->files)
		put_file(v, it, out);
	put_live(v, out);
	put_list(v, out);
	buf_cstr(out, "</body></html>\n");
}
