/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Standard output with one big buffer. Errors are remembered and told once, at the end. */
#pragma once

#include <stddef.h>

#include "base/str.h"

enum { OUTPUT_ROOM = 1 << 16 };

struct output {
	int fd;
	int err; /* negative errno of the first failed write: what follows is thrown away */
	size_t n;
	char room[OUTPUT_ROOM];
};

void output_put(struct output *o, struct str text);

/* Writes what is buffered. Returns 0 or the remembered error. */
int output_flush(struct output *o);
