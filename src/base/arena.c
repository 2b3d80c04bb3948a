/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Chunks double from 4 KiB to 1 MiB. What does not fit into the current chunk and is larger
 * than a quarter of the next gets a chunk of its own behind the first, so the rest of the
 * current one is not lost. Under AddressSanitizer everything not given out is poisoned.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/oom.h"

#if BUILT_WITH_ASAN
#include <sanitizer/asan_interface.h>
#define RED_ZONE 16 /* bytes between two allocations */
#else
#define RED_ZONE                          0
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* bytes of `data` */
	_Alignas(ARENA_ALIGNMENT) unsigned char data[];
};

struct arena_deferred {
	struct arena_deferred *next;
	void (*fn)(void *arg);
	void *arg;
};

static struct arena_chunk *chunk_new(size_t size)
{
	struct arena_chunk *c = base_calloc(1, sizeof(*c) + size);

	c->size = size;
	ASAN_POISON_MEMORY_REGION(c->data, size);
	return c;
}

static void chunk_free(struct arena_chunk *c)
{
	ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
	free(c);
}

/* Gives out from `c` from now on. */
static void chunk_use(struct arena *a, struct arena_chunk *c)
{
	a->at = c;
	a->free = c->data;
	a->end = c->data + c->size;
}

/* A chunk of its own for something large, behind the first. */
static void *chunk_own(struct arena *a, size_t need)
{
	struct arena_chunk *own = chunk_new(need);

	own->next = a->first->next;
	a->first->next = own;
	return own->data;
}

/* Another chunk to give out from, with room for `need` bytes. */
static void chunk_add(struct arena *a, size_t need, size_t size)
{
	struct arena_chunk *c = chunk_new(need > size ? need : size);

	if (a->at) {
		c->next = a->at->next;
		a->at->next = c;
	} else {
		a->first = c;
	}
	chunk_use(a, c);
}

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

static void run_deferred(struct arena *a)
{
	while (a->deferred) {
		struct arena_deferred *d = a->deferred;
		a->deferred = d->next;
		d->fn(d->arg);
	}
}

static void chunks_free(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;
		chunk_free(c);
		c = next;
	}
}

void arena_fini(struct arena *a)
{
	run_deferred(a);
	chunks_free(a->first);
	arena_init(a);
}

void arena_reset(struct arena *a)
{
	run_deferred(a);
	if (!a->first)
		return;
	struct arena_chunk *c = a->first;
	size_t used = a->at == c ? (size_t)(a->free - c->data) : c->size;

	chunks_free(c->next);
	c->next = NULL;
	ASAN_UNPOISON_MEMORY_REGION(c->data, used);
	memset(c->data, 0, used);
	ASAN_POISON_MEMORY_REGION(c->data, c->size);
	chunk_use(a, c);
}

void *arena_more(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		base_oom();
	size_t need = ((n ? n : 1) + RED_ZONE + ARENA_ALIGNMENT - 1) &
	              ~(size_t)(ARENA_ALIGNMENT - 1);
	void *p;

	if (need > (size_t)(a->end - a->free)) {
		size_t size = a->at ? a->at->size * 2 : CHUNK_MIN;

		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		if (need > size / 4 && a->at) {
			p = chunk_own(a, need);
			ASAN_UNPOISON_MEMORY_REGION(p, n);
			return p;
		}
		chunk_add(a, need, size);
	}
	p = a->free;
	a->free += need;
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		base_oom();
	return arena_alloc(a, n);
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ str_dup_c(a, s), s.n };
}

struct str arena_vfmt(struct arena *a, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) /* over 2 GiB, or a broken multibyte string: formats are ours */
		base_oom();
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, args);
	return (struct str){ p, (size_t)n };
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str s = arena_vfmt(a, fmt, args);
	va_end(args);
	return s;
}

void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg)
{
	struct arena_deferred *d = arena_new(a, struct arena_deferred);

	*d = (struct arena_deferred){ .next = a->deferred, .fn = fn, .arg = arg };
	a->deferred = d;
}
