/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* STARTTLS, SASL, resource binding: RFC 6120 sections 5, 6 and 7; and what an open stream takes. */
#include "herald/stream/negotiate.h"

#include "base/base64.h"

/* ---- STARTTLS ----------------------------------------------------------------------------- */

static void on_starttls(struct stream *s)
{
	if (s->encrypted || !s->config->starttls) {
		buf_cstr(&s->out, "<failure xmlns='" NS_TLS "'/>");
		stream_close(s, NULL, STR(""));
		return;
	}
	buf_cstr(&s->out, "<proceed xmlns='" NS_TLS "'/>");
	/* What came behind <starttls/> in the clear may be anybody's. */
	stream_restart(s, true);
	s->phase = STREAM_TLS;
	s->config->ops->start_tls(s->ctx);
}

void stream_tls_started(struct stream *s)
{
	if (s->phase != STREAM_TLS)
		return;
	s->encrypted = true;
	s->phase = STREAM_HEADER;
}

/* ---- SASL --------------------------------------------------------------------------------- */

static void send_failure(struct stream *s, const char *condition)
{
	if (s->sasl2)
		buf_fmt(&s->out,
		        "<failure xmlns='" NS_SASL2 "'><%s xmlns='" NS_SASL
		        "'/></failure>",
		        condition);
	else
		buf_fmt(&s->out, "<failure xmlns='" NS_SASL "'><%s/></failure>",
		        condition);
	if (++s->failures >= s->config->auth_tries)
		stream_fail(s, STREAM_POLICY_VIOLATION, "Too many failed logins");
	else
		s->phase = STREAM_NEGOTIATE;
}

/* The base 64 inside an element; *given is NULL for no text at all, and `=` is a response of
 * no bytes. false: it is none (the failure was sent). */
static bool read_data(struct stream *s, const struct xml *x, struct arena *a,
                      struct str *data, const struct str **given)
{
	struct str text = xml_text(x, a);

	*given = text.n ? data : NULL;
	*data = STR("");
	if (text.n == 0 || str_is(text, "="))
		return true;
	if (base64_decode(text, a, data) < 0) {
		send_failure(s, "incorrect-encoding");
		return false;
	}
	return true;
}

static void on_auth(struct stream *s, const struct xml *x, struct arena *a)
{
	const struct str *given;
	struct str data;

	s->sasl2 = false;
	if (!s->encrypted && s->config->starttls_required) {
		send_failure(s, "encryption-required");
		return;
	}
	if (!read_data(s, x, a, &data, &given))
		return;
	s->phase = STREAM_AUTH;
	s->config->ops->auth(s->ctx, xml_get(x, "mechanism"), given);
}

/* XEP-0388 section 2.3. */
static void on_authenticate(struct stream *s, const struct xml *x, struct arena *a)
{
	const struct xml *initial = xml_child(x, "initial-response", NS_SASL2);
	const struct str *given = NULL;
	struct str data;

	s->sasl2 = true;
	if (!s->encrypted) {
		send_failure(s, "encryption-required");
		return;
	}
	/* Here an element without text is a response of no bytes. */
	if (initial && !read_data(s, initial, a, &data, &given))
		return;
	s->phase = STREAM_AUTH;
	s->config->ops->authenticate(s->ctx, x, xml_get(x, "mechanism"),
	                             initial ? &data : NULL);
}

static void on_response(struct stream *s, const struct xml *x, struct arena *a)
{
	const struct str *given;
	struct str data;

	if (!read_data(s, x, a, &data, &given)) {
		s->config->ops->auth_abort(s->ctx);
		return;
	}
	s->phase = STREAM_AUTH;
	s->config->ops->response(s->ctx, data);
}

static void put_data(struct stream *s, const char *name, struct str data)
{
	buf_fmt(&s->out, "<%s xmlns='%s'", name, s->sasl2 ? NS_SASL2 : NS_SASL);
	if (data.n == 0) {
		buf_cstr(&s->out, "/>");
		return;
	}
	buf_char(&s->out, '>');
	base64_encode(&s->out, data);
	buf_fmt(&s->out, "</%s>", name);
}

void stream_auth_challenge(struct stream *s, struct str data, struct arena *a)
{
	if (s->phase != STREAM_AUTH)
		return;
	put_data(s, "challenge", data);
	s->phase = STREAM_RESPONSE;
	stream_input(s, STR(""), a);
}

void stream_auth_success(struct stream *s, struct str data, struct arena *a)
{
	if (s->phase != STREAM_AUTH)
		return;
	put_data(s, "success", data);
	s->authenticated = true;
	stream_restart(s, false);
	stream_input(s, STR(""), a);
}

void stream_auth2_success(struct stream *s, struct str data, struct str jid,
                          struct str inside, bool open, struct arena *a)
{
	if (s->phase != STREAM_AUTH)
		return;
	buf_cstr(&s->out, "<success xmlns='" NS_SASL2 "'>");
	if (data.n) {
		buf_cstr(&s->out, "<additional-data>");
		base64_encode(&s->out, data);
		buf_cstr(&s->out, "</additional-data>");
	}
	buf_cstr(&s->out, "<authorization-identifier>");
	xml_escape(&s->out, jid);
	buf_cstr(&s->out, "</authorization-identifier>");
	buf_str(&s->out, inside);
	buf_cstr(&s->out, "</success>");
	s->authenticated = true;
	s->phase = open ? STREAM_OPEN : STREAM_BIND;
	stream_send_features(s);
	stream_input(s, STR(""), a);
}

