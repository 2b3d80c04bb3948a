/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A login runs on the thread of its inbox's owner alone. At any moment at most one thing is
 * under way for it: a look-up, a derivation, or its own reply in the inbox. login_free while
 * something is under way only marks it; what comes back then frees it.
 */
#include "herald/auth/login.h"

#include <assert.h>

#include "base/base64.h"
#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "io/pool.h"
#include "io/random.h"

enum { NONCE_BYTES = 18 };

struct login {
	struct pool_job job; /* first: the job is the login */
	struct inbox_item reply;
	const struct auth *auth;
	struct inbox *to;
	login_fn fn;
	void *arg;
	struct str host, place; /* of the peer, ours */
	struct arena arena;
	struct sasl *sasl;
	struct sasl_account account;
	enum sasl_step step;
	bool under_way, is_freed;
};

/* ---- what is offered -------------------------------------------------------------------- */

static bool has_binding(const struct sasl_peer *peer)
{
	for (int i = 0; i < SASL_BIND_COUNT; i++)
		if (peer->bindings[i].n)
			return true;
	return false;
}

uint32_t auth_offer(const struct auth *auth, const struct sasl_peer *peer,
                    uint32_t disabled)
{
	uint32_t mask = SASL_MASK(SASL_SCRAM_SHA_1);

	if (accounts_all_have_sha256(auth->accounts, peer->host))
		mask |= SASL_MASK(SASL_SCRAM_SHA_256);
	if (has_binding(peer) && (mask & SASL_MASK(SASL_SCRAM_SHA_256)))
		mask |= SASL_MASK(SASL_SCRAM_SHA_256_PLUS);
	if (has_binding(peer))
		mask |= SASL_MASK(SASL_SCRAM_SHA_1_PLUS);
	if (peer->encrypted || auth->plain_without_tls)
		mask |= SASL_MASK(SASL_PLAIN);
	if (peer->encrypted && peer->n_cert_users)
		mask |= SASL_MASK(SASL_EXTERNAL);
	return mask & ~disabled;
}

/* ---- life ------------------------------------------------------------------------------- */

struct login *login_new(const struct auth *auth, const struct sasl_peer *peer,
                        uint32_t offered, struct inbox *to, login_fn fn, void *arg)
{
	struct login *l = base_calloc(1, sizeof(*l));
	uint8_t bytes[NONCE_BYTES];
	auto_buf nonce = { 0 };

	random_fill(bytes, sizeof(bytes));
	base64_encode(&nonce, (struct str){ (char *)bytes, sizeof(bytes) });
	l->auth = auth;
	l->to = to;
	l->fn = fn;
	l->arg = arg;
	l->host = arena_str(&l->arena, peer->host);
	l->place = arena_str(&l->arena, peer->place);
	l->sasl = sasl_new(peer, offered, arena_str(&l->arena, buf_as_str(&nonce)));
	return l;
}

static void login_end(struct login *l)
{
	sasl_free(l->sasl);
	secret_wipe(&l->account, sizeof(l->account));
	arena_fini(&l->arena);
	free(l);
}

void login_free(struct login *l)
{
	if (!l)
		return;
	l->is_freed = true;
	if (!l->under_way)
		login_end(l);
}

/* What was under way is back. False: the login was freed meanwhile, and is gone now. */
static bool come_back(struct login *l)
{
	l->under_way = false;
	if (!l->is_freed)
		return true;
	login_end(l);
	return false;
}

/* ---- replies ---------------------------------------------------------------------------- */

/* A password that was right brings the keys that the account lacks. */
static void complete_keys(struct login *l)
{
	struct str password = sasl_password(l->sasl);

	if (l->step == SASL_SUCCESS && password.n)
		accounts_complete(l->auth->accounts, l->host, sasl_user(l->sasl),
		                  password, &l->account, l->to);
}

static enum login_kind kind_of(enum sasl_step step)
{
	if (step == SASL_CHALLENGE)
		return LOGIN_CHALLENGE;
	return step == SASL_SUCCESS ? LOGIN_SUCCESS : LOGIN_FAILURE;
}

static void on_reply(struct inbox_item *item)
{
	struct login *l = (struct login *)((char *)item - offsetof(struct login, reply));

	if (!come_back(l))
		return;
	struct login_reply reply = {
		.kind = kind_of(l->step),
		.data = sasl_out(l->sasl),
		.user = sasl_user(l->sasl),
		.failure = sasl_failed(l->sasl),
		.reason = l->step == SASL_FAILURE ? sasl_reason(l->sasl) : NULL,
	};
	complete_keys(l);
	l->fn(l->arg, &reply); /* may free the login */
}

static void reply(struct login *l, enum sasl_step step)
{
	l->step = step;
	l->under_way = true;
	l->reply.fn = on_reply;
	inbox_post(l->to, &l->reply);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void go_on(struct login *l, enum sasl_step step);

static void on_keys(void *arg, int result, const struct sasl_account *account)
{
	struct login *l = arg;

	if (!come_back(l))
		return;
	if (result < 0) {
		go_on(l, sasl_abort(l->sasl, store_error_text(result)));
		return;
	}
	l->account = *account;
	go_on(l, sasl_keys(l->sasl, account));
}

static void work(struct pool_job *job)
{
	struct login *l = (struct login *)job;
	struct sasl_derivation *d = sasl_derivation(l->sasl);

	scram_key_derive(&d->key, d->password);
}

static void on_derived(struct pool_job *job)
{
	struct login *l = (struct login *)job;

	if (l->auth->quota && l->place.n)
		tally_take(&l->auth->quota->used, l->place);
	if (come_back(l))
		go_on(l, sasl_derived(l->sasl));
}

static void derive(struct login *l)
{
	l->job.work = work;
	l->job.done = on_derived;
	l->job.to = l->to;
	struct quota *quota = l->place.n ? l->auth->quota : NULL;
	if (quota && tally_get(&quota->used, l->place) >= quota->max) {
		reply(l, sasl_abort(l->sasl,
		                    "too many key derivations for this address wait"));
		return;
	}
	if (pool_submit(l->auth->pool, &l->job) < 0) {
		reply(l, sasl_abort(l->sasl, "too many key derivations wait"));
		return;
	}
	if (quota)
		tally_add(&quota->used, l->place);
	l->under_way = true;
}

static void go_on(struct login *l, enum sasl_step step)
{
	switch (step) {
	case SASL_CHALLENGE:
	case SASL_SUCCESS:
	case SASL_FAILURE:
		reply(l, step);
		return;
	case SASL_NEED_KEYS:
		l->under_way = true;
		accounts_load(l->auth->accounts, l->host, sasl_user(l->sasl), l->to,
		              on_keys, l);
		return;
	case SASL_NEED_DERIVE:
		derive(l);
		return;
	}
}

void login_start(struct login *l, struct str mechanism, const struct str *initial)
{
	assert(!l->under_way);
	go_on(l, sasl_start(l->sasl, mechanism, initial));
}

void login_response(struct login *l, struct str data)
{
	assert(!l->under_way);
	go_on(l, sasl_input(l->sasl, data));
}
