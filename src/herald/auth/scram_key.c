/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/auth/scram_key.h"

#include <errno.h>

#include "base/base64.h"
#include "herald/jid/prep.h"

enum { PASSWORD_MAX = 1023 };

int password_prep(struct str password, bool stored, struct arena *a, struct str *out)
{
	struct str done;
	int r = prep(PREP_SASL, stored ? PREP_STORED : PREP_QUERY, password, PASSWORD_MAX,
	             a, &done);

	if (r < 0)
		return r;
	if (done.n == 0)
		return -EINVAL;
	*out = done;
	return 0;
}

void scram_key_derive(struct scram_key *key, struct str password)
{
	uint8_t salted[DIGEST_MAX], client[DIGEST_MAX];
	size_t n = digest_size(key->digest);
	struct str salted_str = { (char *)salted, n };

	pbkdf2(key->digest, password, (struct str){ (char *)key->salt, key->salt_n },
	       key->iterations, salted);
	hmac(key->digest, salted_str, STR("Client Key"), STR(""), client);
	digest(key->digest, (struct str){ (char *)client, n }, key->stored);
	hmac(key->digest, salted_str, STR("Server Key"), STR(""), key->server);
	secret_wipe(salted, sizeof(salted));
	secret_wipe(client, sizeof(client));
}

struct str scram_key_write(const struct scram_key *key, struct arena *a)
{
	size_t n = digest_size(key->digest);
	auto_buf b = { 0 };

	buf_u64(&b, key->iterations);
	buf_char(&b, ',');
	base64_encode(&b, (struct str){ (const char *)key->salt, key->salt_n });
	buf_char(&b, ',');
	base64_encode(&b, (struct str){ (const char *)key->stored, n });
	buf_char(&b, ',');
	base64_encode(&b, (struct str){ (const char *)key->server, n });
	return arena_str(a, buf_as_str(&b));
}

/* The text up to the next comma, which `rest` then stands behind. */
static struct str next_part(struct str *rest)
{
	size_t n = str_find(*rest, ',');
	struct str part = str_sub(*rest, 0, n);

	*rest = str_sub(*rest, n + 1, rest->n);
	return part;
}

/* Bytes in base 64, from `min` to `max` of them; how many, or -EINVAL. */
static int read_bytes(struct str text, size_t min, size_t max, uint8_t *out)
{
	auto_arena a = { 0 };
	struct str bytes;

	if (base64_decode(text, &a, &bytes) < 0 || bytes.n < min || bytes.n > max)
		return -EINVAL;
	memcpy(out, bytes.p, bytes.n);
	return (int)bytes.n;
}

int scram_key_read(enum digest d, struct str text, struct scram_key *out)
{
	struct scram_key key = { .digest = d };
	size_t n = digest_size(d);
	uint64_t iterations;

	if (str_to_u64(next_part(&text), 10, &iterations) < 0 || iterations < 1 ||
	    iterations > SCRAM_ITERATIONS_MAX)
		return -EINVAL;
	key.iterations = (uint32_t)iterations;
	int salt_n = read_bytes(next_part(&text), 1, SCRAM_SALT_MAX, key.salt);
	if (salt_n < 0 || read_bytes(next_part(&text), n, n, key.stored) < 0 ||
	    read_bytes(next_part(&text), n, n, key.server) < 0 || text.n)
		return -EINVAL;
	key.salt_n = (uint8_t)salt_n;
	*out = key;
	return 0;
}
