/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Hosts as a whole: whether all accounts have the better key, and what accounts look like. */
#include <errno.h>

#include "base/oom.h"
#include "herald/auth/accounts_impl.h"
#include "io/random.h"

/* The host, made when it is new; the lock is held. Until its secret is loaded it has one that
 * nobody knows either. */
static struct host *host_of(struct accounts *a, struct str name)
{
	struct host *h = map_get(&a->hosts, name);

	if (h)
		return h;
	h = arena_new(&a->arena, struct host);
	h->name = arena_str(&a->arena, name);
	random_fill(h->mix.secret, sizeof(h->mix.secret));
	map_put(&a->hosts, h->name, h);
	return h;
}

bool accounts_all_have_sha256(struct accounts *a, struct str host)
{
	pthread_mutex_lock(&a->lock);
	bool all = host_of(a, host)->all_have_sha256;
	pthread_mutex_unlock(&a->lock);
	return all;
}

void host_invent(struct accounts *a, struct str host, struct str user,
                 struct sasl_account *out)
{
	struct sasl_account made_up; /* for all, as it takes time */

	pthread_mutex_lock(&a->lock);
	mix_invent(&host_of(a, host)->mix, user, a->iterations, &made_up);
	pthread_mutex_unlock(&a->lock);
	if (!out->exists)
		*out = made_up;
	for (int d = 0; d < 2; d++)
		if (!out->has_key[d])
			out->keys[d] = made_up.keys[d];
}

/* ---- looking at a host ------------------------------------------------------------------ */

/* A refresh reads: the secret, whether decoys are there, the keys of up to STORE_LIMIT accounts by
 * digest, and counts. */
struct refresh {
	struct task *task;
	struct host_mix mix;
	enum digest digest; /* whose keys are read */
	uint32_t looked_at; /* keys for SHA-256, at most STORE_LIMIT */
	uint64_t accounts;
};

static void refresh_end(struct refresh *f, int result)
{
	struct task *t = f->task;

	free(f);
	task_answer(t, result);
}

/* Accounts without the key, in proportion to those looked at. */
static void count_lacking(struct refresh *f, uint64_t having)
{
	uint64_t lacking = f->accounts > having ? f->accounts - having : 0;

	if (having)
		lacking = lacking * f->looked_at / having + (lacking > 0);
	mix_add(&f->mix, DIGEST_SHA256, 0, 0, (uint32_t)lacking);
}

static void on_sha256_counted(void *arg, int result, const struct store_rows *rows)
{
	struct refresh *f = arg;
	struct accounts *a = f->task->accounts;

	if (result == 0) {
		count_lacking(f, rows->count);
		pthread_mutex_lock(&a->lock);
		struct host *h = host_of(a, f->task->host);
		h->mix = f->mix;
		h->all_have_sha256 = rows->count >= f->accounts;
		h->lacking = h->all_have_sha256 ? 0 : f->accounts - rows->count;
		pthread_mutex_unlock(&a->lock);
	}
	refresh_end(f, result);
}

static void on_accounts_counted(void *arg, int result, const struct store_rows *rows)
{
	struct refresh *f = arg;
	struct store_place at = account_place(f->task->host, STR(""));

	if (result < 0) {
		refresh_end(f, result);
		return;
	}
	f->accounts = rows->count;
	store_user_count(f->task->accounts->store, &at, key_name(DIGEST_SHA256),
	                 f->task->to, on_sha256_counted, f);
}

static void on_keys_read(void *arg, int result, const struct store_rows *rows);

static void read_keys(struct refresh *f, enum digest d)
{
	struct store_place at = account_place(f->task->host, STR(""));

	f->digest = d;
	store_users(f->task->accounts->store, &at, key_name(d), STR(""), 0, f->task->to,
	            on_keys_read, f);
}

static void on_keys_read(void *arg, int result, const struct store_rows *rows)
{
	struct refresh *f = arg;
	struct store_place at = account_place(f->task->host, STR(""));
	struct scram_key key;

	if (result < 0) {
		refresh_end(f, result);
		return;
	}
	f->looked_at = (uint32_t)rows->n;
	for (size_t i = 0; i < rows->n; i++)
		if (scram_key_read(f->digest, rows->p[i].value, &key) == 0)
			mix_add(&f->mix, f->digest, key.iterations, key.salt_n, 1);
	if (f->digest == DIGEST_SHA1)
		read_keys(f, DIGEST_SHA256);
	else
		store_user_count(f->task->accounts->store, &at, KEY_ACCOUNT, f->task->to,
		                 on_accounts_counted, f);
}

