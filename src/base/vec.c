/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The part of vec.h that is not typed. */
#include "base/vec.h"

#include <stdint.h>

#include "base/oom.h"

void *vec_grow(void *p, size_t size, size_t n, size_t *cap)
{
	if (n < *cap)
		return p;
	if (*cap > SIZE_MAX / 2)
		base_oom();
	*cap = *cap ? *cap * 2 : 8;
	return base_realloc(p, *cap, size);
}
