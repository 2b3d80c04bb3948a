/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* OpenSSL 3 calls these functions deprecated in favour of EVP, whose contexts live on the heap
 * and cost more to copy than a block costs to hash. They are the same assembly. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "herald/auth/digest.h"

#include <assert.h>
#include <endian.h>

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

/* Sixteen bytes of a block, which go to memory at once: OpenSSL's assembly loads as many, and
 * would have to wait for four stores that are still on their way. */
struct quad {
	uint32_t words __attribute__((vector_size(16)));
};

enum { QUADS = DIGEST_MAX / sizeof(struct quad) };

/* One compression, from the state behind a key's block, over a block that begins with a digest.
 * The result goes back to the block's front; of SHA-1's, which ends inside a quad, with the bit
 * that stands behind it. */
static void step_sha1(const union state *from, struct quad *block)
{
	SHA_CTX c;

	memcpy(&c, &from->sha1, SHA_DIGEST_LENGTH); /* the words come first */
	SHA1_Transform(&c, (const unsigned char *)block);
	block[0] = (struct quad){ { htobe32(c.h0), htobe32(c.h1), htobe32(c.h2),
		                    htobe32(c.h3) } };
	block[1] = (struct quad){ { htobe32(c.h4), htobe32(0x80000000) } };
}

static void step_sha256(const union state *from, struct quad *block)
{
	SHA256_CTX c;
	const SHA_LONG *h = c.h;

	memcpy(&c, &from->sha256, SHA256_DIGEST_LENGTH);
	SHA256_Transform(&c, (const unsigned char *)block);
	for (size_t i = 0; i < QUADS; i++, h += 4)
		block[i] = (struct quad){ { htobe32(h[0]), htobe32(h[1]), htobe32(h[2]),
			                    htobe32(h[3]) } };
}

void pbkdf2(enum digest d, struct str password, struct str salt, uint32_t iterations,
            uint8_t *out)
{
	void (*step)(const union state *, struct quad *) =
		d == DIGEST_SHA1 ? step_sha1 : step_sha256;
	size_t n = digest_size(d);
	/* The digest, a one bit, zeros, the length in bits. */
	union {
		uint8_t bytes[BLOCK];
		struct quad quads[BLOCK / sizeof(struct quad)];
	} block = { { [BLOCK - 2] = (uint8_t)((BLOCK + n) * 8 >> 8),
		      [BLOCK - 1] = (uint8_t)((BLOCK + n) * 8) } };
	struct quad sum[QUADS];
	struct hmac_key k;

	assert(iterations >= 1);
	hmac_prepare(d, &k, password);
	hmac_with(d, &k, salt, STR("\0\0\0\1"), block.bytes);
	block.bytes[n] = 0x80;
	memcpy(sum, block.quads, sizeof(sum));
	for (uint32_t i = 1; i < iterations; i++) {
		step(&k.inner, block.quads);
		step(&k.outer, block.quads);
		for (size_t j = 0; j < QUADS; j++)
			sum[j].words ^= block.quads[j].words;
	}
	memcpy(out, sum, n);
	secret_wipe(&k, sizeof(k));
	secret_wipe(&block, sizeof(block));
	secret_wipe(sum, sizeof(sum));
}

bool secret_eq(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
