/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `heraldctl import-config`: ejabberd's configuration, old or new, as herald's. */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"

/* Translates the file. `out` gets a herald.yml that starts, what could not be taken as comments
 * with the reason; `said` a line "FILE:LINE: reason" for each of them, or what is wrong.
 * Errors: those of file_read; -EINVAL not such a file, or nothing of it would start. */
MUST_USE int import_config(const char *path, struct buf *out, struct buf *said);
