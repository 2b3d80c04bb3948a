/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * SIP, RFC 3261: a call's messages describe the streams that will follow, registrations where calls
 * will come in. Calls are expected between the two hosts that talk here only (the kernel's
 * sip_direct_signalling, which is on).
 */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>

#include "gate/track/helper_sip.h"

enum { SIP_TIMEOUT_S = 3600 };

typedef enum track_verdict message_fn(struct sip_message *m);

static enum track_verdict invite(struct sip_message *m);
static enum track_verdict invite_answer(struct sip_message *m);
static enum track_verdict bye(struct sip_message *m);
static enum track_verdict registration(struct sip_message *m);
static enum track_verdict registration_answer(struct sip_message *m);

struct method {
	const char *name;
	message_fn *request, *answer;
};

static const struct method methods[] = {
	{ "INVITE", invite, invite_answer },
	{ "UPDATE", sip_describe, invite_answer },
	{ "ACK", sip_describe, NULL },
	{ "PRACK", sip_describe, invite_answer },
	{ "BYE", bye, NULL },
	{ "REGISTER", registration, registration_answer },
};

/* Ends the entry's expectations of calls (or of registrations, of which there is one). */
static void forget(struct sip_message *m, bool calls)
{
	struct track *t = m->r->t;

	for (size_t i = 0; i < t->expected.n;) {
		const struct track_pending *pending = &t->expected.p[i];
		if (pending->master == m->r->e &&
		    (pending->x.class != CLASS_SIGNALLING) == calls)
			track_expectations_remove(t, i);
		else
			i++;
	}
}

/* ---- calls -------------------------------------------------------------------------------- */

static enum track_verdict invite(struct sip_message *m)
{
	enum track_verdict verdict;

	forget(m, true);
	verdict = sip_describe(m);
	if (verdict == TRACK_ACCEPT)
		track_entry_extra(m->r->t, m->r->e)->sip.invite_cseq = m->cseq;
	return verdict;
}

static enum track_verdict invite_answer(struct sip_message *m)
{
	if (m->code >= 100 && m->code <= 299)
		return sip_describe(m);
	if (track_entry_extra(m->r->t, m->r->e)->sip.invite_cseq == m->cseq)
		forget(m, true);
	return TRACK_ACCEPT;
}

static enum track_verdict bye(struct sip_message *m)
{
	forget(m, true);
	return TRACK_ACCEPT;
}

/* ---- registrations ------------------------------------------------------------------------ */

/* A contact's address, protocol and time. */
struct contact {
	struct sip_address at;
	uint8_t proto;
	uint32_t expires_s;
};

/* The message's "Expires:", 0 when there is none. */
static uint32_t expires_of(struct str text)
{
	struct str value;
	uint64_t seconds = 0;

	if (sip_header(&text, "Expires", 0, &value))
		track_helper_number(value, UINT32_MAX, &seconds);
	return (uint32_t)seconds;
}

/* What follows a contact's address; false for a transport that is not followed. */
static bool contact_params(const struct sip_message *m, struct contact *c)
{
	struct str value, rest = c->at.rest;
	uint64_t seconds;

	c->proto = m->r->e->tuple[TRACK_ORIGINAL].proto;
	if (sip_param(rest, "transport=", &value)) {
		if (value.n >= 3 && strncasecmp(value.p, "TCP", 3) == 0)
			c->proto = IPPROTO_TCP;
		else if (value.n >= 3 && strncasecmp(value.p, "UDP", 3) == 0)
			c->proto = IPPROTO_UDP;
		else
			return false;
	}
	if (sip_param(rest, "expires=", &value) &&
	    track_helper_number(value, UINT32_MAX, &seconds))
		c->expires_s = (uint32_t)seconds;
	return true;
}

