/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The types say in one sentence what is wrong with a word, and what it may have been. Here the
 * second half becomes help, and what a type cannot know is added: other families, other words.
 */
#include "gate/ruleset/word_error.h"

#include <string.h>

static const char *code_of(const struct datatype *t)
{
	switch (t->id) {
	case TYPE_IFACE_INDEX:
		return "E0120";
	case TYPE_INET_SERVICE:
		return "E0222";
	case TYPE_CT_STATE:
		return "E0210";
	default: /* the others share one */
		return "E0221";
	}
}

static size_t find(struct str text, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= text.n; i++)
		if (memcmp(text.p + i, what, n) == 0)
			return i;
	return text.n;
}

static bool is_address_type(const struct datatype *t)
{
	return t->id == TYPE_IPV4_ADDR || t->id == TYPE_IPV6_ADDR;
}

static bool looks_like_address(struct str word)
{
	return word.n &&
	       ((word.p[0] >= '0' && word.p[0] <= '9') || str_find(word, ':') < word.n);
}

/* The number of a dotted address that the sentence is about: "… address: 300 is over 255". */
static struct span part_span(const struct expr *e, struct str why)
{
	size_t colon = find(why, "address: ") + strlen("address: ");
	struct str part = str_sub(why, colon, str_find(str_sub(why, colon, why.n), ' '));
	size_t at = 0;

	if (part.n == 0 || part.p[0] < '0' || part.p[0] > '9' || e->span.len != e->word.n)
		return e->span;
	while (at < e->word.n) {
		struct str rest = str_sub(e->word, at, e->word.n);
		size_t dot = str_find(rest, '.');

		if (str_eq(str_sub(rest, 0, dot), part))
			return (struct span){ e->span.file, e->span.off + (uint32_t)at,
				              (uint32_t)part.n };
		at += dot + 1;
	}
	return e->span;
}

enum { CHOICES_MAX = 12 };

/* All words of a type that has few: "   (established, invalid, …)". */
static void put_choices(const struct datatype *t, struct buf *out)
{
	size_t n = 0;

	while (t->symbols && t->symbols[n].name)
		n++;
	if (n == 0 || n > CHOICES_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%s%s", i ? ", " : "   (", t->symbols[i].name);
	buf_char(out, ')');
}

/* "; did you mean `http`?" as help, a port with its number. */
static void help_near(struct lower *L, struct diag *d, const struct datatype *t,
                      struct str near)
{
	size_t from = str_find(near, '`') + 1;
	struct str word = str_sub(near, from, str_find(str_sub(near, from, near.n), '`'));
	auto_buf more = { 0 };
	uint16_t port;

	if (t->id == TYPE_INET_SERVICE && L->names->service &&
	    L->names->service(L->names->ctx, str_dup_c(L->a, word), &port) == 0)
		buf_fmt(&more, " (%u)", port);
	buf_char(&more, '?');
	put_choices(t, &more);
	diag_help(L->diags, d, "did you mean `" STR_FMT "`%.*s", STR_ARG(word),
	          (int)more.n, more.p);
}

static void help_interface(struct lower *L, const struct expr *e, struct diag *d)
{
	diag_note(L->diags, d,
	          "%s store the number of the interface, so it must exist when the rule "
	          "is loaded",
	          L->sends ? "`dup` and `fwd`" : "`iif` and `oif`");
	if (L->sends)
		return;
	diag_help(L->diags, d,
	          "`iifname \"" STR_FMT "\"` and `oifname \"" STR_FMT
	          "\"` match by name, "
	          "also interfaces that come later",
	          STR_ARG(e->word), STR_ARG(e->word));
}

static bool is_any(struct str word)
{
	static const char *const words[] = { "any", "all", "anywhere", "everything",
		                             "*" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_is(word, words[i]))
			return true;
	return false;
}

static void help_address(struct lower *L, const struct expr *e, const struct part *want,
                         struct diag *d)
{
	bool is_v6 = want->type->id == TYPE_IPV6_ADDR;
	const struct datatype *other = datatypes[is_v6 ? TYPE_IPV4_ADDR : TYPE_IPV6_ADDR];
	struct value v;
	struct str why;
	uint16_t port;

	if (is_any(e->word)) {
		diag_help(L->diags, d, "to match any address leave the match out");
		return;
	}
	if (e->kind == EXPR_STRING && str_find(e->word, '/') < e->word.n) {
		diag_help(L->diags, d, "a prefix stands without quotes");
		return;
	}
	if (looks_like_address(e->word)) {
		if (datatype_parse(other, NULL, e->word, other->bits, L->a, &v, &why) ==
		    0)
			diag_help(L->diags, d, "`%s` matches such addresses",
			          is_v6 ? "ip" : "ip6");
		else
			diag_note(
				L->diags, d,
				"something that looks like an address is never sent to DNS");
		return;
	}
	if (L->names->service &&
	    L->names->service(L->names->ctx, str_dup_c(L->a, e->word), &port) == 0)
		diag_note(L->diags, d,
		          "`" STR_FMT "` is a service, port %u: those are matched by "
		          "`tcp dport`",
		          STR_ARG(e->word), port);
}

void word_error(struct lower *L, const struct expr *e, const struct part *want,
                struct str why)
{
	const struct datatype *t = want->type;
	size_t hint = find(why, "; did you mean ");
	struct str what = str_sub(why, 0, hint), near = str_sub(why, hint, why.n);
	struct span at = t->id == TYPE_IPV4_ADDR ? part_span(e, why) : e->span;
	struct diag *d = diag_error(L->diags, code_of(t), at, STR_FMT, STR_ARG(what));

	if (near.n)
		help_near(L, d, t, near);
	if (t->id == TYPE_IFACE_INDEX)
		help_interface(L, e, d);
	else if (is_address_type(t))
		help_address(L, e, want, d);
}
