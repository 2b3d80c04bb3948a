/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Slices: comparing, trimming, reading numbers, and finding what was probably meant. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>

#include "base/arena.h"

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

size_t str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_sub(s, 1, s.n);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

char *str_dup_c(struct arena *a, struct str s)
{
	char *c = arena_alloc(a, s.n + 1); /* zeroed: the NUL is there */

	if (s.n)
		memcpy(c, s.p, s.n);
	return c;
}

/* The value of a digit, or 255. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 255;
}

int str_to_u64(struct str s, unsigned base, uint64_t *out)
{
	uint64_t v = 0;

	if (base == 0) {
		base = 10;
		if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X')) {
			base = 16;
			s = str_sub(s, 2, s.n);
		} else if (s.n > 1 && s.p[0] == '0') {
			base = 8;
			s = str_sub(s, 1, s.n);
		}
	}
	if (s.n == 0)
		return -EINVAL;
	bool too_big = false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = digit_value(s.p[i]);
		if (digit >= base)
			return -EINVAL; /* also behind too many digits: it is no number */
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			too_big = true;
	}
	if (too_big)
		return -ERANGE;
	*out = v;
	return 0;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row by row; the transposition looks two rows back. `same` says when two bytes are equal. */
static size_t edit_distance(struct str a, struct str b, bool (*same)(char x, char y))
{
	size_t rows[3][STR_DISTANCE_MAX + 1];

	if (a.n > STR_DISTANCE_MAX || b.n > STR_DISTANCE_MAX)
		return str_eq(a, b) ? 0 : SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t cost = same(a.p[i - 1], b.p[j - 1]) ? 0 : 1;
			now[j] = min_size(above[j - 1] + cost,
			                  min_size(above[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a.p[i - 1], b.p[j - 2]) &&
			    same(a.p[i - 2], b.p[j - 1]))
				now[j] = min_size(now[j], two_above[j - 2] + 1);
		}
	}
	return rows[a.n % 3][b.n];
}

static bool same_byte(char x, char y)
{
	return x == y;
}

static bool same_letter(char x, char y)
{
	return tolower((unsigned char)x) == tolower((unsigned char)y);
}

size_t str_distance(struct str a, struct str b)
{
	return edit_distance(a, b, same_byte);
}

struct str str_nearest(struct str word, const struct str *words, size_t n)
{
	size_t best = word.n / 3 > 1 ? word.n / 3 : 1;
	struct str found = { NULL, 0 };

	if (word.n == 0)
		return found;
	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, words[i], same_letter);
		if (distance > best || (distance == best && found.n))
			continue;
		if (distance >= words[i].n) /* every byte differs: not near, only short */
			continue;
		best = distance;
		found = words[i];
	}
	return found;
}
