/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Base 64, RFC 4648 section 4: padded, no line breaks, nothing else tolerated. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

void base64_encode(struct buf *out, struct str bytes);

/* Strict: the padding must be there and its unused bits zero, so that every text has one
 * meaning. *out is in `a`, with p never NULL.
 * Errors: -EINVAL. */
MUST_USE int base64_decode(struct str text, struct arena *a, struct str *out);
