/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Certificates that are renewed: the files are looked at every few seconds, and read again when
 * one of them is another. What cannot be used leaves the old certificates in force and is said
 * in the log, once for each change. Connections that are there keep theirs.
 */
#pragma once

#include <stdint.h>

struct daemon;

/* Remembers how the files are now, and watches them until certs_unwatch. */
void certs_watch(struct daemon *d);
void certs_unwatch(struct daemon *d);
