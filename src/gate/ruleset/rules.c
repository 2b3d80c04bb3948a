/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules by index and by text, and what `--debug netlink` prints of them.
 */
#include "gate/ruleset/rules.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/normalize.h"
#include "gate/ruleset/rule_list.h"
#include "gate/ruleset/udata.h"

bool rule_by_index(struct session *s, const struct command *c, struct rule_ref *ref)
{
	struct rule_list rules;
	bool ok = false;

	if (!s->engine)
		return true;
	if (rule_list_read(s, c, false, c->index_span, &rules)) {
		ok = c->index < rules.list.n;
		if (ok)
			*ref = (struct rule_ref){ rules.list.p[c->index].handle,
				                  rules.list.p[c->index].id };
		else
			diag_error(s->diags, "E0112", c->index_span,
			           "the chain has %zu rule%s, so "
			           "there is no index %llu (the first is 0)",
			           rules.list.n, rules.list.n == 1 ? "" : "s",
			           (unsigned long long)c->index);
	}
	rule_list_fini(&rules);
	return ok;
}

static struct str without_comment(struct str text)
{
	for (size_t i = text.n; i-- > 0;)
		if (text.n - i > 9 && memcmp(text.p + i, " comment \"", 10) == 0)
			return str_sub(text, 0, i);
	return text;
}

/* What is looked for, and what was found. */
struct choice {
	struct session *s;
	const struct rule_text *text;
	struct normal_rule want;
	bool comment; /* it counts when it is given */
	size_t alike, same;
};

static bool reads_alike(const struct choice *ch, const struct rule_entry *e)
{
	return str_eq(ch->comment ? e->text : without_comment(e->text), ch->want.text);
}

static void show_entry(const struct choice *ch, struct diag *d,
                       const struct rule_entry *e)
{
	if (e->id)
		diag_related(ch->s->diags, d, e->source.span, "made here");
	else
		diag_note(ch->s->diags, d, STR_FMT " # handle %llu", STR_ARG(e->text),
		          (unsigned long long)e->handle);
}

/* Rules that may have been meant. */
static void explain_choice(const struct choice *ch, const struct rule_list *rules)
{
	struct diags *diags = ch->s->diags;
	struct diag *d;

	if (ch->same > 1 || ch->alike > 1)
		d = diag_error(diags, "E0113", ch->text->span,
		               "%zu rules of the chain read like this", ch->alike);
	else if (ch->alike)
		d = diag_error(diags, "E0113", ch->text->span,
		               "the rule that reads like this has "
		               "another byte code");
	else
		d = diag_error(diags, "E0113", ch->text->span,
		               "no rule of the chain reads like this");
	for (size_t i = 0; i < rules->list.n; i++) {
		const struct rule_entry *e = &rules->list.p[i];

		if (ch->alike ? reads_alike(ch, e)
		              : str_distance(e->text, ch->want.text) <=
		                        ch->want.text.n / 3 + 2)
			show_entry(ch, d, e);
	}
	diag_help(diags, d, "name the rule by `handle N`");
}

bool rule_by_text(struct session *s, const struct command *c,
                  const struct rule_text *text, struct rule_ref *ref)
{
	struct choice ch = { .s = s, .text = text };
	struct rule_list rules;

	if (!s->engine)
		return true;
	bool ok =
		rule_list_read(s, c, true, text->span, &rules) &&
		rule_normalize(s, c->ref.family, c->ref.table, text, &rules.l, &ch.want);

	ch.comment = without_comment(ch.want.text).n != ch.want.text.n;
	for (size_t i = 0; ok && i < rules.list.n; i++) {
		const struct rule_entry *e = &rules.list.p[i];

		if (!reads_alike(&ch, e))
			continue;
		ch.alike++;
		if (!str_eq(e->code, ch.want.code))
			continue;
		ch.same++;
		*ref = (struct rule_ref){ e->handle, e->id };
	}
	bool none_is_fine = c->verb == CMD_DESTROY && ch.alike == 0;

	if (ok && ch.same != 1 && !none_is_fine) {
		explain_choice(&ch, &rules);
		ok = false;
	}
	rule_list_fini(&rules);
	return ok;
}

void debug_rule(struct session *s, const struct prog_rule *r)
{
	auto_buf out = { 0 };

	prog_rule_dump(r, &out);
	session_write(s, &out);
}

void debug_set(struct session *s, const struct prog_set *set,
               const struct prog_elem *elems, size_t n)
{
	auto_buf out = { 0 };

	prog_set_dump_new(set, &out);
	if (n)
		buf_fmt(&out, STR_FMT " " STR_FMT " 0\n", STR_ARG(set->name),
		        STR_ARG(set->table));
	for (size_t i = 0; i < n; i++)
		prog_elem_dump(&elems[i], &out);
	if (n)
		buf_char(&out, '\n');
	session_write(s, &out);
}
