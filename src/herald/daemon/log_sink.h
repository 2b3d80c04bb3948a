/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Where the server's log goes: stderr, or herald.log in a folder; as text or as one JSON object
 * a line. Under systemd's journal a line begins with its priority instead of a time.
 */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "herald/daemon/config.h"

struct log_sink;

/* Writes to stderr until log_sink_set. */
struct log_sink *log_sink_new(void);

/* NULL is harmless. */
void log_sink_free(struct log_sink *s);

/* Sets folder (empty: stderr) and format. `why` gets a sentence on errors, and what was before
 * stays. Errors: those of open(). */
MUST_USE int log_sink_set(struct log_sink *s, struct str folder, enum log_format format,
                          struct buf *why);

/* Opens the file again under its name, after somebody has moved it away. Errors as above. */
MUST_USE int log_sink_reopen(struct log_sink *s, struct buf *why);

/* For struct logger: `arg` is the sink. */
void log_sink_write(void *arg, enum log_level level, struct str line);
