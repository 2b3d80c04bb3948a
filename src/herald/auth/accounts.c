/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An account is the map `account` of its user:
 *
 *   account         "1": it exists
 *   scram-sha-1     the key, see scram_key.h; may be missing
 *   scram-sha-256   the same
 *   disabled        the reason, while it is disabled
 *
 * Each request is a task, which owns copies of what it was given and goes from the store to
 * the pool and back until its answer is due.
 */
#include "herald/auth/accounts.h"

#include <errno.h>

#include "base/oom.h"
#include "herald/auth/accounts_impl.h"
#include "herald/jid/jid.h"
#include "io/random.h"

struct accounts *accounts_new(const struct accounts_config *c)
{
	struct accounts *a = base_calloc(1, sizeof(*a));

	a->store = c->store;
	a->pool = c->pool;
	a->iterations = c->iterations ? c->iterations : SCRAM_ITERATIONS;
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void accounts_free(struct accounts *a)
{
	if (!a)
		return;
	map_fini(&a->hosts);
	arena_fini(&a->arena);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

struct store_place account_place(struct str host, struct str user)
{
	return (struct store_place){ host, user, KEY_ACCOUNT };
}

struct str key_name(enum digest d)
{
	return account_key(d == DIGEST_SHA1 ? 2 : 3);
}

/* ---- tasks ------------------------------------------------------------------------------ */

struct task *task_new(struct accounts *a, struct str host, struct str user,
                      struct inbox *to, accounts_done_fn fn, void *arg)
{
	struct task *t = base_calloc(1, sizeof(*t));

	t->accounts = a;
	t->host = arena_str(&t->arena, host);
	t->user = arena_str(&t->arena, user);
	t->to = to;
	t->fn = fn;
	t->arg = arg;
	return t;
}

static void task_free(struct task *t)
{
	if (t->password.n)
		secret_wipe((void *)(uintptr_t)t->password.p, t->password.n);
	secret_wipe(t->keys, sizeof(t->keys));
	arena_fini(&t->arena);
	free(t);
}

/* The answer, on the inbox owner's thread. */
void task_answer(struct task *t, int result)
{
	if (t->fn)
		t->fn(t->arg, result);
	task_free(t);
}

static void on_item(struct inbox_item *item)
{
	struct task *t = (struct task *)((char *)item - offsetof(struct task, item));

	task_answer(t, t->result);
}

/* The answer from inside a call: through the inbox like all others. */
static void task_fail(struct task *t, int result)
{
	t->result = result;
	t->item.fn = on_item;
	inbox_post(t->to, &t->item);
}

static void on_committed(void *arg, int result)
{
	task_answer(arg, result);
}

static void on_changed(void *arg, int result)
{
	struct task *t = arg;

	if (result == 0)
		host_changed(t->accounts, t->host, t->to);
	task_answer(t, result);
}

static void work(struct pool_job *job)
{
	struct task *t = (struct task *)job;

	for (size_t i = 0; i < ARRAY_LEN(t->keys); i++)
		if (t->keys[i].iterations)
			scram_key_derive(&t->keys[i], t->password);
}

static void on_worked(struct pool_job *job)
{
	struct task *t = (struct task *)job;

	t->derived(t);
}

/* Derives t->keys on the pool, then goes on with `derived`. */
static int task_derive(struct task *t, void (*derived)(struct task *t))
{
	t->derived = derived;
	t->job.work = work;
	t->job.done = on_worked;
	t->job.to = t->to;
	return pool_submit(t->accounts->pool, &t->job);
}

/* A key with fresh salt, to be derived. */
static void want_key(struct task *t, enum digest d)
{
	struct scram_key *key = &t->keys[d];

	*key = (struct scram_key){ .digest = d,
		                   .iterations = t->accounts->iterations,
		                   .salt_n = SCRAM_SALT };
	random_fill(key->salt, SCRAM_SALT);
}

static int set_password(struct task *t, struct str password, bool stored)
{
	struct str prepared;
	int r = password_prep(password, stored, &t->arena, &prepared);

	if (r < 0)
		return -EINVAL;
	/* A copy of our own: the given one is the caller's to wipe. */
	t->password = arena_str(&t->arena, prepared);
	return 0;
}

static void put_keys(struct task *t, struct store_tx *tx)
{
	struct store_place at = account_place(t->host, t->user);

	for (size_t i = 0; i < ARRAY_LEN(t->keys); i++)
		if (t->keys[i].iterations)
			tx_put(tx, &at, key_name((enum digest)i),
			       scram_key_write(&t->keys[i], &t->arena));
}

/* ---- registering ------------------------------------------------------------------------ */

static void on_register_derived(struct task *t)
{
	struct store_place at = account_place(t->host, t->user);
	struct store_tx *tx = tx_begin(t->accounts->store);

	tx_expect_absent(tx, &at, KEY_ACCOUNT);
	tx_forget(tx, t->host,
	          t->user); /* whatever was left under that name is not theirs */
	tx_put(tx, &at, KEY_ACCOUNT, STR("1"));
	put_keys(t, tx);
	tx_commit(tx, t->to, on_committed, t);
}

void accounts_register(struct accounts *a, struct str host, struct str user,
                       struct str password, struct inbox *to, accounts_done_fn fn,
                       void *arg)
{
	struct task *t = task_new(a, host, user, to, fn, arg);
	int r = jid_local_may_register(user) ? set_password(t, password, true) : -EINVAL;

	want_key(t, DIGEST_SHA1);
	want_key(t, DIGEST_SHA256);
	if (r == 0)
		r = task_derive(t, on_register_derived);
	if (r < 0)
		task_fail(t, r);
}

static void on_change_derived(struct task *t)
{
	struct store_place at = account_place(t->host, t->user);
	struct store_tx *tx = tx_begin(t->accounts->store);

	tx_expect_present(tx, &at, KEY_ACCOUNT);
	put_keys(t, tx);
	at.name = STR("fast"); /* tokens that the old password bought, XEP-0484 */
	tx_clear(tx, &at);
	tx_commit(tx, t->to, on_changed, t);
}

void accounts_set_password(struct accounts *a, struct str host, struct str user,
                           struct str password, struct inbox *to, accounts_done_fn fn,
                           void *arg)
{
	struct task *t = task_new(a, host, user, to, fn, arg);
	int r = set_password(t, password, true);

	want_key(t, DIGEST_SHA1);
	want_key(t, DIGEST_SHA256);
	if (r == 0)
		r = task_derive(t, on_change_derived);
	if (r < 0)
		task_fail(t, r);
}

void accounts_unregister(struct accounts *a, struct str host, struct str user,
                         struct inbox *to, accounts_done_fn fn, void *arg)
{
	struct task *t = task_new(a, host, user, to, fn, arg);
	struct store_place at = account_place(host, user);
	struct store_tx *tx = tx_begin(a->store);

	tx_expect_present(tx, &at, KEY_ACCOUNT);
	tx_forget(tx, host, user);
	tx_commit(tx, to, on_changed, t);
}

void accounts_disable(struct accounts *a, struct str host, struct str user,
                      const struct str *reason, struct inbox *to, accounts_done_fn fn,
                      void *arg)
{
	struct task *t = task_new(a, host, user, to, fn, arg);
	struct store_place at = account_place(host, user);
	struct store_tx *tx = tx_begin(a->store);

	tx_expect_present(tx, &at, KEY_ACCOUNT);
	if (reason)
		tx_put(tx, &at, KEY_DISABLED, *reason);
	else
		tx_del(tx, &at, KEY_DISABLED);
	tx_commit(tx, to, on_committed, t);
}

/* ---- asking ----------------------------------------------------------------------------- */

static void on_exists(void *arg, int result, const struct store_rows *rows)
{
	task_answer(arg, result < 0 ? result : rows->n ? 0 : -ENOENT);
}

void accounts_exists(struct accounts *a, struct str host, struct str user,
                     struct inbox *to, accounts_done_fn fn, void *arg)
{
	struct store_place at = account_place(host, user);

	store_get(a->store, &at, KEY_ACCOUNT, to, on_exists,
	          task_new(a, host, user, to, fn, arg));
}

void accounts_list(struct accounts *a, struct str host, struct str after, size_t limit,
                   struct inbox *to, store_rows_fn fn, void *arg)
{
	struct store_place at = account_place(host, STR(""));

	store_users(a->store, &at, KEY_ACCOUNT, after, limit, to, fn, arg);
}

void accounts_list_disabled(struct accounts *a, struct str host, struct str after,
                            size_t limit, struct inbox *to, store_rows_fn fn, void *arg)
{
	struct store_place at = account_place(host, STR(""));

	store_users(a->store, &at, KEY_DISABLED, after, limit, to, fn, arg);
}

/* Whether a name is taken, and whether the account is disabled, must not show in how long a login
 * takes; a row more from the store is a microsecond and a half. So a login reads every key of an
 * account once: those the account has, and the others from a decoy. */
struct str account_key(size_t i)
{
	static const struct str keys[ACCOUNT_KEYS] = { STR_INIT("account"),
		                                       STR_INIT("disabled"),
		                                       STR_INIT("scram-sha-1"),
		                                       STR_INIT("scram-sha-256") };

	return keys[i];
}

struct store_place decoy_place(struct str host, unsigned mask, struct arena *a)
{
	return (struct store_place){ host, STR(""), arena_fmt(a, "decoy-%x", mask) };
}

static unsigned mask_of(const struct store_rows *rows)
{
	unsigned mask = 0;

	for (size_t i = 0; i < rows->n; i++)
		for (size_t k = 0; k < ACCOUNT_KEYS; k++)
			if (str_eq(rows->p[i].key, account_key(k)))
				mask |= 1u << k;
	return mask;
}

/* A key that cannot be read is one that is not there: the login fails, the log of the store's
 * check says more. */
static void read_row_of_account(const struct store_row *row, struct sasl_account *out)
{
	if (str_eq(row->key, KEY_ACCOUNT))
		out->exists = true;
	else if (str_eq(row->key, KEY_DISABLED))
		out->disabled = true;
	for (int d = 0; d < 2; d++)
		if (str_eq(row->key, key_name((enum digest)d)))
			out->has_key[d] = scram_key_read((enum digest)d, row->value,
			                                 &out->keys[d]) == 0;
}

static void read_account(const struct store_rows *rows, struct sasl_account *out)
{
	*out = (struct sasl_account){ 0 };
	for (size_t i = 0; i < rows->n; i++)
		read_row_of_account(&rows->p[i], out);
}

static void on_decoy(void *arg, int result, const struct store_rows *rows)
{
	struct task *t = arg;
	struct sasl_account decoy;

	if (result == 0)
		read_account(rows, &decoy);
	host_invent(t->accounts, t->host, t->user, &t->account);
	t->on_load(t->arg, result, &t->account);
	task_free(t);
}

static void on_loaded(void *arg, int result, const struct store_rows *rows)
{
	struct task *t = arg;

	if (result < 0) {
		t->on_load(t->arg, result, &t->account);
		task_free(t);
		return;
	}
	struct store_place at = decoy_place(t->host, mask_of(rows), &t->arena);
	read_account(rows, &t->account);
	store_list(t->accounts->store, &at, t->to, on_decoy, t);
}

void accounts_load(struct accounts *a, struct str host, struct str user, struct inbox *to,
                   accounts_load_fn fn, void *arg)
{
	struct task *t = task_new(a, host, user, to, NULL, arg);
	struct store_place at = account_place(host, user);

	t->on_load = fn;
	store_list(a->store, &at, to, on_loaded, t);
}

static void on_check_derived(struct task *t)
{
	int r = -EACCES;

	for (size_t i = 0; i < ARRAY_LEN(t->keys); i++)
		if (t->keys[i].iterations && t->account.has_key[i] &&
		    secret_eq(t->keys[i].stored, t->account.keys[i].stored,
		              digest_size(t->keys[i].digest)))
			r = 0;
	if (!t->account.exists)
		r = -ENOENT;
	else if (r == 0 && t->account.disabled)
		r = -EPERM;
	task_answer(t, r);
}

static void on_check_loaded(void *arg, int result, const struct store_rows *rows)
{
	struct task *t = arg;

	if (result == 0) {
		read_account(rows, &t->account);
		host_invent(t->accounts, t->host, t->user, &t->account);
		enum digest d =
			t->account.has_key[DIGEST_SHA256] ? DIGEST_SHA256 : DIGEST_SHA1;
		t->keys[d] = t->account.keys[d];
		result = task_derive(t, on_check_derived);
	}
	if (result < 0)
		task_answer(t, result);
}

void accounts_check_password(struct accounts *a, struct str host, struct str user,
                             struct str password, struct inbox *to, accounts_done_fn fn,
                             void *arg)
{
	struct task *t = task_new(a, host, user, to, fn, arg);
	struct store_place at = account_place(host, user);

	if (set_password(t, password, false) < 0)
		task_fail(t, -EACCES);
	else
		store_list(a->store, &at, to, on_check_loaded, t);
}

/* ---- keys that lack --------------------------------------------------------------------- */

static void on_complete_derived(struct task *t)
{
	struct store_place at = account_place(t->host, t->user);
	struct store_tx *tx = tx_begin(t->accounts->store);

	for (size_t i = 0; i < ARRAY_LEN(t->keys); i++) {
		if (t->keys[i].iterations)
			tx_expect_absent(tx, &at, key_name((enum digest)i));
		else
			tx_expect_value(tx, &at, key_name((enum digest)i),
			                scram_key_write(&t->account.keys[i], &t->arena));
	}
	put_keys(t, tx);
	tx_commit(tx, t->to, on_changed, t);
}

void accounts_complete(struct accounts *a, struct str host, struct str user,
                       struct str password, const struct sasl_account *account,
                       struct inbox *to)
{
	const bool *has = account->has_key;

	if (has[DIGEST_SHA1] ==
	    has[DIGEST_SHA256]) /* both; or none, and nothing was proven */
		return;
	struct task *t = task_new(a, host, user, to, NULL, NULL);
	t->account = *account;
	want_key(t, has[DIGEST_SHA1] ? DIGEST_SHA256 : DIGEST_SHA1);
	if (set_password(t, password, true) < 0 ||
	    task_derive(t, on_complete_derived) < 0)
		task_free(t); /* the next login tries again */
}
