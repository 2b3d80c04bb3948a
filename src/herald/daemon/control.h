/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The control socket: JSON-RPC 2.0, one object a line, over a UNIX socket. Only root and the
 * user that herald runs as may speak. A method is a command, its params a list of strings; the
 * result is the text of the answer.
 */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"

struct control;
struct daemon;

/* Errors: those of listener_unix. */
MUST_USE int control_open(struct daemon *d, const char *path, struct buf *why,
                          struct control **out);

/* No new connections, and the present ones end. NULL is harmless. */
void control_close(struct control *c);

/* Frees it, after control_close and when no answer is due any more. */
void control_free(struct control *c);