void stream_auth_failure(struct stream *s, const char *condition, struct arena *a)
{
	if (s->phase != STREAM_AUTH)
		return;
	send_failure(s, condition);
	stream_input(s, STR(""), a);
}

/* Who has no account yet may ask for one, XEP-0077 section 3.1; nothing of it in the clear. */
static bool is_welcome_stranger(struct stream *s, struct xml *x, struct arena *a)
{
	return xml_is(x, "iq", NS_CLIENT) && s->encrypted && s->config->ops->stranger &&
	       s->config->ops->stranger(s->ctx, x, a);
}

void stream_on_negotiate(struct stream *s, struct xml *x, struct arena *a)
{
	bool answering = s->phase == STREAM_RESPONSE;

	if (xml_is(x, "starttls", NS_TLS) && !answering) {
		on_starttls(s);
	} else if (xml_is(x, "auth", NS_SASL) && !answering) {
		on_auth(s, x, a);
	} else if (xml_is(x, "authenticate", NS_SASL2) && !answering &&
	           s->config->ops->authenticate) {
		on_authenticate(s, x, a);
	} else if (xml_is(x, "response", s->sasl2 ? NS_SASL2 : NS_SASL) && answering) {
		on_response(s, x, a);
	} else if (xml_is(x, "abort", s->sasl2 ? NS_SASL2 : NS_SASL)) {
		if (answering)
			s->config->ops->auth_abort(s->ctx);
		send_failure(s, "aborted");
	} else if (answering || !is_welcome_stranger(s, x, a)) {
		stream_fail(s, STREAM_NOT_AUTHORIZED, "");
	}
}

/* ---- binding ------------------------------------------------------------------------------ */

static void put_result(struct stream *s, const char *type)
{
	buf_fmt(&s->out, "<iq type='%s' id='", type);
	xml_escape(&s->out, str_from(s->bind_id));
	buf_char(&s->out, '\'');
}

static void put_error(struct stream *s, const char *type, const char *condition)
{
	put_result(s, "error");
	buf_fmt(&s->out, "><error type='%s'><%s xmlns='" NS_STANZAS "'/></error></iq>",
	        type, condition);
}

static void keep_id(struct stream *s, struct str id)
{
	id = str_sub(id, 0, sizeof(s->bind_id) - 1);
	memcpy(s->bind_id, id.n ? id.p : "", id.n);
	s->bind_id[id.n] = '\0';
}

void stream_on_bind(struct stream *s, struct xml *x, struct arena *a)
{
	struct xml *bind = xml_child(x, "bind", NS_BIND);

	if (!xml_is(x, "iq", NS_CLIENT)) {
		if (str_is(x->ns, NS_CLIENT))
			stream_fail(s, STREAM_NOT_AUTHORIZED,
			            "A resource must be bound first");
		else
			s->config->ops->stanza(s->ctx, x, a); /* XEP-0198's <resume/> */
		return;
	}
	keep_id(s, xml_get(x, "id"));
	if (!bind || !str_is(xml_get(x, "type"), "set") ||
	    xml_get(x, "id").n >= sizeof(s->bind_id)) {
		put_error(s, "modify", bind ? "bad-request" : "not-allowed");
		return;
	}
	s->phase = STREAM_BINDING;
	s->config->ops->bind(s->ctx, xml_text(xml_child(bind, "resource", NS_BIND), a));
}

void stream_bound(struct stream *s, struct str full_jid, struct arena *a)
{
	if (s->phase != STREAM_BINDING)
		return;
	put_result(s, "result");
	buf_cstr(&s->out, "><bind xmlns='" NS_BIND "'><jid>");
	xml_escape(&s->out, full_jid);
	buf_cstr(&s->out, "</jid></bind></iq>");
	s->phase = STREAM_OPEN;
	stream_input(s, STR(""), a);
}

void stream_bind_refused(struct stream *s, const char *type, const char *condition,
                         struct arena *a)
{
	if (s->phase != STREAM_BINDING)
		return;
	put_error(s, type, condition);
	s->phase = STREAM_BIND;
	stream_input(s, STR(""), a);
}

/* ---- open --------------------------------------------------------------------------------- */

/* What may come: stanzas, and elements of namespaces that extend streams. */
static bool is_welcome(const struct xml *x)
{
	if (str_is(x->ns, NS_CLIENT))
		return str_is(x->name, "message") || str_is(x->name, "presence") ||
		       str_is(x->name, "iq");
	return !str_is(x->ns, NS_STREAM) && !str_is(x->ns, NS_SASL) &&
	       !str_is(x->ns, NS_TLS);
}

void stream_on_open(struct stream *s, struct xml *x, struct arena *a)
{
	if (!is_welcome(x))
		stream_fail(s, STREAM_UNSUPPORTED_STANZA_TYPE, "");
	else
		s->config->ops->stanza(s->ctx, x, a);
}
