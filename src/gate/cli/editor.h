/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lines from a person: libedit on a terminal, with history and completion; plain lines where
 * standard input is none.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct editor;

/* `history` is a file's path or empty. `complete` appends the words that may follow `text`,
 * one per line. Never NULL. */
struct editor *editor_new(struct str history,
                          void (*complete)(struct str text, struct buf *out));

/* The next line without its newline, appended to `block` (which may hold the lines before it:
 * a second prompt is shown then). Returns 1, 0 at the end of input, -EINTR when Ctrl-C gave the
 * line up. */
int editor_read(struct editor *e, struct buf *block);

/* Saves the history. */
void editor_free(struct editor *e);
DEFINE_AUTO_PTR(editor)
