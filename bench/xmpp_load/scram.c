/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* SCRAM's client, RFC 5802, without channel binding. The salted password is kept: all accounts
 * of a bench have the same salt, and the generator must not be what is measured. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "load.h"

#define NONCE "bench-nonce-bench-nonce"

struct scram {
	const EVP_MD *md;
	struct buf bare; /* client-first-message-bare */
};

/* The last one derived. */
struct salted {
	const EVP_MD *md;
	int iterations;
	size_t salt_n;
	char salt[128];
	unsigned char key[EVP_MAX_MD_SIZE];
};

struct scram *scram_begin(const char *mechanism, const char *user, struct buf *out)
{
	struct scram *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->md = strcmp(mechanism, "SCRAM-SHA-256") == 0 ? EVP_sha256() : EVP_sha1();
	buf_fmt(&s->bare, "n=%s,r=" NONCE, user);
	buf_fmt(out, "n,,%s", s->bare.p);
	return s;
}

void scram_free(struct scram *s)
{
	if (!s)
		return;
	buf_fini(&s->bare);
	free(s);
}

/* The value of `name=` among the parts. */
static struct str part(struct str text, char name)
{
	while (text.n) {
		struct str one = str_sub(text, 0, str_find(text, ','));
		if (one.n > 2 && one.p[0] == name && one.p[1] == '=')
			return str_sub(one, 2, one.n);
		text = str_sub(text, one.n + 1, text.n);
	}
	return STR("");
}

static void mac(const EVP_MD *md, const void *key, size_t n, struct str text,
                unsigned char *out)
{
	HMAC(md, key, (int)n, (const unsigned char *)text.p, text.n, out, NULL);
}

static const unsigned char *salted_password(const EVP_MD *md, const char *password,
                                            struct str salt, int iterations)
{
	static struct salted last;
	size_t n = (size_t)EVP_MD_get_size(md);

	if (last.md == md && last.iterations == iterations && last.salt_n == salt.n &&
	    memcmp(last.salt, salt.p, salt.n) == 0)
		return last.key;
	if (salt.n > sizeof(last.salt))
		give_up("SCRAM", str_from("the salt is too long"));
	PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const unsigned char *)salt.p,
	                  (int)salt.n, iterations, md, (int)n, last.key);
	last.md = md;
	last.iterations = iterations;
	last.salt_n = salt.n;
	memcpy(last.salt, salt.p, salt.n);
	return last.key;
}

void scram_answer(struct scram *s, const char *password, struct str challenge,
                  struct buf *out)
{
	unsigned char key[EVP_MAX_MD_SIZE], stored[EVP_MAX_MD_SIZE],
		proof[EVP_MAX_MD_SIZE];
	struct str nonce = part(challenge, 'r'), salt, count = part(challenge, 'i');
	size_t n = (size_t)EVP_MD_get_size(s->md);
	auto_arena a = { 0 };
	auto_buf message = { 0 };
	uint64_t iterations;

	if (!nonce.n || base64_decode(part(challenge, 's'), &a, &salt) < 0 ||
	    str_to_u64(count, 10, &iterations) < 0)
		give_up("SCRAM", challenge);
	mac(s->md, salted_password(s->md, password, salt, (int)iterations), n,
	    STR("Client Key"), key);
	EVP_Digest(key, n, stored, NULL, s->md, NULL);
	buf_fmt(out, "c=biws,r=" STR_FMT, STR_ARG(nonce));
	buf_fmt(&message, "%s," STR_FMT "," STR_FMT, s->bare.p, STR_ARG(challenge),
	        STR_ARG(buf_as_str(out)));
	mac(s->md, stored, n, buf_as_str(&message), proof);
	for (size_t i = 0; i < n; i++)
		proof[i] ^= key[i];
	buf_cstr(out, ",p=");
	base64_encode(out, (struct str){ (const char *)proof, n });
}
