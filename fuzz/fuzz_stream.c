/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The negotiation of a stream: whatever a client sends, in one piece or byte by byte, the same
 * happens; nobody binds before logging in or sends stanzas before binding; where TLS is required
 * no login is tried in the clear; and a stream ends once. The first byte: settings.
 */
#include <assert.h>

#include "fuzz.h"
#include "herald/stream/stream.h"

struct owner {
	struct stream stream;
	struct arena arena;
	struct buf notes;
	bool bound, closed;
};

static bool find_host(void *ctx, struct str domain, struct str *host)
{
	(void)ctx;
	*host = STR("a.example");
	return str_eq(domain, *host);
}

static void random_bytes(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 1, n);
}

static void features(void *ctx, bool authenticated, struct buf *out)
{
	(void)ctx;
	buf_cstr(out, authenticated ? "<after/>" : "<mechanisms/>");
}

static void start_tls(void *ctx)
{
	struct owner *o = ctx;

	assert(!o->stream.encrypted);
	buf_cstr(&o->notes, "[tls]");
	stream_tls_started(&o->stream);
}

static void answer(struct owner *o, struct str data)
{
	auto_arena a = { 0 };

	if (!str_is(data, "right"))
		stream_auth_failure(&o->stream, "not-authorized", &a);
	else if (o->stream.sasl2)
		stream_auth2_success(&o->stream, data, STR("a@a.example"), STR("<x/>"),
		                     false, &a);
	else
		stream_auth_success(&o->stream, data, &a);
}

static void auth(void *ctx, struct str mechanism, const struct str *initial)
{
	struct owner *o = ctx;
	auto_arena a = { 0 };

	assert(o->stream.encrypted || !o->stream.config->starttls_required);
	assert(!o->stream.authenticated);
	buf_fmt(&o->notes, "[auth " STR_FMT "]", STR_ARG(mechanism));
	if (initial)
		answer(o, *initial);
	else
		stream_auth_challenge(&o->stream, STR("who"), &a);
}

static void authenticate(void *ctx, const struct xml *x, struct str mechanism,
                         const struct str *initial)
{
	struct owner *o = ctx;

	assert(xml_is(x, "authenticate", NS_SASL2) && o->stream.encrypted);
	auth(ctx, mechanism, initial);
}

static void response(void *ctx, struct str data)
{
	answer(ctx, data);
}

static void auth_abort(void *ctx)
{
	struct owner *o = ctx;

	buf_cstr(&o->notes, "[abort]");
}

static void bind(void *ctx, struct str resource)
{
	struct owner *o = ctx;
	auto_arena a = { 0 };

	assert(o->stream.authenticated && !o->bound);
	buf_fmt(&o->notes, "[bind " STR_FMT "]", STR_ARG(resource));
	o->bound = !str_is(resource, "taken");
	if (o->bound)
		stream_bound(&o->stream, STR("a@a.example/r"), &a);
	else
		stream_bind_refused(&o->stream, "cancel", "conflict", &a);
}

static void stanza(void *ctx, struct xml *x, struct arena *a)
{
	struct owner *o = ctx;

	(void)a;
	assert(o->stream.authenticated && !o->closed);
	assert(o->bound || !str_is(x->ns, NS_CLIENT));
	xml_write(&o->notes, x, STR(NS_CLIENT));
}

static void closed(void *ctx, const enum stream_error *error)
{
	struct owner *o = ctx;

	assert(!o->closed);
	o->closed = true;
	buf_fmt(&o->notes, "[closed %s]", error ? stream_error_name(*error) : "");
}

static bool stranger(void *ctx, struct xml *x, struct arena *a)
{
	struct owner *o = ctx;

	(void)a;
	assert(o->stream.encrypted && !o->stream.authenticated && !o->closed);
	if (!xml_child(x, "query", "jabber:iq:register"))
		return false;
	buf_cstr(&o->notes, "[stranger]");
	stream_send(&o->stream, x);
	return true;
}

static const struct stream_ops ops = {
	.find_host = find_host,
	.random = random_bytes,
	.features = features,
	.start_tls = start_tls,
	.auth = auth,
	.response = response,
	.auth_abort = auth_abort,
	.authenticate = authenticate,
	.stranger = stranger,
	.bind = bind,
	.stanza = stanza,
	.closed = closed,
};

/* What happened, and what was sent. */
static void run(struct str in, size_t piece, uint8_t settings, struct buf *out)
{
	struct stream_config config = {
		.ops = &ops,
		.before = { 2000, 8, 32, 32 },
		.after = { 4000, 16, 100, 32 },
		.starttls = true,
		.starttls_required = settings & 1,
		.auth_tries = 3,
	};
	struct owner o = { 0 };

	stream_init(&o.stream, &config, &o, settings & 2);
	for (size_t at = 0; at < in.n; at += piece)
		stream_input(&o.stream, str_sub(in, at, piece), &o.arena);
	assert(o.closed == (o.stream.phase == STREAM_CLOSED));
	buf_str(out, buf_as_str(&o.notes));
	buf_str(out, buf_as_str(&o.stream.out));
	buf_fini(&o.notes);
	stream_fini(&o.stream);
	arena_fini(&o.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data + 1, n ? n - 1 : 0 };
	auto_buf whole = { 0 }, pieces = { 0 };

	if (n == 0)
		return 0;
	run(in, in.n ? in.n : 1, data[0], &whole);
	run(in, 1, data[0], &pieces);
	/* STARTTLS drops what came with it, which depends on the pieces. */
	if (!memmem(in.p, in.n, "starttls", 8))
		assert(str_eq(buf_as_str(&whole), buf_as_str(&pieces)));
	return 0;
}
