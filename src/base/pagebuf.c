/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Output in reserved address space. A PROT_NONE mapping costs no memory and is not counted
 * by the kernel's overcommit accounting; pages become writable in steps, and memory only when
 * touched. So growth copies nothing and pointers into the buffer stay good.
 */
#include <sys/mman.h>

#include "base/buf.h"
#include "base/oom.h"

enum { STEP = 4 << 20, SPACE_MIN = 16 << 20 }; /* bytes */

void pagebuf_init(struct pagebuf *b, size_t max)
{
	void *p = MAP_FAILED;

	if (max < SPACE_MIN)
		max = SPACE_MIN;
	for (; max >= SPACE_MIN; max /= 2) {
		max = max / STEP * STEP;
		p = mmap(NULL, max, PROT_NONE,
		         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p != MAP_FAILED)
			break;
	}
	if (p == MAP_FAILED)
		base_oom();
	*b = (struct pagebuf){ .p = p, .max = max };
}

void *pagebuf_reserve(struct pagebuf *b, size_t n)
{
	if (n > b->max - b->n)
		base_oom();
	if (b->n + n > b->usable) {
		size_t grow = (b->n + n - b->usable + STEP - 1) / STEP * STEP;
		if (mprotect(b->p + b->usable, grow, PROT_READ | PROT_WRITE) < 0)
			base_oom();
		b->usable += grow;
	}
	return b->p + b->n;
}

void pagebuf_reset(struct pagebuf *b)
{
	b->n = 0;
}

void pagebuf_fini(struct pagebuf *b)
{
	if (b->p)
		munmap(b->p, b->max);
	*b = (struct pagebuf){ 0 };
}
