/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SCRAM, RFC 5802 (messages: section 7) and RFC 7677, the server's side.
 *
 *   client-first   gs2 "," [authzid] "," "n=" user ",r=" nonce          -> keys are looked up
 *   server-first   "r=" nonce ",s=" salt ",i=" count [",h=" …][",t=" …]
 *   client-final   "c=" gs2 and binding ",r=" nonce ",p=" proof         -> proof is checked
 *   server-final   "v=" signature
 *
 * Both ends sign all three first texts, so what stands in them cannot be changed on the way:
 * XEP-0474 puts a hash of what was offered there, XEP-0515 the TLS version.
 */
#include "base/base64.h"
#include "herald/auth/mech.h"

enum { NONCE_MIN = 8, NONCE_MAX = 256, NAME_MAX_BYTES = 3 * 1023 };

void scram_init(struct sasl *s, enum sasl_mech m)
{
	bool sha256 = m == SASL_SCRAM_SHA_256 || m == SASL_SCRAM_SHA_256_PLUS;

	s->scram.digest = sha256 ? DIGEST_SHA256 : DIGEST_SHA1;
	s->scram.plus = m == SASL_SCRAM_SHA_1_PLUS || m == SASL_SCRAM_SHA_256_PLUS;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* Takes "X=value" up to the next comma or the end; false when it is another attribute. */
static bool take_attribute(struct str *rest, char name, struct str *value)
{
	size_t n = str_find(*rest, ',');

	if (n < 2 || rest->p[0] != name || rest->p[1] != '=')
		return false;
	*value = str_sub(*rest, 2, n - 2);
	*rest = str_sub(*rest, n + 1, rest->n);
	return true;
}

/* An attribute that we do not know; "m=" is the one that must not be passed over. */
static bool take_extension(struct str *rest)
{
	struct str value;

	return rest->n && rest->p[0] != 'm' && take_attribute(rest, rest->p[0], &value);
}

static bool has_nul(struct str s)
{
	return str_find(s, '\0') < s.n;
}

static bool take_comma(struct str *rest)
{
	if (!rest->n || rest->p[0] != ',')
		return false;
	*rest = str_sub(*rest, 1, rest->n);
	return true;
}

/* saslname: "=2C" is a comma, "=3D" an equals sign, no other "=" and no NUL may stand. */
static bool decode_name(struct str in, struct arena *a, struct str *out)
{
	char *p = arena_alloc(a, in.n);
	size_t n = 0;

	if (in.n == 0 || in.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		struct str code = str_sub(in, i, 3);
		if (in.p[i] != '=') {
			p[n++] = in.p[i];
			continue;
		}
		if (!str_is(code, "=2C") && !str_is(code, "=3D"))
			return false;
		p[n++] = code.p[2] == 'C' ? ',' : '=';
		i += 2;
	}
	*out = (struct str){ p, n };
	return true;
}

static bool nonce_ok(struct str nonce)
{
	for (size_t i = 0; i < nonce.n; i++)
		if (nonce.p[i] < 0x21 || nonce.p[i] > 0x7e || nonce.p[i] == ',')
			return false;
	return nonce.n >= NONCE_MIN && nonce.n <= NONCE_MAX;
}

/* ---- channel binding -------------------------------------------------------------------- */

static uint32_t plus_mask(void)
{
	return SASL_MASK(SASL_SCRAM_SHA_1_PLUS) | SASL_MASK(SASL_SCRAM_SHA_256_PLUS);
}

static bool find_binding(struct sasl *s, struct str name)
{
	for (int i = 0; i < SASL_BIND_COUNT; i++) {
		if (!str_is(name, sasl_binding_name((enum sasl_binding)i)))
			continue;
		s->scram.binding = (enum sasl_binding)i;
		return s->peer->bindings[i].n > 0;
	}
	return false;
}

/* gs2-cbind-flag: "n", "y" or "p=type"; NULL when it is well, else what is wrong with it. */
static const char *check_flag(struct sasl *s, struct str flag)
{
	if (str_starts(flag, STR("p="))) {
		if (!s->scram.plus)
			return "channel binding without -PLUS";
		return find_binding(s, str_sub(flag, 2, flag.n))
		               ? NULL
		               : "channel binding of a type that is not offered";
	}
	if (!str_is(flag, "n") && !str_is(flag, "y"))
		return "malformed channel binding flag";
	if (s->scram.plus)
		return "-PLUS without channel binding";
	/* The client can bind and believes that we cannot: somebody took -PLUS out of the
	 * offer, RFC 5802 section 6. */
	if (str_is(flag, "y") && (s->offered & plus_mask()))
		return "the offer of channel binding did not reach the client";
	return NULL;
}

/* ---- the first messages ----------------------------------------------------------------- */

/* The header "flag,[a=authzid],"; *rest is left at the bare message. */
static bool take_gs2(struct sasl *s, struct str *rest, struct str *flag,
                     struct str *authzid)
{
	struct str whole = *rest;
	size_t n = str_find(whole, ',');

	*flag = str_sub(whole, 0, n);
	*authzid = (struct str){ 0 };
	*rest = str_sub(whole, n, whole.n);
	if (!take_comma(rest))
		return false;
	if (!take_comma(rest) && (!take_attribute(rest, 'a', authzid) || !authzid->n))
		return false;
	s->scram.gs2 = str_sub(whole, 0, whole.n - rest->n);
	return s->scram.gs2.p[s->scram.gs2.n - 1] == ',';
}

/* "n=user,r=nonce" and extensions. */
static bool take_bare(struct sasl *s, struct str bare, struct str *name)
{
	struct str rest = bare;

	s->scram.client_bare = bare;
	if (!take_attribute(&rest, 'n', name) ||
	    !take_attribute(&rest, 'r', &s->scram.client_nonce) ||
	    !nonce_ok(s->scram.client_nonce))
		return false;
	while (rest.n)
		if (!take_extension(&rest))
			return false;
	return true;
}

static enum sasl_step first(struct sasl *s, struct str data)
{
	struct str rest = arena_str(&s->arena, data), flag, authzid, coded, name, asked;

	if (has_nul(data) || !take_gs2(s, &rest, &flag, &authzid) ||
	    !take_bare(s, rest, &coded) || !decode_name(coded, &s->arena, &name))
		return sasl_fail(s, SASL_FAIL_MALFORMED_REQUEST,
		                 "malformed first message");
	const char *wrong = check_flag(s, flag);
	if (wrong)
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, wrong);
	if (!sasl_set_user(s, name))
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "not a user name");
	if (authzid.n &&
	    (!decode_name(authzid, &s->arena, &asked) || !sasl_authzid_ok(s, asked)))
		return sasl_fail(s, SASL_FAIL_INVALID_AUTHZID,
		                 "authorization as somebody else asked");
	return SASL_NEED_KEYS;
}

