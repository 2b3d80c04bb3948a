/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the process can still do once it has read its configuration: no new rights, no other
 * programs, only the files it needs (Landlock, Linux 5.13) and only the system calls it needs
 * (seccomp). Entered before any thread starts; nothing leaves it again.
 */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/vec.h"

/* Folders that stay within reach. A folder that is not there is passed over. */
struct sandbox {
	VEC(const char *) read, write; /* with all that is below them */
};

enum sandbox_part {
	SANDBOX_FILES = 1, /* Landlock */
	SANDBOX_CALLS = 2, /* seccomp */
};

/* Enters it; the result is a mask of the parts that are in force. What this kernel cannot do is
 * left out; `said` gets a sentence for each such part. Errors: -EPERM and the like, when the
 * kernel can but refuses. */
MUST_USE int sandbox_enter(const struct sandbox *s, struct buf *said);
