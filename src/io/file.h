/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Whole files as slices. Regular files are mapped, so that a source of many megabytes costs no
 * copy; what cannot be mapped (a pipe, a terminal, files in /proc) is read into memory while it
 * is small and spooled into a nameless temporary file when it is not.
 */
#pragma once

#include "base/cleanup.h"
#include "base/str.h"

/* Spans are 32 bits wide, so no source may be longer. */
#define FILE_READ_MAX ((size_t)UINT32_MAX)

/* What comes from a pipe stays in memory up to this size. */
#define FILE_SMALL_MAX ((size_t)1 << 20)

/* Reads the file `path`. *text stays valid until file_release(*text), also when the file is
 * renamed or deleted meanwhile. Errors: -EISDIR a directory, -EFBIG over FILE_READ_MAX, and
 * what open(2), read(2) and mmap(2) say. */
MUST_USE int file_read(const char *path, struct str *text);

/* As file_read, from where the descriptor stands to its end. The descriptor stays open. */
MUST_USE int file_read_fd(int fd, struct str *text);

/* Gives the memory of a part back until it is read again. Only of texts over FILE_SMALL_MAX:
 * these are files. */
void file_forget(struct str part);

/* Gives back what file_read or file_read_fd gave; harmless on an empty text. */
void file_release(struct str text);
