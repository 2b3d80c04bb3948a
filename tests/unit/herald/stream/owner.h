/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * An owner of a stream for tests: knows the hosts example.org and example.net, takes the
 * mechanism PLAIN with the bytes "right", binds what is wished for, and notes what happens.
 */
#pragma once

#include "unit.h"

#include "herald/stream/stream.h"

struct owner {
	struct stream stream;
	struct arena arena;
	struct buf notes;
	bool later; /* answers come from the test, not from inside the question */
};

static bool owner_find_host(void *ctx, struct str domain, struct str *host)
{
	static const char *const hosts[] = { "example.org", "example.net" };

	(void)ctx;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		*host = str_from(hosts[i]);
		if (str_eq(domain, *host))
			return true;
	}
	return false;
}

static void owner_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0xab, n);
}

static void owner_features(void *ctx, bool authenticated, struct buf *out)
{
	(void)ctx;
	buf_cstr(out, authenticated ? "<after/>" : "<mechanisms/>");
}

static void owner_start_tls(void *ctx)
{
	struct owner *o = ctx;

	buf_cstr(&o->notes, "[tls]");
	if (!o->later)
		stream_tls_started(&o->stream);
}

static void owner_answer(struct owner *o, struct str data)
{
	if (str_is(data, "right"))
		stream_auth_success(&o->stream, STR("ok"), &o->arena);
	else
		stream_auth_failure(&o->stream, "not-authorized", &o->arena);
}

static void owner_auth(void *ctx, struct str mechanism, const struct str *initial)
{
	struct owner *o = ctx;

	buf_fmt(&o->notes, "[auth " STR_FMT " " STR_FMT "]", STR_ARG(mechanism),
	        STR_ARG(initial ? *initial : STR("none")));
	if (o->later)
		return;
	if (initial)
		owner_answer(o, *initial);
	else
		stream_auth_challenge(&o->stream, STR("who"), &o->arena);
}

static void owner_response(void *ctx, struct str data)
{
	struct owner *o = ctx;

	buf_fmt(&o->notes, "[response " STR_FMT "]", STR_ARG(data));
	owner_answer(o, data);
}

static void owner_abort(void *ctx)
{
	struct owner *o = ctx;

	buf_cstr(&o->notes, "[abort]");
}

static void owner_bind(void *ctx, struct str resource)
{
	struct owner *o = ctx;

	buf_fmt(&o->notes, "[bind " STR_FMT "]", STR_ARG(resource));
	if (o->later)
		return;
	if (str_is(resource, "taken"))
		stream_bind_refused(&o->stream, "cancel", "conflict", &o->arena);
	else
		stream_bound(&o->stream, STR("a@example.org/r"), &o->arena);
}

static void owner_stanza(void *ctx, struct xml *x, struct arena *a)
{
	struct owner *o = ctx;

	(void)a;
	buf_char(&o->notes, '[');
	xml_write(&o->notes, x, STR(NS_CLIENT));
	buf_char(&o->notes, ']');
}

static void owner_closed(void *ctx, const enum stream_error *error)
{
	struct owner *o = ctx;

	buf_fmt(&o->notes, "[closed %s]", error ? stream_error_name(*error) : "");
}

/* Knows what is of the namespace `r`; answers `later`, or at once. */
static bool owner_stranger(void *ctx, struct xml *x, struct arena *a)
{
	struct owner *o = ctx;

	(void)a;
	if (!xml_child(x, "q", "r"))
		return false;
	buf_cstr(&o->notes, "[stranger]");
	if (o->later)
		stream_hold(&o->stream);
	else
		stream_send(&o->stream, x);
	return true;
}

static const struct stream_ops owner_ops = {
	.find_host = owner_find_host,
	.random = owner_random,
	.features = owner_features,
	.start_tls = owner_start_tls,
	.auth = owner_auth,
	.response = owner_response,
	.auth_abort = owner_abort,
	.stranger = owner_stranger,
	.bind = owner_bind,
	.stanza = owner_stanza,
	.closed = owner_closed,
};

static const struct stream_config owner_config = {
	.ops = &owner_ops,
	.before = { 2000, 8, 32, 32 },
	.after = { 100000, 64, 1000, 64 },
	.starttls = true,
	.starttls_required = true,
	.auth_tries = 2,
};

#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM "' version='1.0' "
#define TO   HEAD "to='example.org'>"
#define TLS  "<starttls xmlns='" NS_TLS "'/>"
#define AUTH "<auth xmlns='" NS_SASL "' mechanism='PLAIN'>"
#define BIND "<iq type='set' id='b'><bind xmlns='" NS_BIND "'/></iq>"

/* How the server's header reads, and what follows when it ends. */
#define HELLO                                                                                \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM \
	"' id='abababababababababababab' version='1.0' xml:lang='en' from='example.org'>"
#define ERROR(name) \
	"<stream:error><" name " xmlns='" NS_STREAMS "'/></stream:error></stream:stream>"

static inline void owner_init(struct owner *o, const struct stream_config *config,
                              bool encrypted)
{
	*o = (struct owner){ 0 };
	stream_init(&o->stream, config, o, encrypted);
}

static inline void owner_feed(struct owner *o, const char *bytes)
{
	stream_input(&o->stream, str_from(bytes), &o->arena);
}

static inline void owner_fini(struct owner *o)
{
	stream_fini(&o->stream);
	arena_fini(&o->arena);
	buf_fini(&o->notes);
}
