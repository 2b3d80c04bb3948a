/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Strings as slices: a pointer and a length, no NUL needed and none counted. A slice owns
 * nothing; it lives as long as what it points into. NUL-terminated strings exist only at the
 * system's edge.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

struct arena;

struct str {
	const char *p; /* may be NULL when n is 0 */
	size_t n;      /* bytes */
};

/* A literal as a slice; STR_INIT for the initialisers of static tables. */
// clang-format off
#define STR_INIT(literal) { "" literal, sizeof(literal) - 1 }
#define STR(literal)      ((struct str)STR_INIT(literal))
// clang-format on

/* printf("…" STR_FMT "…", STR_ARG(s)) */
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

/* The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct str str_from(const char *c)
{
	return (struct str){ c, c ? strlen(c) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Whether `a` is the NUL-terminated `c`. */
static inline bool str_is(struct str a, const char *c)
{
	return str_eq(a, str_from(c));
}

/* The same for one of a table's words, of which nearly all differ in their first letters. */
static inline bool str_is_word(struct str a, const char *word)
{
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != word[i] || !word[i])
			return false; /* also at the word's end */
	return word[a.n] == 0;
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The bytes from `from` on, at most `n` of them; both are cut to what is there. */
static inline struct str str_sub(struct str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct str){ n ? s.p + from : s.p, n };
}

/* Orders by bytes, the shorter first: below, equal to or above 0 as strcmp(). */
int str_cmp(struct str a, struct str b);

/* Index of the first byte `c`, or s.n when there is none. */
size_t str_find(struct str s, char c);

/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);

/* A NUL-terminated copy in `a`. A NUL inside `s` cuts the copy for whoever reads it as C. */
char *str_dup_c(struct arena *a, struct str s);

/* Reads all of `s` as an unsigned number: digits only, no sign, no blanks, at least one digit.
 * `base` is 2 to 16, without prefix; 0 means `0x…` is hexadecimal, a leading 0 octal,
 * anything else decimal. Errors: -EINVAL not a number, -ERANGE over 64 bits. */
MUST_USE int str_to_u64(struct str s, unsigned base, uint64_t *out);

/* Damerau-Levenshtein distance (optimal string alignment): insert, delete, replace, swap two
 * neighbours. Words longer than STR_DISTANCE_MAX are not compared: SIZE_MAX unless equal. */
#define STR_DISTANCE_MAX 64
size_t str_distance(struct str a, struct str b);

/* "Did you mean": the one of `words` nearest to `word` when it is at most max(1, word.n / 3)
 * edits away, upper and lower case being the same; the first of equals; else the empty slice. */
struct str str_nearest(struct str word, const struct str *words, size_t n);
