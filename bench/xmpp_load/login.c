/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From a connection to a session, and stanzas after that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "load.h"

static bool has(const struct client *c, const char *token)
{
	return c->in.n && memmem(c->in.p, c->in.n, token, strlen(token)) != NULL;
}

static void header(struct client *c)
{
	buf_fmt(&c->out,
	        "<stream:stream to='%s' version='1.0' xmlns='jabber:client' "
	        "xmlns:stream='http://etherx.jabber.org/streams'>",
	        c->load->o->domain);
	client_flush(c);
}

void login_begin(struct client *c)
{
	c->step = STEP_FEATURES;
	header(c);
}

static void send_auth(struct client *c, const char *tag, const char *attrs,
                      struct str data)
{
	buf_fmt(&c->out, "<%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'%s>", tag, attrs);
	base64_encode(&c->out, data);
	buf_fmt(&c->out, "</%s>", tag);
	client_flush(c);
}

static void authenticate(struct client *c)
{
	const struct options *o = c->load->o;
	char user[32], attrs[64];
	auto_buf data = { 0 };

	snprintf(user, sizeof(user), "u%05u", c->index);
	snprintf(attrs, sizeof(attrs), " mechanism='%s'", o->mechanism);
	if (strcmp(o->mechanism, "PLAIN") == 0) {
		buf_put(&data, "", 1);
		buf_cstr(&data, user);
		buf_put(&data, "", 1);
		buf_cstr(&data, o->password);
		c->step = STEP_SUCCESS;
	} else {
		c->scram = scram_begin(o->mechanism, user, &data);
		c->step = STEP_CHALLENGE;
	}
	send_auth(c, "auth", attrs, buf_as_str(&data));
}

/* The text of the one element that is there. */
static struct str inner(const struct client *c)
{
	struct str all = buf_as_str(&c->in);
	size_t from = str_find(all, '>') + 1;

	return str_sub(all, from, str_find(str_sub(all, from, all.n), '<'));
}

static void challenge(struct client *c)
{
	auto_arena a = { 0 };
	auto_buf answer = { 0 };
	struct str data;

	if (base64_decode(inner(c), &a, &data) < 0)
		give_up("challenge", buf_as_str(&c->in));
	scram_answer(c->scram, c->load->o->password, data, &answer);
	scram_free(c->scram);
	c->scram = NULL;
	c->step = STEP_SUCCESS;
	send_auth(c, "response", "", buf_as_str(&answer));
}

static void become_ready(struct client *c)
{
	struct load *l = c->load;

	c->step = STEP_READY;
	c->stanzas_in = 0;
	l->ready++;
	l->connecting--;
	if (l->o->presence) {
		buf_cstr(&c->out,
		         "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"
		         "<presence/>");
		client_flush(c);
	}
	l->mode->ready(c);
}

/* The answer of a step is there: the next one. */
static void advance(struct client *c)
{
	switch (c->step) {
	case STEP_FEATURES:
		buf_reset(&c->in);
		authenticate(c);
		break;
	case STEP_CHALLENGE:
		challenge(c);
		buf_reset(&c->in);
		break;
	case STEP_SUCCESS:
		buf_reset(&c->in);
		c->step = STEP_FEATURES_AGAIN;
		header(c);
		break;
	case STEP_FEATURES_AGAIN:
		if (c->load->o->acks && !has(c, "urn:xmpp:sm:3"))
			give_up("no XEP-0198", buf_as_str(&c->in));
		buf_reset(&c->in);
		c->step = STEP_BIND;
		buf_cstr(&c->out,
		         "<iq type='set' id='b'><bind "
		         "xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench"
		         "</resource></bind></iq>");
		client_flush(c);
		break;
	case STEP_BIND:
		buf_reset(&c->in);
		if (!c->load->o->acks) {
			become_ready(c);
			break;
		}
		c->step = STEP_ENABLE;
		buf_cstr(&c->out, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
		client_flush(c);
		break;
	case STEP_ENABLE:
		buf_reset(&c->in);
		become_ready(c);
		break;
	case STEP_NONE:
	case STEP_CONNECT:
	case STEP_TLS:
	case STEP_READY:
		break;
	}
}

/* What ends the answer of a step. */
static const char *awaited(enum step step)
{
	switch (step) {
	case STEP_FEATURES:
	case STEP_FEATURES_AGAIN:
		return "</stream:features>";
	case STEP_CHALLENGE:
		return "</challenge>";
	case STEP_SUCCESS:
		return "<success";
	case STEP_BIND:
		return "</iq>";
	case STEP_ENABLE:
		return "<enabled";
	case STEP_NONE:
	case STEP_CONNECT:
	case STEP_TLS:
	case STEP_READY:
		break;
	}
	return NULL;
}

/* ---- stanzas ------------------------------------------------------------------------------ */

static void acknowledge(struct client *c)
{
	buf_fmt(&c->out, "<a xmlns='urn:xmpp:sm:3' h='%u'/>", c->stanzas_in);
}

static void take_stanza(struct client *c, struct str name, struct str text)
{
	if (str_is(name, "r")) {
		acknowledge(c);
		return;
	}
	if (str_is(name, "a"))
		return;
	if (str_is(name, "stream:error") || str_is(name, "/stream:stream"))
		give_up("the server ended a stream", text);
	c->stanzas_in++;
	if (str_starts(name, STR("iq")) &&
	    memmem(text.p, text.n, "urn:xmpp:ping", strlen("urn:xmpp:ping")))
		return; /* a bench is over before anybody minds */
	c->load->mode->stanza(c, name, text);
}

/* The bytes of the first stanza of the text, 0 when it is not all there. Servers write no
 * stanza inside one of the same name. */
static size_t stanza_size(struct str text, struct str *name)
{
	size_t n = 1;
	const char *tag = memchr(text.p, '>', text.n);
	char close[64];

	if (!tag)
		return 0;
	while (n < text.n && !strchr(" \t\r\n/>", text.p[n]))
		n++;
	*name = str_sub(text, 1, n - 1);
	if (tag[-1] == '/' || text.p[1] == '/')
		return (size_t)(tag - text.p) + 1;
	int m = snprintf(close, sizeof(close), "</" STR_FMT ">", STR_ARG(*name));
	const char *end = memmem(tag, text.n - (size_t)(tag - text.p), close, (size_t)m);
	return end ? (size_t)(end - text.p) + (size_t)m : 0;
}

static void take_stanzas(struct client *c)
{
	size_t at = 0;

	while (c->fd >= 0 && at < c->in.n) {
		struct str rest = { c->in.p + at, c->in.n - at }, name;
		if (rest.p[0] != '<') {
			at++;
			continue;
		}
		size_t n = stanza_size(rest, &name);
		if (!n)
			break;
		take_stanza(c, name, str_sub(rest, 0, n));
		at += n;
	}
	if (c->fd < 0)
		return;
	memmove(c->in.p, c->in.p + at, c->in.n - at);
	c->in.n -= at;
	if (c->out.n)
		client_flush(c);
}

void login_input(struct client *c)
{
	if (c->step == STEP_READY) {
		take_stanzas(c);
		return;
	}
	if (has(c, "<failure") || has(c, "<stream:error") || has(c, "type='error'"))
		give_up("no login", buf_as_str(&c->in));
	const char *token = awaited(c->step);
	if (token && has(c, token))
		advance(c);
}
