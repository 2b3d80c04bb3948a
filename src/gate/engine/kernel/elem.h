/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Set elements on the wire. Written by hand, not by rows: a million of them is a usual load.
 */
#pragma once

#include "gate/engine/kernel/codec.h"

/* Appends one NFTA_LIST_ELEM. */
void elem_put(struct wire *w, const struct prog_elem *e);

/* Reads what stands inside a NFTA_LIST_ELEM. Errors: -EBADMSG, *e is undefined then. */
MUST_USE int elem_get(struct cursor c, struct arena *a, struct prog_elem *e);

/* A number for what makes an element unique: its key, its key's end, its end flag. */
uint64_t elem_hash(const struct prog_elem *e);
