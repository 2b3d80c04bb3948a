/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The life of a stream: headers, features, errors, and which phase handles what comes. */
#include "herald/stream/stream.h"

#include "herald/stream/negotiate.h"

/* The declarations nearly every client makes; those streams keep no memory for theirs. */
static const struct xml_ns usual_stream = { STR_INIT("stream"), STR_INIT(NS_STREAM), NULL,
	                                    1 };
static const struct xml_ns usual_ns = { STR_INIT(""), STR_INIT(NS_CLIENT), &usual_stream,
	                                1 };

const char *stream_error_name(enum stream_error e)
{
	static const char *const names[] = {
#define X(id, name) name,
		STREAM_ERRORS(X)
#undef X
	};

	return names[e];
}

void stream_init(struct stream *s, const struct stream_config *config, void *ctx,
                 bool encrypted)
{
	*s = (struct stream){ .config = config, .ctx = ctx, .encrypted = encrypted };
	s->phase = STREAM_HEADER;
}

void stream_fini(struct stream *s)
{
	xml_frame_fini(&s->frame);
	buf_fini(&s->out);
	arena_fini(&s->ns);
	s->phase = STREAM_CLOSED;
}

/* ---- sending ------------------------------------------------------------------------------ */

static void put_id(struct stream *s)
{
	uint8_t bytes[12];

	s->config->ops->random(s->ctx, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_fmt(&s->out, "%02x", bytes[i]);
}

static void send_header(struct stream *s, struct str to)
{
	buf_cstr(&s->out, "<?xml version='1.0'?><stream:stream xmlns='" NS_CLIENT
	                  "' xmlns:stream='" NS_STREAM "' id='");
	put_id(s);
	buf_cstr(&s->out, "' version='1.0' xml:lang='en'");
	if (s->host.n) {
		buf_cstr(&s->out, " from='");
		xml_escape(&s->out, s->host);
		buf_char(&s->out, '\'');
	}
	if (to.n) {
		buf_cstr(&s->out, " to='");
		xml_escape(&s->out, to);
		buf_char(&s->out, '\'');
	}
	buf_char(&s->out, '>');
	s->header_sent = true;
}

void stream_send(struct stream *s, const struct xml *x)
{
	xml_write(&s->out, x, STR(NS_CLIENT));
}

static void put_error(struct stream *s, enum stream_error error, struct str text,
                      const char *condition)
{
	buf_fmt(&s->out, "<stream:error><%s xmlns='" NS_STREAMS "'/>",
	        stream_error_name(error));
	if (text.n) {
		buf_cstr(&s->out, "<text xmlns='" NS_STREAMS "' xml:lang='en'>");
		xml_escape(&s->out, text);
		buf_cstr(&s->out, "</text>");
	}
	buf_cstr(&s->out, condition);
	buf_cstr(&s->out, "</stream:error>");
}

static void close_with(struct stream *s, const enum stream_error *error, struct str text,
                       const char *condition)
{
	if (s->phase == STREAM_CLOSED)
		return;
	if (!s->header_sent)
		send_header(s, STR(""));
	if (error)
		put_error(s, *error, text, condition);
	buf_cstr(&s->out, "</stream:stream>");
	s->phase = STREAM_CLOSED;
	s->config->ops->closed(s->ctx, error);
}

void stream_close(struct stream *s, const enum stream_error *error, struct str text)
{
	close_with(s, error, text, "");
}

void stream_close_with(struct stream *s, enum stream_error error, const char *condition)
{
	close_with(s, &error, STR(""), condition);
}

void stream_fail(struct stream *s, enum stream_error e, const char *text)
{
	stream_close(s, &e, str_from(text));
}

void stream_send_features(struct stream *s)
{
	bool may_auth = s->encrypted || !s->config->starttls_required;

	buf_cstr(&s->out, "<stream:features>");
	if (s->config->starttls && !s->encrypted) {
		buf_cstr(&s->out, "<starttls xmlns='" NS_TLS "'>");
		buf_cstr(&s->out, s->config->starttls_required ? "<required/>" : "");
		buf_cstr(&s->out, "</starttls>");
	}
	if (s->authenticated && s->phase != STREAM_OPEN)
		buf_cstr(&s->out, "<bind xmlns='" NS_BIND "'/><session xmlns='" NS_SESSION
		                  "'><optional/></session>");
	if (s->authenticated || may_auth)
		s->config->ops->features(s->ctx, s->authenticated, &s->out);
	buf_cstr(&s->out, "</stream:features>");
}

/* ---- the header --------------------------------------------------------------------------- */

static const struct xml_limits *limits(const struct stream *s)
{
	return s->authenticated ? &s->config->after : &s->config->before;
}

static void fail_xml(struct stream *s, enum xml_error e)
{
	switch (e) {
	case XML_OK:
	case XML_NOT_WELL_FORMED:
		stream_fail(s, STREAM_NOT_WELL_FORMED, "");
		break;
	case XML_RESTRICTED:
		stream_fail(s, STREAM_RESTRICTED_XML, "");
		break;
	case XML_TOO_MUCH:
		stream_fail(s, STREAM_POLICY_VIOLATION,
		            "This is over the server's limits for XML");
		break;
	case XML_UNSUPPORTED_ENCODING:
		stream_fail(s, STREAM_UNSUPPORTED_ENCODING, "");
		break;
	}
}

static bool is_usual(const struct xml_ns *scope)
{
	size_t n = 0;

	for (const struct xml_ns *ns = scope; ns; ns = ns->outer, n++) {
		const struct xml_ns *same = ns->prefix.n ? &usual_stream : &usual_ns;
		if (!str_eq(ns->prefix, same->prefix) || !str_eq(ns->uri, same->uri))
			return false;
	}
	return n == 2;
}

/* Keeps the declarations of the header for the stanzas' sake. */
static void keep_scope(struct stream *s, const struct xml_ns *scope)
{
	const struct xml_ns **at = &s->outside;

	arena_fini(&s->ns);
	s->outside = &usual_ns;
	if (is_usual(scope))
		return;
	for (; scope; scope = scope->outer) {
		struct xml_ns *ns = arena_new(&s->ns, struct xml_ns);
		ns->prefix = arena_str(&s->ns, scope->prefix);
		ns->uri = arena_str(&s->ns, scope->uri);
		ns->depth = 1;
		*at = ns;
		at = &ns->outer;
	}
	*at = NULL;
}

static bool default_is_client(const struct xml_ns *scope)
{
	while (scope && scope->prefix.n)
		scope = scope->outer;
	return scope && str_is(scope->uri, NS_CLIENT);
}

/* RFC 6120 section 4.7.5: at least 1.0. */
static bool is_version(struct str v)
{
	size_t dot = str_find(v, '.');
	uint64_t major, minor;

	return str_to_u64(str_sub(v, 0, dot), 10, &major) == 0 &&
	       str_to_u64(str_sub(v, dot + 1, v.n), 10, &minor) == 0 && major >= 1;
}

/* Finds the host; a stream that was authenticated for one cannot become another's. */
static bool set_host(struct stream *s, struct str to)
{
	struct str host;

	if (to.n == 0) {
		stream_fail(s, STREAM_IMPROPER_ADDRESSING,
		            "The stream's `to` is missing");
		return false;
	}
	if (!s->config->ops->find_host(s->ctx, to, &host)) {
		stream_fail(s, STREAM_HOST_UNKNOWN, "");
		return false;
	}
	if (s->host.n && !str_eq(s->host, host)) {
		stream_fail(s, STREAM_NOT_AUTHORIZED,
		            "The stream cannot change its host");
		return false;
	}
	s->host = host;
	return true;
}

static void on_header(struct stream *s, struct str text, struct arena *a)
{
	const struct xml_ns *scope;
	struct str qname;
	struct xml *x;
	enum xml_error e = xml_parse_start(text, limits(s), a, &x, &scope, &qname);

	if (e != XML_OK) {
		fail_xml(s, e);
		return;
	}
	if (!xml_is(x, "stream", NS_STREAM) || !default_is_client(scope)) {
		stream_fail(s, STREAM_INVALID_NAMESPACE, "");
		return;
	}
	if (!set_host(s, xml_get(x, "to")))
		return;
	if (!is_version(xml_get(x, "version"))) {
		stream_fail(s, STREAM_UNSUPPORTED_VERSION, "");
		return;
	}
	keep_scope(s, scope);
	send_header(s, xml_get(x, "from"));
	stream_send_features(s);
	s->phase = s->authenticated ? STREAM_BIND : STREAM_NEGOTIATE;
}

/* ---- what comes --------------------------------------------------------------------------- */

static void on_element(struct stream *s, struct str text, struct arena *a)
{
	struct xml *x;
	enum xml_error e = xml_parse(text, s->outside, limits(s), a, &x);

	if (e != XML_OK)
		fail_xml(s, e);
	else if (s->phase == STREAM_OPEN)
		stream_on_open(s, x, a);
	else if (s->phase == STREAM_BIND)
		stream_on_bind(s, x, a);
	else
		stream_on_negotiate(s, x, a);
}

static void on_item(struct stream *s, const struct xml_item *item, struct arena *a)
{
	switch (item->kind) {
	case XML_ITEM_HEADER:
		on_header(s, item->text, a);
		break;
	case XML_ITEM_STANZA:
		on_element(s, item->text, a);
		break;
	case XML_ITEM_END:
		stream_close(s, NULL, STR(""));
		break;
	case XML_ITEM_ERROR:
		fail_xml(s, item->error);
		break;
	}
}

/* An owner may answer a question from inside it; then the loop of the first call goes on. */
void stream_input(struct stream *s, struct str bytes, struct arena *a)
{
	struct xml_item item;

	if (s->busy || s->phase == STREAM_CLOSED)
		return;
	s->busy = true;
	xml_frame_feed(&s->frame, bytes);
	while (s->phase != STREAM_CLOSED && !stream_is_waiting(s) &&
	       xml_frame_next(&s->frame, limits(s), &item)) {
		on_item(s, &item, a);
		arena_reset(a);
	}
	xml_frame_keep(&s->frame);
	s->busy = false;
}

void stream_release(struct stream *s, struct arena *a)
{
	s->held = false;
	stream_input(s, STR(""), a);
}

void stream_restart(struct stream *s, bool drop)
{
	xml_frame_restart(&s->frame, drop);
	s->phase = STREAM_HEADER;
	s->header_sent = false;
}