/* ---- downgrade protection --------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names, sorted, with 0x1E between them. */
static void put_sorted(struct buf *b, const char **names, size_t n)
{
	if (n)
		qsort(names, n, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, '\x1e');
		buf_cstr(b, names[i]);
	}
}

/* XEP-0474 section 5.1. The types are listed (XEP-0440) when there is one at all. */
static void put_offer_hash(struct sasl *s, struct buf *out)
{
	const char *names[SASL_MECH_COUNT], *types[SASL_BIND_COUNT];
	uint8_t hash[DIGEST_MAX];
	size_t n = 0, n_types = 0;
	auto_buf text = { 0 };

	for (int i = 0; i < SASL_MECH_COUNT; i++)
		if (s->offered & SASL_MASK(i))
			names[n++] = sasl_mech_name((enum sasl_mech)i);
	for (int i = 0; i < SASL_BIND_COUNT; i++)
		if (s->peer->bindings[i].n)
			types[n_types++] = sasl_binding_name((enum sasl_binding)i);
	put_sorted(&text, names, n);
	if (n_types)
		buf_char(&text, '\x1f');
	put_sorted(&text, types, n_types);
	digest(s->scram.digest, buf_as_str(&text), hash);
	base64_encode(out, (struct str){ (char *)hash, digest_size(s->scram.digest) });
}

static enum sasl_step keys(struct sasl *s, const struct sasl_account *account)
{
	struct scram *c = &s->scram;
	auto_buf out = { 0 };

	c->key = account->keys[c->digest];
	c->has_key = account->has_key[c->digest];
	c->nonce = arena_fmt(&s->arena, STR_FMT STR_FMT, STR_ARG(c->client_nonce),
	                     STR_ARG(s->server_nonce));
	buf_fmt(&out, "r=" STR_FMT ",s=", STR_ARG(c->nonce));
	base64_encode(&out, (struct str){ (char *)c->key.salt, c->key.salt_n });
	buf_fmt(&out, ",i=%u", (unsigned)c->key.iterations);
	if (!s->peer->no_downgrade_hash) {
		buf_cstr(&out, ",h=");
		put_offer_hash(s, &out);
	}
	if (!s->peer->no_downgrade_hash && s->peer->tls_version)
		buf_fmt(&out, ",t=%04x", (unsigned)s->peer->tls_version);
	c->server_first = arena_str(&s->arena, buf_as_str(&out));
	s->out = c->server_first;
	return SASL_CHALLENGE;
}

