/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Text to tokens. Words are not keywords here: the parser compares them where it stands,
 * so that a word means something only in its place. Newlines are tokens outside
 * parentheses and set braces (the parser says which braces those are with
 * lexer_newlines()).
 */
#pragma once

#include "base/diag.h"
#include "base/str.h"
#include "base/word.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE, /* a newline or `;` */
	TOKEN_WORD, /* identifier, address, time, wildcard name (`eth*`), any bare word */
	TOKEN_NUMBER,   /* decimal, 0x hex, leading-0 octal; text as written */
	TOKEN_STRING,   /* "quoted": text without the quotes */
	TOKEN_VARIABLE, /* $name: text is the name */
	TOKEN_PUNCT, /* one of { } ( ) [ ] , . : = ! < > & | ^ / * @ + - and two-character forms */
};

/* Two-character punctuation. One-character ones are their own code. PUNCT_BAD is what
 * does not belong in any text: the lexer has reported it, parse_fail() adds nothing. */
enum { PUNCT_EQ = 256, PUNCT_NE, PUNCT_LE, PUNCT_GE, PUNCT_SHL, PUNCT_SHR, PUNCT_BAD };

struct token {
	enum token_kind kind;
	int punct;
	struct span span;
	struct str text;
	uint64_t key;     /* word_key() of a TOKEN_WORD's text, else 0 */
	bool is_line_end; /* TOKEN_NEWLINE: a real newline, not `;` */
};

struct lexer {
	const struct sources *sources;
	struct diags *diags;
	uint32_t file;
	const char *start;   /* of the whole source, for spans */
	const char *p, *end; /* what is not read yet */
	const char *taken;   /* behind the last token taken */
	struct token ahead[4];
	uint8_t n_ahead;
	int skip_newlines; /* > 0: newlines are blanks */
};

/* Reads `text` of source `file` from byte `off` to `off + len`. */
void lexer_init(struct lexer *lx, const struct sources *sources, struct diags *diags,
                struct span text);
/* Reads on until `n` + 1 tokens are ahead. */
void lexer_fill(struct lexer *lx, unsigned n);
/* The n-th token ahead (0: the next), not taken. n < 4. */
static inline const struct token *lexer_peek(struct lexer *lx, unsigned n)
{
	if (lx->n_ahead <= n)
		lexer_fill(lx, n);
	return &lx->ahead[n];
}
/* Closes the gap that a token taken left. */
void lexer_shift(struct lexer *lx);
/* The next token, taken. */
static inline struct token lexer_next(struct lexer *lx)
{
	struct token t = *lexer_peek(lx, 0);

	lx->taken = lx->start + t.span.off + t.span.len;
	if (--lx->n_ahead)
		lexer_shift(lx);
	return t;
}
/* Forgets the tokens looked at and goes on at `p`, a place in the same text. */
void lexer_seek(struct lexer *lx, const char *p);
/* Takes the line ends that come next (when no token was looked at), as if token by token. */
void lexer_skip_lines(struct lexer *lx);
/* Says of `d` that its place is for what fills a template in. */
void lexer_help_template(const struct lexer *lx, struct diag *d);
/* Span of the bytes from `from` to `to`. */
struct span lexer_span(const struct lexer *lx, const char *from, const char *to);
/* While on, newlines (not `;`) are blanks: inside sets, parentheses. Calls nest. Tokens
 * already peeked are read again. */
void lexer_newlines(struct lexer *lx, bool are_blanks);
/* Skips the rest of a statement, from behind the last token taken: stops before a newline
 * or `;` outside of any brace, or before the brace that closes the surrounding block.
 * Knows quotes, comments and joined lines. Returns the span skipped. Fast: no tokens are
 * made. */
struct span lexer_skip_statement(struct lexer *lx);
/* At `p`, the first byte behind a `{`: its `}`, or NULL when it is never closed. */
const char *lexer_find_close(const char *p, const char *end);
/* Length of the word or number that starts at `p` as one token, 0 when none does. */
size_t lexer_word(const char *p, const char *end, enum token_kind *kind);
/* At the `{` just taken: skips to behind its `}` and returns the span between the two; a
 * span of len UINT32_MAX when it is never closed. */
struct span lexer_skip_braces(struct lexer *lx);
