/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ejabberd.cfg: any bytes are terms or an error, any terms a tree that can be read and written. */
#include <stdlib.h>

#include "fuzz.h"

#include "herald/daemon/config.h"
#include "herald/daemon/erl_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sources sources = { 0 };
	auto_diags ds = { 0 }, found = { 0 };
	auto_arena a = { 0 };
	auto_buf out = { 0 };
	struct term *terms = NULL;
	struct config c;
	uint32_t file =
		sources_add(&sources, STR("f"), (struct str){ (const char *)data, n });

	if (erl_terms_read(&sources, file, &ds, &a, &terms) == 0) {
		struct yaml *root = erl_config_tree(terms, &a);
		config_put_macros(&found, &a, root);
		yaml_write(&out, root);
		if (config_from_tree(root, &a, &found, &c) == 0)
			config_fini(&c);
	} else if (!diags_failed(&ds)) {
		abort();
	}
	sources_fini(&sources);
	return 0;
}