/* Calls come to where the other side knows the phone. */
static int expect_calls(struct sip_message *m, const struct contact *c)
{
	struct track_reading *r = m->r;
	const struct track_tuple *here = &r->e->tuple[r->dir],
				 *there = &r->e->tuple[!r->dir];
	struct track_expect x = {
		.tuple = { .src = there->src,
		           .dst = c->at.addr,
		           .dst_port = c->at.port,
		           .proto = c->proto },
		.class = CLASS_SIGNALLING,
		.flags = TRACK_X_PERMANENT | TRACK_X_INACTIVE,
		.helper = r->e->helper,
		.deadline_ns = SIP_TIMEOUT_S * TRACK_NS_PER_S,
	};
	uint16_t forced = track_entry_extra(r->t, r->e)->sip.forced_dst_port;
	auto_buf text = { 0 };

	if (track_helper_translates(r)) {
		x.tuple.dst = there->dst;
		if (c->at.port == (forced ? forced : here->src_port))
			x.tuple.dst_port = there->dst_port;
	}
	int e = track_helper_add(r, &x, c->at.port);
	if (e ||
	    (track_addr_eq(&x.tuple.dst, &c->at.addr) && x.tuple.dst_port == c->at.port))
		return e;
	sip_write(&text, here->family, &x.tuple.dst, x.tuple.dst_port);
	sip_replace(m, c->at.text, buf_as_str(&text));
	return 0;
}

static enum track_verdict registration(struct sip_message *m)
{
	struct track_reading *r = m->r;
	uint8_t family = r->e->tuple[TRACK_ORIGINAL].family;
	struct str at = m->text, value;
	struct contact c = { .expires_s = expires_of(m->text) };
	int found;

	/* A call that came in does not register. */
	if (r->e->status & TRACK_S_EXPECTED || !sip_header(&at, "Contact", 'm', &value))
		return TRACK_ACCEPT;
	found = sip_uri(value, family, &c.at);
	if (found < 0)
		return TRACK_DROP;
	if (!found || !track_addr_eq(&c.at.addr, &r->e->tuple[r->dir].src) ||
	    !contact_params(m, &c))
		return TRACK_ACCEPT;
	if (c.expires_s && expect_calls(m, &c))
		return TRACK_DROP;
	track_entry_extra(r->t, r->e)->sip.register_cseq = m->cseq;
	return TRACK_ACCEPT;
}

/* The registrar agreed: calls may come for so long. */
static bool confirm(const struct sip_message *m, const struct contact *c)
{
	struct track *t = m->r->t;

	vec_for_each(pending, &t->expected) {
		struct track_expect *x = &pending->x;
		if (pending->master != m->r->e || x->class != CLASS_SIGNALLING ||
		    !track_addr_eq(&x->tuple.dst, &c->at.addr) ||
		    x->tuple.proto != c->proto || x->tuple.dst_port != c->at.port)
			continue;
		x->flags &= (uint8_t)~TRACK_X_INACTIVE;
		x->deadline_ns = t->now_ns + c->expires_s * TRACK_NS_PER_S;
		return true;
	}
	return false;
}

/* One contact of the answer: 1 it was confirmed, 0 not, -1 it cannot be read. */
static int answered_contact(const struct sip_message *m, struct str value,
                            uint32_t expires_s)
{
	const struct track_entry *e = m->r->e;
	struct contact c = { .expires_s = expires_s };
	int found = sip_uri(value, e->tuple[TRACK_ORIGINAL].family, &c.at);

	if (found <= 0)
		return found;
	if (!track_addr_eq(&c.at.addr, &e->tuple[m->r->dir].dst) ||
	    !contact_params(m, &c) || !c.expires_s)
		return 0;
	return confirm(m, &c);
}

static enum track_verdict registration_answer(struct sip_message *m)
{
	struct str at = m->text, value;

