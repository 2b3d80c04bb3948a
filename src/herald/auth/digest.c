/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* OpenSSL 3 calls these functions deprecated in favour of EVP, whose contexts live on the heap
 * and cost more to copy than a block costs to hash. They are the same assembly. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "herald/auth/digest.h"

#include <assert.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK = 64 };

union state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
};

/* ---- the two hashes under one name ------------------------------------------------------ */

size_t digest_size(enum digest d)
{
	return d == DIGEST_SHA1 ? SHA_DIGEST_LENGTH : SHA256_DIGEST_LENGTH;
}

static void init(enum digest d, union state *s)
{
	if (d == DIGEST_SHA1)
		SHA1_Init(&s->sha1);
	else
		SHA256_Init(&s->sha256);
}

static void update(enum digest d, union state *s, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (d == DIGEST_SHA1)
		SHA1_Update(&s->sha1, p, n);
	else
		SHA256_Update(&s->sha256, p, n);
}

static void finish(enum digest d, union state *s, uint8_t *out)
{
	if (d == DIGEST_SHA1)
		SHA1_Final(out, &s->sha1);
	else
		SHA256_Final(out, &s->sha256);
}

void digest(enum digest d, struct str data, uint8_t *out)
{
	union state s;

	init(d, &s);
	update(d, &s, data.p, data.n);
	finish(d, &s, out);
}

/* ---- HMAC ------------------------------------------------------------------------------- */

/* The states behind the two blocks that are made of the key. */
struct hmac_key {
	union state inner, outer;
};

static void key_block(enum digest d, union state *s, const uint8_t *key, uint8_t pad)
{
	uint8_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	init(d, s);
	update(d, s, block, BLOCK);
	secret_wipe(block, sizeof(block));
}

static void hmac_prepare(enum digest d, struct hmac_key *k, struct str key)
{
	uint8_t padded[BLOCK] = { 0 };

	if (key.n > BLOCK)
		digest(d, key, padded);
	else if (key.n)
		memcpy(padded, key.p, key.n);
	key_block(d, &k->inner, padded, 0x36);
	key_block(d, &k->outer, padded, 0x5c);
	secret_wipe(padded, sizeof(padded));
}

static void hmac_with(enum digest d, const struct hmac_key *k, struct str a, struct str b,
                      uint8_t *out)
{
	union state s = k->inner;
	uint8_t inner[DIGEST_MAX];

	update(d, &s, a.p, a.n);
	update(d, &s, b.p, b.n);
	finish(d, &s, inner);
	s = k->outer;
	update(d, &s, inner, digest_size(d));
	finish(d, &s, out);
	secret_wipe(&s, sizeof(s));
	secret_wipe(inner, sizeof(inner));
}

void hmac(enum digest d, struct str key, struct str a, struct str b, uint8_t *out)
{
	struct hmac_key k;

	hmac_prepare(d, &k, key);
	hmac_with(d, &k, a, b, out);
	secret_wipe(&k, sizeof(k));
}

/* ---- PBKDF2 ----------------------------------------------------------------------------- */

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* One compression over a block that holds a digest behind a key's block; the words of the
 * result go back to the block's front. */
static void compress_sha1(const union state *from, uint8_t *block)
{
	SHA_CTX c = from->sha1;

	SHA1_Transform(&c, block);
	put_be32(block, c.h0);
	put_be32(block + 4, c.h1);
	put_be32(block + 8, c.h2);
	put_be32(block + 12, c.h3);
	put_be32(block + 16, c.h4);
}

static void compress_sha256(const union state *from, uint8_t *block)
{
	SHA256_CTX c = from->sha256;

	SHA256_Transform(&c, block);
	for (size_t i = 0; i < 8; i++)
		put_be32(block + 4 * i, c.h[i]);
}

void pbkdf2(enum digest d, struct str password, struct str salt, uint32_t iterations,
            uint8_t *out)
{
	void (*compress)(const union state *, uint8_t *) =
		d == DIGEST_SHA1 ? compress_sha1 : compress_sha256;
	size_t n = digest_size(d);
	uint8_t block[BLOCK] = {
		0
	}; /* the digest, a one bit, zeros, the length in bits */
	struct hmac_key k;

	assert(iterations >= 1);
	hmac_prepare(d, &k, password);
	hmac_with(d, &k, salt, STR("\0\0\0\1"), block);
	block[n] = 0x80;
	put_be32(block + BLOCK - 4, (uint32_t)(BLOCK + n) * 8);
	memcpy(out, block, n);
	for (uint32_t i = 1; i < iterations; i++) {
		compress(&k.inner, block);
		compress(&k.outer, block);
		for (size_t j = 0; j < n; j++)
			out[j] ^= block[j];
	}
	secret_wipe(&k, sizeof(k));
	secret_wipe(block, sizeof(block));
}

bool secret_eq(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
