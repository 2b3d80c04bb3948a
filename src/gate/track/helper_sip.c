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

/* The method of a request, NULL: none of these. */
static const struct method *method_of(struct str text)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		size_t n = strlen(methods[i].name);
		if (text.n >= n + 2 && begins(text, methods[i].name) &&
		    text.p[n] == ' ' && isalpha((unsigned char)text.p[n + 1]))
			return &methods[i];
	}
	return NULL;
}

/* That of the request that is answered. */
static const struct method *method_answered(struct str method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].answer && begins(method, methods[i].name))
			return &methods[i];
	return NULL;
}

static enum track_verdict request(struct sip_message *m)
{
	const struct method *is = method_of(m->text);
	struct str method;

	sip_keep_via(m);
	if (!is)
		return TRACK_ACCEPT;
	return sequence(m, &method) ? is->request(m) : TRACK_DROP;
}

/* Its code is a number, and it names the request. */
static bool read_answer(struct sip_message *m, struct str code, struct str *method)
{
	uint64_t number = 0;

	if (!track_helper_number(code, UINT16_MAX, &number) || !number ||
	    !sequence(m, method))
		return false;
	m->code = (unsigned)number;
	return true;
}

static enum track_verdict answer(struct sip_message *m, struct str code)
{
	const struct method *is;
	struct str method;

	if (!read_answer(m, code, &method))
		return TRACK_DROP;
	is = method_answered(method);
	return is ? is->answer(m) : TRACK_ACCEPT;
}

bool sip_is_described(struct sip_message *m)
{
	const struct method *is;
	struct str method;

	if (sip_is_request(m)) {
		is = method_of(m->text);
		return is && (is->request == invite || is->request == sip_describe);
	}
	if (!read_answer(m, str_sub(m->text, 8, m->text.n), &method))
		return false;
	is = method_answered(method);
	return is && is->answer == invite_answer && m->code >= 100 && m->code <= 299;
}

void sip_replace(struct sip_message *m, struct str what, struct str by)
{
	struct str all = track_helper_text(m->r);
	size_t n = m->text.n - what.n + by.n;

	track_helper_replace(m->r, (size_t)(what.p - all.p), what.n, by);
	m->text = str_sub(track_helper_text(m->r), m->at, n);
}

/* One message of a payload; *n is its length, before and behind. */
typedef enum track_verdict pass_fn(struct track_reading *r, size_t at, size_t *n);

static struct sip_message message_at(struct track_reading *r, size_t at, size_t n)
{
	return (struct sip_message){ .r = r,
		                     .at = at,
		                     .text = str_sub(track_helper_text(r), at, n) };
}

static enum track_verdict message(struct track_reading *r, size_t at, size_t *n)
{
	const struct str version = STR("SIP/2.0 ");
	struct sip_message m = message_at(r, at, *n);
	enum track_verdict verdict =
		begins(m.text, version.p)
			? answer(&m, str_sub(m.text, version.n, m.text.n))
			: request(&m);

	if (verdict == TRACK_ACCEPT && track_helper_translates(r))
		verdict = sip_translate(&m);
	*n = m.text.n;
	return verdict;
}

static enum track_verdict message_back(struct track_reading *r, size_t at, size_t *n)
{
	struct sip_message m = message_at(r, at, *n);

	sip_restore(&m);
	*n = m.text.n;
	return TRACK_ACCEPT;
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

static enum track_verdict each_message(struct track_reading *r, pass_fn *pass)
{
	const struct str shortest = STR("SIP/2.0 200");
	bool is_stream = r->e->tuple[TRACK_ORIGINAL].proto == IPPROTO_TCP;

	for (size_t at = 0, n;; at += n) {
		struct str rest = track_helper_text(r);
		rest = str_sub(rest, at, rest.n);
		n = rest.n < shortest.n ? 0 : is_stream ? message_length(rest) : rest.n;
		if (!n)
			return TRACK_ACCEPT;
		if (pass(r, at, &n) == TRACK_DROP)
			return TRACK_DROP;
	}
}

enum track_verdict track_sip(struct track_reading *r)
{
	if (!r->p->payload.n || (r->e->tuple[TRACK_ORIGINAL].proto == IPPROTO_TCP &&
	                         r->state != TRACK_ESTABLISHED))
		return TRACK_ACCEPT;
	track_entry_refresh(r->t, r->e, SIP_TIMEOUT_S);
	return each_message(r, message);
}

bool track_sip_restore(struct track_entry *e, enum track_dir dir, struct str payload,
                       struct buf *out)
{
	const struct track_packet p = { .payload = payload };
	struct track_rewrite rewrite = { 0 };
	struct track_reading r = { .e = e, .p = &p, .dir = dir, .rewrite = &rewrite };

	(void)each_message(&r, message_back);
	*out = rewrite.payload;
	return rewrite.changed;
}

/* What a walk through the table looks for. */
struct forced {
	const struct track_tuple *left;
	struct track_entry *found;
};

static bool is_not_forced(struct track_entry *e, void *arg)
{
	struct forced *f = arg;
	const struct track_tuple *own = &e->tuple[TRACK_ORIGINAL], *left = f->left;

	if (e->helper == TRACK_HELPER_SIP && e->extra &&
	    e->extra->sip.forced_dst_port == left->dst_port &&
	    own->proto == left->proto && own->dst_port == left->src_port &&
	    track_addr_eq(&own->src, &left->dst) && track_addr_eq(&own->dst, &left->src))
		f->found = e;
	return !f->found;
}

struct track_entry *track_sip_forced(struct track *t, const struct track_tuple *left)
{
	struct forced f = { .left = left };

	if (left->proto == IPPROTO_UDP)
		track_each(t, is_not_forced, &f);
	return f.found;
}
