/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What blocks of all kinds have in common: items up to the closing brace, a scope for the
 * definitions made inside, going on after mistakes, and finding the brace that is
 * missing.
 */
#include "gate/lang/parse_parts.h"

/* Columns before the first word of the line that holds `p`; a tab counts to the next
 * eighth. */
static size_t indent_of(const char *start, const char *p)
{
	size_t n = 0;

	while (p > start && p[-1] != '\n')
		p--;
	for (; *p == ' ' || *p == '\t'; p++)
		n = *p == '\t' ? (n | 7) + 1 : n + 1;
	return n;
}

static bool begins_line(const char *start, const char *p)
{
	while (p > start && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == start || p[-1] == '\n';
}

enum { OPEN_MAX = 64 };

/* Braces that wait for their end while the text is walked. */
struct braces {
	const char *open[OPEN_MAX];
	size_t n;
};

/* A brace that begins a line closes what a line of the same indent opened: what was
 * opened further right in between is the mistake. Returns it, or NULL. */
static const char *close_brace(struct braces *b, const char *start, const char *p)
{
	if (b->n == 0)
		return NULL;
	b->n--;
	if (begins_line(start, p) &&
	    indent_of(start, p) < indent_of(start, b->open[b->n]))
		return b->open[b->n];
	return NULL;
}

/* The `{` between `p` and `end` that is most likely never closed: by indent, or else the
 * outermost. NULL: they all are closed. */
static const char *find_unclosed(const char *start, const char *p, const char *end)
{
	struct braces b = { 0 };
	const char *bad = NULL;

	for (; p < end && !bad; p++) {
		if (*p == '"' || *p == '#') {
			const char *to = memchr(p + 1, *p == '"' ? '"' : '\n',
			                        (size_t)(end - p - 1));

			p = to ? to : end - 1;
		} else if (*p == '{' && b.n < OPEN_MAX) {
			b.open[b.n++] = p;
		} else if (*p == '}') {
			bad = close_brace(&b, start, p);
		}
	}
	return bad ? bad : b.n ? b.open[0] : NULL;
}

bool fail_unclosed(struct parse *p, struct span open)
{
	const char *from = p->lx.start + open.off;
	const char *bad = find_unclosed(p->lx.start, from, p->lx.end);

	if (!p->unclosed)
		diag_error(p->diags, "E0003",
		           bad ? lexer_span(&p->lx, bad, bad + 1) : open,
		           "`{` is never closed");
	p->unclosed = true;
	lexer_seek(&p->lx, p->lx.end);
	return false;
}

/* One item, and back on firm ground when it had a mistake. */
static void parse_item(struct parse *p, item_fn item, void *block)
{
	const char *from = p->lx.taken;
	int depth = p->depth, r = parse_common(p, item, block);

	if (r < 0)
		r = item(p, block);
	if (!r && !p->unclosed)
		parse_skip(p, from);
	if (p->leave)
		lexer_seek(&p->lx, from);
	p->depth = depth;
}

void parse_items(struct parse *p, item_fn item, void *block)
{
	while (lexer_peek(&p->lx, 0)->kind != TOKEN_END) {
		if (lexer_peek(&p->lx, 0)->kind == TOKEN_NEWLINE) {
			lexer_next(&p->lx);
		} else if (at_punct(p, '}')) {
			diag_error(p->diags, "E0001", lexer_next(&p->lx).span,
			           "`}` closes nothing in this file");
		} else {
			parse_item(p, item, block);
		}
	}
}

/* The block must have ended before what comes next: goes on as if it had. */
static void fail_left(struct parse *p, struct span open)
{
	struct span next = lexer_peek(&p->lx, 0)->span;
	const char *bad = find_unclosed(p->lx.start, p->lx.start + open.off,
	                                p->lx.start + next.off);
	struct diag *d;

	if (bad)
		open = lexer_span(&p->lx, bad, bad + 1);
	d = diag_error(p->diags, "E0003", open, "`{` is never closed");
	diag_related(p->diags, d, next, "this cannot stand inside it");
	p->leave = false;
}

static bool parse_block_items(struct parse *p, struct span open, item_fn item,
                              void *block)
{
	while (!take_punct(p, '}')) {
		if (lexer_peek(&p->lx, 0)->kind == TOKEN_END) {
			if (p->expected && at_new_statement(p))
				parse_item(p, item, block);
			return fail_unclosed(p, open);
		}
		if (lexer_peek(&p->lx, 0)->kind == TOKEN_NEWLINE) {
			lexer_next(&p->lx);
			continue;
		}
		parse_item(p, item, block);
		if (p->leave) {
			fail_left(p, open);
			return true;
		}
		lexer_skip_lines(&p->lx);
	}
	return true;
}

bool parse_block(struct parse *p, struct span open, item_fn item, void *block)
{
	struct scope *outer = p->scope;
	int skip_newlines = p->lx.skip_newlines;
	bool ok;

	p->scope = scope_new(p->a, outer);
	p->lx.skip_newlines = 0;
	lexer_seek(&p->lx, p->lx.taken);
	ok = parse_block_items(p, open, item, block);
	p->lx.skip_newlines = skip_newlines;
	lexer_seek(&p->lx, p->lx.taken);
	p->scope = outer;
	return ok;
}

/* ---- lines --------------------------------------------------------------------------- */

int parse_line(struct parse *p, const struct line_row *rows, size_t n, void *block)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct span at = t->span;

	for (size_t i = 0; p->expected && i < n; i++)
		at_any_word(p, rows[i].word.text);
	if (t->kind != TOKEN_WORD)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (word_is(&rows[i].word, t->key, t->text)) {
			lexer_next(&p->lx);
			return rows[i].parse(p, block, at);
		}
	return -1;
}

