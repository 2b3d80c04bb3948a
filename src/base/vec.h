/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A typed array that grows: VEC(struct chain *) chains = { 0 }; vec_push(&chains, c);
 * Elements move when it grows, so keep indices, not pointers into it. malloc-backed; see
 * arena_array for arrays of known length.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Elements p[0] to p[n - 1]; all zero is the empty array. */
#define VEC(type)              \
	struct {               \
		type *p;       \
		size_t n, cap; \
	}

/* Appends a value (its text may hold commas, as in a compound literal). */
#define vec_push(v, ...)                                                \
	((v)->p = vec_grow((v)->p, sizeof(*(v)->p), (v)->n, &(v)->cap), \
	 (v)->p[(v)->n] = (__VA_ARGS__), (void)(v)->n++)

/* Appends a zeroed element and gives its address, good until the next growth. */
#define vec_add(v)                                                      \
	((v)->p = vec_grow((v)->p, sizeof(*(v)->p), (v)->n, &(v)->cap), \
	 memset(&(v)->p[(v)->n], 0, sizeof(*(v)->p)), &(v)->p[(v)->n++])

/* Gives the memory back; the array is empty and usable afterwards. */
#define vec_fini(v) (free((v)->p), (v)->p = NULL, (v)->n = (v)->cap = 0, (void)0)

/* vec_for_each(it, &v) { … }: `it` points at each element in order. */
#define vec_for_each(it, v) \
	for (__auto_type it = (v)->p; it && it < (v)->p + (v)->n; it++)

/* Makes room for one more than `n` elements of `size` bytes; returns the array's new place. */
void *vec_grow(void *p, size_t size, size_t n, size_t *cap);
