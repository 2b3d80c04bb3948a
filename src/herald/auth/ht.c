/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/auth/ht.h"

#include <errno.h>

static const struct {
	enum sasl_mech mech;
	enum sasl_binding binding;
} rows[] = {
	{ SASL_HT_SHA_256_EXPR, SASL_BIND_EXPORTER },
	{ SASL_HT_SHA_256_UNIQ, SASL_BIND_UNIQUE },
	{ SASL_HT_SHA_256_ENDP, SASL_BIND_ENDPOINT },
	{ SASL_HT_SHA_256_NONE, SASL_BIND_COUNT },
};

bool ht_is(enum sasl_mech m)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].mech == m)
			return true;
	return false;
}

enum sasl_binding ht_binding(enum sasl_mech m)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].mech == m)
			return rows[i].binding;
	return SASL_BIND_COUNT;
}

/* authcid NUL proof; the proof is bytes and may hold NULs itself. */
int ht_read(struct str data, struct ht_message *out)
{
	size_t n = str_find(data, '\0');
	struct str proof = str_sub(data, n + 1, data.n);

	if (n == 0 || n >= data.n || proof.n != HT_SIZE)
		return -EBADMSG;
	*out = (struct ht_message){ str_sub(data, 0, n), proof };
	return 0;
}

bool ht_proof_ok(struct str token, struct str binding, struct str proof)
{
	uint8_t want[HT_SIZE];

	hmac(DIGEST_SHA256, token, STR("Initiator"), binding, want);
	return proof.n == HT_SIZE && secret_eq(want, proof.p, HT_SIZE);
}

void ht_answer(struct str token, struct str binding, uint8_t out[HT_SIZE])
{
	hmac(DIGEST_SHA256, token, STR("Responder"), binding, out);
}
