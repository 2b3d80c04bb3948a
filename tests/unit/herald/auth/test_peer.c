/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Our server's side against libgsasl's client, joined in memory. */
#include <gsasl.h>

#include "base/base64.h"
#include "herald/auth/sasl.h"
#include "unit.h"

#define BINDING STR("0123456789abcdef0123456789abcdef")

struct pairing {
	const char *mech, *user, *password; /* of the client */
	const char *account, *kept;         /* its name and password here */
	Gsasl_property binds;               /* 0: the client knows no channel */
	enum sasl_binding offers;           /* the server's one type of binding */
	bool other_channel;                 /* somebody sits between */
	bool success;
};

// clang-format off
static const struct pairing pairings[] = {
	{ "SCRAM-SHA-1", "juliet", "pencil", "juliet", "pencil", 0, SASL_BIND_COUNT, false, true },
	{ "SCRAM-SHA-256", "juliet", "pencil", "juliet", "pencil", 0, SASL_BIND_COUNT, false, true },
	{ "SCRAM-SHA-256", "juliet", "Pencil", "juliet", "pencil", 0, SASL_BIND_COUNT, false, false },
	{ "SCRAM-SHA-256", "a,b=c", "p,=q", "a,b=c", "p,=q", 0, SASL_BIND_COUNT, false, true },
	{ "SCRAM-SHA-256", "J\u00dcL", "I\u00adX", "j\u00fcl", "IX", 0, SASL_BIND_COUNT, false, true },
	{ "SCRAM-SHA-1-PLUS", "juliet", "pencil", "juliet", "pencil",
	  GSASL_CB_TLS_UNIQUE, SASL_BIND_UNIQUE, false, true },
	{ "SCRAM-SHA-256-PLUS", "juliet", "pencil", "juliet", "pencil",
	  GSASL_CB_TLS_EXPORTER, SASL_BIND_EXPORTER, false, true },
	{ "SCRAM-SHA-256-PLUS", "juliet", "pencil", "juliet", "pencil",
	  GSASL_CB_TLS_EXPORTER, SASL_BIND_EXPORTER, true, false },
	{ "SCRAM-SHA-256-PLUS", "juliet", "pencil", "juliet", "pencil",
	  GSASL_CB_TLS_EXPORTER, SASL_BIND_ENDPOINT, false, false },
	{ "PLAIN", "juliet", "pencil", "juliet", "pencil", 0, SASL_BIND_COUNT, false, true },
	{ "PLAIN", "juliet", "pencil ", "juliet", "pencil", 0, SASL_BIND_COUNT, false, false },
};
// clang-format on

static void make_account(const struct pairing *p, struct sasl_account *out)
{
	auto_arena a = { 0 };
	struct str password;

	*out = (struct sasl_account){ .exists = true };
	assert_int_equal(password_prep(str_from(p->kept), true, &a, &password), 0);
	for (int d = 0; d < 2; d++) {
		out->has_key[d] = true;
		out->keys[d] = (struct scram_key){ .digest = (enum digest)d,
			                           .iterations = 100,
			                           .salt_n = 5,
			                           .salt = { 's', 'a', 'l', 't' } };
		scram_key_derive(&out->keys[d], password);
	}
}

/* The server's step for the client's message, with everything it asks for given at once. */
static enum sasl_step serve(struct sasl *s, const struct pairing *p, enum sasl_step step,
                            const struct sasl_account *account)
{
	if (step == SASL_NEED_KEYS) {
		assert_str(sasl_user(s), p->account);
		step = sasl_keys(s, account);
	}
	if (step == SASL_NEED_DERIVE) {
		struct sasl_derivation *d = sasl_derivation(s);
		scram_key_derive(&d->key, d->password);
		step = sasl_derived(s);
	}
	return step;
}

static Gsasl_session *start_client(Gsasl *ctx, const struct pairing *p)
{
	Gsasl_session *client;

	assert_int_equal(gsasl_client_start(ctx, p->mech, &client), GSASL_OK);
	gsasl_property_set(client, GSASL_AUTHID, p->user);
	gsasl_property_set(client, GSASL_PASSWORD, p->password);
	if (p->binds) {
		auto_buf coded = { 0 };
		base64_encode(&coded, BINDING);
		gsasl_property_set(client, p->binds, coded.p);
	}
	return client;
}

/* 0: the client goes on or is content; else what it says is wrong. */
static int client_step(Gsasl_session *client, struct str in, char **out, size_t *n)
{
	int r = gsasl_step(client, in.n ? in.p : "", in.n, out, n);

	return r == GSASL_OK || r == GSASL_NEEDS_MORE ? 0 : r;
}

/* Whether both ends are content. */
static bool run(const struct pairing *p, Gsasl_session *client, struct sasl *s)
{
	struct sasl_account account;
	enum sasl_step step;
	char *text;
	size_t n;

	make_account(p, &account);
	assert_int_equal(client_step(client, STR(""), &text, &n), 0);
	struct str message = { text, n };
	step = serve(s, p, sasl_start(s, str_from(p->mech), &message), &account);
	gsasl_free(text);
	while (step == SASL_CHALLENGE) {
		assert_int_equal(client_step(client, sasl_out(s), &text, &n), 0);
		step = serve(s, p, sasl_input(s, (struct str){ text, n }), &account);
		gsasl_free(text);
	}
	if (step == SASL_SUCCESS && sasl_out(s).n) {
		assert_int_equal(client_step(client, sasl_out(s), &text, &n), 0);
		gsasl_free(text);
	}
	return step == SASL_SUCCESS;
}

static void our_server_and_libgsasl_agree(void **state)
{
	Gsasl *ctx;

	(void)state;
	assert_int_equal(gsasl_init(&ctx), GSASL_OK);
	for (size_t i = 0; i < ARRAY_LEN(pairings); i++) {
		const struct pairing *p = &pairings[i];
		struct sasl_peer peer = { .host = STR("example.org"),
			                  .tls_version = 0x0304 };
		uint32_t offered = (UINT32_C(1) << SASL_MECH_COUNT) - 1;
		if (p->offers != SASL_BIND_COUNT)
			peer.bindings[p->offers] =
				p->other_channel ? STR("another channel") : BINDING;
		Gsasl_session *client = start_client(ctx, p);
		auto_ptr(sasl) s = sasl_new(&peer, offered, STR("0123456789abcdef"));
		if (run(p, client, s) != p->success)
			fail_msg("row %zu, %s", i, p->mech);
		gsasl_finish(client);
	}
	gsasl_done(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(our_server_and_libgsasl_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
