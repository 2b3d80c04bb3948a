/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0227 files: any bytes give users or an error; users go into a store of their own. */
#include <stdlib.h>

#include "fuzz.h"
#include "herald/pie/pie.h"

static void on_user(void *ctx, struct str host, struct xml *user, struct arena *a)
{
	struct store_tx *tx = tx_begin(ctx);
	struct pie_user u;

	if (pie_user_read(user, a, &u) == 0) {
		accounts_move_in(tx, host, u.name, u.keys, u.n_keys,
		                 u.is_disabled ? &u.disabled : NULL);
		pie_user_put(user, host, tx, a, &u);
		pie_user_fini(&u);
	}
	tx_commit(tx, NULL, NULL, NULL);
}

static void on_include(void *ctx, struct str host, struct str href)
{
	(void)ctx, (void)host, (void)href;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct pie_ops ops = { on_user, on_include };
	static const struct store_config memory = { 0 };
	auto_diags ds = { 0 };
	struct store *store;

	if (store_open(&memory, &ds, &store) < 0)
		abort();
	struct pie_reader *r = pie_reader_new(&ops, store, STR("a.example"));
	if (pie_reader_feed(r, (struct str){ (const char *)data, n }, true) < 0 &&
	    !pie_reader_error(r).n)
		abort();
	pie_reader_free(r);
	store_close(store);
	return 0;
}
