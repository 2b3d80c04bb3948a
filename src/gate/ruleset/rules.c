/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules by index and by text, and what `--debug netlink` prints of them.
 */
#include "gate/ruleset/rules.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/normalize.h"
#include "gate/ruleset/udata.h"

struct rule_entry {
	uint64_t handle;
	struct str text;
};

struct rule_search {
	struct lister l;
	VEC(struct rule_entry) rules;
};

static int search_rule(void *ctx, const struct prog_rule *r)
{
	struct rule_search *f = ctx;
	struct rule_entry e = { .handle = r->handle };

	buf_reset(&f->l.out);
	lister_rule(&f->l, r, &f->l.scratch);
	e.text = arena_str(&f->l.s->scratch, buf_as_str(&f->l.out));
	arena_reset(&f->l.scratch);
	vec_push(&f->rules, e);
	return 0;
}

static void restart_search(void *ctx)
{
	((struct rule_search *)ctx)->rules.n = 0;
}

static int read_rules(struct session *s, const struct command *c, const struct format *fmt,
                      struct rule_search *f)
{
	static const struct dump_ops ops = { .rule = search_rule };
	struct dump_filter filter = { .family = (uint8_t)c->ref.family, .table = c->ref.table,
	                              .name = c->ref.name };
	int r = lister_open(&f->l, s, c->ref.family, c->ref.table);

	f->l.printer.fmt = fmt;
	if (r < 0)
		return r;
	return s->engine->ops->dump(s->engine, DUMP_RULES, &filter, &ops, restart_search, f);
}

bool rule_by_index(struct session *s, const struct command *c, uint64_t *handle)
{
	struct rule_search f = { 0 };
	bool ok = false;

	if (!s->engine)
		return true;
	int r = read_rules(s, c, s->opt->format, &f);

	if (r < 0)
		diag_error(s->diags, "E0602", c->index_span, "cannot read the chain: %s", strerror(-r));
	else if (c->index >= f.rules.n)
		diag_error(s->diags, "E0112", c->index_span, "the chain has %zu rule%s, so there is no "
		           "index %llu (the first is 0)", f.rules.n, f.rules.n == 1 ? "" : "s",
		           (unsigned long long)c->index);
	else {
		*handle = f.rules.p[c->index].handle;
		ok = true;
	}
	vec_fini(&f.rules);
	lister_close(&f.l);
	return ok;
}

/* The text as it would be listed: lowered and lifted, without loading it. */
static bool listed_form(struct session *s, const struct command *c, const struct rule_text *text,
                        struct rule_search *f, struct str *out)
{
	struct rule *rule;
	struct printer p = f->l.printer;
	auto_buf buf = { 0 };

	if (parse_rule(s->parser, text, &s->scratch, &rule) < 0)
		return false;
	if (!rule_normalize(s, c, rule, &f->l))
		return false;
	p.out = &buf;
	print_rule(&p, rule);
	*out = arena_str(&s->scratch, buf_as_str(&buf));
	return true;
}

static struct str without_comment(struct str text)
{
	for (size_t i = text.n; i-- > 0;)
		if (text.n - i > 9 && memcmp(text.p + i, " comment \"", 10) == 0)
			return str_sub(text, 0, i);
	return text;
}

static bool choose(struct session *s, const struct rule_text *text, struct rule_search *f,
                   struct str want, uint64_t *handle)
{
	bool comment = without_comment(want).n != want.n;
	struct diag *d;
	size_t hits = 0;

	for (size_t i = 0; i < f->rules.n; i++) {
		struct str have = comment ? f->rules.p[i].text : without_comment(f->rules.p[i].text);

		if (!str_eq(have, want))
			continue;
		*handle = f->rules.p[i].handle;
		hits++;
	}
	if (hits == 1)
		return true;
	d = diag_error(s->diags, "E0113", text->span,
	               hits ? "%zu rules of the chain read like this" :
	                      "no rule of the chain reads like this", hits);
	for (size_t i = 0; i < f->rules.n; i++) {
		struct str have = f->rules.p[i].text;

		if (hits ? str_eq(comment ? have : without_comment(have), want) :
		           str_distance(have, want) <= want.n / 3 + 2)
			diag_note(s->diags, d, STR_FMT " # handle %llu", STR_ARG(have),
			          (unsigned long long)f->rules.p[i].handle);
	}
	diag_help(s->diags, d, "name the rule by `handle N`");
	return false;
}

bool rule_by_text(struct session *s, const struct command *c, const struct rule_text *text,
                  uint64_t *handle)
{
	struct format fmt = *s->opt->format;
	struct rule_search f = { 0 };
	struct str want;

	if (!s->engine)
		return true;
	fmt.stateless = true;
	int r = read_rules(s, c, &fmt, &f);
	bool ok = r >= 0 && listed_form(s, c, text, &f, &want) && choose(s, text, &f, want, handle);

	if (r < 0)
		diag_error(s->diags, "E0602", text->span, "cannot read the chain: %s", strerror(-r));
	vec_fini(&f.rules);
	lister_close(&f.l);
	return ok;
}

void debug_rule(struct session *s, const struct prog_rule *r)
{
	auto_buf out = { 0 };

	prog_rule_dump(r, &out);
	session_write(s, &out);
}

void debug_set(struct session *s, const struct prog_set *set, const struct prog_elem *elems,
               size_t n)
{
	auto_buf out = { 0 };

	prog_set_dump_new(set, &out);
	if (n)
		buf_fmt(&out, STR_FMT " " STR_FMT " 0\n", STR_ARG(set->name), STR_ARG(set->table));
	for (size_t i = 0; i < n; i++)
		prog_elem_dump(&elems[i], &out);
	if (n)
		buf_char(&out, '\n');
	session_write(s, &out);
}
