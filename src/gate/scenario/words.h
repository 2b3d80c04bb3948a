/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The words of a line: between blanks; a text in quotes is one word; `#` begins a comment; a
 * comma behind a word is a word of its own.
 */
#pragma once

#include "base/diag.h"

struct words {
	const struct sources *sources;
	struct span line;
	struct arena *a;
	struct diags *diags;
	struct str text;
	size_t at;       /* the byte to read next */
	size_t from, to; /* the word read last */
	bool quoted;     /* it had quotes, which are not part of it */
	bool failed;     /* sticky */
};

void words_init(struct words *w, const struct sources *sources, struct span line,
                struct arena *a, struct diags *diags);
/* The next word, empty at the end. */
struct str words_next(struct words *w);
struct str words_peek(const struct words *w);
/* Takes the next word when it is that one (without quotes). */
bool words_take(struct words *w, const char *word);
bool words_end(const struct words *w);
/* The place of the word read last; of the line's end behind the last. */
struct span words_span(const struct words *w);
/* From the next word to the end of the line. */
struct span words_rest(const struct words *w);

/* Errors at the word read last; `failed` is set. */
struct diag *words_error(struct words *w, const char *code, const char *fmt, ...)
	PRINTF(3, 4);
/* "`WORD` …"; with the nearest of the names as help. */
void words_unknown(struct words *w, const char *code, struct str word, const char *what,
                   const struct str *names, size_t n);

/* A number with an upper bound; an error says what for. */
uint64_t words_number(struct words *w, const char *what, uint64_t max);

/* "WHAT is missing", with an example of how it would read. */
struct diag *words_missing(struct words *w, const char *what, const char *example);
/* A prefix as endpoint.h reads it, an address being one of full length; an error otherwise. */
void words_prefix(struct words *w, uint8_t *family, uint8_t addr[16], uint8_t *prefix);
/* The name of an interface; an error with the example when there is none. */
struct str words_device(struct words *w, const char *example);
