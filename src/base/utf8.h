/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* UTF-8, RFC 3629: strict decoding and counting. No tables of Unicode properties. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The code point at *at (below s.n), and *at moves behind it. Overlong forms, surrogates,
 * numbers over U+10FFFF and cut sequences give -1 and move one byte on. */
int32_t utf8_next(struct str s, size_t *at);

bool utf8_valid(struct str s);

/* Columns on a terminal, one a code point, one for each byte that is not UTF-8. Wide and
 * combining characters are not known here. */
size_t utf8_columns(struct str s);