/* What stands further out than in a chain. Sorted. */
static const struct outer_row {
	struct word word;
	bool is_block; /* a name and `{` follow; else another word */
} outer_rows[] = {
	{ WORD("add"), false },    { WORD("chain"), true },     { WORD("create"), false },
	{ WORD("delete"), false }, { WORD("flowtable"), true }, { WORD("flush"), false },
	{ WORD("insert"), false }, { WORD("list"), false },     { WORD("map"), true },
	{ WORD("set"), true },     { WORD("table"), true },
};

bool at_outer_line(struct parse *p)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	const struct outer_row *row =
		t->kind == TOKEN_WORD ? WORD_FIND(outer_rows, t->key, t->text) : NULL;
	unsigned brace = 2;

	if (!row || lexer_peek(&p->lx, 1)->kind != TOKEN_WORD)
		return false;
	if (!row->is_block)
		return true;
	if (lexer_peek(&p->lx, brace)->kind == TOKEN_WORD)
		brace++;
	return lexer_peek(&p->lx, brace)->punct == '{';
}

enum { LINE_WORDS_MAX = 32 };

bool fail_line(struct parse *p, const struct line_row *rows, size_t n, const char *where)
{
	const struct token *t = lexer_peek(&p->lx, 0);
	struct str words[LINE_WORDS_MAX];
	size_t n_words = 0;

	if (at_outer_line(p)) {
		p->leave = true;
		return true;
	}
	if (t->kind != TOKEN_WORD) {
		parse_fail(p, "E0001", "expected %s", where);
		return false;
	}
	for (; n_words < n && n_words < LINE_WORDS_MAX; n_words++)
		words[n_words] = str_from(rows[n_words].word.text);
	fail_choice(p, t->span, where, t->text, words, n_words);
	return false;
}

bool parse_block_comment(struct parse *p, struct str *comment, struct span at)
{
	if (comment->p)
		return fail_twice(p, at, "the comment", SPAN_NONE);
	return parse_comment(p, comment) && expect_end(p);
}
