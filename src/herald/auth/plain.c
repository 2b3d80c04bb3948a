/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* PLAIN, RFC 4616, and EXTERNAL, RFC 4422 appendix A with XEP-0178's rules: one message each. */
#include "herald/auth/mech.h"

/* ---- PLAIN ------------------------------------------------------------------------------ */

struct plain {
	struct str authzid, authcid, password;
};

/* authzid NUL authcid NUL password: two NULs, not one more. */
static bool plain_read(struct str data, struct plain *out)
{
	size_t first = str_find(data, '\0');
	struct str rest = str_sub(data, first + 1, data.n);
	size_t second = str_find(rest, '\0');

	if (first >= data.n || second >= rest.n)
		return false;
	*out = (struct plain){ str_sub(data, 0, first), str_sub(rest, 0, second),
		               str_sub(rest, second + 1, rest.n) };
	return out->authcid.n > 0 && str_find(out->password, '\0') == out->password.n;
}

static enum sasl_step plain_first(struct sasl *s, struct str data)
{
	struct plain p;
	struct str password;

	if (!plain_read(data, &p))
		return sasl_fail(s, SASL_FAIL_MALFORMED_REQUEST,
		                 "malformed PLAIN message");
	if (!sasl_set_user(s, p.authcid))
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "not a user name");
	if (!sasl_authzid_ok(s, p.authzid))
		return sasl_fail(s, SASL_FAIL_INVALID_AUTHZID,
		                 "authorization as somebody else asked");
	if (password_prep(p.password, false, &s->arena, &password) < 0)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "not a password");
	/* A copy of our own, which sasl_free wipes. */
	s->derivation.password = arena_str(&s->arena, password);
	return SASL_NEED_KEYS;
}

/* Rounds of SHA-1's compression, of which SHA-256's costs about two. */
static uint64_t cost(const struct sasl_account *account, enum digest d)
{
	uint64_t rounds = account->keys[d].iterations;

	if (!account->has_key[d])
		return UINT64_MAX;
	return d == DIGEST_SHA256 ? 2 * rounds : rounds;
}

/* The key that is checked sooner: a password fits both or none, and whoever has stolen the keys
 * would try the cheaper one as well. */
static enum sasl_step plain_keys(struct sasl *s, const struct sasl_account *account)
{
	enum digest d = DIGEST_SHA1;

	if (cost(account, DIGEST_SHA256) < cost(account, DIGEST_SHA1))
		d = DIGEST_SHA256;
	s->scram.key = account->keys[d];
	s->scram.has_key = account->has_key[d];
	s->derivation.key = account->keys[d];
	return SASL_NEED_DERIVE;
}

static enum sasl_step plain_derived(struct sasl *s)
{
	const struct scram_key *want = &s->scram.key, *got = &s->derivation.key;

	return sasl_judge(
		s, secret_eq(want->stored, got->stored, digest_size(want->digest)));
}

const struct sasl_ops sasl_plain = {
	.first = plain_first,
	.keys = plain_keys,
	.derived = plain_derived,
};

/* ---- EXTERNAL --------------------------------------------------------------------------- */

/* The user of the certificate that the message means: the only one, or the one it names. */
static bool choose_user(struct sasl *s, struct str authzid)
{
	const struct sasl_peer *peer = s->peer;

	for (size_t i = 0; i < peer->n_cert_users; i++) {
		s->user = peer->cert_users[i];
		if (authzid.n ? sasl_authzid_ok(s, authzid) : peer->n_cert_users == 1)
			return true;
	}
	s->user = (struct str){ 0 };
	return false;
}

static enum sasl_step external_first(struct sasl *s, struct str data)
{
	if (!s->peer->n_cert_users)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED,
		                 "no certificate of an account");
	if (!choose_user(s, data))
		return sasl_fail(s, SASL_FAIL_INVALID_AUTHZID,
		                 "the certificate does not name that address alone");
	return SASL_NEED_KEYS;
}

static enum sasl_step external_keys(struct sasl *s, const struct sasl_account *account)
{
	(void)account;
	return sasl_judge(s, true);
}

const struct sasl_ops sasl_external = {
	.first = external_first,
	.keys = external_keys,
};
