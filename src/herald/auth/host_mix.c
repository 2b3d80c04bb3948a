/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/auth/host_mix.h"

void mix_add(struct host_mix *mix, enum digest d, uint32_t iterations, uint8_t salt_n,
             uint32_t count)
{
	struct mix_shape *shapes = mix->shapes[d];
	size_t i = 0;

	while (i < mix->n[d] &&
	       (shapes[i].iterations != iterations || shapes[i].salt_n != salt_n))
		i++;
	if (i == MIX_SHAPES)
		i--;
	if (i == mix->n[d]) {
		mix->n[d]++;
		shapes[i] = (struct mix_shape){ iterations, salt_n, 0 };
	}
	shapes[i].count += count;
}

static uint64_t total_of(const struct host_mix *mix, enum digest d)
{
	uint64_t total = 0;

	for (size_t i = 0; i < mix->n[d]; i++)
		total += mix->shapes[d][i].count;
	return total;
}

/* The shape at `draw` of 2^32 in the distribution. */
static struct mix_shape choose(const struct host_mix *mix, enum digest d, uint32_t draw,
                               uint32_t iterations)
{
	uint64_t total = total_of(mix, d), at = ((uint64_t)draw * total) >> 32;

	for (size_t i = 0; i < mix->n[d]; i++) {
		if (at < mix->shapes[d][i].count)
			return mix->shapes[d][i];
		at -= mix->shapes[d][i].count;
	}
	return (struct mix_shape){ iterations, SCRAM_SALT, 1 };
}

/* Bytes that depend on the secret, the name and what they are for. */
static void bytes_for(const struct host_mix *mix, const char *what, struct str user,
                      uint8_t *out)
{
	hmac(DIGEST_SHA256, (struct str){ (const char *)mix->secret, MIX_SECRET },
	     str_from(what), user, out);
}

/* A key that fits no password; whether the account would have it. */
static bool invent_key(const struct host_mix *mix, enum digest d, struct str user,
                       uint32_t iterations, struct scram_key *out)
{
	uint8_t bytes[DIGEST_MAX];
	uint32_t draw;

	bytes_for(mix, "draw:", user, bytes);
	memcpy(&draw, bytes, sizeof(draw));
	struct mix_shape shape = choose(mix, d, draw, iterations);
	bool has = shape.iterations > 0;
	if (!has)
		shape = (struct mix_shape){ iterations, SCRAM_SALT, 1 };
	*out = (struct scram_key){ .digest = d,
		                   .iterations = shape.iterations,
		                   .salt_n = shape.salt_n };
	bytes_for(mix, d == DIGEST_SHA1 ? "salt-1:" : "salt-256:", user, bytes);
	for (size_t i = 0; i < shape.salt_n; i++)
		out->salt[i] = bytes[i % sizeof(bytes)];
	bytes_for(mix, d == DIGEST_SHA1 ? "key-1:" : "key-256:", user, out->stored);
	memcpy(out->server, out->stored, sizeof(out->server));
	return has;
}

void mix_invent(const struct host_mix *mix, struct str user, uint32_t iterations,
                struct sasl_account *out)
{
	*out = (struct sasl_account){ 0 };
	for (int d = 0; d < 2; d++)
		out->has_key[d] =
			invent_key(mix, (enum digest)d, user, iterations, &out->keys[d]);
}
