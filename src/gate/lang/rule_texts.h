/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The texts of a block's rules, not parsed yet. There may be very many, so what most of them have
 * in common is kept once for a run of them, and a rule takes eight bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"

struct scope; /* names from `define`, see scope.h */

/* Text of one rule inside a block or after `add rule t c`. */
struct rule_text { /* in this order it has 24 bytes */
	struct scope *scope;
	struct span span; /* len 0: none */
	uint32_t seq;     /* which definitions it sees: those made before it */
};

/* Where one stands in the file of its run. */
struct rule_part {
	uint32_t off, len;
};

/* What the rules from number `first` on have in common: another run begins behind a definition
 * and at either end of an included file. */
struct rule_run {
	struct scope *scope;
	uint32_t file, seq, first;
};

/* All zero: none. */
struct rule_texts {
	VEC(struct rule_part) list;
	VEC(struct rule_run) runs;
};

void rule_texts_add(struct rule_texts *r, const struct rule_text *text);
/* The one at `i`, which is less than r->list.n. */
struct rule_text rule_texts_get(const struct rule_texts *r, size_t i);
void rule_texts_fini(struct rule_texts *r);
