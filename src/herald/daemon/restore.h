/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Going back to a backup. While herald runs, the backup is checked and laid beside the database
 * as herald.db.restore; the next start puts it in the database's place and keeps what was there
 * as herald.db.before-restore.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/cleanup.h"

/* Checks the backup, and (not for `dry`) lays a copy into the spool folder. `said` gets what is
 * in it, or why not. Errors: those of store_check and store_copy. */
MUST_USE int restore_stage(const char *backup, const char *spool, bool dry,
                           struct buf *said);

/* Before the store is opened: puts what was laid there into place. 1: done, 0: there was
 * nothing to do, also when another herald has the database. `said` gets a sentence for the log.
 * Errors: those of rename(). */
MUST_USE int restore_finish(const char *spool, struct buf *said);
