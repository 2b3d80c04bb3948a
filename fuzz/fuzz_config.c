/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A configuration that is taken is taken again as it is written out. */
#include <stdlib.h>

#include "fuzz.h"

#include "herald/daemon/config.h"

/* The text of the configuration in force, empty when there is an error. */
static struct str read_text(struct str in, struct arena *a)
{
	struct sources sources = { 0 };
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	struct str text = STR("");
	struct config c;

	if (config_read(&sources, sources_add(&sources, STR("f"), in), NULL, &ds, &c) ==
	    0) {
		text = arena_str(a, c.text);
		config_fini(&c);
	} else if (!diags_failed(&ds)) {
		abort();
	}
	diags_print(&ds, &sources, &said, false);
	sources_fini(&sources);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_arena a = { 0 };
	struct str text = read_text((struct str){ (const char *)data, n }, &a);

	if (text.n && !str_eq(read_text(text, &a), text))
		abort();
	return 0;
}