/* ---- decoys ------------------------------------------------------------------------------ */

static void on_decoys_written(void *arg, int result)
{
	struct refresh *f = arg;

	if (result < 0)
		refresh_end(f, result);
	else
		read_keys(f, DIGEST_SHA1);
}

static void put_decoy(struct store_tx *tx, const struct refresh *f, unsigned mask,
                      const struct sasl_account *account)
{
	struct arena *a = &f->task->arena;
	struct store_place at = decoy_place(f->task->host, mask, a);
	const struct str values[ACCOUNT_KEYS] = {
		STR("1"), STR("decoy"), scram_key_write(&account->keys[DIGEST_SHA1], a),
		scram_key_write(&account->keys[DIGEST_SHA256], a)
	};

	for (size_t i = 0; i < ACCOUNT_KEYS; i++)
		if (!(mask & 1u << i))
			tx_put(tx, &at, account_key(i), values[i]);
}

static void on_decoys_read(void *arg, int result, const struct store_rows *rows)
{
	struct refresh *f = arg;
	struct sasl_account account;

	if (result < 0) {
		refresh_end(f, result);
	} else if (rows->n == ACCOUNT_KEYS) {
		read_keys(f, DIGEST_SHA1);
	} else {
		struct store_tx *tx = tx_begin(f->task->accounts->store);
		mix_invent(&f->mix, STR(""), f->task->accounts->iterations, &account);
		for (unsigned mask = 0; mask < 1u << ACCOUNT_KEYS; mask++)
			put_decoy(tx, f, mask, &account);
		tx_commit(tx, f->task->to, on_decoys_written, f);
	}
}

static void read_decoys(struct refresh *f)
{
	struct store_place at = decoy_place(f->task->host, 0, &f->task->arena);

	store_list(f->task->accounts->store, &at, f->task->to, on_decoys_read, f);
}

/* ---- the secret --------------------------------------------------------------------------- */

static struct store_place secret_place(const struct refresh *f)
{
	return (struct store_place){ f->task->host, STR(""), STR("auth-secret") };
}

static void on_secret_read(void *arg, int result, const struct store_rows *rows);

static void read_secret(struct refresh *f)
{
	struct store_place at = secret_place(f);

	store_get(f->task->accounts->store, &at, STR(""), f->task->to, on_secret_read, f);
}

static void on_secret_written(void *arg, int result)
{
	struct refresh *f = arg;

	if (result < 0 && result != -EEXIST)
		refresh_end(f, result);
	else
		read_secret(f); /* ours, or that of whoever was first */
}

static void write_secret(struct refresh *f)
{
	struct store_place at = secret_place(f);
	struct store_tx *tx = tx_begin(f->task->accounts->store);
	uint8_t secret[MIX_SECRET];

	random_fill(secret, sizeof(secret));
	tx_expect_absent(tx, &at, STR(""));
	tx_put(tx, &at, STR(""), (struct str){ (char *)secret, sizeof(secret) });
	tx_commit(tx, f->task->to, on_secret_written, f);
}

static void on_secret_read(void *arg, int result, const struct store_rows *rows)
{
	struct refresh *f = arg;

	if (result < 0) {
		refresh_end(f, result);
	} else if (!rows->n) {
		write_secret(f);
	} else if (rows->p[0].value.n != MIX_SECRET) {
		refresh_end(f, -EUCLEAN);
	} else {
		memcpy(f->mix.secret, rows->p[0].value.p, MIX_SECRET);
		read_decoys(f);
	}
}

void accounts_refresh(struct accounts *a, struct str host, struct inbox *to,
                      accounts_done_fn fn, void *arg)
{
	struct refresh *f = base_calloc(1, sizeof(*f));

	f->task = task_new(a, host, STR(""), to, fn, arg);
	read_secret(f);
}

/* Counting goes over all accounts. So the more of them lack the key, the more must change before
 * they are counted again; the last few are counted each time. */
void host_changed(struct accounts *a, struct str host, struct inbox *to)
{
	pthread_mutex_lock(&a->lock);
	struct host *h = host_of(a, host);
	bool due = h->lacking && ++h->changes > h->lacking / 8;
	if (due)
		h->changes = 0;
	pthread_mutex_unlock(&a->lock);
	if (due)
		accounts_refresh(a, host, to, NULL, NULL);
}