	if (track_entry_extra(m->r->t, m->r->e)->sip.register_cseq != m->cseq ||
	    (m->code >= 100 && m->code <= 199))
		return TRACK_ACCEPT;
	while (m->code >= 200 && m->code <= 299 &&
	       sip_header(&at, "Contact", 'm', &value)) {
		while (value.n) {
			size_t comma = str_find(value, ',');
			int done = answered_contact(m, value, expires_of(m->text));
			if (done)
				return done < 0 ? TRACK_DROP : TRACK_ACCEPT;
			value = str_sub(value, comma + 1, value.n);
		}
	}
	forget(m, false);
	return TRACK_ACCEPT;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* "CSeq: 1 INVITE"; false when it is missing or no number. */
static bool sequence(struct sip_message *m, struct str *method)
{
	struct str at = m->text, value;
	uint64_t number = 0;
	size_t n;

	if (!sip_header(&at, "CSeq", 0, &value))
		return false;
	n = track_helper_number(value, UINT32_MAX, &number);
	*method = str_sub(value, n + 1, value.n);
	m->cseq = (uint32_t)number;
	return n > 0;
}

static bool begins(struct str s, const char *method)
{
	return s.n >= strlen(method) && strncasecmp(s.p, method, strlen(method)) == 0;
}

static enum track_verdict request(struct sip_message *m)
{
	struct str method;

	sip_keep_via(m);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		size_t n = strlen(methods[i].name);
		if (m->text.n < n + 2 || !begins(m->text, methods[i].name) ||
		    m->text.p[n] != ' ' || !isalpha((unsigned char)m->text.p[n + 1]))
			continue;
		return sequence(m, &method) ? methods[i].request(m) : TRACK_DROP;
	}
	return TRACK_ACCEPT;
}

static enum track_verdict answer(struct sip_message *m, struct str code)
{
	struct str method;
	uint64_t number = 0;

	if (!track_helper_number(code, UINT16_MAX, &number) || !number ||
	    !sequence(m, &method))
		return TRACK_DROP;
	m->code = (unsigned)number;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].answer && begins(method, methods[i].name))
			return methods[i].answer(m);
	return TRACK_ACCEPT;
}

void sip_replace(struct sip_message *m, struct str what, struct str by)
{
	struct str all = track_helper_text(m->r);
	size_t n = m->text.n - what.n + by.n;

	track_helper_replace(m->r, (size_t)(what.p - all.p), what.n, by);
	m->text = str_sub(track_helper_text(m->r), m->at, n);
}

/* *n is the message's length, before and behind. */
static enum track_verdict message(struct track_reading *r, size_t at, size_t *n)
{
	const struct str version = STR("SIP/2.0 ");
	struct sip_message m = { .r = r,
		                 .at = at,
		                 .text = str_sub(track_helper_text(r), at, *n) };
	enum track_verdict verdict =
		begins(m.text, version.p)
			? answer(&m, str_sub(m.text, version.n, m.text.n))
			: request(&m);

	if (verdict == TRACK_ACCEPT && track_helper_translates(r))
		verdict = sip_translate(&m);
	*n = m.text.n;
	return verdict;
}

/* The length of the first message of a stream, 0 when it is not whole. */
static size_t message_length(struct str text)
{
	const struct str blank = STR("\r\n\r\n");
	struct str at = text, value;
	uint64_t body = 0;

	if (!sip_header(&at, "Content-Length", 'l', &value) ||
	    !track_helper_number(value, UINT32_MAX, &body))
		return 0;
	for (size_t i = 0; i + blank.n <= text.n; i++)
		if (str_starts(str_sub(text, i, text.n), blank))
			return text.n - i - blank.n >= body ? i + blank.n + (size_t)body
			                                    : 0;
	return 0;
}

enum track_verdict track_sip(struct track_reading *r)
{
	const struct str shortest = STR("SIP/2.0 200");
	size_t at = 0, n = r->p->payload.n;

	if (!n)
		return TRACK_ACCEPT;
	if (r->e->tuple[TRACK_ORIGINAL].proto == IPPROTO_UDP) {
		track_entry_refresh(r->t, r->e, SIP_TIMEOUT_S);
		return n < shortest.n ? TRACK_ACCEPT : message(r, 0, &n);
	}
	if (r->state != TRACK_ESTABLISHED)
		return TRACK_ACCEPT;
	track_entry_refresh(r->t, r->e, SIP_TIMEOUT_S);
	for (;; at += n) {
		struct str rest = track_helper_text(r);
		rest = str_sub(rest, at, rest.n);
		n = rest.n < shortest.n ? 0 : message_length(rest);
		if (!n)
			return TRACK_ACCEPT;
		if (message(r, at, &n) == TRACK_DROP)
			return TRACK_DROP;
	}
}
