/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Capture files from anybody, read in small pieces; what is read is written and read again. */
#include "fuzz.h"

#include <stdlib.h>

#include "gate/capture/link.h"
#include "gate/capture/writer.h"

static int64_t read_some(void *ctx, void *to, size_t n)
{
	struct str *rest = ctx;

	n = n < rest->n ? n : rest->n;
	n = n < 61 ? n : 61;
	memcpy(to, rest->p, n);
	*rest = str_sub(*rest, n, rest->n);
	return (int64_t)n;
}

/* Counts the frames; with `w` they are written there. */
static size_t read_all(struct str bytes, struct capture_writer *w, struct capture **kept)
{
	struct capture_frame f;
	struct link_view v;
	size_t n = 0;

	if (capture_open(read_some, &bytes, kept) < 0)
		return 0;
	for (; capture_next(*kept, &f) > 0; n++) {
		if (link_view(&f, &v) == 0 && v.offset > f.bytes.n)
			abort();
		if (w)
			writer_put(w, &f);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_ptr(capture) first = NULL;
	auto_ptr(capture) second = NULL;
	struct capture_writer w = { 0 };
	size_t frames = read_all((struct str){ (const char *)data, n }, &w, &first);

	if (frames && read_all(buf_as_str(&w.out), NULL, &second) != frames)
		abort();
	writer_fini(&w);
	return 0;
}
