/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Accounts that move in or out with what others know of their passwords: SCRAM keys. */
#pragma once

#include "base/str.h"
#include "herald/auth/sasl.h"
#include "herald/store/store.h"

/* Adds an account to a transaction, which then fails with -EEXIST when there is one of that
 * name. `keys` may be none: then nobody can log in until a password is set. `disabled` is the
 * reason of a ban, or NULL. Afterwards accounts_refresh is due for the host. */
void accounts_move_in(struct store_tx *tx, struct str host, struct str user,
                      const struct scram_key *keys, size_t n, const struct str *disabled);

/* Where the rows of an account are: store_list gives them. */
struct store_place accounts_place(struct str host, struct str user);

struct account_moved {
	bool exists;
	bool has_key[2]; /* by enum digest */
	struct scram_key keys[2];
	bool is_disabled;
	struct str disabled; /* the reason; as long as the rows */
};

void accounts_move_out(const struct store_rows *rows, struct account_moved *out);
