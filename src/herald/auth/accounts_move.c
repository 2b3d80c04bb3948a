/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Accounts with their keys. */
#include "herald/auth/accounts_move.h"

#include "herald/auth/accounts_impl.h"

void accounts_move_in(struct store_tx *tx, struct str host, struct str user,
                      const struct scram_key *keys, size_t n, const struct str *disabled)
{
	struct store_place at = account_place(host, user);
	auto_arena a = { 0 };

	tx_expect_absent(tx, &at, KEY_ACCOUNT);
	tx_forget(tx, host, user);
	tx_put(tx, &at, KEY_ACCOUNT, STR("1"));
	for (size_t i = 0; i < n; i++)
		tx_put(tx, &at, key_name(keys[i].digest), scram_key_write(&keys[i], &a));
	if (disabled)
		tx_put(tx, &at, KEY_DISABLED, *disabled);
}

struct store_place accounts_place(struct str host, struct str user)
{
	return account_place(host, user);
}

void accounts_move_out(const struct store_rows *rows, struct account_moved *out)
{
	*out = (struct account_moved){ 0 };
	for (size_t i = 0; i < rows->n; i++) {
		const struct store_row *row = &rows->p[i];
		if (str_eq(row->key, KEY_ACCOUNT))
			out->exists = true;
		if (str_eq(row->key, KEY_DISABLED)) {
			out->is_disabled = true;
			out->disabled = row->value;
		}
		for (int d = 0; d < 2; d++) {
			if (str_eq(row->key, key_name((enum digest)d)))
				out->has_key[d] =
					scram_key_read((enum digest)d, row->value,
				                       &out->keys[d]) == 0;
		}
	}
}
