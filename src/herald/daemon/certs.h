/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Certificates that are renewed: the files are looked at every few seconds, and read again when
 * one of them is another. What cannot be used leaves the old certificates in force and is said
 * in the log, once for each change. Connections that are there keep theirs.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/vec.h"

struct config;
struct daemon;

struct cert_files {
	VEC(const char *) paths; /* in the arena that was given */
};

/* The files that `certfiles` names, its patterns filled in, in that order. `why` gets a sentence
 * on errors. Errors: -ENOENT a pattern fits no file; those of paths_expand. */
MUST_USE int certs_files(const struct config *c, struct arena *a, struct cert_files *out,
                         struct buf *why);

/* Remembers how the files are now, and watches them until certs_unwatch. */
void certs_watch(struct daemon *d);
void certs_unwatch(struct daemon *d);
