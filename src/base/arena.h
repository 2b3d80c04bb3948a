/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Memory that lives and dies together: a chain of chunks, given out front to back, released
 * whole. Code that takes a `struct arena *` frees nothing. Not for several threads at once.
 *
 * `struct arena a = { 0 };` is an empty arena too; arena_init says it in words.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/asan.h"
#include "base/cleanup.h"
#include "base/str.h"

enum { ARENA_ALIGNMENT = 16 };

struct arena_chunk;
struct arena_deferred;

struct arena {
	struct arena_chunk *first;       /* oldest; kept by arena_reset */
	struct arena_chunk *at;          /* the one that is given out from */
	unsigned char *free, *end;       /* what of it is not given out yet */
	struct arena_deferred *deferred; /* newest first */
};

/* An arena on the stack that is released at the end of its scope. */
#define auto_arena __attribute__((cleanup(arena_fini))) struct arena

void arena_init(struct arena *a);

/* Runs the deferred functions, newest first, and gives all memory back. The arena is empty
 * and usable afterwards. */
void arena_fini(struct arena *a);

/* As arena_fini, but keeps the first chunk for reuse. */
void arena_reset(struct arena *a);

/* arena_alloc() where there is no room, and always where a sanitizer watches. */
COLD void *arena_more(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));

/* `n` zeroed bytes at a multiple of 16; never NULL, also for 0 bytes. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	if (BUILT_WITH_ASAN || n >= (size_t)(a->end - a->free))
		return arena_more(a, n);
	unsigned char *p = a->free;
	a->free = p + ((n + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1));
	return p;
}

/* `count` things of `size` bytes each, zeroed. */
void *arena_calloc(struct arena *a, size_t count, size_t size);

#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

/* A copy of `s`, followed by a NUL that is not counted. */
struct str arena_str(struct arena *a, struct str s);

/* A copy of `n` bytes. */
void *arena_copy(struct arena *a, const void *p, size_t n);

/* Formatted text, followed by a NUL that is not counted. */
struct str arena_fmt(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
struct str arena_vfmt(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);

/* Ties `arg` to the arena's life: fn(arg) is called by arena_fini and arena_reset. */
void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg);
