/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A client of any kind before it has logged in: whatever it sends, the steps stay inside the
 * messages, nothing but the mechanism offered runs, and no one logs in without the password.
 * The input: a byte of settings, the mechanism's number, then messages, each with its length
 * before it.
 */
#include <assert.h>

#include "base/cursor.h"
#include "fuzz.h"
#include "herald/auth/sasl.h"

static struct str take_message(struct cursor *c)
{
	size_t n = cursor_u8(c);

	if (n > cursor_left(c))
		n = cursor_left(c);
	return (struct str){ (const char *)cursor_bytes(c, n), n };
}

/* Keys that no password fits. */
static const struct sasl_account account = {
	.exists = true,
	.has_key = { true, true },
	.keys = { { DIGEST_SHA1, 1, 1, { 's' }, { 1 }, { 1 } },
	          { DIGEST_SHA256, 1, 1, { 's' }, { 1 }, { 1 } } },
};

static enum sasl_step answer(struct sasl *s, enum sasl_step step)
{
	if (step == SASL_NEED_KEYS) {
		assert(sasl_user(s).n > 0);
		step = sasl_keys(s, &account);
	}
	if (step == SASL_NEED_DERIVE) {
		struct sasl_derivation *d = sasl_derivation(s);
		scram_key_derive(&d->key, d->password);
		step = sasl_derived(s);
	}
	assert(step != SASL_FAILURE ||
	       (sasl_reason(s) && sasl_failure_name(sasl_failed(s))));
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct str users[] = { STR_INIT("juliet"), STR_INIT("romeo") };
	struct cursor c = cursor_of(data, n);
	uint8_t settings = cursor_u8(&c);
	enum sasl_mech mech = cursor_u8(&c) % SASL_MECH_COUNT;
	struct sasl_peer peer = { .host = STR("example.org") };

	peer.tls_version = settings & 1 ? 0x0304 : 0;
	for (int i = 0; i < SASL_BIND_COUNT; i++)
		if (settings & (2 << i))
			peer.bindings[i] = STR("binding");
	auto_ptr(sasl) s = sasl_new(&peer, settings & 16 ? UINT32_MAX : SASL_MASK(mech),
	                            STR("servernonce"));
	struct str initial = take_message(&c);
	peer.cert_users = users;
	peer.n_cert_users = settings & 32 ? 2 : 0;
	enum sasl_step step = answer(s, sasl_start(s, str_from(sasl_mech_name(mech)),
	                                           settings & 64 ? NULL : &initial));
	for (int i = 0; i < 4 && step == SASL_CHALLENGE; i++)
		step = answer(s, sasl_input(s, take_message(&c)));
	assert(step != SASL_SUCCESS || mech == SASL_EXTERNAL);
	return 0;
}
