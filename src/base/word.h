/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Words in tables. A word's key is its first eight letters as one number, so that keys sort as
 * the words do and most words are told apart by one comparison.
 */
#pragma once

#include <endian.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct word {
	uint64_t key;
	const char *text;
};

// clang-format off
#define WORD_BYTE(s, i)                                                                  \
	((i) < sizeof(s) ? (uint64_t)(unsigned char)(s)[(i) < sizeof(s) ? (i) : 0] << (56 - 8 * (i)) : 0)
#define WORD_KEY(s)                                                                      \
	(WORD_BYTE(s, 0) | WORD_BYTE(s, 1) | WORD_BYTE(s, 2) | WORD_BYTE(s, 3) |         \
	 WORD_BYTE(s, 4) | WORD_BYTE(s, 5) | WORD_BYTE(s, 6) | WORD_BYTE(s, 7))
/* For the initialisers of tables. */
#define WORD(literal) { WORD_KEY(literal), literal }
// clang-format on

static inline uint64_t word_key(struct str s)
{
	uint64_t key = 0;
	uint32_t head, tail;

	if (s.n >= sizeof(key)) {
		memcpy(&key, s.p, sizeof(key));
		return be64toh(key);
	}
	if (s.n >= sizeof(head)) { /* the two overlap */
		memcpy(&head, s.p, sizeof(head));
		memcpy(&tail, s.p + s.n - sizeof(tail), sizeof(tail));
		return (uint64_t)be32toh(head) << 32 | (uint64_t)be32toh(tail)
		                                               << (64 - 8 * s.n);
	}
	for (size_t i = 0; i < s.n; i++)
		key |= (uint64_t)(uint8_t)s.p[i] << (56 - 8 * i);
	return key;
}

/* Whether `text`, whose key is `key`, is the word. */
static inline bool word_is(const struct word *word, uint64_t key, struct str text)
{
	return word->key == key &&
	       (text.n < sizeof(key) || str_is_word(text, word->text));
}

/* The row of a sorted table whose first member is the struct word of that text (its key
 * is `key`), or NULL. */
static inline const void *word_find(const void *rows, size_t n, size_t row_size,
                                    uint64_t key, struct str text)
{
	const char *at = rows, *end = at + n * row_size;

	while (n > 0) {
		const char *middle = at + n / 2 * row_size;

		if (((const struct word *)(const void *)middle)->key < key) {
			at = middle + row_size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	for (; at < end; at += row_size) {
		const struct word *word = (const void *)at;

		if (word_is(word, key, text))
			return word;
		if (word->key != key)
			return NULL;
	}
	return NULL;
}
#define WORD_FIND(rows, key, text)                                                     \
	((__typeof__(&(rows)[0]))word_find((rows), ARRAY_LEN(rows), sizeof((rows)[0]), \
	                                   (key), (text)))
