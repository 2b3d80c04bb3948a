/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Erlang terms as file:consult/1 reads them: what ejabberd's configuration was until 2013. */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

enum term_kind {
	TERM_ATOM,
	TERM_STRING, /* "…" and <<"…">> */
	TERM_NUMBER,
	TERM_TUPLE,
	TERM_LIST,
};

struct term {
	enum term_kind kind;
	struct span span;
	struct str text; /* of an atom, a string, a number */
	struct term *first, *next;
	size_t n; /* of a tuple or list */
};

/* All terms of a source in order, NULL when there is none; at most TERM_DEPTH deep. Findings go
 * into `ds`. Errors: -EINVAL. */
MUST_USE int erl_terms_read(const struct sources *sources, uint32_t file,
                            struct diags *ds, struct arena *a, struct term **out);

enum { TERM_DEPTH = 64 };
