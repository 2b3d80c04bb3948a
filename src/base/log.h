/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Lines for a log. Libraries say what happened; where the line goes is the daemon's, which
 * hands in `write`. Each line has a level and the name of its event; whatever a terminal or a
 * log reader would obey (control characters, newlines) is written as `?`. Passwords, tokens and
 * bodies of messages are never given in.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/str.h"

/* In the order of ejabberd's loglevel. */
#define LOG_LEVELS(X)             \
	X(NONE, "none")           \
	X(EMERGENCY, "emergency") \
	X(ALERT, "alert")         \
	X(CRITICAL, "critical")   \
	X(ERROR, "error")         \
	X(WARNING, "warning")     \
	X(NOTICE, "notice")       \
	X(INFO, "info")           \
	X(DEBUG, "debug")

enum log_level {
#define X(id, name) LOG_LEVEL_##id,
	LOG_LEVELS(X)
#undef X
};

const char *log_level_name(enum log_level level);

/* The level of that name or number (ejabberd's 0 to 5 too), or -1. */
int log_level_find(struct str name);

struct logger {
	enum log_level max; /* lines above it are not written */
	/* A whole line without newline; it is gone when this returns. */
	void (*write)(void *arg, enum log_level level, struct str line);
	void *arg;
};

/* `event` is a name of lower-case words and dots, such as "c2s.login.failed". */
void log_line(const struct logger *log, enum log_level level, const char *event,
              const char *fmt, ...) PRINTF(4, 5);
