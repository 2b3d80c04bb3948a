/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/auth/sasl.h"

#include "base/oom.h"
#include "herald/auth/mech.h"
#include "herald/jid/jid.h"

/* ---- names ------------------------------------------------------------------------------ */

static const char *const mech_names[] = {
#define X(id, name) name,
	SASL_MECHS(X)
#undef X
};

const char *sasl_mech_name(enum sasl_mech m)
{
	return mech_names[m];
}

int sasl_mech_find(struct str name)
{
	for (int i = 0; i < SASL_MECH_COUNT; i++)
		if (str_is(name, mech_names[i]))
			return i;
	return -1;
}

const char *sasl_failure_name(enum sasl_failure f)
{
	static const char *const names[] = {
#define X(id, name) name,
		SASL_FAILURES(X)
#undef X
	};

	return names[f];
}

const char *sasl_binding_name(enum sasl_binding b)
{
	static const char *const names[SASL_BIND_COUNT] = {
		[SASL_BIND_EXPORTER] = "tls-exporter",
		[SASL_BIND_ENDPOINT] = "tls-server-end-point",
		[SASL_BIND_UNIQUE] = "tls-unique",
	};

	return names[b];
}

/* NULL: nothing here runs it (the HT mechanisms are SASL2's, see ht.h). */
static const struct sasl_ops *mech_ops(enum sasl_mech m)
{
	switch (m) {
	case SASL_SCRAM_SHA_256_PLUS:
	case SASL_SCRAM_SHA_1_PLUS:
	case SASL_SCRAM_SHA_256:
	case SASL_SCRAM_SHA_1:
		return &sasl_scram;
	case SASL_EXTERNAL:
		return &sasl_external;
	case SASL_PLAIN:
		return &sasl_plain;
	case SASL_HT_SHA_256_EXPR:
	case SASL_HT_SHA_256_UNIQ:
	case SASL_HT_SHA_256_ENDP:
	case SASL_HT_SHA_256_NONE:
	case SASL_MECH_COUNT:
		break;
	}
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------- */

struct sasl *sasl_new(const struct sasl_peer *peer, uint32_t offered, struct str nonce)
{
	struct sasl *s = base_calloc(1, sizeof(*s));

	s->peer = peer;
	s->offered = offered;
	s->server_nonce = nonce;
	return s;
}

void sasl_free(struct sasl *s)
{
	if (!s)
		return;
	if (s->derivation.password.n)
		/* In our arena, see plain.c. */
		secret_wipe((void *)(uintptr_t)s->derivation.password.p,
		            s->derivation.password.n);
	secret_wipe(&s->derivation.key, sizeof(s->derivation.key));
	arena_fini(&s->arena);
	free(s);
}

/* ---- steps ------------------------------------------------------------------------------ */

enum sasl_step sasl_fail(struct sasl *s, enum sasl_failure f, const char *reason)
{
	s->failure = f;
	s->reason = reason;
	s->out = (struct str){ 0 };
	return SASL_FAILURE;
}

enum sasl_step sasl_start(struct sasl *s, struct str mechanism, const struct str *initial)
{
	int m = sasl_mech_find(mechanism);

	if (s->ops)
		return sasl_fail(s, SASL_FAIL_MALFORMED_REQUEST, "started twice");
	if (m < 0 || !(s->offered & SASL_MASK(m)) || !mech_ops((enum sasl_mech)m))
		return sasl_fail(s, SASL_FAIL_INVALID_MECHANISM, "mechanism not offered");
	s->ops = mech_ops((enum sasl_mech)m);
	scram_init(s, (enum sasl_mech)m);
	if (initial)
		return s->ops->first(s, *initial);
	s->awaits_first = true;
	return SASL_CHALLENGE;
}

enum sasl_step sasl_input(struct sasl *s, struct str data)
{
	s->out = (struct str){ 0 };
	if (s->awaits_first) {
		s->awaits_first = false;
		return s->ops->first(s, data);
	}
	if (!s->ops || !s->ops->next)
		return sasl_fail(s, SASL_FAIL_MALFORMED_REQUEST, "a message too many");
	return s->ops->next(s, data);
}

enum sasl_step sasl_keys(struct sasl *s, const struct sasl_account *account)
{
	s->is_known = account->exists;
	s->is_disabled = account->disabled;
	return s->ops->keys(s, account);
}

enum sasl_step sasl_derived(struct sasl *s)
{
	return s->ops->derived(s);
}

enum sasl_step sasl_abort(struct sasl *s, const char *reason)
{
	return sasl_fail(s, SASL_FAIL_TEMPORARY_AUTH_FAILURE, reason);
}

enum sasl_step sasl_judge(struct sasl *s, bool proven)
{
	if (!s->is_known)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "no such account");
	if (!proven)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "wrong password");
	if (s->is_disabled)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "the account is disabled");
	return SASL_SUCCESS;
}

/* ---- identities ------------------------------------------------------------------------- */

bool sasl_set_user(struct sasl *s, struct str name)
{
	struct str user;

	if (jid_prep_local(name, &s->arena, &user) < 0)
		return false;
	s->user = arena_str(&s->arena, user);
	return true;
}

bool sasl_authzid_ok(const struct sasl *s, struct str authzid)
{
	struct str host = s->peer->host, user = s->user;

	if (authzid.n == 0)
		return true;
	return authzid.n == user.n + 1 + host.n && str_starts(authzid, user) &&
	       authzid.p[user.n] == '@' && str_ends(authzid, host);
}

/* ---- questions -------------------------------------------------------------------------- */

struct sasl_derivation *sasl_derivation(struct sasl *s)
{
	return &s->derivation;
}

struct str sasl_user(const struct sasl *s)
{
	return s->user;
}

struct str sasl_out(const struct sasl *s)
{
	return s->out;
}

enum sasl_failure sasl_failed(const struct sasl *s)
{
	return s->failure;
}

const char *sasl_reason(const struct sasl *s)
{
	return s->reason;
}

struct str sasl_password(const struct sasl *s)
{
	return s->derivation.password;
}