/* ---- the final messages ----------------------------------------------------------------- */

/* Whether "c=" holds the header as it came, and the channel's data behind it. */
static bool binding_ok(struct sasl *s, struct str coded)
{
	struct str got, data = { 0 };

	if (base64_decode(coded, &s->arena, &got) < 0)
		return false;
	if (s->scram.plus)
		data = s->peer->bindings[s->scram.binding];
	return got.n == s->scram.gs2.n + data.n && str_starts(got, s->scram.gs2) &&
	       str_eq(str_sub(got, s->scram.gs2.n, got.n), data);
}

/* All of the final message; `unsigned_n` is the length of what the proof signs. */
struct final {
	struct str binding, nonce, proof;
	size_t unsigned_n;
};

/* The proof stands last, extensions before it. */
static bool read_final(struct str data, struct final *f)
{
	struct str rest = data;

	if (!take_attribute(&rest, 'c', &f->binding) ||
	    !take_attribute(&rest, 'r', &f->nonce))
		return false;
	for (;;) {
		size_t left = rest.n;
		if (take_attribute(&rest, 'p', &f->proof)) {
			f->unsigned_n = data.n - left - 1;
			return rest.n == 0 && data.p[data.n - 1] != ',';
		}
		if (!take_extension(&rest))
			return false;
	}
}

/* ClientKey is what the proof hides; its hash must be StoredKey. */
static bool proof_ok(struct sasl *s, struct str proof, struct str message)
{
	const struct scram_key *key = &s->scram.key;
	uint8_t signature[DIGEST_MAX], client[DIGEST_MAX], stored[DIGEST_MAX];
	size_t n = digest_size(key->digest);

	hmac(key->digest, (struct str){ (const char *)key->stored, n }, message, STR(""),
	     signature);
	for (size_t i = 0; i < n; i++)
		client[i] = (uint8_t)proof.p[i] ^ signature[i];
	digest(key->digest, (struct str){ (char *)client, n }, stored);
	bool same = secret_eq(stored, key->stored, n);
	secret_wipe(client, sizeof(client));
	return same;
}

static struct str server_final(struct sasl *s, struct str message)
{
	const struct scram_key *key = &s->scram.key;
	uint8_t signature[DIGEST_MAX];
	size_t n = digest_size(key->digest);
	auto_buf out = { 0 };

	hmac(key->digest, (struct str){ (const char *)key->server, n }, message, STR(""),
	     signature);
	buf_cstr(&out, "v=");
	base64_encode(&out, (struct str){ (char *)signature, n });
	return arena_str(&s->arena, buf_as_str(&out));
}

static enum sasl_step next(struct sasl *s, struct str data)
{
	struct scram *c = &s->scram;
	struct final f;
	struct str proof;

	if (!c->server_first.n || has_nul(data) || !read_final(data, &f) ||
	    base64_decode(f.proof, &s->arena, &proof) < 0 ||
	    proof.n != digest_size(c->digest))
		return sasl_fail(s, SASL_FAIL_MALFORMED_REQUEST,
		                 "malformed final message");
	if (!str_eq(f.nonce, c->nonce))
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED, "another nonce");
	if (!binding_ok(s, f.binding))
		return sasl_fail(s, SASL_FAIL_NOT_AUTHORIZED,
		                 "the channel binding differs");
	struct str message = arena_fmt(&s->arena, STR_FMT "," STR_FMT "," STR_FMT,
	                               STR_ARG(c->client_bare), STR_ARG(c->server_first),
	                               STR_ARG(str_sub(data, 0, f.unsigned_n)));
	/* Made for everybody, so that no answer comes sooner than another. */
	struct str out = server_final(s, message);
	bool proven = proof_ok(s, proof, message);
	enum sasl_step step = sasl_judge(s, proven && c->has_key);
	c->server_first = (struct str){ 0 }; /* no second try with these nonces */
	if (step == SASL_SUCCESS)
		s->out = out;
	return step;
}

const struct sasl_ops sasl_scram = {
	.first = first,
	.next = next,
	.keys = keys,
};
