/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sorting of records of one size by the bytes they start with, in place: a million of them take
 * no memory but their own, which qsort(3) doubles.
 */
#pragma once

#include <stddef.h>

#define SORT_RECORD_MAX 256 /* bytes of a record, at most */

/* Sorts `n` records of `size` bytes as memcmp() orders their first `key_n` bytes. `tie` orders
 * those whose keys are equal, as qsort_r(3) wants it. Not stable. */
void sort_records(void *recs, size_t n, size_t size, size_t key_n,
                  int (*tie)(const void *a, const void *b, void *ctx), void *ctx);
