/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Output that grows. `struct buf` is malloc-backed and always followed by a NUL that is not
 * counted; `struct pagebuf` reserves address space and never moves, for outputs of many
 * megabytes. Neither can fail: see base/oom.h.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/str.h"

struct buf {
	char *p;       /* NULL while nothing was ever put in */
	size_t n, cap; /* bytes used, bytes allocated */
};

/* A buffer on the stack, empty, released at the end of its scope: auto_buf out = { 0 }; */
#define auto_buf __attribute__((cleanup(buf_fini))) struct buf

COLD char *buf_more(struct buf *b, size_t n); /* buf_reserve() when it does not fit */

/* Room for `n` more bytes at the end; returns where they go. The caller adds to b->n. */
static inline char *buf_reserve(struct buf *b, size_t n)
{
	return n < b->cap - b->n ? b->p + b->n : buf_more(b, n);
}

/* Listings are made of very many small pieces, so these are inlined. */
static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n)
		memcpy(to, p, n);
	b->n += n;
	to[n] = 0;
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

static inline void buf_cstr(struct buf *b, const char *c)
{
	buf_put(b, c, strlen(c));
}

static inline void buf_char(struct buf *b, char c)
{
	char *to = buf_reserve(b, 1);

	to[0] = c;
	to[1] = 0;
	b->n++;
}

void buf_repeat(struct buf *b, char c, size_t n);
void buf_u64(struct buf *b, uint64_t v); /* decimal, without printf's cost */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vfmt(struct buf *b, const char *fmt, va_list args) PRINTF(2, 0);

/* A JSON string with its quotes, RFC 8259 section 7. Control characters are
 * escaped, C1 too; bytes that are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, struct str s);

/* What is in it; valid until the next change. */
static inline struct str buf_as_str(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

/* Empties it and keeps the memory. */
void buf_reset(struct buf *b);

/* Gives the memory back; the buffer is empty and usable afterwards. */
void buf_fini(struct buf *b);

struct pagebuf {
	char *p;            /* start; never moves */
	size_t n;           /* bytes used */
	size_t usable, max; /* bytes that may be written; bytes of address space */
};

#define PAGEBUF_MAX ((size_t)1 << 36) /* 64 GiB of address space, none of it memory yet */

/* Reserves `max` bytes of address space, or less where a limit (RLIMIT_AS) forbids so much.
 * Writing past the end of the space is lack of memory. */
void pagebuf_init(struct pagebuf *b, size_t max);

/* Makes `n` bytes behind b->n writable (fresh ones are zero) and returns where they start.
 * Nothing is added: the caller adds what it wrote to b->n. */
COLD void *pagebuf_reserve(struct pagebuf *b, size_t n);

/* Empties it; pages stay usable and hold stale bytes. */
void pagebuf_reset(struct pagebuf *b);

/* Harmless on an all-zero pagebuf, and twice. */
void pagebuf_fini(struct pagebuf *b);
