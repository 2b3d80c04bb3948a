/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Completion asks the grammar itself: the text is parsed with nothing behind it, and
 * every word that some function compared with its end could have stood there. So there is
 * no second list of what may follow what. Mistakes on the way are nobody's business here.
 */
#include "gate/lang/parse.h"

#include <stdlib.h>

void complete_rule(struct parse *p, struct span text)
{
	struct parse q;

	parser_parse(p->parser, p->a, text, p->scope, p->seq, &q);
	if (lexer_peek(&p->lx, 0)->kind != TOKEN_END)
		return; /* the cursor is further on */
	q.expected = p->expected;
	while (lexer_peek(&q.lx, 0)->kind != TOKEN_END)
		if (!parse_stmt(&q))
			return;
	if (text.len)
		at_word(&q, "comment");
	parse_stmt(&q);
}

bool at_new_statement(const struct parse *p)
{
	const char *end = p->lx.end;

	while (end > p->lx.start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end == p->lx.start || strchr("\n;{}", end[-1]);
}

static int compare_words(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The words of `all`, one per line, sorted and each once. */
static void put_words(struct str all, struct buf *out)
{
	VEC(struct str) words = { 0 };

	while (all.n) {
		size_t n = str_find(all, '\n');

		if (n)
			vec_push(&words, str_sub(all, 0, n));
		all = str_sub(all, n + 1, all.n);
	}
	if (words.n)
		qsort(words.p, words.n, sizeof(*words.p), compare_words);
	for (size_t i = 0; i < words.n; i++) {
		if (i && str_eq(words.p[i], words.p[i - 1]))
			continue;
		buf_str(out, words.p[i]);
		buf_char(out, '\n');
	}
	vec_fini(&words);
}

void parser_complete(struct str text, struct buf *out)
{
	auto_arena a = { 0 };
	auto_diags diags = { 0 };
	auto_buf words = { 0 };
	struct sources sources = { 0 };
	struct parser_options options = { 0 };
	struct parser *parser = parser_new(&a, &sources, &diags, &options);
	struct command *cmd;

	parser_add_source(parser, sources_add(&sources, STR("completion"), text));
	parser_expect(parser, &words);
	while (parser_next(parser, &cmd) == 1)
		;
	put_words(buf_as_str(&words), out);
	sources_fini(&sources);
}
